"""Claims of a digest against what was planted.

A claim is one line under "Unusual": a metric of a slice went up or down on certain days, with the episodes of other
slices and metrics that were merged into it. It is true when something planted explains it: the days overlap, the
direction is the planted one, the metric is the planted one or one that it moves by definition (`MOVES`), and the
slice is the planted one, a part of it, or wider than it. Planted are

- the anomalies of `truth["anomalies"]`;
- a campaign's weekly spend that was drawn at `PULSE` times its median of the four weeks before, or further (from
  `truth["spend_variation"]`), and a campaign's first and last day.

Everything else is false: a chance fluctuation, a promotion or holiday told as unusual, and the return to normal.

An anomaly is found when a claim that it explains names, as its head or merged into it, the planted slice, a part of it,
or (where the slice is of two dimensions) one of its members; a claim of a wider slice, or of a metric that may have
moved either way with it, is true, but finds nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb

from roastery.evals.world.companies import Company

PULSE = (0.6, 1.5)
EITHER_WAY = {"sessions": 0, "reported_conversions": 0}
"""Judged by what was clicked on: more spend brings more of them, and fewer for a click."""
SPENT = {"spend": 1, "clicks": 1, "impressions": 1, "attributed_orders": 1, **EITHER_WAY,
         "leads": 1, "orders": 1, "bookings": 1, "roas": -1, "mer": -1, "cac": 1}  # fmt: skip
MOVES: Mapping[str, Mapping[str, int]] = {
    "orders": {"orders": 1, "online_orders": 1, "revenue": 1, "gross_revenue": 1, "units_sold": 1,
               "attributed_orders": 1, "attributed_revenue": 1, "conversion_rate": 1, "roas": 1, "mer": 1, "cac": -1},
    "bookings": {"bookings": 1, "leads": 1, "completed_appointments": 1, "revenue": 1, "orders": 1},
    "leads": {"leads": 1, "qualified_leads": 1, "bookings": 1, "opportunities": 1, "cost_per_lead": -1},
    "cpc": {"cpc": 1, "spend": 1, "cost_per_lead": 1, "roas": -1, "reported_roas": -1, "mer": -1},
    "spend": {**SPENT, "cost_per_lead": 1},
    "reported_conversions": {"reported_conversions": 1, "reported_conversion_value": 1, "reported_roas": 1},
    "open_rate": {"open_rate": 1, "opens": 1, "email_clicks": 1, "attributed_orders": 1, "bounce_rate": -1},
    "refunds": {"refunds": 1, "refund_count": 1, "refund_rate": 1, "revenue": -1, "aov": -1, "tickets": 1},
    "attribution_coverage": {"attribution_coverage": 1, "sessions": 1, "attributed_orders": 1,
                             "attributed_revenue": 1, "roas": 1, "cac": -1},
    "lead_score": {"lead_score": 1, "qualified_leads": 1},
    "win_rate": {"win_rate": 1, "proposal_win_rate": 1, "deals_won": 1},
    "no_show_rate": {"no_show_rate": 1, "completed_appointments": -1},
    "failed_payments": {"failed_payments": 1},
    "churned_subscriptions": {"churned_subscriptions": 1, "churn_rate": 1},
    "ctr": {"ctr": 1, "clicks": 1, "cpc": -1},
    "first_reply_hours": {"first_reply_hours": 1, "resolution_hours": 1, "satisfaction": -1},
}  # fmt: skip
"""By planted metric: the metrics that move with it, and whether they go the same way; 0 where it may be either."""

Slice = tuple[str, str]


@dataclass(frozen=True)
class Planted:
    """Something that truly happened on half-open days. members: (dimension, name) of its slice; () for everything."""

    name: str
    metric: str
    members: tuple[Slice, ...]
    start: date
    end: date
    is_up: bool
    moves: Mapping[str, int]
    counts: bool


@dataclass(frozen=True)
class Claim:
    """One told incident. episodes: (metric, dimension, value), its head first; ("", "") stands for everything."""

    episodes: tuple[tuple[str, str, str], ...]
    start: date
    end: date
    is_up: bool
    text: str = ""


def claim_of(incident: Mapping[str, Any]) -> Claim:
    """A claim of an incident in the data of detect_anomalies."""
    where = next(iter(incident["where"].items()), ("", ""))
    also = [(o["metric"], o["dimension"] or "", "" if o["is_common"] else o["value"]) for o in incident["also"]]
    days = (date.fromisoformat(incident[end]) for end in ("start", "end"))
    head = (incident["metric"], *where)
    text = f"{incident['metric']} {where[0]} {where[1]} {incident['direction']} {incident['start']}"
    return Claim((head, *also), *days, incident["direction"] == "up", text)


class Truth:
    """What a company planted, and how its slices lie in each other."""

    def __init__(self, company: Company) -> None:
        self._within = dict(_within(company))
        self.anomalies = tuple(_anomalies(company))
        self.others = (*_pulses(company), *_beginnings(company))

    def explains(self, claim: Claim) -> list[Planted]:
        """Everything planted that makes a claim true."""
        return [p for p in (*self.anomalies, *self.others) if self._touches(claim, p, wider=True)]

    def finds(self, claim: Claim) -> list[Planted]:
        """The anomalies that a claim finds."""
        return [p for p in self.anomalies if self._touches(claim, p, wider=False)]

    def _touches(self, claim: Claim, planted: Planted, *, wider: bool) -> bool:
        if min(claim.end, planted.end) <= max(claim.start, planted.start):
            return False
        return any(self._moves(metric, claim, planted) and self._meets((d, v), planted, wider=wider)
                   for metric, d, v in claim.episodes if wider or planted.moves.get(metric))  # fmt: skip

    @staticmethod
    def _moves(metric: str, claim: Claim, planted: Planted) -> bool:
        """The direction told is the head's; merged episodes of other metrics may go another way with it."""
        sign = planted.moves.get(metric)
        if sign is None:
            return False
        head = planted.moves.get(claim.episodes[0][0])
        return head is not None and (head == 0 or claim.is_up == (planted.is_up == (head > 0)))

    def _meets(self, own: Slice, planted: Planted, *, wider: bool) -> bool:
        if not planted.members:
            return True
        if own[0] and any(member in self._around(own) for member in planted.members):
            return True
        return wider and (not own[0] or any(self._name(own) in self._around(m) for m in planted.members))

    def _around(self, one: Slice) -> set[Slice]:
        """A slice, its name, and the slices that hold it."""
        return {one, *self._within.get(one, ())}

    def _name(self, one: Slice) -> Slice:
        return next((m for m in self._within.get(one, ()) if m[0] == one[0]), one)


