"""Cohorts as results: retention by age, shares by cohort or slice, pairs of products; each share with its interval."""
