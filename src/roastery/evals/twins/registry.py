"""Finds the twins: every class of this folder that names a provider is one, unregistered."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import cast

from roastery.evals import twins as folder
from roastery.evals.twins.base import ProviderTwin
from roastery.evals.twins.control import Control

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
