"""Laws of threads: how a follow-up moves the time, widens, corrects, complains, leaves, or asks about the answer.

Each sentence was written before the planner had seen it; docs/evals.md says how many were right at first.
"""

import datetime
from typing import Any

import pytest

from roastery.agent.planner.dates import Days
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.reading import Reading
from roastery.evals.sets.language import lexicon_of
from tests.agent.test_threads import VALUES, thread

MORE = {
    "service": {"Massage": "Massage", "Yoga": "Yoga"},
    "category": {"Cakes": "Cakes", "Breads": "Breads"},
    "segment": {"Families": "Families", "Students": "Students"},
    "country": {"GB": "United Kingdom", "DE": "Germany"},
    "customer_type": {"new": "new", "returning": "returning"},
    "sales_channel": {"online": "online", "pos": "pos"},
}
YEAR = 2026


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return lexicon_of({"values": {**VALUES, **MORE}, "today": datetime.date(YEAR, 11, 2), "currency": "USD"})


def span(days: Days | str | None) -> str:
    """ "5.10-12.10", or "" for none."""
    if not isinstance(days, Days):
        return days or ""
    return f"{days.start.day}.{days.start.month}-{days.end.day}.{days.end.month}"


def differs(found: Reading, **wanted: Any) -> dict[str, Any]:
    """The parts in which a reading is another than wanted: what, by, where, when, step, against, first, as."""
    names = {
        f"{'-' if f.op == 'not_in' else ''}{(f.labels or f.values)[n]}"
        for f in found.filters
        if not f.metric
        for n, v in enumerate(f.values)
        if v not in ("none", "unknown", "unattributed")
    }
    own = {
        "what": " ".join(found.metrics),
        "by": " ".join(found.dimensions),
        "where": ", ".join(sorted(names)),
        "when": span(found.period),
        "step": found.grain or "",
        "against": span(found.compare),
        "first": " ".join(found.order_by or ()),
        "as": found.intent,
    }
    return {k: own[k] for k, v in wanted.items() if not (own[k] in v if isinstance(v, tuple | set) else own[k] == v)}


# ---------------------------------------------------------------- time

OCTOBER = "refunds by product from 5 to 11 October"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("and the week before that?", {"when": "28.9-5.10", "against": ""}),
        ("compare with the seven days before", {"when": "5.10-12.10", "against": ("previous_period", "28.9-5.10")}),
        ("same seven days a month earlier", {"when": "5.9-12.9", "against": ""}),
        ("and in the three weeks before that", {"when": "14.9-5.10", "against": ""}),
        ("versus the same days one week earlier", {"when": "5.10-12.10", "against": ("28.9-5.10", "previous_period")}),
        ("and the two weeks after that", {"when": "12.10-26.10", "against": ""}),
        ("the ten days before it please", {"when": "25.9-5.10", "against": ""}),
        ("how was it one week earlier", {"when": "28.9-5.10", "against": ""}),
        ("the same week last year", {"when": ("5.10-12.10", "6.10-13.10")}),
    ],
)
def test_a_time_is_told_from_the_threads_own(lexicon: Lexicon, said: str, wanted: dict[str, Any]) -> None:
    assert differs(thread(lexicon, OCTOBER, said), what="refunds", by="product", **wanted) == {}


# ---------------------------------------------------------------- the others


