"""Threads that go on about a list, two names or a report: its limits and order, what is taken back, what comes beside.

Each sentence was written before the planner was changed for it; docs/evals.md says how many were right at first.
"""

import datetime
from typing import Any

import pytest

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.reading import Reading
from roastery.evals.sets.language import lexicon_of
from tests.agent.test_thread_laws import MORE, YEAR, differs
from tests.agent.test_threads import VALUES, thread


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return lexicon_of({"values": {**VALUES, **MORE}, "today": datetime.date(YEAR, 11, 2), "currency": "USD"})


def limits(reading: Reading) -> str:
    return ", ".join(sorted(f"{f.field} {f.op} {f.values[0]}" for f in reading.filters if f.metric))


@pytest.mark.parametrize(
    ("turns", "limit"),
    [
        (("spend by campaign in October", "add clicks", "only where those are above 200"), "clicks gt 200"),
        (
            ("spend by campaign in October", "and cost per lead", "just where that is under $60"),
            "cost_per_lead lt 60",
        ),
        (("revenue by product in Q3", "which are over 5000"), "revenue gt 5000"),
        (("cac by platform in October", "anything above 90 bucks"), "cac gt 90"),
        (
            ("open rate by campaign in October", "only the ones sent to at least 500 recipients"),
            "sends gte 500",
        ),
        (
            ("cost per lead by campaign in October", "leave out everything with less than 20 leads"),
            "leads gte 20",
        ),
        (("roas by campaign in October", "ignore those that spent under $300"), "spend gte 300"),
        (("revenue by product in Q3 without products under 100 units sold",), "units_sold gte 100"),
        (("cpc by campaign in October", "over 2 dollars only", "forget the limit"), ""),
        (("cpc by campaign in October", "over 2 dollars only", "drop the 2, and sort by spend"), ""),
        (("orders by location in October", "anyone below 300?"), "orders lt 300"),
    ],
)
def test_a_limit_is_on_the_number_that_it_points_at(lexicon: Lexicon, turns: tuple[str, ...], limit: str) -> None:
    found = thread(lexicon, *turns)
    assert (limits(found), found.intent) == (limit, "query")


def test_a_limit_of_a_list_is_neither_told_at_nor_placed(lexicon: Lexicon) -> None:
    stock = ("stock on hand by product", "which are below 50")
    assert thread(lexicon, *stock, "ping me as soon as any of those falls under 20").details["value"] == "20"
    spent = ("spend by campaign in October", "hide everything below $500 spend")
    assert "amount" not in thread(lexicon, *spent, "what should we do about it?").details


def test_a_limit_on_what_the_thread_does_not_count_is_asked_about(lexicon: Lexicon) -> None:
    found = thread(lexicon, "roas by campaign in October", "only those with more than 40 widgets")
    assert found.intent == "clarify"


@pytest.mark.parametrize(
    ("turns", "wanted"),
    [
        (
            ("spend by campaign in October", "add cost per lead", "sort by that, highest first"),
            {"first": "cost_per_lead desc"},
        ),
        (("spend by campaign in October", "and clicks too", "order by it, lowest on top"), {"first": "clicks asc"}),
        (("revenue by month in 2026", "not by month, by region"), {"by": "region", "step": ""}),
        (("orders by location in October", "not per location, per week"), {"by": "", "step": "week"}),
        (("leads in October day by day", "weekly instead of daily"), {"what": "leads", "step": "week"}),
        (("spend by platform in Q3", "no, not by platform. by campaign"), {"by": "campaign"}),
        (
            ("open rate in October by week", "no weeks please, which campaigns were worst"),
            {"by": "campaign", "step": "", "first": "open_rate asc"},
        ),
        (("refnds in October", "*refunds, by product"), {"by": "product", "when": "1.10-1.11"}),
        (("orders at Mill Lane in September", "*October"), {"where": "Mill Lane", "when": "1.10-1.11"}),
        (("how is Pier Street doing", "orders I mean, in September"), {"what": "orders", "where": "Pier Street"}),
        (
            ("refunds on Rye Loaf in August", "nein, sorry: Lemon Cake"),
            {"what": "refunds", "where": "Lemon Cake", "when": "1.8-1.9"},
        ),
    ],
)
def test_what_is_taken_back_goes_and_what_is_pointed_at_orders(
    lexicon: Lexicon, turns: tuple[str, ...], wanted: dict[str, Any]
) -> None:
    assert differs(thread(lexicon, *turns), **wanted) == {}


