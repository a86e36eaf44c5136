"""Which number, period, step, filter and order a question asks for, in words that no list of names holds."""

from pathlib import Path

import pytest

from roastery.agent.planner.concepts import Said
from roastery.agent.planner.forms_of_asking import FORMS
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.lists import words
from roastery.agent.planner.reading import Reading
from roastery.agent.planner.tokens import tokenize
from roastery.agent.planner.understand import understand
from roastery.warehouse.declared import read_yaml
from roastery.warehouse.semantic.catalogue import shipped_catalogue
from tests.agent.spoken import language_lexicon

PHRASINGS: dict[str, list[str]] = read_yaml((Path(__file__).parents[1] / "cases" / "phrasings.yml").read_text("utf-8"))


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return language_lexicon()


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


@pytest.mark.parametrize(
    ("said", "metrics"),
    [
        ("how many mails arrived and what share bounced in october", ("deliveries", "bounce_rate")),
        (
            "how many percent of the mails were opened and how many percent clicked in october",
            ("open_rate", "email_click_rate"),
        ),
        (
            "how many people opted out of our mails in october, and what is that as percent of delivered",
            ("unsubscribes", "unsubscribe_rate"),
        ),
        ("gross margin in october, both in money and in percent", ("gross_margin", "gross_margin_rate")),
        ("how many mails did we send and how many clicks came of it in october", ("sends", "email_clicks")),
    ],
)
def test_two_numbers_asked_in_one_sentence_are_both_answered(
    lexicon: Lexicon, said: str, metrics: tuple[str, ...]
) -> None:
    assert understand(said, lexicon).metrics == metrics


@pytest.mark.parametrize(
    ("said", "metric", "dimension"),
    [
        ("revenue by kind of customer in october", "revenue", "segment"),
        ("lifetime value by the month in which they first bought", "ltv", "cohort_month"),
        ("how often was each creative used in october", "asset_uses", "asset"),
        ("how many deals did we open in each pipeline in october", "opportunities", "pipeline"),
        ("how many of each dish did we serve in october", "units_sold", "product"),
        ("what share of people opened each newsletter in october", "open_rate", "campaign"),
        ("leads grouped by score band in october", "leads", "lead_score_band"),
        ("what did it cost to make our creatives, by type of creative, in october", "creation_cost", "asset_type"),
        ("media money behind each creative in october", "asset_spend", "asset"),
        ("orders by way of ordering in october", "orders", "sales_channel"),
        ("open money by step of the deal", "pipeline_value", "stage"),
    ],
)
def test_a_kind_is_said_by_what_it_stands_for(lexicon: Lexicon, said: str, metric: str, dimension: str) -> None:
    reading = understand(said, lexicon)
    assert (reading.metrics, reading.dimensions) == ((metric,), (dimension,))


@pytest.mark.parametrize(
    ("said", "tool"),
    [
        ("what did we sell before any refunds in october", "query"),
        ("how many touches before a deal gets signed", "journeys"),
        ("how much will a new customer be worth after 12 months", "ltv"),
    ],
)
def test_words_of_a_metric_ask_for_no_tool(lexicon: Lexicon, said: str, tool: str) -> None:
    assert understand(said, lexicon).intent == tool


def test_a_number_beside_a_goal_is_the_goal(lexicon: Lexicon) -> None:
    reading = understand("are we under our 70 dollars a lead goal in october", lexicon)
    assert reading.metrics == ("cost_per_lead",)
    assert any("70" in sentence and "goal" in sentence for sentence in reading.assumptions)


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
    "over the halloween weekend, 31 oct to 1 nov": ("2026-10-31", "2026-11-02"),
    "21st to 2nd oct": ("2026-09-21", "2026-10-03"),
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