@pytest.mark.parametrize(
    ("first", "said", "wanted"),
    [
        ("revenue of Pier Street in September", "and the other shops?", {"what": "revenue", "by": "location"}),
        ("revenue in the North in September", "how did the other regions do", {"what": "revenue", "by": "region"}),
        ("clicks on Autumn Taster in August", "and the remaining campaigns", {"what": "clicks", "by": "campaign"}),
        ("deals won by Ada Berg in Q3", "what about her colleagues?", {"what": "deals_won", "by": "owner"}),
        ("deals won by Ada Berg in Q3", "compare with the rest of the team", {"what": "deals_won", "by": "owner"}),
        ("win rate of Bo in September", "and the other reps", {"what": "win_rate", "by": "owner"}),
        ("units of Rye Loaf in October", "all other products too", {"what": "units_sold", "by": "product"}),
        ("bookings for Yoga in October", "now the rest of the services", {"what": "bookings", "by": "service"}),
        (
            "refunds at Mill Lane in October",
            "is it the same at the other locations?",
            {"what": "refunds", "by": "location"},
        ),
    ],
)
def test_the_others_are_all_of_the_kind_beside_the_one(
    lexicon: Lexicon, first: str, said: str, wanted: dict[str, Any]
) -> None:
    one = thread(lexicon, first)
    found = thread(lexicon, first, said)
    assert differs(found, when=span(one.period), **wanted) == {}
    own = {v for f in one.filters for v in f.values}
    assert not any(f.op == "in" and own & set(f.values) for f in found.filters)


# ---------------------------------------------------------------- corrections


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("sorry, I meant August", {"what": "orders", "where": "Mill Lane", "when": "1.8-1.9"}),
        ("no, revenue I mean", {"what": "revenue", "where": "Mill Lane", "when": "1.9-1.10"}),
        (
            "not orders, the number of customers",
            {"what": ("customers", "active_customers", "new_customers"), "where": "Mill Lane"},
        ),
        ("I was asking about Pier Street", {"what": "orders", "where": "Pier Street", "when": "1.9-1.10"}),
        ("wrong shop, Pier Street please", {"what": "orders", "where": "Pier Street", "when": "1.9-1.10"}),
        ("actually make that Q3", {"what": "orders", "where": "Mill Lane", "when": "1.7-1.10"}),
        ("oh I meant refunds, not orders", {"what": "refunds", "where": "Mill Lane", "when": "1.9-1.10"}),
        ("my mistake, August to October", {"what": "orders", "where": "Mill Lane", "when": "1.8-1.11"}),
        ("scratch that, clicks on google last week", {"what": "clicks", "where": "google_ads", "when": "26.10-2.11"}),
        ("forget it. how many leads did we get in July?", {"what": "leads", "where": "", "when": "1.7-1.8"}),
        ("drop that. spend on meta yesterday", {"what": "spend", "where": "meta_ads", "when": "1.11-2.11"}),
    ],
)
def test_a_correction_changes_what_it_names_and_a_withdrawal_starts_anew(
    lexicon: Lexicon, said: str, wanted: dict[str, Any]
) -> None:
    assert differs(thread(lexicon, "orders at Mill Lane in September", said), **wanted) == {}


# ---------------------------------------------------------------- why, with a complaint


@pytest.mark.parametrize(
    ("first", "said", "wanted"),
    [
        ("churn rate by plan in September", "gold looks awful, why?", {"what": "churn_rate", "where": "Gold"}),
        ("churn rate by plan in September", "why is basic so high", {"what": "churn_rate", "where": "Basic"}),
        ("churn rate by plan in September", "what happened to gold there", {"what": "churn_rate", "where": "Gold"}),
        ("churn rate by plan in September", "what is wrong with basic", {"what": "churn_rate", "where": "Basic"}),
        (
            "ctr of Roof Check in October",
            "in July it was twice that, what happened?",
            {"what": "ctr", "where": "Roof Check"},
        ),
        ("ctr of Roof Check in October", "it used to be far better. why?", {"what": "ctr", "where": "Roof Check"}),
        ("ctr of Roof Check in October", "how come it is so weak", {"what": "ctr", "where": "Roof Check"}),
        (
            "bookings by location in October",
            "Pier Street is a disaster!! reason?",
            {"what": "bookings", "where": "Pier Street"},
        ),
        ("leads in September", "so few? how come", {"what": "leads", "where": ""}),
        (
            "orders at Mill Lane by day last week",
            "why so many on the 28th",
            {"what": "orders", "where": "Mill Lane", "when": "28.10-29.10"},
        ),
        (
            "revenue September vs August",
            "what is behind the move?",
            {"what": "revenue", "where": "", "when": "1.9-1.10"},
        ),
    ],
)
def test_a_complaint_with_why_is_about_the_threads_number(
    lexicon: Lexicon, first: str, said: str, wanted: dict[str, Any]
) -> None:
    assert differs(thread(lexicon, first, said), **{"as": "explain"}, **wanted) == {}