@pytest.mark.parametrize(
    ("turns", "wanted"),
    [
        (
            ("churned subscriptions on Gold in October", "and on Basic", "as a rate", "for both plans"),
            {"what": "churn_rate", "where": "Basic, Gold"},
        ),
        (
            ("orders at Mill Lane in September", "and Pier Street", "and revenue", "in both"),
            {"what": "revenue", "where": "Mill Lane, Pier Street"},
        ),
        (
            (
                "units sold of Rye Loaf in October",
                "and the Lemon Cake",
                "both next to each other, with revenue as well",
            ),
            {"what": "units_sold revenue", "where": "Lemon Cake, Rye Loaf"},
        ),
        (("refunds on Cakes in October", "and on everything else"), {"what": "refunds", "where": "-Cakes"}),
        (("revenue at Mill Lane in October", "everywhere else?"), {"by": "location", "where": "-Mill Lane"}),
        (
            ("bookings at Mill Lane in October", "why so low", "ok. the same figure for Pier Street"),
            {"as": "query", "where": "Pier Street"},
        ),
        (
            ("orders in the North in October", "why that many", "what percentage of all orders is that"),
            {"as": "query", "by": "region"},
        ),
        (("what is roas", "fine. per campaign in September"), {"as": "query", "by": "campaign", "when": "1.9-1.10"}),
        (("how is churn rate defined", "and on Gold in October?"), {"as": "query", "where": "Gold"}),
        (("hours to first reply in September by week", "and till it is resolved"), {"what": "resolution_hours"}),
        (("deals won in the Renewals pipeline in Q3", "who signed those"), {"by": "owner", "where": "Renewals"}),
        (("what is Roof Check costing us this month",), {"what": "spend", "where": "Roof Check"}),
        (("whats a new lead costing us right now",), {"what": "cost_per_lead", "as": "query"}),
        (("conversion rate by week in Q3", "can i have that as a graph"), {"what": "conversion_rate", "step": "week"}),
        (
            ("spend by platform in October", "could we see this in a bar chart please"),
            {"what": "spend", "by": "platform"},
        ),
        (
            ("leads and how many of them were qualified in October by campaign",),
            {"what": "leads qualified_leads", "by": "campaign"},
        ),
        (
            ("mrr and active subscriptions now, and churn rate in October by plan",),
            {"what": "churn_rate", "by": "plan"},
        ),
        (
            ("3 things: revenue last week, orders last week, and the top 3 campaigns by roas last week",),
            {"what": "roas", "by": "campaign", "when": "26.10-2.11"},
        ),
    ],
)
def test_a_thread_goes_on_about_its_names_and_numbers(
    lexicon: Lexicon, turns: tuple[str, ...], wanted: dict[str, Any]
) -> None:
    assert differs(thread(lexicon, *turns), **wanted) == {}


@pytest.mark.parametrize(
    ("turns", "at", "where"),
    [
        (("send me orders every Monday at 9", "half past isn't needed, 8:15 rather"), "08:15", ""),
        (("email me leads by campaign every Friday at 4pm", "make it 5pm"), "17:00", ""),
        (("every tuesday at 6pm: orders by region to the team channel",), "18:00", ""),
        (
            ("send me orders at Mill Lane every Monday at 9", "and Pier Street in the same mail"),
            "09:00",
            "Mill Lane, Pier Street",
        ),
    ],
)
def test_a_report_to_come_is_told_another_time_or_one_name_more(
    lexicon: Lexicon, turns: tuple[str, ...], at: str, where: str
) -> None:
    found = thread(lexicon, *turns)
    assert (found.intent, found.details["at"]) == ("schedule", at)
    assert differs(found, where=where) == {}


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (
            "My boss keeps asking about Mill Lane because the roof was leaking there all summer... anyway. Bookings "
            "there per month since June, please.",
            {"what": "bookings", "where": "Mill Lane", "step": "month"},
        ),
        (
            "Hello, I am writing the report for our landlord, who always wants to know the same thing. I only need Q3. "
            "Could you give me the churn rate for that?",
            {"what": "churn_rate", "when": "1.7-1.10"},
        ),
        (
            "Good morning. For the board I need refunds in October by product. Best regards, K.",
            {"what": "refunds", "by": "product"},
        ),
        (
            "Dear all, how many leads did we get in September? Separated by channel if possible. Kind regards, Tom",
            {"what": "leads", "by": "channel"},
        ),
        (
            "they say that somebody was bidding on our name in the week of 21 September. What did we spend on "
            "Brand - Search that week?",
            {"what": "spend", "when": "21.9-28.9"},
        ),
        ("top cake by revenue in Q3?", {"what": "revenue", "by": "product", "where": "Cakes"}),
        ("best breads by units sold, October", {"what": "units_sold", "by": "product", "where": "Breads"}),
        ("revenue by region, last financial year (oct 24 - sep 25)", {"by": "region", "when": "1.10-1.10"}),
        ("orders from apr 25 to mar 26 by month", {"step": "month", "when": "1.4-1.4"}),
        ("orders from apr 25 to may 6", {"when": "25.4-7.5"}),
        ("open + click rate of our mails in October", {"what": "open_rate email_click_rate"}),
        ("bounce and unsubscribe rates per campaign in Q3", {"what": "bounce_rate unsubscribe_rate"}),
        ("weekly leads from mid August (17th) till now", {"what": "leads", "step": "week"}),
        ("clicks in the last week of september (28th thru oct 4)", {"what": "clicks", "when": "28.9-5.10"}),
        ("why are we losing money on Roof Check in October", {"what": "roas", "as": "explain"}),
        ("Roof Check leads are terrible. why did their score drop in October", {"what": "lead_score", "as": "explain"}),
        ("any products with more than 8% of units coming back in Q3?", {"what": "return_rate", "by": "product"}),
        ("what do the big chains pay for a click", {"as": "refuse"}),
    ],
)
def test_letters_stories_and_short_writing_are_read(lexicon: Lexicon, said: str, wanted: dict[str, Any]) -> None:
    assert differs(thread(lexicon, said), **wanted) == {}


@pytest.mark.parametrize(
    ("turns", "wanted"),
    [
        (("roas of Autumn Taster in October", "and the roof one"), {"where": "Roof Check"}),
        (
            ("units sold of Rye Loaf in October", "and the Lemon Cake", "put both side by side, with the money too"),
            {"what": "units_sold revenue", "where": "Lemon Cake, Rye Loaf"},
        ),
        (
            ("new customers in October", "could you paste their email addresses, I'd like to write to them"),
            {"as": "refuse"},
        ),
        (("leads in October", "leads and their score"), {"what": "leads lead_score"}),
    ],
)
def test_a_word_of_a_name_and_money_beside_are_understood(
    lexicon: Lexicon, turns: tuple[str, ...], wanted: dict[str, Any]
) -> None:
    assert differs(thread(lexicon, *turns), **wanted) == {}
