"""Who corrects himself asks for what is said last; a limit is one of the number that is asked."""

from datetime import date

import pytest

from roastery.agent.planner.corrected import corrected
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.rewording import reworded
from tests.agent.spoken import language_lexicon, thread


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return language_lexicon()


@pytest.mark.parametrize(
    ("said", "metrics", "names"),
    [
        ("clicks on meta... no wait, orders in October", ("orders",), ()),
        ("spend on google in October, sorry, i mean revenue in October", ("revenue",), ()),
        ("how many sessions... scratch that, how many orders did we get in October?", ("orders",), ()),
        ("spend on meta, no, on google, in October", ("spend",), ("google_ads",)),
        ("has the average... no: did revenue grow in October?", ("revenue",), ()),
    ],
)
def test_what_is_taken_back_is_not_asked(
    lexicon: Lexicon, said: str, metrics: tuple[str, ...], names: tuple[str, ...]
) -> None:
    reading = thread(lexicon, said)[-1]
    assert (reading.intent in ("query", "compare"), reading.metrics) == (True, metrics)
    assert tuple(v for f in reading.filters for v in f.values) == names
    assert reading.period is not None
    assert reading.period.start == date(2026, 10, 1)


@pytest.mark.parametrize(
    "said",
    [
        "sorry for asking again: spend in October",
        "spend in October, sorry for the rush",
        "no, really, what was spend in October",
        "orders of House Blend 1kg, not of Travel Mug, in October",
    ],
)
def test_other_apologies_and_denials_take_nothing_back(lexicon: Lexicon, said: str) -> None:
    assert corrected(said, lexicon) == said


@pytest.mark.parametrize(
    ("said", "field", "op", "value"),
    [
        ("was ROAS better than 3 in October?", "roas", "gt", "3"),
        ("was CAC better than 80 in October?", "cac", "lt", "80"),
        ("did we get to 500 orders in October?", "orders", "gte", "500"),
        ("did we hit our 500 orders in October", "orders", "gte", "500"),
        ("did we make it to 90k in October? yes or no", "revenue", "gte", "90000"),
        ("did we stay under 120 dollars a lead in October", "cost_per_lead", "lt", "120"),
        ("does a click cost us less than 2 dollars? October", "cpc", "lt", "2"),
    ],
)
def test_a_limit_is_of_the_number_that_is_asked(lexicon: Lexicon, said: str, field: str, op: str, value: str) -> None:
    (reading,) = thread(lexicon, said) if "? " not in said else thread(lexicon, said)[:1]
    assert reading.metrics == (field,)
    assert (reading.whether.get("metric"), reading.whether.get("op")) == (field, op)
    assert reading.whether["values"] == [value]


def test_money_is_no_limit_on_a_count(lexicon: Lexicon) -> None:
    (reading,) = thread(lexicon, "did we get more than 40 euro of orders in October")
    assert not any(f.metric and f.field == "orders" for f in reading.filters)
    assert reading.whether.get("metric") != "orders"


def test_a_part_that_is_held_against_a_percentage_is_shown_beside_the_whole(lexicon: Lexicon) -> None:
    (reading,) = thread(lexicon, "was Meta more than 30% of spend in October?")
    assert (reading.dimensions, reading.filters) == (("platform",), ())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("less then 2.500 € in May", "less than 2500 € in May"),
        ("orders in the sale week (12 to 18 October) vs the week right before", "orders in 12 to 18 October"),
        ("may I ask for revenue", "can I ask for revenue"),
        ("leads went through the floor in May", "leads fell in May"),
    ],
)
def test_turns_of_phrase_are_put_plainly(said: str, meant: str) -> None:
    assert reworded(said).startswith(meant)


def test_each_number_keeps_its_own_split(lexicon: Lexicon) -> None:
    first, second = thread(lexicon, "October: spend per platform, and the orders per country")
    assert (first.metrics, first.dimensions) == (("spend",), ("platform",))
    assert (second.metrics, second.dimensions) == (("orders",), ("country",))
    assert first.period is not None
    assert second.period is not None
    assert first.period.start == second.period.start == date(2026, 10, 1)


@pytest.mark.parametrize("asked", ["side by side", "head to head"])
def test_turns_of_speech_name_no_category(lexicon: Lexicon, asked: str) -> None:
    (reading,) = thread(lexicon, f"meta and google {asked}, spend in October")
    assert {f.field for f in reading.filters} == {"platform"}
