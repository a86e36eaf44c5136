"""The weekly digest: headline, scorecard, what moved and why, what was unusual, data health."""

from roastery.agent.digest.writing import Digest, weekly_digest

__all__ = ["Digest", "weekly_digest"]
