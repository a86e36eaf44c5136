"""Narration of tools that have no frame: one module a tool, named as the tool, with a function `tell`."""

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any

from roastery.agent.evidence import Finding

Teller = Callable[[Any, Finding], str]


@cache
def tellers() -> dict[str, Teller]:
    """What tells each tool's results, by the tool's name: given the narrator, which knows the words, and a finding."""
    names = [found.name for found in pkgutil.iter_modules(__path__)]
    return {name: importlib.import_module(f"{__name__}.{name}").tell for name in names}
