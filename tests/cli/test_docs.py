"""Generated docs are as the program says, and the README names nothing that is not there."""

import re
from pathlib import Path

import pytest
import typer

from roastery.api.settings import Settings
from roastery.cli.docs import documents
from roastery.cli.main import app

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["metrics.md", "tools.md", "sources.md", "settings.md"])
def test_a_generated_table_is_fresh(name: str) -> None:
    """`roastery docs` writes them anew."""
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == documents()[name]


def commands() -> dict[str, set[str]]:
    """Every command, with the options of it or of its subcommands."""
    group = typer.main.get_command(app)

    def options(command: typer.core.TyperCommand) -> set[str]:
        own = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        return own.union(*(options(child) for child in getattr(command, "commands", {}).values()))

    return {name: options(command) for name, command in group.commands.items()}  # type: ignore[attr-defined]


def test_commands_and_options_that_the_readme_shows_exist() -> None:
    readme, known = (ROOT / "README.md").read_text(encoding="utf-8"), commands()
    for line in re.findall(r"^\s*(?:\$ )?roastery (.+)$|`roastery ([^`]+)`", readme, re.MULTILINE):
        words = (line[0] or line[1]).split()
        assert words[0] in known, words
        shown = {word.split("=")[0] for word in words if word.startswith("--")}
        assert shown <= known[words[0]] | {"--help"}, words


def test_settings_and_make_targets_that_the_readme_shows_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    known = {name for name, _, _ in Settings.described()}
    assert set(re.findall(r"\b(?:ROASTERY|SLACK|OPENAI)_[A-Z_]+\b", readme)) <= known
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = re.findall(r"^(?:\$ )?make ([a-z -]+)|`make ([a-z -]+)", readme, re.MULTILINE)
    assert {target for pair in shown for target in "".join(pair).split()} <= targets


def test_every_setting_of_the_contract_is_described() -> None:
    known = {name for name, _, _ in Settings.described()}
    assert known >= {
        "ROASTERY_HOME",
        "ROASTERY_DATABASE_URL",
        "ROASTERY_WAREHOUSE_URL",
        "ROASTERY_SECRET_KEY",
        "ROASTERY_NOW",
        "ROASTERY_MODEL",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "SLACK_APP_TOKEN",
        "SLACK_API_URL",
        "ROASTERY_SMTP_URL",
    }


def test_links_of_the_readme_lead_somewhere() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", readme):
        assert (ROOT / link).exists(), link
