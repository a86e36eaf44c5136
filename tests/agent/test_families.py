"""Which tool a question is for, in wordings of every family of meaning; none of them stands in a pattern as it is."""

from collections.abc import Iterator
from typing import Any

import pytest

from roastery.agent.planner.calls import tool_call
from roastery.agent.planner.context import asked_part
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.reading import Reading, reading_json, reading_of
from roastery.agent.planner.several import questions_in, readings_of
from roastery.agent.planner.understand import understand
from roastery.evals.grading.answering import CONTRACT_TOOLS
from tests.agent.spoken import language_lexicon

TOOLS = frozenset(CONTRACT_TOOLS)
ASKED = {
    "create_alert": [
        "Sound the alarm should spend go past 2k on any day",
        "can the team be told when CAC creeps above 90",
        "I want an alarm for ROAS under 1",
        "drop me a line if refunds ever exceed 300 dollars",
        "message me the second orders fall below 15",
        "Shout if daily spend climbs above $900",
        "wake me up when ROAS sinks below 1.5",
        "I'd like a nudge whenever CAC is over 80 on Google",
        "If orders dip under 20 a day, text the team",
        "holler the moment refunds pass $500",
        "put something in place that warns us when spend jumps 30 percent",
        "keep me posted if conversion rate falls under 2%",
        "buzz me once new customers fall short of 50 in a week",
        "raise a flag if the open rate drops below 15 percent",
        "let somebody know as soon as cpc tops $3",
    ],
    "create_schedule": [
        "spend and revenue into #marketing on the 1st of every month",
        "every weekday at 8:30 orders of the day before in my mailbox",
        "could we get the ROAS by campaign in our inbox each Monday",
        "automate a monthly recap to the founders",
        "drop revenue by platform into #growth every Monday morning",
        "the first of each month, spend by campaign to my inbox please",
        "mail me orders every day at 7",
        "I need last week's ROAS in Slack each Friday at 4pm",
        "once a week I want the digest by e-mail",
        "push the CAC numbers to the team every Tuesday",
        "have a weekly summary sent to us",
        "every other Monday post revenue in #board",
    ],
    "forecast_metric": [
        "where will revenue land at the end of the quarter if we leave things alone",
        "what's our order count likely to be over the holidays in December",
        "best guess for spend in the coming 4 weeks",
        "how many leads are we looking at next month",
        "revenue for the 45 days ahead of us",
        "if things carry on like this, how many orders will we get in December",
        "what revenue should we plan for next month",
        "at this pace where do we end up for the quarter in revenue",
        "how much spend is to come in the next 30 days",
        "how many new customers can we bank on over the coming two weeks",
        "assuming nothing changes, what does revenue look like next quarter",
        "do you reckon we reach 500 orders by the end of the month",
        "give me an outlook for leads",
    ],
    "forecast_ltv": [
        "what will customers won in August end up being worth",
        "how much are our new customers going to spend with us over their lifetime",
        "estimate what a customer from paid search is worth in the long run",
        "predicted lifetime value by channel",
        "how much will a buyer from the spring be worth after 12 months",
    ],
    "detect_anomalies": [
        "does anything about last week's spend look fishy",
        "any outliers among the campaigns in October",
        "what jumps out in the orders of the past two weeks",
        "did something break with conversions in September",
        "did anything go haywire last week",
        "were there any freak days in spend in October",
        "comb through September for odd days in orders",
        "has something been off with revenue lately",
        "anything out of the ordinary in CAC",
        "check the last 30 days for hiccups in orders",
    ],
    "explain_change": [
        "I don't get why orders tanked in October",
        "what explains the swing in CAC between August and September",
        "revenue shot up last week, what is behind it",
        "reasons for the dip in new customers last month",
        "what made revenue slide in October",
        "who is to blame for the drop in orders last week",
        "what lies behind the jump in CAC last month",
        "how come spend rose in September",
        "where does the growth in revenue come from last month",
        "account for the fall in new customers in October",
        "why has ROAS been tumbling",
    ],
    "customer_journeys": [
        "typical path to a first purchase in Q3",
        "how many touches until somebody orders",
        "what comes first and what comes last on the way to an order",
        "how long from the first click to the order",
        "what do people run into before they order",
        "in which sequence do customers meet our channels before buying",
        "how many encounters are there before the first order",
        "through which door do buyers come in first and what follows",
        "how do people get from the first click to a purchase",
        "which stops do customers make on the way to an order",
        "what happens between the first visit and the sale",
    ],
    "compare_attribution": [
        "do the models agree on which channel is best",
        "linear or time decay, does it matter for our channels last quarter",
        "what if the first touch got all the credit instead of our usual model, by channel",
        "how would the channels look if the last click got all the credit rather than the first",
        "does it change anything for our campaigns if every touch shares the glory equally instead of the usual way",
        "revenue by channel when the first contact takes everything, compared to your normal method",
        "first touch next to linear, by channel, last quarter",
        "put the attribution models side by side for last month",
    ],
    "run_attribution": [
        "credit for orders by channel in October, please",
        "run the shapley attribution by channel for Q3",
        "who deserves the credit for last month's orders",
        "give each touch an equal slice of the revenue by channel last month",
        "which channels earned the credit for new customers in Q3",
    ],
    "analyze_assets": [
        "which images pull best",
        "which of our ads' films wear thin",
        "which of our clips have worn out",
        "do videos beat images for conversions",
        "which pictures should be replaced",
        "have our creatives paid for themselves",
        "best performing ad creatives last month",
    ],
    "recommend_budget": [
        "we were given 4,000 euros on top, best way to use them",
        "if you had $2,500 for next month which channels would you put it in",
        "should we shift money from Google to Meta",
        "is it smart to raise the budget on Meta",
        "I have 3000 left, where should I put it",
        "the boss found another $5k for ads, how would you split it",
        "if I had to take 2k out of ads, where would it hurt least",
        "where would an additional 1500 do the most",
        "which campaigns deserve more money",
        "how do we best use 10k more next month",
    ],
    "reconcile_sources": [
        "why is what Google reports higher than our orders",
        "compare Meta's claimed conversions with our actual orders in October",
        "do the Meta numbers agree with our orders",
        "Google says 300 conversions, our shop only has 210, why",
        "how far is what Meta claims from what we recorded last month",
        "does Shopify tally with Stripe",
    ],
    "describe_metrics": [
        "is VAT part of revenue",
        "how does MER differ from ROAS",
        "do gift cards count towards revenue or not",
        "who is counted as an active customer",
        "what's the formula behind payback days",
        "what counts as a new customer for you",
        "does revenue include shipping or not",
        "when you say ROAS, are fees in there",
        "what has to happen for a lead to be qualified",
        "explain contribution margin like I am five",
        "are refunds taken off in your net revenue",
        "what exactly goes into CAC",
        "in plain English, what is MER",
    ],
    "data_health": [
        "is our Meta data complete for October",
        "did everything sync overnight",
        "how stale is the Klaviyo feed",
        "which sources are connected",
        "has Meta come through already",
        "when did you last hear from Klaviyo",
        "is the Google data of yesterday in yet",
        "are all feeds running",
        "is anything stuck",
        "up to which day do you have numbers",
    ],
    "search_dimension_values": [
        "what are the exact names of our segments",
        "which campaigns have 'search' in their name",
        "list every product we have",
        "how are our campaigns called exactly",
        "list all campaigns with 'sale' in the name",
        "which products do we carry",
        "just the names of the segments please",
        "how do you spell the welcome campaign",
        "is there a campaign with retargeting in it",
    ],
    "query_metrics": [
        "how many orders came in while the spring sale ran in October",
        "which platform is most expensive per click in Q3",
        "where did we spend the most last month",
        "how did our ads do in September by platform",
        "what was the weakest day for orders in October",
        "which products do people buy most this year",
        "how much did we put into Meta in Q3",
        "is revenue up on last month",
        "did CAC get worse in October compared to September",
        "how many people came to the site last week",
        "which campaigns took more than $1000 in September",
        "how many orders arrived last week",
        "what did one click cost us in October",
        "was the first week of October a good one for revenue",
        "which channel came first in revenue last month",
        "what share of revenue came from new customers last month",
        "how much of last month's spend went to Meta",
        "revenue on the days when spend was over $500 in October",
    ],
}
NEAR_A_TOOL = ("query_metrics", "compare_periods")
"""A plain question whose words come near a tool's stays one about numbers."""


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return language_lexicon()


