"""Saltbox Burgers, a restaurant chain: counters, an ordering site, loyalty by phone, much cash."""
