"""The bridge from a source's own screen to our number: its steps (steps.py), ad platforms, systems of sales."""
