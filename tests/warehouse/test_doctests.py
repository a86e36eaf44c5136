"""The examples in the warehouse's docstrings hold."""

import doctest
import importlib
import pkgutil

import pytest

import roastery.warehouse

MODULES = [m.name for m in pkgutil.walk_packages(roastery.warehouse.__path__, "roastery.warehouse.")]


@pytest.mark.parametrize("module", MODULES)
def test_examples_hold(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0
