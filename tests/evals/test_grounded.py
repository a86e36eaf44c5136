"""The independent reader of numerals: what is a fact stands, what is not is told."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from roastery.agent.answer import Answer
from roastery.evals.grading.direction import direction_faults
from roastery.evals.grading.grounded import Grounds
from roastery.tools.base import Fact, FactPeriod, Receipt, Table

OCTOBER = FactPeriod(start=date(2026, 10, 1), end=date(2026, 11, 1))
NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)


def fact(id: str, value: str, unit: str = "money", **more: Any) -> Fact:
    about = {"metric": "revenue", "currency": "USD" if unit == "money" else None, "period": OCTOBER, **more}
    return Fact(id=id, value=Decimal(value), unit=unit, receipt_id="r", **about)


FACTS = (
    fact("f1", "10234.506"),
    fact("f2", "-0.1234", "ratio", kind="change_ratio"),
    fact("f3", "3.4211", "ratio", metric="roas"),
)


def receipt(*caveats: str) -> Receipt:
    return Receipt(
        id="r", tool="query_metrics", arguments={}, period=OCTOBER, time_zone="UTC", week_start="monday",
        result_hash="", caveats=caveats, clock=NOW, created_at=NOW,
    )  # fmt: skip


def answer(text: str, tables: tuple[Table, ...] = (), calls: tuple[dict[str, Any], ...] = (), *caveats: str) -> Answer:
    return Answer(
        answer_id="a", conversation_id="c", question="Revenue last month?", status="answered", text=text, facts=FACTS,
        receipts=(receipt(*caveats),), tables=tables, notes={"calls": list(calls)},
    )  # fmt: skip


def faults(given: Answer, names: tuple[str, ...] = ()) -> list[str]:
    return Grounds(given, names, ()).faults()


@pytest.mark.parametrize(
    "text",
    [
        "Revenue fell 12.3 % to $10,234.51 in October 2026.",
        "Revenue between 1 and 31 Oct 2026 was $10,234.5.",
        "ROAS was 3.42× from 2026-10-01 on.",
        "Revenue in Q4 2026 so far.",
    ],
)
def test_facts_and_their_days_stand(text: str) -> None:
    assert faults(answer(text)) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Revenue was $10,234.52.", "$10,234.52"),
        ("Revenue was 10,234.51.", "10,234.51"),
        ("Revenue fell 12.3.", "12.3"),
        ("ROAS was 342 %, up from $3.42.", "$3.42"),
        ("Revenue in September 2026.", "2026"),
        ("Revenue of 7 campaigns.", "7"),
        ("Revenue doubled.", "doubled"),
    ],
)
def test_a_numeral_without_a_fact_is_told(text: str, wrong: str) -> None:
    assert any(f"“{wrong}" in said for said in faults(answer(text)))


def test_names_caveats_and_echoes_stand() -> None:
    call = {"tool": "query_metrics", "arguments": {"limit": 5, "attribution_window_days": 7}}
    text = "The top 5 with a 7 day window: LAL 1–3% made $10,234.51. 18 slices are too small."
    assert faults(answer(text, (), (call,), "18 slices are too small."), ("LAL 1–3%",)) == []
    assert faults(answer(text, (), (call,)), ("LAL 1–3%",)) != []


def test_a_cell_that_differs_from_its_fact_is_told() -> None:
    columns = ({"name": "revenue", "kind": "metric", "unit": "money", "currency": "USD"},)
    rows = ({"revenue": "10234.506"}, {"revenue": "99.00"})
    table = Table(title="t", columns=columns, rows=rows, fact_ids=({"revenue": "f1"}, {"revenue": "f1"}))
    assert faults(answer("Revenue.", (table,))) == ["cell revenue says 99.00, its fact 10234.506"]


def test_directions_are_those_of_the_facts() -> None:
    assert direction_faults(answer("Revenue fell 12.3 % to $10,234.51.")) == []
    assert direction_faults(answer("Revenue rose 12.3 % to $10,234.51.")) == ["“rose 12.3 %”, which is the other way"]
