"""Finds the export formats: every file in exports/formats declares one or several, unregistered."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from roastery.connectors.exports import formats
from roastery.connectors.exports.base import Export


@cache
def exports() -> Mapping[str, Export]:
    """Every format by its name."""
    found: dict[str, Export] = {}
    for module in pkgutil.iter_modules(formats.__path__):
        loaded = importlib.import_module(f"{formats.__name__}.{module.name}")
        for value in vars(loaded).values():
            if isinstance(value, Export):
                found[value.name] = value
    return MappingProxyType(dict(sorted(found.items())))
