"""Commands run as a person runs them: a process of their own, on a home of their own."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import processes
from tests.processes import Process

ROASTERY = Path(sys.executable).with_name("roastery")
"""The command itself, where its own process is what is looked at; a fork with everything imported does otherwise."""


@dataclass(frozen=True)
class Shell:
    """Runs `roastery …` on one home."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**processes.environment(), "ROASTERY_HOME": str(self.home), "ROASTERY_NOW": "2026-11-20T12:00:00+00:00"}

    def run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return processes.run("roastery", *arguments, environment=self.environment, folder=cwd or Path.cwd())

    def start(self, *arguments: str) -> Process:
        return Process("roastery", *arguments, environment=self.environment)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home")
