"""README, docs and the command line say the same."""

import re
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from roastery.cli.docs import documents
from roastery.cli.main import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def known_options(words: list[str]) -> set[str]:
    """The options of a command given as words; fails when there is no such command."""
    command = typer.main.get_command(app)
    for word in words:
        commands = getattr(command, "commands", {})
        assert word in commands, f"README speaks of `roastery {' '.join(words)}`, which is no command"
        command = commands[word]
    return {option for parameter in command.params for option in parameter.opts}


def spoken_commands() -> list[tuple[str, ...]]:
    groups = getattr(typer.main.get_command(app), "commands", {})
    found = set()
    for line in re.findall(r"\broastery ((?:[a-z]+)(?: [^`#\n]*)?)", README):
        words = line.split()
        if words[0] not in groups:
            continue
        size = 2 if getattr(groups[words[0]], "commands", None) and len(words) > 1 and words[1].isalpha() else 1
        found.add((*words[:size], "|", *(w for w in words if w.startswith("--"))))
    return sorted(found)


@pytest.mark.parametrize("spoken", spoken_commands(), ids=" ".join)
def test_readme_uses_commands_and_options_that_exist(spoken: tuple[str, ...]) -> None:
    at = spoken.index("|")
    options = known_options(list(spoken[:at]))
    assert set(spoken[at + 1 :]) <= options | {"--help"}


def test_readme_speaks_of_commands_at_all() -> None:
    assert len(spoken_commands()) >= 6


def test_readme_uses_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for line in re.findall(r"`make ([a-z -]+)`|^make ([a-z-]+)", README, re.MULTILINE):
        assert set("".join(line).split()) <= targets


def test_readme_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_every_command_is_in_the_help() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    for name in getattr(typer.main.get_command(app), "commands", {}):
        assert name in shown


@pytest.mark.parametrize("name", sorted(documents()))
def test_generated_docs_are_fresh(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == documents()[name], "run `roastery docs`"


def test_every_setting_of_the_environment_is_in_the_docs() -> None:
    told = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name in re.findall(r"\b(?:ROASTERY|OPENAI|SLACK)_[A-Z_]+", README):
        assert name in told, name