def asked() -> Iterator[Any]:
    for tool, questions in ASKED.items():
        for question in questions:
            yield pytest.param(tool, question, id=f"{tool}: {question}")


@pytest.mark.parametrize(("tool", "question"), list(asked()))
def test_a_question_goes_to_its_tool_in_any_words(lexicon: Lexicon, tool: str, question: str) -> None:
    reading = understand(question, lexicon, [], TOOLS)
    assert reading.intent not in ("clarify", "refuse"), reading.message
    called = tool_call(reading)[0]
    assert called == tool or (tool == "query_metrics" and called in NEAR_A_TOOL)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("two quick ones before my 3 pm: spend last week", "spend last week"),
        ("spend last week (procurement needs it by tomorrow)", "spend last week"),
        ("Our auditors are waiting, orders in October please", "orders in October please"),
        ("orders in October, one figure is enough for me", "orders in October"),
        ("I need to brief the agency: roas by platform in September", "roas by platform in September"),
        ("board pack, slide 7: revenue in Q3", "revenue in Q3"),
    ],
)
def test_a_clause_that_asks_nothing_is_cut_off(lexicon: Lexicon, said: str, left: str) -> None:
    assert asked_part(said, lexicon) == left


@pytest.mark.parametrize(
    "said",
    [
        "spend last week, my boss wants it by platform",
        "spend, the client needs it for October",
        "Travel Mug: revenue last month",
        "Wholesale orders: revenue last month",
        "spend last month, without Google",
        "we need to cut 5k: where does it hurt least",
    ],
)
def test_a_clause_that_could_change_a_number_stays(lexicon: Lexicon, said: str) -> None:
    assert asked_part(said, lexicon) == said


