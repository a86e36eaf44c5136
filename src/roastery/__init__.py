"""Roastery: conversational marketing analytics whose every number has a receipt."""

__version__ = "0.1.0"
