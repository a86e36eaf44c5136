"""The synthetic company: its systems' records made from a seed, and the truth behind them."""

from roastery.evals.world.world import World

__all__ = ["World"]
