"""What happened once is told once, with one cause: laws of the merge, and worked examples."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.tools.incident_sources import source_of
from roastery.tools.incidents import LOCAL_SHARE, Incident, Oddity, incidents
from tests.examples import examples

DAY = date(2026, 10, 3)


def odd(dimension: str | None, value: str, off: float, usual: float, metric: str = "orders", **about: Any) -> Oddity:
    """An episode of one day that was off by so much of what is usual."""
    first, days = about.pop("first", 0), about.pop("days", 1)
    start = DAY + timedelta(days=first)
    given_: dict[str, Any] = {
        "kind": "spike" if off > 0 else "dip", "start": start, "end": start + timedelta(days=days), "peak": start,
        "actual": usual + off, "expected": usual, "low": usual * 0.9, "high": usual * 1.1, "severity": 2.0, **about,
    }  # fmt: skip
    return Oddity(metric, dimension, value, off=off, **given_)


def merged(*found: Oddity) -> tuple[Incident, ...]:
    return incidents(found, lambda a, b: True)


def heads(*found: Oddity) -> list[tuple[str | None, str]]:
    return [(i.head.dimension, i.head.value) for i in merged(*found)]


def test_a_storm_that_closes_a_region_is_told_of_the_region_not_of_its_places() -> None:
    places = [odd("location", f"l{n}", -20, 30, severity=2.0 + n) for n in range(4)]
    [one] = merged(odd(None, "", -70, 900, severity=1.1), odd("region", "south", -80, 130), *places)
    assert (one.head.dimension, one.head.value) == ("region", "south")
    assert len(one.same) == 5
    assert one.severity == 5.0


def test_a_place_that_accounts_for_its_region_is_the_cause() -> None:
    assert heads(odd("region", "south", -25, 130), odd("location", "l1", -24, 30)) == [("location", "l1")]


def test_two_places_of_which_one_accounts_for_the_whole_stay_two() -> None:
    whole, large, small = odd(None, "", 70, 900), odd("location", "a", 60, 50), odd("location", "b", 20, 10)
    assert sorted(heads(whole, large, small)) == [("location", "a"), ("location", "b")]


def test_two_places_that_only_the_whole_explains_are_one() -> None:
    assert heads(odd(None, "", 70, 900), odd("location", "a", 35, 50), odd("location", "b", 35, 50)) == [(None, "")]


def test_windows_of_other_lengths_that_are_off_by_as_much_are_one() -> None:
    short, long = odd("location", "l1", -20, 21, first=11, days=3), odd("region", "s", -22, 300, days=14)
    assert heads(short, long) == [("location", "l1")]
    mild = odd("region", "s", -90, 900, days=14)
    assert len(merged(short, mild)) == 2


def test_related_metrics_of_one_slice_are_one_and_the_cause_is_of_the_strongest() -> None:
    found = merged(odd("region", "s", -60, 130), odd("region", "s", -50, 60, "online_orders", severity=3.0))
    assert [(i.head.metric, [o.metric for o in i.same]) for i in found] == [("online_orders", ["orders"])]


ODDITIES = st.builds(
    odd,
    dimension=st.sampled_from([None, "region", "location", "product"]),
    value=st.sampled_from(["a", "b", "c"]),
    off=st.floats(-100, 100).filter(lambda off: abs(off) > 1),
    usual=st.floats(10, 500),
    metric=st.sampled_from(["orders", "online_orders"]),
    first=st.integers(0, 20),
    days=st.integers(1, 20),
    severity=st.floats(1, 9),
).map(lambda o: o if o.dimension else Oddity(**{**vars(o), "value": ""}))


@given(found=st.lists(ODDITIES, max_size=12), order=st.randoms(use_true_random=False))
@settings(max_examples=examples(60), deadline=None)
def test_every_episode_is_part_of_one_incident_whatever_the_order(found: list[Oddity], order: Any) -> None:
    made = merged(*found)
    assert sorted(map(repr, (o for i in made for o in (i.head, *i.same)))) == sorted(map(repr, found))
    mixed = list(found)
    order.shuffle(mixed)
    assert [repr(i.head) for i in merged(*mixed)] == [repr(i.head) for i in made]
    assert [i.severity for i in made] == sorted((i.severity for i in made), reverse=True)


@given(found=st.lists(ODDITIES, max_size=12))
@settings(max_examples=examples(60), deadline=None)
def test_a_cause_accounts_for_most_of_what_it_stands_for_and_nothing_beside_it_is_lost_in_it(
    found: list[Oddity],
) -> None:
    for one in merged(*found):
        mine = [o for o in one.same if o.metric == one.head.metric and o.direction == one.head.direction]
        assert all(abs(one.head.off) >= LOCAL_SHARE * abs(o.off) for o in mine)
        if one.head.dimension is not None:
            assert {o.value for o in one.same if o.dimension == one.head.dimension} <= {one.head.value}


def rate(off: float, below: float = 10_000, value: str = "klaviyo") -> Oddity:
    """Opens over deliveries of a platform, of which four in ten are usual."""
    about = {"actual": 0.4 + off / below, "actual_above": 0.4 * below + off, "below": below}
    return odd("platform", value, off, 0.4, "open_rate", expected_above=0.4 * below, **about)


def test_the_newsletter_that_accounts_for_a_platform_is_its_source() -> None:
    members = (("old", "new"), np.array([790.0, 610.0]), np.array([2_000.0, 8_000.0]))
    source = source_of(rate(-2_600), members)
    assert source is not None
    assert (source.dimension, source.value) == ("campaign", "new")
    assert source.off == pytest.approx(610 - 0.4 * 8_000)
    assert source.actual == pytest.approx(610 / 8_000)


def test_where_it_takes_several_there_is_no_source() -> None:
    members = (("a", "b"), np.array([700.0, 700.0]), np.array([5_000.0, 5_000.0]))
    assert source_of(rate(-2_600), members) is None
    assert source_of(rate(2_600), members) is None
