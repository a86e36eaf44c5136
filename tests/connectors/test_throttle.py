"""The token bucket, with a stopwatch in the test's hand."""

from pathlib import Path

from roastery.connectors.throttle import Bucket, Rate, Throttles
from tests.processes import Process


class Hand:
    """A stopwatch that moves when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_goes_through_then_the_rate_holds() -> None:
    hand = Hand()
    bucket = Bucket(Rate(per_second=4, burst=2), hand)
    assert [bucket.take() for _ in range(4)] == [0.0, 0.0, 0.25, 0.5]


def test_time_fills_the_bucket_up_to_its_burst() -> None:
    hand = Hand()
    bucket = Bucket(Rate(per_second=10, burst=3), hand)
    for _ in range(3):
        bucket.take()
    hand.now = 100.0
    assert [bucket.take() for _ in range(4)] == [0.0, 0.0, 0.0, 0.1]


def test_what_the_provider_says_replaces_what_we_think() -> None:
    hand = Hand()
    bucket = Bucket(Rate(per_second=1, burst=100), hand)
    bucket.refine(available=0, rate=Rate(per_second=50, burst=1000))
    assert bucket.take(100) == 2.0


def test_a_closed_bucket_lets_nobody_through_until_it_opens() -> None:
    hand = Hand()
    bucket = Bucket(Rate(per_second=1, burst=100), hand)
    bucket.close_for(60)
    hand.now = 20.0
    assert bucket.take() == 40.0
    hand.now = 60.0
    assert bucket.take() == 0.0


def test_connections_of_one_app_share_its_bucket() -> None:
    throttles = Throttles(Hand())
    rate = Rate(1, 1)
    assert throttles.bucket(("acme", "app", "a"), rate) is throttles.bucket(("acme", "app", "a"), rate)
    assert throttles.bucket(("acme", "app", "a"), rate) is not throttles.bucket(("acme", "app", "b"), rate)


def test_processes_of_one_home_spend_of_one_budget(tmp_path: Path) -> None:
    hand, key, rate = Hand(), ("acme", "app", "a"), Rate(per_second=1, burst=4)
    here, there = (Throttles(hand, tmp_path).bucket(key, rate) for _ in range(2))
    assert [here.take(), there.take(), here.take(), there.take()] == [0.0, 0.0, 0.0, 0.0]
    assert (here.take(), there.take()) == (1.0, 2.0)
    here.close_for(60)
    assert there.take() == 60.0
    assert Throttles(hand, tmp_path).bucket(("acme", "app", "b"), rate).take() == 0.0


def test_a_process_that_starts_anew_does_not_begin_with_a_full_budget(tmp_path: Path) -> None:
    """Seventy of a hundred are spent; four processes at once take fifteen each, so that thirty of these wait."""
    code = (
        "import pathlib, sys\n"
        "from roastery.connectors.throttle import Rate, Throttles\n"
        "bucket = Throttles(lambda: 0.0, pathlib.Path(sys.argv[1])).bucket('acme', Rate(0.001, 100))\n"
        "print(sum(bucket.take() > 0 for _ in range(15)))"
    )
    bucket = Throttles(lambda: 0.0, tmp_path).bucket("acme", Rate(0.001, 100))
    for _ in range(70):
        bucket.take()
    started = [Process("-c", code, str(tmp_path)) for _ in range(4)]
    assert sum(int(process.communicate()[0]) for process in started) == 30


def test_a_stopwatch_that_begins_anew_gives_nothing_back_and_keeps_what_is_closed(tmp_path: Path) -> None:
    hand = Hand()
    hand.now = 1000.0
    before = Throttles(hand, tmp_path).bucket("acme", Rate(1, 10))
    for _ in range(10):
        before.take()
    before.close_for(30)
    hand.now = 5.0
    after = Throttles(hand, tmp_path).bucket("acme", Rate(1, 10))
    assert after.take() == 30.0
    hand.now = 36.0
    assert after.take(10) == 0.0
    assert after.take() == 1.0, "ten fit, whatever has grown meanwhile"


def test_another_configured_rate_holds_at_once_and_a_provider_s_own_stays(tmp_path: Path) -> None:
    hand = Hand()
    first = Throttles(hand, tmp_path).bucket("acme", Rate(1, 10))
    first.refine(available=0, rate=Rate(50, 1000))
    assert Throttles(hand, tmp_path).bucket("acme", Rate(1, 10)).take(100) == 2.0
    assert Throttles(hand, tmp_path).bucket("acme", Rate(2, 10)).take(0) == 50.0
