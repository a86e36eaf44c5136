"""The examples in the connectors' docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import roastery.connectors

MODULES = [m.name for m in pkgutil.walk_packages(roastery.connectors.__path__, "roastery.connectors.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
