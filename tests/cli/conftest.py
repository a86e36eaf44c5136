"""Commands run as a person runs them: a process of their own, on a home of their own."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import environment

ROASTERY = Path(sys.executable).with_name("roastery")


@dataclass(frozen=True)
class Shell:
    """Runs `roastery …` on one home."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**environment(), "ROASTERY_HOME": str(self.home), "ROASTERY_NOW": "2026-11-20T12:00:00+00:00"}

    def run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(ROASTERY), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=self.environment, cwd=cwd, timeout=120)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [str(ROASTERY), *arguments]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home")
