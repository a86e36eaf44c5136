"""Builds in the background: together when they come together, one at a time, never lost."""

import threading

import pytest

from roastery.api.builds import Builds
from roastery.warehouse.errors import BuildFailed
from roastery.warehouse.organization import Organization

ACME = Organization("org_a", "Acme")


class Counted:
    """A build that counts, and notices when two run at once."""

    def __init__(self) -> None:
        self.done = 0
        self.overlapped = False
        self._lock = threading.Lock()
        self.fail = False

    def __call__(self, organization: Organization) -> None:
        self.overlapped |= not self._lock.acquire(blocking=False)
        self.done += 1
        self._lock.release()
        if self.fail:
            raise BuildFailed("no")


def test_requests_that_come_together_share_a_build() -> None:
    build = Counted()
    builds = Builds(build)
    for _ in range(50):
        builds.request(ACME)
    assert builds.settle(ACME, 10)
    assert build.done == 1


def test_a_request_during_a_build_is_built_after_it() -> None:
    began, go_on, seen = threading.Event(), threading.Event(), []

    def build(organization: Organization) -> None:
        seen.append(organization.id)
        began.set()
        go_on.wait(10)

    builds = Builds(build)
    builds.request(ACME)
    assert not builds.settle(ACME, 0.01)
    began.wait(10)
    builds.request(ACME)
    go_on.set()
    assert builds.settle(ACME, 10)
    assert seen == ["org_a", "org_a"]


def test_who_waits_does_not_sit_out_the_pause() -> None:
    builds = Builds(Counted())
    builds.request(ACME)
    builds.settle(ACME, 10)
    builds._lines[ACME.id].took_seconds = 3600.0
    builds.request(ACME)
    assert builds.settle(ACME, 10)


def test_a_failed_build_is_told_to_who_waits_and_can_be_asked_again() -> None:
    build = Counted()
    build.fail = True
    builds = Builds(build)
    builds.request(ACME)
    with pytest.raises(BuildFailed):
        builds.settle(ACME, 10)
    build.fail = False
    builds.request(ACME)
    assert builds.settle(ACME, 10)


def test_closing_finishes_what_was_requested() -> None:
    build = Counted()
    builds = Builds(build)
    builds.request(ACME)
    builds.close()
    assert build.done == 1


def test_while_held_only_who_waits_is_served() -> None:
    build = Counted()
    builds = Builds(build)
    with builds.held(ACME):
        builds.request(ACME)
        assert builds.settle(ACME, 10)
        assert build.done == 1
        builds.request(ACME)
        builds.request(ACME)
    assert builds.settle(ACME, 10)
    assert build.done == 2