def _anomalies(company: Company) -> Iterator[Planted]:
    letters = {f"{NEWSLETTER}{r['report_date']}": r["campaign_id"] for r in _letters(company)}
    for row in company.truth["anomalies"].to_pylist():
        members = tuple(zip(row["dimension"].split("+"), row["member"].split("+"), strict=True))
        members = tuple(
            ("campaign", letters.get(member, member)) if d == "campaign" else (d, member) for d, member in members
        )
        everything = row["dimension"] == "all"
        yield Planted(
            row["anomaly_id"], row["metric"], () if everything else members, row["start"], row["end"],
            row["direction"] == "up", MOVES[row["metric"]], counts=True,
        )  # fmt: skip


def _pulses(company: Company) -> Iterator[Planted]:
    """Weeks in which a campaign's spend was drawn far from its last four weeks."""
    table = company.truth.get("spend_variation")
    if table is None:
        return
    rows = duckdb.from_arrow(table).query(
        "drawn",
        "SELECT campaign_id, week_start, multiplier / median(multiplier) OVER (PARTITION BY campaign_id "
        "ORDER BY week_start ROWS BETWEEN 4 PRECEDING AND 1 PRECEDING) AS times FROM drawn",
    )
    for campaign, week, times in rows.fetchall():
        if times is not None and (times <= PULSE[0] or times >= PULSE[1]):
            members = (("campaign", campaign),)
            end = week + timedelta(days=7)
            yield Planted("weekly spend", "spend", members, week, end, times > 1, SPENT, counts=False)


def _beginnings(company: Company) -> Iterator[Planted]:
    for row in company.tables["campaigns"].to_pylist():
        members = (("campaign", row["campaign_id"]),)
        for day, up in ((row["start_date"], True), (row.get("end_date"), False)):
            if day is not None:
                end = day + timedelta(days=8)
                yield Planted("campaign began or ended", "spend", members, day, end, up, SPENT, counts=False)


def _within(company: Company) -> Iterable[tuple[Slice, tuple[Slice, ...]]]:
    """By slice as queries know it: its name, and what holds it."""
    for row in _rows(company, "locations"):
        inside = tuple((d, row[c]) for d, c in PLACES.items() if row.get(c))
        yield ("location", row["location_id"]), inside
        yield ("location", row["location_name"]), inside
    for row in _rows(company, "products"):
        inside = (("product", row["product_name"]), ("category", row["category"]))
        yield ("product", row["product_id"]), inside
        yield ("product", row["product_name"]), inside
    for row in _rows(company, "campaigns"):
        name = ("campaign", row["campaign_id"])
        yield name, (name, ("platform", row["platform"]), ("channel", row["channel"]))
    for row in _letters(company):
        name = ("campaign", row["campaign_id"])
        yield name, (name, ("platform", row["platform"]))


NEWSLETTER = "newsletter of "
"""How the truth names an e-mail by the day on which it was sent."""


def _letters(company: Company) -> list[dict[str, Any]]:
    return [row for row in _rows(company, "email_performance") if row["kind"] == "campaign"]


PLACES = {"location": "location_name", "region": "region", "franchise": "franchise"}


def _rows(company: Company, dataset: str) -> list[dict[str, Any]]:
    return company.tables[dataset].to_pylist() if dataset in company.tables else []
