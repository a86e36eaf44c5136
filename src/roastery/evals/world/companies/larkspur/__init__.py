"""Larkspur Coffee as curated tables: what its connectors would bring, and the datasets that only imports bring."""
