"""Evaluations: the synthetic company, provider twins, cases, graders, benchmarks."""
