"""Processes that tests start: `roastery …`, a module or a piece of code, with an environment without our settings."""

import atexit
import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).parents[1]


def environment() -> dict[str, str]:
    """This process's, without settings of the product, and with a place for bytecode.

    Where bytecode may not be written beside the source, every process would compile the whole product again. Where it
    may, it is there: another place would have everything compiled a second time.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROASTERY_", "SLACK_", "OPENAI_"))}
    if kept.pop("PYTHONDONTWRITEBYTECODE", None) or not os.access(ROOT / "src", os.W_OK):
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
    """The socket of the test run's one process that forks: the first worker that needs it starts it for all.

    It lives as long as somebody holds the writing end of its input, as each worker does until it ends.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid4().hex
    folder = Path(tempfile.gettempdir()) / f"roastery-forking-{run}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path, held = folder / "socket", folder / "held"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            os.open(held, os.O_WRONLY)
        else:
            os.mkfifo(held)
            end = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
            writing = os.open(held, os.O_WRONLY)
            os.set_blocking(end, True)
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.forking", str(path)],
                cwd=ROOT, env=environment(), stdin=end, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            os.close(end)
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            atexit.register(_end, process, writing, folder)
    return str(path)


def _end(process: "subprocess.Popen[str]", writing: int, folder: Path) -> None:
    """Waits for the workers that still use it."""
    os.close(writing)
    process.communicate()
    shutil.rmtree(folder)
