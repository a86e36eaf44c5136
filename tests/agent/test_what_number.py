"""Which number, period, step, filter and order a question asks for, in words that no list of names holds."""

from importlib import resources
from pathlib import Path

import pytest
import yaml

from roastery.agent.planner.concepts import Said
from roastery.agent.planner.forms_of_asking import FORMS
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.lists import words
from roastery.agent.planner.reading import Reading
from roastery.agent.planner.tokens import tokenize
from roastery.agent.planner.understand import understand
from roastery.evals.sets.language import lexicon_of
from roastery.warehouse.semantic.catalogue import shipped_catalogue

CASES = yaml.safe_load((resources.files("roastery.evals.cases") / "language.yml").read_text("utf-8"))
PHRASINGS: dict[str, list[str]] = yaml.safe_load(
    (Path(__file__).parents[1] / "cases" / "phrasings.yml").read_text("utf-8")
)


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return lexicon_of(CASES)


def unread(reading: Reading) -> bool:
    return any("not part of" in sentence for sentence in reading.assumptions)


@pytest.mark.parametrize("metric", sorted(PHRASINGS))
def test_metric_is_meant_in_other_words(lexicon: Lexicon, metric: str) -> None:
    read = {said: understand(f"{said} in october", lexicon) for said in PHRASINGS[metric]}
    assert {said: r.metrics for said, r in read.items() if r.metrics != (metric,) or r.intent != "query"} == {}
    assert [said for said, r in read.items() if unread(r) or f"{r.period and r.period.start}" != "2026-10-01"] == []


def test_every_composed_metric_and_concept_is_known() -> None:
    lists = words("compositions")
    entries = [e for name in ("pairs", "unary", "ratios", "costs", "times", "said") for e in lists[name]]
    metrics = {e[k] for e in entries for k in ("rate", "count", "often", "bare", "is") if k in e}
    assert metrics <= shipped_catalogue().metrics.keys()
    named = {c for e in entries for k in ("of", "did", "over", "unless", "with", "also", "takes") for c in e.get(k, ())}
    named |= {c for e in entries for group in e.get("all", ()) for c in group}
    assert named <= lists["concepts"].keys()


@pytest.mark.parametrize(
    ("said", "metrics"),
    [
        ("deals closed and win rate in october", {"deals_closed", "win_rate"}),
        ("clicks and impressions in october", {"clicks", "impressions"}),
        ("what were leads and bookings in october", {"leads", "bookings"}),
        ("orders, sessions and conversion rate in october", {"orders", "sessions", "conversion_rate"}),
        ("emails sent, opens and unsubscribes in october", {"sends", "opens", "unsubscribes"}),
        ("spend and cost per lead in october", {"spend", "cost_per_lead"}),
    ],
)
def test_numbers_in_a_list_stay_numbers_of_their_own(lexicon: Lexicon, said: str, metrics: set[str]) -> None:
    assert set(understand(said, lexicon).metrics) == metrics


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("what share of our leads {} in october", "leads"),
        ("of all leads in october, what percentage {}", "leads"),
        ("how many percent of leads {} in october", "leads"),
        ("which fraction of enquiries {} in october", "leads"),
    ],
)
@pytest.mark.parametrize("became", ["became customers", "ended up buying", "booked an appointment", "made a booking"])
def test_share_is_never_answered_by_a_count(lexicon: Lexicon, asked: str, count: str, became: str) -> None:
    reading = understand(asked.format(became), lexicon)
    assert reading.intent != "query" or reading.metrics in (("lead_to_customer_rate",), ("booking_conversion_rate",))


def test_a_question_without_any_form_of_asking_composes_nothing() -> None:
    said = Said(tokenize("show me everything about the last quarter please"), ())
    assert [found for form in FORMS for found in form(said)] == []


