"""Analyses never warn: what a library would warn of is a right result or a sentence."""

import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    """Any warning of a library fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
