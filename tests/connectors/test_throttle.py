"""The token bucket, with a stopwatch in the test's hand."""

from roastery.connectors.throttle import Bucket, Rate, Throttles


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
