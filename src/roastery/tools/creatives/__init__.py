"""Creative assets: what was read of them, and their facts."""
