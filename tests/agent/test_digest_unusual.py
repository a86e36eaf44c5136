"""Which incidents a digest tells: once, and of this week."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from roastery.agent.digest.unusual import incidents_of
from roastery.agent.evidence import Evidence, Finding
from roastery.tools.base import Fact, FactPeriod, Receipt, ToolResult

WEEK = FactPeriod(start=date(2026, 10, 26), end=date(2026, 11, 2))
NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)


def scan(*incidents: dict[str, Any]) -> Finding:
    """A result of detect_anomalies with these incidents; each names its low and high."""
    facts, told = [], []
    for one in incidents:
        ids = {}
        for name in ("low", "high"):
            id = ids[name] = f"f{len(facts) + 1}"
            value = Decimal(one.get(name, {"low": 10, "high": 20}[name]))
            facts.append(Fact(id=id, metric="m", value=value, unit="count", period=WEEK, receipt_id="r"))
        usual = {"metric": "orders", "where": {}, "direction": "down", "start": "2026-10-27", "end": "2026-10-28",
                 "severity": "1.50", "also": []}  # fmt: skip
        told.append({**usual, **one, **ids})
    receipt = Receipt(
        id="r", tool="detect_anomalies", arguments={}, period=WEEK, time_zone="UTC", week_start="monday",
        result_hash="", clock=NOW, created_at=NOW,
    )  # fmt: skip
    result = ToolResult(tool="detect_anomalies", facts=tuple(facts), receipt=receipt, data={"incidents": told})
    return Evidence().add("scan", "detect_anomalies", {}, result)


def told(*findings: Finding) -> list[tuple[str, dict[str, str]]]:
    return [(i["metric"], dict(i["where"])) for _, i in incidents_of(findings)]


def test_the_most_severe_of_those_that_say_the_same_is_told_once() -> None:
    place = {"where": {"location": "l1"}, "severity": "1.20"}
    found = incidents_of([scan({"severity": "1.30"}, place), scan({"where": {"region": "r"}, "severity": "3.40"})])
    assert [dict(i["where"]) for _, i in found] == [{"region": "r"}]
    assert {o["dimension"] for o in found[0][1]["also"]} == {None, "location"}


def test_how_many_refunds_and_what_they_came_to_are_one_event() -> None:
    counted = {"metric": "refund_count", "direction": "up", "severity": "3.90"}
    of_coffee = {"metric": "refunds", "direction": "up", "where": {"category": "Coffee"}, "severity": "3.60"}
    assert told(scan(of_coffee, counted)) == [("refund_count", {})]


def test_two_campaigns_are_two_incidents() -> None:
    first, second = ({"metric": "spend", "where": {"campaign": c}} for c in ("c1", "c2"))
    assert len(told(scan(first, second))) == 2


def test_what_ended_before_the_week_is_not_told_again() -> None:
    assert told(scan({"start": "2026-10-19", "end": "2026-10-26"})) == []


def test_delivery_rates_are_told_by_campaign_only() -> None:
    assert told(scan({"metric": "cpc", "where": {"platform": "meta_ads"}})) == []
    assert len(told(scan({"metric": "cpc", "where": {"campaign": "c1"}}))) == 1
