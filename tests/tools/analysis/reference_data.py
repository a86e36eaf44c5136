"""Where the reference sets stand beside the repository, and the scorer that came with them."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def reference_folder(name: str) -> Path:
    """The folder of one reference set; skips the test where it is absent."""
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"reference data '{name}' does not stand beside the repository")
    return folder


def scorer() -> ModuleType:
    """The score module of the reference sets."""
    reference_folder(".")
    spec = importlib.util.spec_from_file_location("reference_score", DATA / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
