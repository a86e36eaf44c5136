"""The analyst end to end, offline: right numbers, threads, streaming, approvals, refusals, errors as sentences."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from roastery.agent.answer import Answer
from roastery.agent.graph import Analyst
from roastery.agent.state import Budget, Turn
from roastery.tools.base import Actor, Tool, ToolContext, ToolResult
from roastery.tools.registry import TOOLS
from roastery.warehouse.engine import Warehouses
from tests.agent import company

DEMO = (
    "What was ROAS by platform last month?",
    "How did revenue by week over the last eight weeks compare with the eight weeks before?",
    "What were the top five campaigns by attributed revenue last month, with spend and CAC?",
)
OCTOBER = (date(2026, 10, 1), date(2026, 11, 1))


def net(order: dict[str, object]) -> Decimal:
    return Decimal(str(order["amount"])) - Decimal(str(order["refunded_amount"]))


def day_of(order: dict[str, object]) -> date:
    return date.fromisoformat(str(order["occurred_at"])[:10])


def credited(start: date, end: date) -> dict[str, Decimal]:
    """Net revenue by campaign: the k-th order of day n was touched that morning by campaign (n + k) mod 6, if k < 4."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    names = list(company.CAMPAIGNS)
    for order in company.order_rows():
        n, k = (int(part) for part in str(order["transaction_id"])[1:].split("-"))
        if k < 4 and start <= day_of(order) < end:
            found[names[(n + k) % len(names)]] += net(order)
    return found


def spent(start: date, end: date) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in company.ad_rows():
        if start <= row["report_date"] < end:  # type: ignore[operator]
            found[str(row["campaign_id"])] += Decimal(str(row["spend"]))
    return found


def measured(answer: Answer, metric: str, dimension: str) -> dict[str, Decimal | None]:
    return {
        f.dimensions[dimension]: f.value
        for f in answer.facts
        if f.kind == "measured"
        and f.metric == metric
        and dimension in f.dimensions
        and not f.dimensions[dimension].startswith("not in")
    }


def test_roas_by_platform_is_credited_revenue_over_spend(analyst: Analyst, context: ToolContext) -> None:
    answer = analyst.ask(DEMO[0], context)
    money: dict[str, list[Decimal]] = {p: [Decimal(0), Decimal(0)] for p in ("meta_ads", "google_ads")}
    for campaign, (_, platform, _) in company.CAMPAIGNS.items():
        money[platform][0] += credited(*OCTOBER)[campaign]
        money[platform][1] += spent(*OCTOBER)[campaign]
    expected = {p: (r / s).quantize(Decimal("0.0001"), ROUND_HALF_EVEN) for p, (r, s) in money.items()}
    assert measured(answer, "roas", "platform") == expected
    best = max(expected, key=lambda p: expected[p])
    name = {"meta_ads": "Meta Ads", "google_ads": "Google Ads"}[best]
    assert answer.text.startswith(f"**{name} had the highest ROAS in October 2026, {expected[best]:.2f}×.**")
    assert len(answer.charts) == 1
    assert len(answer.tables) == 1


def test_revenue_by_week_against_the_eight_weeks_before(analyst: Analyst, context: ToolContext) -> None:
    answer = analyst.ask(DEMO[1], context)
    now, before = date(2026, 9, 21), date(2026, 7, 27)
    totals: dict[date, Decimal] = defaultdict(Decimal)
    for order in company.order_rows():
        totals[day_of(order)] += net(order)

    def revenue(start: date, days: int) -> Decimal:
        return sum((v for d, v in totals.items() if 0 <= (d - start).days < days), Decimal(0))

    weeks = {
        f.dimensions["date"]: f.value
        for f in answer.facts
        if f.kind == "measured" and "date" in f.dimensions and f.period.start >= now
    }
    assert len(weeks) == 8
    assert all(value == revenue(date.fromisoformat(day), 7) for day, value in weeks.items())
    total = {f.period.start: f.value for f in answer.facts if f.kind == "measured" and not f.dimensions}
    assert total == {now: revenue(now, 56), before: revenue(before, 56)}
    assert f"to ${revenue(now, 56):,.2f} between 21 Sep and 15 Nov 2026" in answer.text
    assert f"from ${revenue(before, 56):,.2f} between 27 Jul and 20 Sep 2026" in answer.text


