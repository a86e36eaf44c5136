"""Runs the twins in a process of their own, as real providers are: they take no time from whoever asks them.

`python -m roastery.evals.twins.apart FOLDER` serves a saved world until its standard input closes, which it also does
when the process that started it is killed.
"""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from roastery.evals.twins.server import Twin, serve
from roastery.evals.world import World

END_SECONDS = 15


@contextmanager
def serve_apart(world_folder: Path, *, with_tape: bool = False, only: Sequence[str] = ()) -> Iterator[list[Twin]]:
    """The twins of a saved world, until the block ends. Errors: RuntimeError when they do not start.

    with_tape: as `serve` takes it. only: those of these providers, else those that the company connects.
    """
    command = [sys.executable, "-m", __name__, str(world_folder), "tape" if with_tape else "", *only]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        told = process.stdout.readline()
        if not told:
            raise RuntimeError("The provider twins did not start.")
        yield [Twin(**twin) for twin in json.loads(told)]
    finally:
        process.stdin.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def main(world_folder: str, tape: str, *only: str) -> None:
    world = World.load(Path(world_folder))
    # Answers are many small objects and no garbage; looking for some takes half of the time.
    gc.freeze()
    gc.set_threshold(200_000)
    with serve(world, with_tape=bool(tape)) as twins:
        told = [twins[provider] for provider in only] or list(twins)
        sys.stdout.write(json.dumps([asdict(twin) for twin in told]) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
    # A usual end would have DuckDB list on stderr whatever the frozen memory still holds.
    os._exit(0)
