"""Law 1: every number, name, period and claim of a draft must be one that the tools computed, about what it says."""

from roastery.agent.verify.check import Verifier
from roastery.agent.verify.rule import Problem

__all__ = ["Problem", "Verifier"]