def test_top_five_campaigns_with_spend_and_cac(analyst: Analyst, context: ToolContext) -> None:
    answer = analyst.ask(DEMO[2], context)
    revenue = credited(*OCTOBER)
    best = sorted(revenue, key=lambda c: (-revenue[c], c))[:5]
    assert measured(answer, "attributed_revenue", "campaign") == {c: revenue[c] for c in best}
    assert measured(answer, "spend", "campaign") == {c: spent(*OCTOBER)[c] for c in best}
    assert all(v is not None and v > 0 for v in measured(answer, "cac", "campaign").values())
    assert [row["campaign"] for row in answer.tables[0].rows] == best


@pytest.mark.parametrize("question", DEMO)
def test_an_answer_is_short_says_how_and_proves_itself(analyst: Analyst, context: ToolContext, question: str) -> None:
    answer = analyst.ask(question, context)
    assert len(answer.text.split()) <= 120
    assert "\n\nHow: " in answer.text
    assert "failures" not in answer.notes
    assert [context.ledger.receipt(r.id) for r in answer.receipts] == list(answer.receipts)
    assert answer.suggestions
    ids = {f.id for f in answer.facts}
    assert all(set(f.inputs) <= ids for f in answer.facts)
    assert all(set(row.values()) <= ids for table in answer.tables for row in table.fact_ids)


def test_answers_name_no_raw_ids(analyst: Analyst, context: ToolContext) -> None:
    text = analyst.ask(DEMO[0], context).text
    assert "meta_ads" not in text
    assert "[[" not in text


def test_a_hostile_name_is_quoted_in_full_and_obeyed_by_nobody(analyst: Analyst, context: ToolContext) -> None:
    answer = analyst.ask("spend by campaign last month", context)
    assert answer.status == "answered"
    assert company.HOSTILE in str(answer.tables[0].rows)
    assert "99.00" not in answer.text


def test_a_thread_inherits(analyst: Analyst, context: ToolContext) -> None:
    history: list[Turn] = []
    expected = (
        ("ROAS by platform last month", {"dimensions": ["platform"]}),
        ("and by week?", {"dimensions": ["platform"], "grain": "week"}),
        ("only Meta", {"filters": [{"dimension": "platform", "op": "in", "values": ["meta_ads"]}]}),
    )
    for question, arguments in expected:
        answer = analyst.ask(question, context, "cnv_1", history)
        assert answer.conversation_id == "cnv_1"
        history.append(Turn.of(answer))
        asked = answer.receipts[0].arguments
        assert {k: asked[k] for k in arguments if k != "filters"} == {
            k: v for k, v in arguments.items() if k != "filters"
        }
        if "filters" in arguments:
            assert asked["filters"][0]["values"] == ["meta_ads"]


def test_what_the_answer_before_has_told_is_not_said_whole_again(analyst: Analyst, context: ToolContext) -> None:
    first = analyst.ask("ROAS by platform last month", context)
    second = analyst.ask("and by week?", context, first.conversation_id, [Turn.of(first)])
    third = analyst.ask("only Meta", context, first.conversation_id, [Turn.of(first), Turn.of(second)])
    told = next(c for c in first.caveats if c in first.text)
    for later in (second, third):
        assert told in later.caveats
        assert told not in later.text
        assert "before" in later.text.split("Caveats: ")[1]
    assert len(second.text) < len(analyst.ask("ROAS by platform and week last month", context).text)


def test_where_people_drop_out_is_the_funnel_and_not_the_frequent_paths(analyst: Analyst, context: ToolContext) -> None:
    answer = analyst.ask("where do people drop out, this year?", context)
    assert answer.receipts[0].arguments["show"] == "funnel"
    assert "Where they end" in answer.text
    assert "›" not in answer.text
    assert analyst.ask("customer journeys last month", context).tables[0].title == "Most frequent paths"


