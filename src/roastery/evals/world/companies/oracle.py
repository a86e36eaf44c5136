"""Oracle: headline figures of a company straight from its tables and truth, with nothing of the warehouse.

Written from CONTRACTS sections 4 and 8. A sale is a true one (truth.sales), counted by the record that the
source-of-truth order prefers, on that record's day in the organization's zone, at that day's rate. Records are told
apart by the planted truth, not by matching.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from roastery.evals.world.companies.company import Company

SENT = "kind = 'campaign'"
ORDERED = "kind IN ('order', 'payment') AND NOT coalesce(is_renewal, false)"

VIEWS = """
CREATE TABLE known_places AS
SELECT location_id AS location, any_value(region) AS region, any_value(franchise) AS franchise,
       any_value(location_name) AS location_name FROM locations GROUP BY 1;
CREATE TABLE rates AS
SELECT base_currency, rate_date, CAST(rate AS DECIMAL(18, 6)) AS rate FROM fx_rates WHERE quote_currency = '{currency}';
CREATE TABLE sold AS
SELECT t.transaction_id, t.kind, t.is_renewal, s.person, t.day, t.promotion_id AS promotion, t.sales_channel,
       t.source_system, t.service_area, t.location_id AS location, p.region, p.franchise,
       t.amount * r.rate AS gross, t.refunded_amount * r.rate AS refunded, t.discount_amount * r.rate AS discount,
       (t.amount - t.refunded_amount) * r.rate AS net, r.rate
FROM (SELECT *, CAST(timezone('{zone}', occurred_at) AS DATE) AS day FROM transactions
      WHERE coalesce(status, 'completed') = 'completed' AND NOT coalesce(is_test, false)) t
JOIN true_sales s ON s.transaction_id = t.transaction_id AND s.is_real
LEFT JOIN known_places p ON p.location = t.location_id
JOIN LATERAL (
    SELECT CASE WHEN t.currency = '{currency}' THEN CAST(1 AS DECIMAL(18, 6)) ELSE (
        SELECT arg_max(rate, rate_date) FROM rates
        WHERE base_currency = t.currency AND rate_date <= t.day) END AS rate) r ON true;
CREATE TABLE lines AS
SELECT s.day, s.promotion, s.sales_channel, s.location, s.region, s.franchise, s.service_area,
       l.product_id AS product, i.category, l.quantity
