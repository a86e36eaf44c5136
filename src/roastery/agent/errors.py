"""Errors of the agent, classed by who acts next; each derives from a class of warehouse/errors.py.

AskerError
└── UnknownModel        ROASTERY_MODEL is neither `offline` nor `openai:MODEL`
StoreError
└── ModelFailure        a language model gave nothing that can be used
    ├── ModelRefusedKey     the endpoint does not accept the key or the model's name; asking again is useless
    └── OutOfBudget         steps or seconds are used up
"""

from roastery.warehouse.errors import BadQuery, StoreError


class UnknownModel(BadQuery):
    """A model setting that cannot be read."""


class ModelFailure(StoreError):
    """A reply that did not come, or that is cut, broken or not of the protocol. `kind` is for notes and traces."""

    def __init__(self, message: str, kind: str = "failed", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after


class ModelRefusedKey(ModelFailure):
    """Wrong key, no permission, or no such model."""


class OutOfBudget(ModelFailure):
    """The question's steps or seconds are used up."""