def test_a_question_back_is_answered_in_the_thread(analyst: Analyst, context: ToolContext) -> None:
    first = analyst.ask("How many conversions were there last month by platform?", context)
    assert first.status == "clarify"
    assert "Attributed orders" in first.suggestions
    second = analyst.ask("attributed orders", context, first.conversation_id, [Turn.of(first)])
    assert second.status == "answered"
    assert second.receipts[0].arguments["metrics"] == ["attributed_orders"]
    assert second.receipts[0].arguments["dimensions"] == ["platform"]


def test_a_checkpointer_keeps_the_thread_and_no_rows(context: ToolContext) -> None:
    saver = InMemorySaver()
    analyst = Analyst(checkpointer=saver)
    analyst.ask("ROAS by platform last month", context, "cnv_kept")
    answer = analyst.ask("and by week?", context, "cnv_kept")
    assert answer.receipts[0].arguments["dimensions"] == ["platform"]
    assert answer.receipts[0].arguments["grain"] == "week"
    other = analyst.ask("and by week?", context, "cnv_other")
    assert other.status != "answered" or "dimensions" not in other.receipts[0].arguments
    kept = str([c.checkpoint["channel_values"] for c in saver.list(None)])
    values = {format(f.value, "f") for f in answer.facts if f.kind == "measured" and f.value is not None}
    assert not [v for v in values if v in kept]
    assert "House Blend" not in kept


def test_a_thread_is_not_continued_by_somebody_who_sees_other_rows(context: ToolContext) -> None:
    analyst = Analyst(checkpointer=InMemorySaver())
    analyst.ask("spend by campaign last month", context, "cnv_shared")
    warehouse = context.metrics.warehouse
    narrow = company.context_on(warehouse, actor=Actor("usr_2", row_scope={"platform": ("google_ads",)}))
    answer = analyst.ask("and by week?", narrow, "cnv_shared")
    assert all("dimensions" not in r.arguments for r in answer.receipts)


def test_a_row_scope_narrows_numbers_and_names(context: ToolContext) -> None:
    narrow = company.context_on(
        context.metrics.warehouse, actor=Actor("usr_2", row_scope={"platform": ("google_ads",)})
    )
    answer = Analyst().ask("spend by campaign last month", narrow)
    assert set(measured(answer, "spend", "campaign")) == {"c3", "c4", "c5"}
    hidden = Analyst().ask("spend for the Spring Sale campaign last month", narrow)
    assert hidden.status == "clarify"
    assert "Prospecting" not in hidden.text + str(hidden.suggestions)


def test_several_questions_in_one_message_are_all_answered(analyst: Analyst, context: ToolContext) -> None:
    answer = analyst.ask("How much did we spend last week? And how many orders did we get last week?", context)
    assert [r.arguments["metrics"] for r in answer.receipts] == [["spend"], ["orders"]]
    assert "Spend was" in answer.text
    assert "Orders were" in answer.text


def test_a_greeting_beside_a_question_is_no_question(analyst: Analyst, context: ToolContext) -> None:
    answer = analyst.ask("Hello!\nHow much did we spend last week?", context)
    assert "Spend was" in answer.text
    assert "Hello" not in answer.text


def test_a_doubtful_question_beside_a_clear_one_is_asked_back(analyst: Analyst, context: ToolContext) -> None:
    answer = analyst.ask("How much did we spend last week? And how many conversions last week?", context)
    assert "Spend was" in answer.text
    assert "do you mean Attributed orders" in answer.text


def test_the_stream_tells_steps_then_sentences_then_the_answer(analyst: Analyst, context: ToolContext) -> None:
    events = list(analyst.stream(DEMO[0], context))
    kinds = [kind for kind, _ in events]
    assert kinds[0] == "step"
    assert kinds[-1] == "answer"
    assert kinds == sorted(kinds, key=["step", "token", "answer"].index)
    answer = events[-1][1]
    tokens = [value for kind, value in events if kind == "token"]
    assert all(token in answer.text for token in tokens)
    assert len(tokens) >= 3


