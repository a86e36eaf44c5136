"""Twins of the providers: loopback servers that give the synthetic company as each provider would, one file each."""

from roastery.evals.twins.control import Control
from roastery.evals.twins.server import Twin, Twins, serve

__all__ = ["Control", "Twin", "Twins", "serve"]