@pytest.mark.parametrize(
    "question",
    [
        "is that normal?",
        "how did it go",
        "compare the two",
        "what about the other one",
        "is it worth it",
        "show me the numbers for the thing we discussed",
        "what does one of these cost?",
        "how much did it go up",
        "is it better than before we made the switch?",
        "same as you did for Paul",
        "how many did we get",
        "are those higher than usual",
    ],
)
def test_what_points_at_nothing_is_asked_about(lexicon: Lexicon, question: str) -> None:
    assert understand(question, lexicon, [], TOOLS).intent == "clarify"


@pytest.mark.parametrize(
    "question",
    [
        "how many litres of milk did we pour last month",
        "who will win the election",
        "write me a newsletter about our spring sale",
        "what's the phone number of our best customer",
        "how many employees does our competitor have",
        "pause all campaigns with ROAS under 1",
        "what is the weather doing to us tomorrow",
        "do other roasters pay less per click than we do",
        "think up a snappy headline for the spring sale",
        "what commission do I owe the sales people for Q3",
        "will it be stormy next week",
        "which forklift broke down most often",
    ],
)
def test_what_is_nothing_here_is_refused(lexicon: Lexicon, question: str) -> None:
    assert understand(question, lexicon, [], TOOLS).intent == "refuse"


def tools_of(text: str, lexicon: Lexicon) -> list[str]:
    def read(part: str, before: Any) -> Reading:
        return understand(part, lexicon, before, TOOLS)

    return [tool_call(r)[0] for r in readings_of(text, read, [], 4)]


@pytest.mark.parametrize(
    ("text", "tools"),
    [
        (
            "what did Meta cost in October, and why is that different from September?",
            ["query_metrics", "explain_change"],
        ),
        ("orders last week, and are all our connections running?", ["query_metrics", "data_health"]),
        ("cac by campaign in Q3 and where should another $2,000 go?", ["query_metrics", "recommend_budget"]),
        ("what did we spend in October and how many orders came of it?", ["query_metrics"]),
        ("How many orders in September? Looking only at Meta.", ["query_metrics"]),
    ],
)
def test_a_message_is_parted_where_two_things_are_asked(lexicon: Lexicon, text: str, tools: list[str]) -> None:
    assert tools_of(text, lexicon) == tools


def test_what_specifies_a_question_stays_with_it() -> None:
    assert questions_in("Which page does best? Going by October.") == ["Which page does best, Going by October."]
    assert len(questions_in("What was spend? And the orders?")) == 2


THREADS = [
    (["orders by platform in September", "strip out Google"], {"filters": "platform not_in google_ads"}),
    (["orders by platform in September", "put it next to August"], {"compare_to": "previous_period"}),
    (["top 3 products by revenue last month", "make it five"], {"limit": 5}),
    (["revenue by country last month", "just Canada", "back to everything"], {"filters": ""}),
    (["revenue by category last month", "and the one before that?"], {"period": "2026-09-01"}),
    (
        ["roas by campaign last month", "only the ones above 2", "which of those spent the most"],
        {"filters": "roas gt 2"},
    ),
    (["spend by platform last month", "how does that look over the weeks"], {"grain": "week"}),
]


@pytest.mark.parametrize(("turns", "has"), THREADS, ids=[" / ".join(t) for t, _ in THREADS])
def test_a_thread_goes_on(lexicon: Lexicon, turns: list[str], has: dict[str, Any]) -> None:
    history: list[Reading] = []
    for turn in turns:
        reading = understand(turn, lexicon, history, TOOLS)
        history.append(reading_of(reading_json(reading)))
    arguments = tool_call(reading)[1]
    for name, value in has.items():
        if name == "filters":
            said = [
                f"{f.get('dimension') or f['metric']} {f['op']} {', '.join(f['values'])}"
                for f in arguments.get("filters", [])
            ]
            assert (value in said) if value else not said
        elif name == "period":
            assert arguments["period"]["start"] == value
        else:
            assert arguments[name] == value