PERIODS = {
    "17/18 october": ("2026-10-17", "2026-10-19"),
    "the weekend of 17/18 oct": ("2026-10-17", "2026-10-19"),
    "on oct 17 and 18": ("2026-10-17", "2026-10-19"),
    "on 9/28": ("2026-09-28", "2026-09-29"),
    "9/25 - 10/5": ("2026-09-25", "2026-10-06"),
    "the week that began 5 oct": ("2026-10-05", "2026-10-12"),
    "the week ending oct 18": ("2026-10-12", "2026-10-19"),
    "since the first of september": ("2026-09-01", "2026-11-22"),
    "march, april and may": ("2026-03-01", "2026-06-01"),
    "sep+oct": ("2026-09-01", "2026-11-01"),
    "for july/august": ("2026-07-01", "2026-09-01"),
    "june through to the end of august": ("2026-06-01", "2026-09-01"),
    "nov 2025 up to and including oct 2026": ("2025-11-01", "2026-11-01"),
    "january through september of this year": ("2026-01-01", "2026-10-01"),
    "the first nine months of 2026": ("2026-01-01", "2026-10-01"),
    "the last quarter of 2025": ("2025-10-01", "2026-01-01"),
    "last year in october": ("2025-10-01", "2025-11-01"),
    "yesterday and the day before": ("2026-11-20", "2026-11-22"),
    "the last half year": ("2026-05-01", "2026-11-01"),
    "the past week, today excluded": ("2026-11-15", "2026-11-22"),
    "q1-q3": ("2026-01-01", "2026-10-01"),
    "on the first of october": ("2026-10-01", "2026-10-02"),
}


@pytest.mark.parametrize("said", sorted(PERIODS))
def test_period_in_other_words(lexicon: Lexicon, said: str) -> None:
    reading = understand(f"revenue {said}", lexicon)
    assert reading.intent == "query"
    assert reading.period is not None
    assert (f"{reading.period.start}", f"{reading.period.end}") == PERIODS[said]


@pytest.mark.parametrize(
    "said", ["2026 so far", "of 2026 so far", "full year so far", "since january", "up to now this year"]
)
def test_year_that_runs_is_the_year_to_date(lexicon: Lexicon, said: str) -> None:
    reading = understand(f"revenue {said}", lexicon)
    assert reading.period is not None
    assert reading.period.name == "year_to_date"


STEPS = {
    "week for week since july": "week",
    "month over month, this year": "month",
    "from month to month this year": "month",
    "one line per month of this year": "month",
    "a month since january": "month",
    "in each of the last six months": "month",
    "for the individual months of q3": "month",
    "day for day in october": "day",
}


@pytest.mark.parametrize("said", sorted(STEPS))
def test_step_of_time_in_other_words(lexicon: Lexicon, said: str) -> None:
    reading = understand(f"leads {said}", lexicon)
    assert (reading.intent, reading.grain) == ("query", STEPS[said])


@pytest.mark.parametrize(
    "said",
    [
        "without coffee",
        "but not coffee",
        "everything except coffee",
        "leaving out coffee",
        "leaving coffee out of it",
        ", coffee not counted",
        "without what comes from coffee",
        "with coffee stripped out",
        "if we ignore coffee",
    ],
)
def test_what_is_left_out_is_left_out(lexicon: Lexicon, said: str) -> None:
    filters = [(f.field, f.op, f.values) for f in understand(f"revenue in october {said}", lexicon).filters]
    assert filters == [("category", "not_in", ("Coffee",))]


@pytest.mark.parametrize(
    ("said", "order"),
    [
        ("campaigns by cac in october, expensive ones on top", ("cac", "desc")),
        ("campaigns by cac in october, cheap ones first", ("cac", "asc")),
        ("campaigns by spend in october, smallest first", ("spend", "asc")),
        ("which campaign has the dearest clicks in october", ("cpc", "desc")),
        ("categories by revenue in october, worst offender at the top", ("revenue", "asc")),
    ],
)
def test_what_comes_first_says_the_order(lexicon: Lexicon, said: str, order: tuple[str, str]) -> None:
    assert understand(said, lexicon).order_by == order


@pytest.mark.parametrize(
    ("said", "compared"),
    [
        ("revenue october over september", "previous_period"),
        ("revenue in october up against september", "previous_period"),
        ("did october beat september on revenue", "previous_period"),
        ("revenue q3 and q2 side by side", "previous_period"),
        ("revenue for sep+oct up against jul+aug", "previous_period"),
        ("revenue h1 this year vs h1 2025", "previous_year"),
    ],
)
def test_two_periods_side_by_side_are_compared(lexicon: Lexicon, said: str, compared: str) -> None:
    reading = understand(said, lexicon)
    assert (reading.intent, reading.compare) == ("compare", compared)


def test_correction_within_a_question_holds(lexicon: Lexicon) -> None:
    reading = understand("revenue by channel this quarter, sorry, the previous quarter", lexicon)
    assert reading.period is not None
    assert f"{reading.period.start}" == "2026-07-01"


def test_both_kinds_of_customers_are_everybody_side_by_side(lexicon: Lexicon) -> None:
    reading = understand("october revenue, regulars vs first timers", lexicon)
    assert reading.dimensions == ("customer_type",)
    assert reading.filters == ()