def test_an_error_in_the_stream_reaches_its_reader(context: ToolContext) -> None:
    class Breaks(Tool[Any]):
        name = "query_metrics"
        description = "breaks"
        arguments = TOOLS["query_metrics"].arguments

        def run(self, context: ToolContext, arguments: Any) -> ToolResult:
            raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError):
        list(Analyst(tools=[Breaks()]).stream("revenue last month", context))


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("revenue from 2026-11-05 to 2026-11-01", "Swap the two dates"),
        ("attribution coverage by platform last month", "cannot be split by platform"),
        ("roas by week on markov last month", "fitted on all paths"),
    ],
)
def test_an_error_of_a_tool_is_a_sentence(analyst: Analyst, context: ToolContext, question: str, sentence: str) -> None:
    answer = analyst.ask(question, context)
    assert answer.status == "refused"
    assert sentence in answer.text


def test_an_empty_period_is_said_to_be_empty(analyst: Analyst, context: ToolContext) -> None:
    answer = analyst.ask("revenue in January 2026", context)
    assert "There is no data on revenue in January 2026." in answer.text
    assert "$0" not in answer.text


def test_no_data_yet_is_a_sentence(tmp_path: Path) -> None:
    warehouses = Warehouses(tmp_path, b"0" * 32, (), company.NOON)
    empty = company.context_on(warehouses.open(company.ROASTER))
    answer = Analyst().ask(DEMO[0], empty)
    warehouses.close()
    assert answer.status == "refused"
    assert "Connect" in answer.text


@pytest.mark.parametrize(
    "question",
    ["", "   ", "?", "asdkjh qwe", "🤷", "a" * 5000, "revenue " * 300, "'; DROP TABLE sales; --", "\n\n\n", "[[f1]]"],
)
def test_nonsense_is_met_with_a_sentence(analyst: Analyst, context: ToolContext, question: str) -> None:
    answer = analyst.ask(question, context)
    assert answer.text
    assert answer.status in ("refused", "clarify", "answered")


class Proposes:
    """A model that proposes an act once, then says that it was done or not."""

    def bind_tools(self, *_: Any, **__: Any) -> "Proposes":
        return self

    def stream(self, messages: Any, **_: Any) -> Any:
        from langchain_core.messages import AIMessageChunk

        if any(m.type == "tool" for m in messages):
            yield AIMessageChunk("CANNOT: That is all.", response_metadata={"finish_reason": "stop"})
            return
        call = {
            "name": "create_alert",
            "args": '{"metric": "cac", "op": "gt", "value": "80"}',
            "id": "c1",
            "index": 0,
            "type": "tool_call_chunk",
        }
        yield AIMessageChunk("", tool_call_chunks=[call], response_metadata={"finish_reason": "tool_calls"})  # type: ignore[list-item]


class Waits:
    """Actions that keep what is proposed to them."""

    is_approved = False

    def __init__(self) -> None:
        self.proposed: list[dict[str, Any]] = []
        self.done: list[Any] = []

    def check(self, tool: str, document: Any) -> Any:
        return {**document, "destinations": [{"channel": "slack", "destination": "#marketing"}]}

    def propose(self, tool: str, arguments: Any, proposal: Any) -> str:
        self.proposed.append(dict(arguments))
        return "apr_1"

    def do(self, tool: str, document: Any) -> Any:
        self.done.append(document)
        return {"alert_id": "alr_1"}


def test_an_act_is_proposed_in_words_and_not_done(context: ToolContext) -> None:
    actions = Waits()
    asked = Analyst(Proposes()).ask("watch my CAC", replace(context, actions=actions), "cnv_act")
    assert asked.status == "clarify"
    assert "every day at 08:00" in asked.text.lower()
    assert "above 80" in asked.text
    assert "#marketing" in asked.text
    assert asked.suggestions == ("Approve", "Decline")
    assert asked.notes["approvals"][0]["id"] == "apr_1"
    assert actions.proposed == [{"metric": "cac", "op": "gt", "value": "80"}]
    assert actions.done == []


def test_where_nothing_can_be_set_up_it_says_so(context: ToolContext) -> None:
    asked = Analyst(Proposes()).ask("watch my CAC", replace(context, actions=None), "cnv_act")
    assert asked.status != "answered"
    assert "approval" not in asked.notes


def test_a_budget_without_steps_still_answers(context: ToolContext) -> None:
    answer = Analyst(budget=Budget(steps=1)).ask("revenue last month", context)
    assert answer.status == "answered"
