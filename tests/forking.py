"""A process that has the product imported already, and forks one child for each command that a test runs.

Importing the product takes longer than most commands; a fork has it. A child is a process of its own in every other
way: own folder, environment, outputs, locks and signals.

    python -m tests.forking SOCKET

A request is one line of JSON (arguments: `roastery …`, `-m MODULE …` or `-c CODE …`; environment; folder) with the
ends of two pipes, for output and errors; answered by the child's number when it runs and by its exit code when it has
ended.
"""

import contextlib
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from typing import Any

PRELOADED = (
    "roastery.cli.main",
    "roastery.api.app",
    "roastery.api.jobs",
    "roastery.agent.graph",
    "roastery.agent.planner.offline",
    "roastery.connectors.sync",
    "roastery.tools.registry",
    "roastery.warehouse.importing",
    "dbos",
    "pandas",
    "uvicorn",
)


def serve(path: str) -> int | None:
    """Forks until the parent is gone; gives None in a child that has work to do, having become it."""
    for name in PRELOADED:
        importlib.import_module(name)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(64)
    woken, wake = socket.socketpair()
    woken.setblocking(False)
    wake.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    waiting: dict[int, socket.socket] = {}
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with selectors.DefaultSelector() as selector:
        for source in (listener, woken, sys.stdin):
            selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    return 0
                if key.fileobj is woken:
                    with contextlib.suppress(BlockingIOError):
                        woken.recv(4096)
                    _tell(waiting)
                    continue
                client, _ = listener.accept()
                text, outputs, *_ = socket.recv_fds(client, 1 << 20, 2)
                while not text.endswith(b"\n"):
                    text += client.recv(1 << 20)
                child = os.fork()
                if not child:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for held in (client, listener, woken, wake, *waiting.values()):
                        held.close()
                    _become(json.loads(text), outputs)
                    return None
                for descriptor in outputs:
                    os.close(descriptor)
                waiting[child] = client
                client.sendall(f"{child}\n".encode())
                _tell(waiting)


def _tell(waiting: dict[int, socket.socket]) -> None:
    while waiting:
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            return
        with waiting.pop(child) as client, contextlib.suppress(OSError):
            client.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _become(asked: dict[str, Any], outputs: list[int]) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for to, descriptor in enumerate((nothing, *outputs)):
        os.dup2(descriptor, to)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv = asked["arguments"]


def run() -> None:
    """What `python ARGUMENTS` or `roastery ARGUMENTS` would do."""
    first, *rest = sys.argv
    if first == "roastery":
        from roastery.cli.main import main

        main()
    elif first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = ["-c", *rest[1:]]
        exec(compile(rest[0], "<given>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    if (ended := serve(sys.argv[1])) is not None:
        sys.exit(ended)
    run()
