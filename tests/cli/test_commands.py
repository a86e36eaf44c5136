"""What every command has in common: fast help, sentences for errors, exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from roastery.cli.main import app
from tests.cli.conftest import ROASTERY, Shell

HEAVY = ("sqlalchemy", "duckdb", "pandas", "pyarrow", "fastapi", "langgraph", "pydantic", "alembic", "uvicorn")


def test_the_commands_of_the_contract_are_there() -> None:
    command = typer.main.get_command(app)
    names = set(command.commands)  # type: ignore[attr-defined]
    assert names >= {
        "demo", "serve", "org", "key", "import", "connect", "sync", "ask", "query", "tool", "sql", "digest", "alert",
        "receipt", "validate", "eval", "bench", "docs",
    }  # fmt: skip


def test_help_loads_nothing_heavy() -> None:
    """Import cost is what makes help slow; a time in a test would only measure the machine."""
    code = f"import sys, roastery.cli.main; print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_command_explains_itself() -> None:
    def check(command: typer.core.TyperCommand, path: str) -> None:
        assert command.help, path
        for name, child in getattr(command, "commands", {}).items():
            check(child, f"{path} {name}")

    check(typer.main.get_command(app), "roastery")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ask", "spend last month"), "There is no organization yet"),
        (("query", '{"metrics": ["roas"]}', "--org", "nowhere"), "Unknown organization 'nowhere'"),
        (("key", "create", "--role", "admin", "--org", "nowhere"), "Unknown organization 'nowhere'"),
    ],
)
def test_an_error_is_a_sentence_on_stderr_and_exit_code_2(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    found = shell.run(*arguments)
    assert found.returncode == 2
    assert said in found.stderr
    assert found.stdout == ""
    assert "Traceback" not in found.stderr


def test_a_bad_setting_is_named() -> None:
    found = subprocess.run(
        [str(ROASTERY), "org", "list"], capture_output=True, text=True, env={"ROASTERY_MODEL": "gpt", "PATH": ""}
    )
    assert found.returncode == 2
    assert "ROASTERY_MODEL" in found.stderr


def test_what_confirms_an_export_names_the_organization_and_what_was_answered(shell: Shell, tmp_path: Path) -> None:
    shell.run("org", "create", "Acme Foods")
    file = tmp_path / "meta.csv"
    file.write_text('Day,Campaign name,Amount spent\n3/4/2026,A,"1,234"\n')
    shown = shell.run("import", str(file), "--org", "Acme Foods", "--answer", "currency=EUR")
    assert f"roastery import \"{file}\" --org 'Acme Foods' --yes --answer currency=EUR --answer" in shown.stderr


def test_org_and_key_print_ids_that_can_be_piped(shell: Shell) -> None:
    made = shell.run("org", "create", "Acme", "--currency", "EUR", "--time-zone", "Europe/Paris")
    organization_id = made.stdout.strip()
    assert organization_id.startswith("org_")
    key = shell.run("key", "create", "--org", "Acme", "--role", "analyst")
    key_id, secret = key.stdout.split()
    assert (key_id[:4], secret[:4]) == ("key_", "rst_")
    assert shell.run("key", "revoke", key_id).returncode == 0
    retail = shell.run("org", "create", "Retail", "--fiscal-year-start", "2", "--fiscal-weeks", "4-5-4", "--json")
    settings = json.loads(retail.stdout)
    assert (settings["fiscal_year_start"], settings["fiscal_weeks"]) == (2, "4-5-4")
    wrong = shell.run("org", "create", "Other", "--fiscal-weeks", "4-5-5")
    assert wrong.returncode == 2
    assert "4-4-5" in wrong.stderr
    wrong = shell.run("org", "create", "Other", "--time-zone", "Europe/Pariss")
    assert wrong.returncode == 2
    assert "Did you mean 'Europe/Paris'?" in wrong.stderr
