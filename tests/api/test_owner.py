"""One process owns a home; every other command's work is done by it."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from roastery.api import owner
from roastery.api.errors import HomeTaken
from tests.processes import environment

HOLD = """
import sys, threading
from pathlib import Path
from roastery.api import owner
mine = owner.claim(Path(sys.argv[1]))
mine.publish(lambda work, reply: reply("out", "begun") or threading.Event().wait() or 0)
print("owned", flush=True)
threading.Event().wait()
"""


class Written:
    """A terminal that remembers."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def __call__(self, stream: str, text: str) -> None:
        self.said.append((stream, text))


def echo(work: Mapping[str, Any], reply: owner.Reply) -> int:
    reply("out", f"did {work['command']}")
    reply("err", "with a remark")
    return 3


def hold(home: Path) -> subprocess.Popen[bytes]:
    """Another process that owns the home and never finishes what it is handed."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, env=environment())
    assert process.stdout is not None
    assert process.stdout.readline() == b"owned\n"
    return process


def test_a_home_has_one_owner_at_a_time(tmp_path: Path) -> None:
    first = owner.claim(tmp_path)
    assert first is not None
    assert owner.claim(tmp_path) is None
    first.release()
    second = owner.claim(tmp_path)
    assert second is not None
    second.release()


def test_the_owner_does_the_work_of_others_and_gives_its_exit_code(tmp_path: Path) -> None:
    mine = owner.claim(tmp_path)
    assert mine is not None
    mine.publish(echo)
    written = Written()
    assert owner.claim_or_hand_over(tmp_path, {"command": "ask"}, written) == 3
    assert written.said == [("out", "did ask"), ("err", "with a remark")]
    mine.release()


def test_only_its_user_can_read_the_owners_token(tmp_path: Path) -> None:
    mine = owner.claim(tmp_path)
    assert mine is not None
    mine.publish(echo)
    assert stat.S_IMODE(os.stat(tmp_path / "owner.json").st_mode) == 0o600
    mine.release()
    assert not (tmp_path / "owner.json").exists()


def test_work_without_the_token_is_refused(tmp_path: Path) -> None:
    mine = owner.claim(tmp_path)
    assert mine is not None
    address = mine.publish(echo)
    path = tmp_path / "owner.json"
    path.write_text(path.read_text().replace(address.token, "guess"))
    written = Written()
    assert owner.hand_over(tmp_path, {"command": "ask"}, written) is None
    assert written.said == []
    mine.release()


def test_kill_9_of_an_owner_frees_the_home(tmp_path: Path) -> None:
    process = hold(tmp_path)
    assert owner.claim(tmp_path) is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (tmp_path / "owner.json").exists()  # stale: the lock alone decides
    mine = owner.claim_or_hand_over(tmp_path, {"command": "ask"}, Written())
    assert isinstance(mine, owner.Ownership)
    mine.release()


def test_an_owner_that_dies_in_the_middle_of_the_work_is_reported(tmp_path: Path) -> None:
    process = hold(tmp_path)

    def kill(stream: str, text: str) -> None:
        process.kill()

    with pytest.raises(HomeTaken, match="Run the command again"):
        owner.hand_over(tmp_path, {"command": "ask"}, kill)
    process.wait()