# ---------------------------------------------------------------- another subject


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (
            "perfect, thanks! next question: how many leads came in last week",
            {"what": "leads", "by": "", "when": "26.10-2.11"},
        ),
        (
            "great. something else: clicks on google yesterday",
            {"what": "clicks", "by": "", "where": "google_ads", "when": "1.11-2.11"},
        ),
        (
            "thx, got it. now another topic: churn rate by plan in August",
            {"what": "churn_rate", "by": "plan", "when": "1.8-1.9"},
        ),
        ("many thanks. how do you define churn rate?", {"what": "churn_rate", "as": "describe"}),
        ("ok, moving on. bookings in Q3", {"what": "bookings", "by": "", "when": "1.7-1.10"}),
        ("alright, last one for today: refunds in October", {"what": "refunds", "by": "", "when": "1.10-1.11"}),
        (
            "thanks a lot. on a different note, what did we spend in October",
            {"what": "spend", "by": "", "when": "1.10-1.11"},
        ),
        ("cool. send me this every friday at 8", {"what": "revenue", "as": "schedule"}),
        ("super, danke. unrelated: how fresh is the data", {"as": "health"}),
    ],
)
def test_thanks_and_a_new_subject_take_over_nothing(lexicon: Lexicon, said: str, wanted: dict[str, Any]) -> None:
    assert differs(thread(lexicon, "revenue by region in September", said), **wanted) == {}


@pytest.mark.parametrize("said", ["ok cheers, that's all", "thank you, perfect", "great, bye", "got it, thx"])
def test_thanks_alone_ask_for_no_number(lexicon: Lexicon, said: str) -> None:
    assert thread(lexicon, "revenue by region in September", said).intent == "clarify"


# ---------------------------------------------------------------- names and settings thrown in


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("ok, Ada. by month", {"where": "Ada Berg", "when": "1.7-1.10", "step": "month"}),
        ("Bo only, weekly", {"where": "Bo Carlsen", "when": "1.7-1.10", "step": "week"}),
        ("hm, just renewals then", {"where": "Renewals", "by": "owner", "when": "1.7-1.10"}),
        ("Ada: August", {"where": "Ada Berg", "when": "1.8-1.9"}),
        ("leave Bo out, he is new", {"where": "-Bo Carlsen", "by": "owner", "when": "1.7-1.10"}),
        ("New Business only, renewals blur the picture", {"where": "New Business", "by": "owner", "when": "1.7-1.10"}),
        ("without renewals please, they distort everything", {"where": "-Renewals", "by": "owner"}),
    ],
)
def test_names_thrown_in_narrow_what_the_thread_asks(lexicon: Lexicon, said: str, wanted: dict[str, Any]) -> None:
    assert differs(thread(lexicon, "win rate by rep in Q3", said), what="win_rate", **wanted) == {}


@pytest.mark.parametrize(
    ("said", "amount", "where"),
    [
        ("and with 8k?", "8000", ""),
        ("what if it were only 1,000", "1000", ""),
        ("let's say 12 grand", "12000", ""),
        ("if we had 7.5k instead?", "7500", ""),
        ("google only please, meta is maxed out", "3000", "google_ads"),
        ("not on meta, we are done there", "3000", "-meta_ads"),
        ("and suppose we cut 2k instead", "-2000", ""),
    ],
)
def test_another_amount_is_placed_as_the_one_before(lexicon: Lexicon, said: str, amount: str, where: str) -> None:
    found = thread(lexicon, "where would you put another 3k of ad budget", said)
    assert differs(found, **{"as": "budget", "where": where}) == {}
    assert str(found.details.get("amount")) == amount


# ---------------------------------------------------------------- about the answer itself


