"""What an earlier answer said and is no longer so is told with the next one on the same matter, and only then."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from roastery.agent.answer import Answer
from roastery.agent.digest import weekly_digest
from roastery.agent.graph import Analyst
from roastery.agent.state import Turn
from roastery.tools.base import Actor, Receipt, ToolContext
from roastery.tools.registry import run
from roastery.tools.restatement import restated
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse
from tests.tools.beans import NOON, as_csv, context_on, filled_home, opened, order_rows

ASKED = "What was our revenue in October?"
OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled_home(tmp_path_factory)


@pytest.fixture
def warehouse(home: Path, tmp_path: Path) -> Iterator[Warehouse]:
    with opened(shutil.copytree(home, tmp_path / "home")) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def analyst() -> Analyst:
    return Analyst()


def refund(warehouse: Warehouse, day: str, amount: str) -> None:
    """Give money back for one order of a day."""
    row = next(r for r in order_rows() if str(r["occurred_at"]).startswith(day))
    warehouse.import_rows("transactions", as_csv([{**row, "refunded_amount": amount}]), "text/csv")


def receipts(*answers: Answer) -> list[Receipt]:
    return [receipt for answer in reversed(answers) for receipt in answer.receipts]


def follow(analyst: Analyst, question: str, context: ToolContext, *before: Answer) -> Answer:
    history = [Turn.of(answer) for answer in before]
    return analyst.ask(question, context, history=history, earlier=receipts(*before))


def test_the_next_answer_says_what_was_said_what_is_and_why(warehouse: Warehouse, analyst: Analyst) -> None:
    context = context_on(warehouse)
    first = analyst.ask(ASKED, context)
    refund(warehouse, "2026-10-09", "31.00")
    second = follow(analyst, "and by sales channel?", context, first)
    assert (second.status, second.notes.get("failures")) == ("answered", None), second.text
    assert "When asked on 10 Nov 2026, revenue in October 2026 was" in second.text
    assert "down by $31.00" in second.text
    assert not second.notes.get("failures")
    facts = {fact.id: fact for fact in second.facts}
    change = next(f for f in facts.values() if f.kind == "change" and f.value == Decimal("-31.00"))
    then, now = facts[change.inputs[1]], facts[change.inputs[0]]
    assert then.receipt_id == first.receipts[0].id
    assert now.receipt_id in {receipt.id for receipt in second.receipts}
    third = follow(analyst, ASKED, context, first, second)
    assert "When asked on" not in third.text


def test_nothing_is_told_of_other_matters_or_where_nothing_changed(warehouse: Warehouse, analyst: Analyst) -> None:
    context = context_on(warehouse)
    first = analyst.ask(ASKED, context)
    assert "When asked on" not in follow(analyst, "and by sales channel?", context, first).text
    refund(warehouse, "2026-10-09", "31.00")
    assert "When asked on" not in follow(analyst, "What was spend in October?", context, first).text


def test_only_receipts_of_the_last_month_of_ones_own_scope_and_of_closed_periods_count(warehouse: Warehouse) -> None:
    context = context_on(warehouse)
    made = {
        name: run("query_metrics", {"metrics": ["revenue"], "period": period}, context).receipt
        for name, period in (("closed", OCTOBER), ("open", {"name": "this_month"}))
    }
    closed, still_open = made["closed"], made["open"]
    assert closed is not None
    assert still_open is not None
    refund(warehouse, "2026-10-09", "31.00")
    refund(warehouse, "2026-11-02", "31.00")
    asked = [run("query_metrics", {"metrics": ["revenue"], "period": {"name": "last_week"}}, context).receipt]
    now = [receipt for receipt in asked if receipt is not None]
    assert [found.then.id for found in restated(context, [closed, still_open], now)] == [closed.id]
    scoped = context_on(warehouse, actor=Actor("a", row_scope={"location": ("x",)}))
    assert restated(scoped, [closed], now) == []
    later = replace(context, clock=Clock(NOON.now() + timedelta(days=31)))
    assert restated(later, [closed], now) == []


@pytest.mark.prove
def test_the_digest_says_what_the_one_before_said_of_its_week(warehouse: Warehouse) -> None:
    before = Clock(NOON.now() - timedelta(days=7))
    last = weekly_digest(context_on(warehouse, before))
    refund(warehouse, "2026-10-28", "29.00")
    digest = weekly_digest(context_on(warehouse), earlier=last.receipts)
    assert "## Said before, changed since" in digest.text
    assert "When asked on 3 Nov 2026" in digest.text
    assert digest.withheld == ()
    again = weekly_digest(context_on(warehouse), earlier=digest.receipts)
    assert "Said before" not in again.text