LAWS = {
    # Said behind, before or by "which": a share stays a share.
    "of those who got our mails in october, how many opened them, as a rate": (("open_rate",), ()),
    "why do so few people open our newsletters": (("open_rate",), ()),
    "which of our mails do people open in october": (("open_rate",), ("campaign",)),
    "which ad got clicked best in october": (("ctr",), ("ad",)),
    "opens % and clicks % in october": (("open_rate", "email_click_rate"), ()),
    # Two numbers, where each is asked for itself; one, where the other only says whose or of what.
    "new customers in october and what each one cost us": (("new_customers", "cac"), ()),
    "what did we pay per new customer in october": (("cac",), ()),
    "how many percent bought twice, customers acquired in october": (("repeat_rate",), ()),
    "how much did we repay to customers in october": (("refunds",), ()),
    "impressions clicks and ctr in october": (("impressions", "clicks", "ctr"), ()),
    "leads, cost per lead, average score in october": (("leads", "cost_per_lead", "lead_score"), ()),
    # A thing beside a number that is not kept by it only says what the number is about.
    "site conversion rate in october": (("conversion_rate",), ()),
    "churn rate of the memberships in october": (("churn_rate",), ()),
    # Articles within a name change nothing; two overlapping names of one number are one.
    "acceptance rate of our proposals in october": (("proposal_win_rate",), ()),
    "average satisfaction score in october": (("satisfaction",), ()),
    # Two kinds of customers beside each other are a split.
    "october revenue, new people vs people who'd bought before": (("revenue",), ("customer_type",)),
    "orders from new versus old customers in october": (("orders",), ("customer_type",)),
    "repeat rate by month of first order this year": (("repeat_rate",), ("cohort_month",)),
    # More than it cost is a return; money on its way to a platform is what it cost.
    "did the ads bring in more than they cost in october": (("roas",), ()),
    "how much money flowed to meta in october": (("spend",), ()),
    "what did buyers bring in during their first year": (("ltv_12m",), ()),
}


@pytest.mark.parametrize("said", sorted(LAWS))
def test_what_is_meant_by_how_it_is_said(lexicon: Lexicon, said: str) -> None:
    reading = understand(said, lexicon)
    assert (reading.metrics, reading.dimensions) == LAWS[said]
    assert reading.intent in ("query", "explain")


def test_a_stock_at_the_end_of_a_month_is_that_of_the_month(lexicon: Lexicon) -> None:
    stock, flow = (understand(f"{said} at the end of october", lexicon).period for said in ("mrr", "revenue"))
    assert stock is not None
    assert flow is not None
    assert (f"{stock.start}", f"{flow.start}") == ("2026-10-01", "2026-10-25")


def test_who_came_in_one_month_and_again_in_the_next_is_a_rate_of_the_second(lexicon: Lexicon) -> None:
    reading = understand("of the customers of september, what percentage came back in october", lexicon)
    assert reading.metrics == ("retention_rate",)
    assert f"{reading.period and reading.period.start}" == "2026-10-01"
    assert reading.compare is None


def test_cost_per_order_is_asked_about(lexicon: Lexicon) -> None:
    reading = understand("cost per order in october", lexicon)
    assert reading.intent == "clarify"
    assert "Shipping cost per order" in reading.options


def test_somebody_s_goal_changes_no_number(lexicon: Lexicon) -> None:
    reading = understand("our roas goal for this quarter is 2.2, where are we", lexicon)
    assert (reading.metrics, reading.filters) == (("roas",), ())


def test_the_meeting_that_a_number_is_for_narrows_nothing(lexicon: Lexicon) -> None:
    reading = understand("orders in october for the spring sale review", lexicon)
    assert (reading.metrics, reading.filters) == (("orders",), ())


@pytest.mark.parametrize(
    "question",
    [
        "did the folks who first bought through Google in August come back more often than those from Meta?",
        "do Google customers come back more often than Meta customers",
        "how often did customers from Google come back, in August",
    ],
)
def test_coming_back_more_often_is_the_repeat_rate(lexicon: Lexicon, question: str) -> None:
    assert understand(question, lexicon).metrics == ("repeat_rate",)


def test_coming_back_is_never_passed_over_in_silence(lexicon: Lexicon) -> None:
    assert unread(understand("did sales come back last week", lexicon))
    assert not unread(understand("what came back, ROAS, last week", lexicon))


def test_how_many_people_opened_is_a_count_wherever_it_stands(lexicon: Lexicon) -> None:
    for question in (
        "how many people opened our mails last month",
        "our mails last month, how many people opened them",
    ):
        assert understand(question, lexicon).metrics == ("opens",)