@pytest.mark.parametrize(
    ("said", "intents"),
    [
        ("does that include refunds?", ("describe",)),
        ("is that with or without tax?", ("describe", "refuse")),
        ("how sure are you of that number", ("describe", "health", "clarify")),
        ("can I rely on this?", ("health",)),
        ("where does this number come from", ("describe", "health")),
        ("how did you get to that", ("describe",)),
        ("is anything missing in there?", ("health",)),
        ("when was that last updated", ("health",)),
        ("is this gross or net btw", ("describe",)),
        ("that cannot be right", ("describe", "health", "clarify")),
        ("how precise is it", ("describe", "health", "clarify")),
        ("what exactly is counted there", ("describe",)),
    ],
)
def test_what_is_asked_about_the_answer_is_no_new_number(lexicon: Lexicon, said: str, intents: tuple[str, ...]) -> None:
    found = thread(lexicon, "revenue of Pier Street in September", said)
    assert found.intent in intents
    assert found.intent != "describe" or found.metrics == ("revenue",)


# ---------------------------------------------------------------- beside the one


@pytest.mark.parametrize(
    "said",
    [
        "next to Mill Lane",
        "put Mill Lane beside it",
        "add Mill Lane",
        "compare that with Mill Lane",
        "Mill Lane too please",
        "how does that stack up against Mill Lane",
        "and Mill Lane as well, for comparison",
        "vs Mill Lane",
    ],
)
def test_a_name_beside_the_threads_own_is_shown_with_it(lexicon: Lexicon, said: str) -> None:
    found = thread(lexicon, "revenue of Pier Street in September", said)
    wanted = {"what": "revenue", "where": "Mill Lane, Pier Street", "by": "location", "when": "1.9-1.10"}
    assert differs(found, **wanted) == {}


@pytest.mark.parametrize(
    ("first", "said", "wanted"),
    [
        ("cac on meta in September", "which campaign pulls it up?", {"by": "campaign", "first": "cac desc"}),
        (
            "cost per lead in September",
            "which platform is driving that up",
            {"by": "platform", "first": "cost_per_lead desc"},
        ),
        ("roas in October", "which campaigns drag it down", {"by": "campaign", "first": "roas asc"}),
        (
            "revenue September vs August",
            "which products fell the most",
            {"by": "product", "first": "revenue__change asc"},
        ),
        ("revenue September vs August", "which regions gained most", {"by": "region", "first": "revenue__change desc"}),
        (
            "orders in October vs September",
            "where did we lose the most, by location",
            {"by": "location", "first": "orders__change asc"},
        ),
        (
            "revenue in October vs September",
            "what products lost most",
            {"by": "product", "first": "revenue__change asc"},
        ),
    ],
)
def test_who_moves_the_threads_number_is_a_ranking_of_it_or_its_explanation(
    lexicon: Lexicon, first: str, said: str, wanted: dict[str, Any]
) -> None:
    one = thread(lexicon, first)
    found = thread(lexicon, first, said)
    if found.intent == "explain":
        wanted = {"by": wanted["by"], "what": wanted["first"].split()[0].removesuffix("__change")}
    assert differs(found, when=span(one.period), **wanted) == {}


# ---------------------------------------------------------------- what cannot be known


@pytest.mark.parametrize(
    "said",
    [
        "what does our landlord charge for the shop on Pier Street",
        "who of the drivers was late most often in October",
        "what's the going rate for a click in our trade",
        "is it legal to text people who opted out",
        "how many hours did Ada work last week",
        "turn down the bids on Roof Check by ten percent",
        "post this on our instagram",
        "which customers live in Berlin, with street please",
        "what do other bakeries spend on google",
        "how much tax do we owe for q3",
        "can you rewrite the headline of Autumn Taster",
        "what was the temperature on 3 october",
        "how many instagram followers do we have",
        "is our website down?",
        "who is the best plumber in town",
        "how satisfied is our staff",
        "what salary does Bo get",
        "give me a good joke about bread",
        "how much did our biggest rival make last year",
        "send everyone who booked in October a text",
        "should I take painkillers for my back",
        "write me a python function that sums revenue",
    ],
)
def test_what_no_marketing_data_knows_is_refused(lexicon: Lexicon, said: str) -> None:
    assert thread(lexicon, said).intent in ("refuse", "clarify")
    assert thread(lexicon, "revenue of Pier Street in September", said).intent in ("refuse", "clarify")


