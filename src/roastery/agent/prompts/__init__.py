"""The words that a language model is given, as files."""

from functools import lru_cache
from importlib import resources


@lru_cache
def prompt(name: str) -> str:
    """One prompt file's text; `{…}` in it are filled by who sends it."""
    return (resources.files(__name__) / f"{name}.md").read_text("utf-8")