FROM sold s JOIN transaction_lines l USING (transaction_id) LEFT JOIN products i USING (product_id);
CREATE TABLE ads AS SELECT a.*, report_date AS day, campaign_id AS campaign FROM ad_performance a;
CREATE TABLE mailed AS SELECT e.*, report_date AS day, campaign_id AS campaign FROM email_performance e;
CREATE TABLE asked AS
SELECT l.*, CAST(timezone('{zone}', created_at) AS DATE) AS day, campaign_id AS campaign, location_id AS location
FROM leads l;
CREATE TABLE booked AS
SELECT a.*, CAST(timezone('{zone}', booked_at) AS DATE) AS day, location_id AS location FROM appointments a;
CREATE TABLE met AS
SELECT a.*, CAST(timezone('{zone}', starts_at) AS DATE) AS day, location_id AS location FROM appointments a;
CREATE TABLE opened AS SELECT o.*, CAST(timezone('{zone}', created_at) AS DATE) AS day FROM opportunities o;
CREATE TABLE closed AS
SELECT o.*, CAST(timezone('{zone}', closed_at) AS DATE) AS day FROM opportunities o WHERE is_closed;
CREATE TABLE decided AS
SELECT q.status, o.owner, o.pipeline, CAST(timezone('{zone}', q.decided_at) AS DATE) AS day
FROM proposals q JOIN opportunities o USING (opportunity_id) WHERE q.decided_at IS NOT NULL;
CREATE TABLE left_us AS
SELECT s.plan, CAST(timezone('{zone}', canceled_at) AS DATE) AS day FROM subscriptions s
WHERE canceled_at > coalesce(greatest(trial_end, started_at), started_at);
CREATE TABLE happened AS
SELECT e.kind, s.plan, CAST(timezone('{zone}', e.occurred_at) AS DATE) AS day
FROM subscription_events e JOIN subscriptions s USING (subscription_id);
CREATE TABLE complained AS SELECT t.*, CAST(timezone('{zone}', opened_at) AS DATE) AS day FROM tickets t;
"""


@dataclass(frozen=True)
class Part:
    """A sum over a view: what each row adds, and which rows count."""

    view: str
    value: str
    only: str = "true"


@dataclass(frozen=True)
class Measure:
    """A figure: one part, or one part over another (null where that is 0); a cost is null without any row of spend."""

    over: Part
    under: Part | None = None
    is_cost: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.over,) if self.under is None else (self.over, self.under)


def _of(view: str, value: str, only: str = "true") -> Measure:
    return Measure(Part(view, value, only))


MEASURES = {
    "spend": _of("ads", "spend"),
    "impressions": _of("ads", "impressions"),
    "clicks": _of("ads", "clicks"),
    "reported_conversions": _of("ads", "reported_conversions"),
    "reported_conversion_value": _of("ads", "reported_conversion_value"),
    "ctr": Measure(Part("ads", "clicks"), Part("ads", "impressions")),
    "cpc": Measure(Part("ads", "spend"), Part("ads", "clicks")),
    "reported_roas": Measure(Part("ads", "reported_conversion_value"), Part("ads", "spend")),
    "gross_revenue": _of("sold", "gross"),
    "refunds": _of("sold", "refunded"),
    "revenue": _of("sold", "net"),
    "orders": _of("sold", "1", ORDERED),
    "aov": Measure(Part("sold", "net", ORDERED), Part("sold", "1", ORDERED)),
    "discounts": _of("sold", "discount"),
    "discount_rate": Measure(Part("sold", "discount"), Part("sold", "gross + discount")),
    "units_sold": _of("lines", "quantity"),
    "units_per_order": Measure(Part("lines", "quantity"), Part("sold", "1", ORDERED)),
    "mer": Measure(Part("sold", "net"), Part("ads", "spend")),
    "sends": _of("mailed", "sends"),
    "open_rate": Measure(Part("mailed", "unique_opens", SENT), Part("mailed", "deliveries", SENT)),
    "email_click_rate": Measure(Part("mailed", "unique_clicks", SENT), Part("mailed", "deliveries", SENT)),
    "leads": _of("asked", "1"),
    "lead_score": Measure(Part("asked", "score"), Part("asked", "1", "score IS NOT NULL")),
    "qualified_leads": _of("asked", "1", "stage IN ('qualified', 'customer')"),
    "cost_per_lead": Measure(Part("ads", "spend"), Part("asked", "1"), is_cost=True),
    "bookings": _of("booked", "1"),
    "cost_per_booking": Measure(Part("ads", "spend"), Part("booked", "1"), is_cost=True),
    "completed_appointments": _of("met", "1", "status = 'completed'"),
    "no_show_rate": Measure(
        Part("met", "1", "status = 'no_show'"), Part("met", "1", "status IN ('no_show', 'completed')")
    ),
    "opportunities": _of("opened", "1"),
    "deals_closed": _of("closed", "1"),
    "deals_won": _of("closed", "1", "is_won"),
    "win_rate": Measure(Part("closed", "1", "is_won"), Part("closed", "1")),
    "proposal_win_rate": Measure(
        Part("decided", "1", "status = 'accepted'"), Part("decided", "1", "status IN ('accepted', 'declined')")
    ),
    "churned_subscriptions": _of("left_us", "1"),
    "renewals": _of("happened", "1", "kind = 'renewal'"),
    "failed_payments": _of("happened", "1", "kind = 'payment_failed'"),
    "tickets": _of("complained", "1"),
    "satisfaction": Measure(
        Part("complained", "satisfaction_score"), Part("complained", "1", "satisfaction_score IS NOT NULL")
    ),
}

USED = ("ad_performance", "email_performance", "transactions", "transaction_lines", "products", "locations", "fx_rates",
        "leads", "appointments", "opportunities", "proposals", "subscriptions", "subscription_events",
        "tickets")  # fmt: skip


class Oracle:
    """Exact expected figures of one company. Periods are half-open days: `start` in, `end` out."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self._db = duckdb.connect(config={"threads": 1})
        self._db.execute("LOAD icu; SET TimeZone = 'UTC'")
        for name in USED:
            self._register(name)
        self._db.register("true_sales", company.truth["sales"])
        organization = company.organization
        self._db.execute(VIEWS.format(zone=organization.time_zone, currency=organization.currency))
        self.columns = {
            view: {row[0] for row in self._db.execute(f"DESCRIBE {view}").fetchall()}
            for view in {part.view for measure in MEASURES.values() for part in measure.parts}
        }

    def _register(self, name: str) -> None:
        """The company's rows with every column of the contract, null where it has none."""
        from roastery.warehouse.contracts import contract

        columns = contract(name).columns
        listed = ", ".join(f'"{c.name}" {c.sql_type}' for c in columns)
        self._db.execute(f"CREATE TABLE {name} ({listed})")
        if name in self.company.tables:
            self._db.register("given", self.company.tables[name])
            self._db.execute(f"INSERT INTO {name} BY NAME SELECT * FROM given")  # noqa: S608
            self._db.unregister("given")
        money = [c.name for c in columns if c.type == "money"]
        for column in (c for c in money if c in ("refunded_amount", "discount_amount")):
            self._db.execute(f"UPDATE {name} SET {column} = 0 WHERE {column} IS NULL")  # noqa: S608

    def can(self, metric: str, dimensions: tuple[str, ...] = ()) -> bool:
        """Whether this oracle knows a metric by these dimensions."""
        measure = MEASURES.get(metric)
        return measure is not None and all(set(dimensions) <= self.columns[part.view] for part in measure.parts)

    def figures(
        self,
        metric: str,
        start: date,
        end: date,
        dimensions: tuple[str, ...] = (),
        grain: str | None = None,
        only: Mapping[str, tuple[bool, tuple[str, ...]]] | None = None,
    ) -> dict[tuple[Any, ...], Decimal | None]:
        """The metric by (start of the bucket, if there is a grain, then each dimension's value).

        only: by dimension, whether the values are left out, and the values; "unknown" stands for a row without one.
        """
        measure = MEASURES[metric]
        sums = [self._sum(part, start, end, dimensions, grain, only or {}) for part in measure.parts]
        if measure.under is None:
            return sums[0]
        keys = {**sums[0], **sums[1]}
        found: dict[tuple[Any, ...], Decimal | None] = {}
        for key in keys:
            over, under = (values.get(key) or Decimal(0) for values in sums)
            found[key] = None if not under or (measure.is_cost and key not in sums[0]) else over / under
        return found

    def figure(self, metric: str, start: date, end: date) -> Decimal | None:
        """The metric of a whole period."""
        return self.figures(metric, start, end).get((), Decimal(0))

    def _sum(
        self,
        part: Part,
        start: date,
        end: date,
        dimensions: tuple[str, ...],
        grain: str | None,
        only: Mapping[str, tuple[bool, tuple[str, ...]]],
    ) -> dict[tuple[Any, ...], Decimal | None]:
        keys = [f"CAST(date_trunc('{grain}', day) AS DATE)"] if grain else []
        keys += [f"coalesce(CAST({name} AS VARCHAR), 'unknown')" for name in dimensions]
        listed = "".join(f"{key}, " for key in keys)
        kept, given = "", []
        for name, (is_out, values) in only.items():
            kept += f" AND coalesce(CAST({name} AS VARCHAR), 'unknown') {'NOT ' if is_out else ''}IN (SELECT unnest(?))"
            given.append(list(values))
        rows = self._db.execute(
            f"SELECT {listed}sum({part.value})::DECIMAL(38, 10) FROM {part.view} "  # noqa: S608
            f"WHERE day >= ? AND day < ? AND ({part.only}){kept}" + (" GROUP BY ALL" if keys else ""),
            [start, end, *given],
        ).fetchall()
        return {tuple(row[:-1]): row[-1] for row in rows if row[-1] is not None}

    def rows(self, sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """Any SELECT over the oracle's views and tables."""
        found = self._db.execute(sql, parameters or []).to_arrow_table()
        return found.to_pylist()
