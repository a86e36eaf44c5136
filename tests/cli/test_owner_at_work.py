"""Every command also works while `roastery serve` runs on the same home."""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.processes import Process

HANDED = "handed to the process that owns this home"


@dataclass(frozen=True)
class Served:
    """A home with a server on it."""

    shell: Shell
    process: Process
    url: str


@contextmanager
def serving(home: Path) -> Iterator[Served]:
    shell = Shell(home)
    shell.run("org", "create", "Acme")
    process = shell.start("serve", "--port", "0")
    first = process.stderr.readline()
    assert first.startswith("Roastery serves on http://"), first
    try:
        yield Served(shell, process, first.split()[3])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


def test_commands_are_handed_to_the_server_and_say_so(served: Served) -> None:
    made = served.shell.run("key", "create", "--org", "Acme", "--role", "analyst")
    assert made.returncode == 0
    assert HANDED in made.stderr
    request = urllib.request.Request(
        f"{served.url}/v1/organizations", headers={"Authorization": f"Bearer {made.stdout.split()[1]}"}
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["items"][0]["name"] == "Acme"


def test_a_file_named_from_another_folder_is_found_by_the_server(served: Served, tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("rate_date,base_currency,quote_currency,rate\n2026-11-01,EUR,USD,1.1\n")
    found = served.shell.run("import", "fx_rates", "rates.csv", "--org", "Acme", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert HANDED in found.stderr
    assert found.stdout.splitlines()[0] == "fx_rates: 1 rows accepted, 0 rejected"


def test_errors_of_handed_work_keep_their_sentence_and_exit_code(served: Served) -> None:
    found = served.shell.run("key", "create", "--org", "Acme", "--role", "boss")
    assert found.returncode == 2
    assert "Unknown role 'boss'" in found.stderr
    again = served.shell.run("serve", "--port", "0")
    assert again.returncode == 2
    assert "is owned by process" in again.stderr


def test_kill_9_of_the_server_frees_the_home(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        os.kill(served.process.pid, signal.SIGKILL)
        served.process.wait()
        found = served.shell.run("org", "list")
    assert found.returncode == 0
    assert HANDED not in found.stderr
    assert "Acme" in found.stdout


def test_ctrl_c_ends_the_server_and_frees_the_home(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(timeout=30) in (0, 130)
    assert not (tmp_path / "owner.json").exists()
