"""Finds the twins: every class of this folder that names a provider is one, unregistered.

A file's DECLARATION says what its twin should bring; `tests/connectors/contract` runs every declared one.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import cast

from roastery.evals import twins as folder
from roastery.evals.twins.base import ProviderTwin
from roastery.evals.twins.control import Control, Fault
from roastery.evals.twins.declaration import Declaration

MakeTwin = Callable[[Control], ProviderTwin]


@cache
def twin_types() -> Mapping[str, MakeTwin]:
    """Every twin's class by its provider's name."""
    found: dict[str, MakeTwin] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        loaded = importlib.import_module(f"{folder.__name__}.{module.name}")
        for value in vars(loaded).values():
            if isinstance(value, type) and value.__module__ == loaded.__name__ and "provider" in vars(value):
                found[value.provider] = cast(MakeTwin, value)
    return MappingProxyType(dict(sorted(found.items())))


@cache
def declarations() -> Mapping[str, Declaration]:
    """Every twin's declaration by its provider's name."""
    found = {
        declared.provider: declared
        for module in pkgutil.iter_modules(folder.__path__)
        if isinstance(
            declared := getattr(importlib.import_module(f"{folder.__name__}.{module.name}"), "DECLARATION", None),
            Declaration,
        )
    }
    return MappingProxyType(dict(sorted(found.items())))


def own_faults() -> Mapping[str, frozenset[Fault]]:
    """The faults that each twin plays itself, in its provider's form; all others are played around it."""
    return {provider: getattr(made, "own_faults", OWN) for provider, made in twin_types().items()}


OWN: frozenset[Fault] = frozenset({"throttle", "expire_token", "server_error", "html", "cut_off", "too_much_data"})