@pytest.mark.parametrize(
    "said",
    [
        "and the second one, is it better?",
        "compare them again like the other day",
        "same again as last time please",
        "is that still going down?",
        "what about the other one",
        "show me the usual",
        "and for her?",
        "put those two together",
        "why did it drop?",
        "how are they doing compared with before",
        "the one from yesterday, by week",
        "do that for the rest too",
        "as we agreed on Monday, please",
    ],
)
def test_what_points_at_nothing_is_asked_back(lexicon: Lexicon, said: str) -> None:
    assert thread(lexicon, said).intent in ("clarify", "refuse")


# ---------------------------------------------------------------- a second list, written once the laws above were there

SECOND: list[tuple[str, str, dict[str, Any]]] = [
    (
        "bookings for Massage from 12 to 18 October",
        "and the four days after that",
        {"what": "bookings", "where": "Massage", "when": "19.10-23.10"},
    ),
    (
        "bookings for Massage from 12 to 18 October",
        "same dates two months earlier",
        {"what": "bookings", "where": "Massage", "when": "12.8-19.8"},
    ),
    (
        "bookings for Massage from 12 to 18 October",
        "compare to the same week one month before",
        {"what": "bookings", "where": "Massage", "against": "12.9-19.9"},
    ),
    ("leads by channel in September", "just the 14th", {"what": "leads", "by": "channel", "when": "14.9-15.9"}),
    (
        "leads by channel in September",
        "how many qualified ones in that month",
        {"what": "qualified_leads", "when": "1.9-1.10"},
    ),
    (
        "no show rate at Mill Lane in September",
        "how do the others do?",
        {"what": "no_show_rate", "by": "location", "when": "1.9-1.10"},
    ),
    ("roas of Autumn Taster in October", "and the other campaigns on meta", {"what": "roas", "by": "campaign"}),
    ("pipeline value of Bo Carlsen", "and for everybody else?", {"what": "pipeline_value", "by": "owner"}),
    (
        "churn rate of Gold in October",
        "what about the remaining plans",
        {"what": "churn_rate", "by": "plan", "when": "1.10-1.11"},
    ),
    (
        "revenue of Families in Q3",
        "same for all other segments",
        {"what": "revenue", "by": "segment", "when": "1.7-1.10"},
    ),
    ("refunds on Rye Loaf in August", "ups, meant July", {"what": "refunds", "where": "Rye Loaf", "when": "1.7-1.8"}),
    (
        "refunds on Rye Loaf in August",
        "no no, the Lemon Cake",
        {"what": "refunds", "where": "Lemon Cake", "when": "1.8-1.9"},
    ),
    (
        "refunds on Rye Loaf in August",
        "units please, not refunds",
        {"what": "units_sold", "where": "Rye Loaf", "when": "1.8-1.9"},
    ),
    (
        "refunds on Rye Loaf in August",
        "never mind. what did google cost us in Q3",
        {"what": "spend", "where": "google_ads", "when": "1.7-1.10"},
    ),
    (
        "win rate of Ada in October",
        "that is a shocker, how come?",
        {"as": "explain", "what": "win_rate", "where": "Ada Berg"},
    ),
    (
        "roas by campaign in October",
        "Roof Check seems dead. why is that?",
        {"as": "explain", "what": "roas", "where": "Roof Check"},
    ),
    ("ctr in September vs August", "what could have caused this?", {"as": "explain", "what": "ctr"}),
    (
        "orders by region in October",
        "the North is horribly weak - explain",
        {"as": "explain", "what": "orders", "where": "North"},
    ),
    (
        "spend by platform in October",
        "brilliant. one more question: how many new customers last week",
        {"what": "new_customers", "by": "", "when": "26.10-2.11"},
    ),
    (
        "spend by platform in October",
        "ok good. totally different topic, mrr by plan please",
        {"what": "mrr", "by": "plan"},
    ),
    ("spend by platform in October", "perfect, that helps. bye", {"as": "clarify"}),
    ("spend by platform in October", "ta very much", {"as": "clarify"}),
    (
        "spend by platform in October",
        "thanks! another one: units sold per product in July",
        {"what": "units_sold", "by": "product", "when": "1.7-1.8"},
    ),
    (
        "revenue by product in Q3",
        "drop the Lemon Cake, it was a one-off",
        {"what": "revenue", "by": "product", "where": "-Lemon Cake", "when": "1.7-1.10"},
    ),
    (
        "revenue by product in Q3",
        "only Cakes please, breads are somebody else's problem",
        {"what": "revenue", "where": "Cakes"},
    ),
    (
        "spend by platform in October",
        "without google, that account belongs to the agency",
        {"what": "spend", "by": "platform", "where": "-google_ads"},
    ),
    ("where should another 4k of ad money go", "what about 9k", {"as": "budget"}),
    ("where should another 4k of ad money go", "and if it were just 2,500?", {"as": "budget"}),
    ("where should another 4k of ad money go", "on google alone please", {"as": "budget", "where": "google_ads"}),
    ("gross revenue in October", "does this figure contain discounts?", {"as": "describe", "what": "gross_revenue"}),
    ("cac by platform in October", "how is that worked out", {"as": "describe", "what": "cac"}),
    ("cac by platform in October", "is there any data missing?", {"as": "health"}),
    ("cac by platform in October", "can we trust those numbers", {"as": "health"}),
    ("mrr by plan", "are trials counted in there?", {"as": "describe", "what": "mrr"}),
    ("mrr by plan", "what does that include exactly", {"as": "describe", "what": "mrr"}),
    ("open rate of Autumn Taster in October", "vs Roof Check", {"as": ("query", "refuse", "compare")}),
    (
        "deals won by Ada in Q3",
        "set against Bo",
        {"what": "deals_won", "by": "owner", "where": "Ada Berg, Bo Carlsen", "when": "1.7-1.10"},
    ),
    (
        "units of Rye Loaf in October",
        "Lemon Cake next to it",
        {"what": "units_sold", "by": "product", "where": "Lemon Cake, Rye Loaf"},
    ),
    (
        "revenue in the North in October",
        "include the South as well",
        {"what": "revenue", "by": "region", "where": "North, South"},
    ),
    ("cost per lead in October", "who is pulling that up, by campaign", {"as": ("explain", "query"), "by": "campaign"}),
    (
        "revenue October vs September",
        "which products shrank most",
        {"what": "revenue", "by": "product", "first": "revenue__change asc"},
    ),
    ("", "how much do our competitors bid on our name", {"as": "refuse"}),
    ("", "which nurse had the most cancellations in October", {"as": ("refuse", "clarify")}),
    ("", "upload this to our facebook page", {"as": ("refuse", "clarify")}),
    ("", "text everybody who cancelled last week", {"as": ("refuse", "clarify")}),
    ("", "may we store birthdays of patients by law", {"as": ("refuse", "clarify")}),
    ("", "how hot was it on 4 August", {"as": ("refuse", "clarify")}),
    ("", "what did the bakery across the street sell last month", {"as": ("refuse", "clarify")}),
    ("", "raise Bo's bonus to 2,000", {"as": ("refuse", "clarify")}),
    ("", "how many overtime hours did the crew put in", {"as": ("refuse", "clarify")}),
    ("", "and how about that other one?", {"as": "clarify"}),
    ("", "did it get better since?", {"as": "clarify"}),
    ("", "same report as usual", {"as": "clarify"}),
    ("", "which of the two was it", {"as": "clarify"}),
]


@pytest.mark.parametrize(("first", "said", "wanted"), SECOND)
def test_other_words_for_the_same_laws(lexicon: Lexicon, first: str, said: str, wanted: dict[str, Any]) -> None:
    assert differs(thread(lexicon, *([first] if first else []), said), **wanted) == {}
