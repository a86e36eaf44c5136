"""Processes that tests start: `roastery …`, a module or a piece of code, with an environment without our settings."""

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


def environment() -> dict[str, str]:
    """This process's, without settings of the product, and with a place for bytecode.

    Where bytecode may not be written beside the source, every process would compile the whole product again.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROASTERY_", "SLACK_", "OPENAI_"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    kept["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / f"roastery-tests-bytecode-{os.getuid()}")
    return kept


class Process:
    """A child of the process that has the product imported (tests/forking.py), with the ways of a `subprocess.Popen`.

    arguments: `roastery …`, `-m MODULE …` or `-c CODE …`.
    """

    def __init__(
        self, *arguments: str, environment: Mapping[str, str] | None = None, folder: str | os.PathLike[str] = ROOT
    ) -> None:
        asked = {
            "arguments": arguments,
            "environment": dict(_environment() if environment is None else environment),
            "folder": str(folder),
        }
        (out, out_end), (err, err_end) = os.pipe(), os.pipe()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(_forking())
        socket.send_fds(self._socket, [b" "], [out_end, err_end])
        os.close(out_end)
        os.close(err_end)
        self._socket.sendall(json.dumps(asked).encode() + b"\n")
        self._said = self._socket.makefile()
        self.pid = int(self._said.readline())
        self.stdout, self.stderr = os.fdopen(out), os.fdopen(err)
        self.returncode: int | None = None

    def wait(self, timeout: float = 120) -> int:
        """The exit code, or minus the signal that ended it."""
        if self.returncode is None:
            self._socket.settimeout(timeout)
            try:
                self.returncode = int(self._said.readline())
            except TimeoutError as late:
                raise subprocess.TimeoutExpired(["roastery"], timeout) from late
            self._said.close()
            self._socket.close()
        return self.returncode

    def communicate(self, timeout: float = 120) -> tuple[str, str]:
        """What it says on either output until it ends."""
        with ThreadPoolExecutor(1) as reading, self.stdout, self.stderr:
            errors = reading.submit(self.stderr.read)
            said = self.stdout.read()
            heard = errors.result()
        self.wait(timeout)
        return said, heard

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.send_signal(signal.SIGKILL)


def run(
    *arguments: str, environment: Mapping[str, str] | None = None, folder: str | os.PathLike[str] = ROOT
) -> subprocess.CompletedProcess[str]:
    """Runs to the end."""
    process = Process(*arguments, environment=environment, folder=folder)
    said, errors = process.communicate()
    return subprocess.CompletedProcess(list(arguments), process.wait(), said, errors)


_environment = environment


@cache
def _forking() -> str:
    path = str(Path(tempfile.mkdtemp(prefix="roastery-forking-")) / "socket")
    command = [sys.executable, "-m", "tests.forking", path]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    atexit.register(_end, process, path)
    return path


def _end(process: "subprocess.Popen[str]", path: str) -> None:
    process.communicate()
    Path(path).unlink()
    Path(path).parent.rmdir()
