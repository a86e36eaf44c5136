"""The tracking audit: links without or with wrong tags, spend that no touch answers, campaigns nobody knows, coverage.

Revenue is what the organization's default model credits to the touches in question, in the organization's currency.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from roastery.warehouse.errors import MissingRate, nearest

if TYPE_CHECKING:
    from roastery.warehouse.engine import Warehouse

COVERAGE_AIM = Decimal("0.90")
LISTED = 50
Kind = Literal["mistagged", "untagged", "unknown_medium", "unknown_campaign", "spend_without_touches"]

TOUCHED = """
WITH credited AS (
    SELECT touchpoint_id, {revenue} AS revenue
    FROM attribution_credits a LEFT JOIN fx_daily f
      ON f.rate_date = a.sale_date AND f.base_currency = a.currency AND f.quote_currency = $currency
    WHERE model = $model AND touchpoint_id IS NOT NULL GROUP BY touchpoint_id),
judged AS (
    SELECT t.* EXCLUDE (kind), CASE
        WHEN resolution = 'unmapped' AND coalesce(utm_campaign, '') <> '' THEN 'mistagged'
        WHEN resolution = 'unmapped' THEN 'untagged'
        WHEN resolution = 'given' AND campaign_id NOT IN (SELECT campaign_id FROM campaign_channels)
            THEN 'unknown_campaign'
        WHEN channel = 'other' THEN 'unknown_medium' END AS fault
    FROM touches t WHERE touch_date >= $start AND touch_date < $end)
SELECT j.fault AS kind, CASE WHEN j.fault = 'mistagged' THEN j.utm_campaign
                             WHEN j.fault = 'unknown_campaign' THEN j.campaign_id ELSE '' END AS subject,
       coalesce(j.utm_source, '') AS source, coalesce(j.utm_medium, '') AS medium, j.platform,
       count(*) AS touches, coalesce(sum(c.revenue), 0) AS revenue
FROM judged j LEFT JOIN credited c USING (touchpoint_id)
WHERE j.fault IS NOT NULL GROUP BY ALL ORDER BY revenue DESC, touches DESC, 1, 2, 3, 4, 5
"""
UNANSWERED = """
SELECT a.campaign_id AS subject, any_value(a.platform) AS platform, max_by(a.campaign_name, a.report_date) AS name,
       {spend} AS spend
FROM ad_performance a LEFT JOIN fx_daily f
  ON f.rate_date = a.report_date AND f.base_currency = a.currency AND f.quote_currency = $currency
WHERE a.report_date >= $start AND a.report_date < $end AND a.campaign_id NOT IN (
    SELECT campaign_id FROM touches WHERE touch_date >= $start AND touch_date < $end AND campaign_id IS NOT NULL)
GROUP BY a.campaign_id HAVING sum(a.spend) > 0 ORDER BY spend DESC, subject
"""
COVERED = """
SELECT {revenue} AS revenue, {attributed} AS attributed
FROM attribution_credits a LEFT JOIN fx_daily f
  ON f.rate_date = a.sale_date AND f.base_currency = a.currency AND f.quote_currency = $currency
WHERE model = $model AND a.sale_date >= $start AND a.sale_date < $end
"""
UNRATED = """
SELECT a.currency, min(a.day) AS day FROM (
    SELECT currency, sale_date AS day FROM attribution_credits WHERE model = $model
    UNION ALL SELECT currency, report_date FROM ad_performance WHERE report_date >= $start AND report_date < $end) a
LEFT JOIN fx_daily f ON f.rate_date = a.day AND f.base_currency = a.currency AND f.quote_currency = $currency
WHERE a.currency <> $currency AND f.rate IS NULL GROUP BY ALL ORDER BY ALL LIMIT 1
"""
MONEY = """CAST(sum(CASE WHEN a.currency = $currency THEN CAST({0} AS DECIMAL(38,18)) ELSE {0} * f.rate END)
    AS DECIMAL(38,2))"""


@dataclass(frozen=True)
class Finding:
    """One fault of the tracking, worst first within its kind.

    subject: the campaign as the link or the platform names it. touches, revenue: what lies behind it; spend: only of
    `spend_without_touches`. did_you_mean: the known campaign's name that is nearest to a mistagged one.
    """

    kind: Kind
    subject: str
    source: str
    medium: str
    platform: str
    touches: int
    revenue: Decimal
    spend: Decimal
    message: str
    did_you_mean: str | None = None


@dataclass(frozen=True)
class TrackingAudit:
    """The findings of a period and how much of its revenue the marketing touches explain."""

    start: date
    end: date
    currency: str
    revenue: Decimal
    attributed: Decimal
    findings: tuple[Finding, ...]

    @property
    def coverage(self) -> Decimal | None:
        return (self.attributed / self.revenue).quantize(Decimal("0.0001")) if self.revenue else None

    @property
    def is_covered(self) -> bool:
        """Whether coverage reaches the aim of 90 %."""
        return self.coverage is not None and self.coverage >= COVERAGE_AIM

    def of(self, kind: Kind) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.kind == kind)


def audit(warehouse: "Warehouse", start: date, end: date) -> TrackingAudit:
    """Audit the touches and the spend of the days [start, end). Errors: MissingRate."""
    organization = warehouse.organization
    places = {"currency": organization.currency, "model": organization.attribution.model, "start": start, "end": end}

    def rows(sql: str, **money: str) -> list[dict[str, Any]]:
        text = sql.format(**{name: MONEY.format(column) for name, column in money.items()})
        used = {name: value for name, value in places.items() if f"${name}" in text}
        found: list[dict[str, Any]] = warehouse.query(text, used).to_pylist()
        return found

    for gap in rows(UNRATED):
        raise MissingRate(
            f"There is no exchange rate from {gap['currency']} to {organization.currency} on or before {gap['day']}, "
            "so the revenue behind the tracking faults cannot be summed. Import fx_rates from that day on."
        )
    names = warehouse.query("SELECT DISTINCT campaign_name FROM campaigns WHERE campaign_name IS NOT NULL").to_pydict()
    whole = rows(COVERED, revenue="a.credited_net", attributed=ATTRIBUTED)[0]
    found = [*_touched(rows(TOUCHED, revenue="a.credited_net"), names["campaign_name"], organization.currency)]
    found += _unanswered(rows(UNANSWERED, spend="a.spend"), organization.currency)
    nothing = Decimal("0.00")
    revenue, attributed = whole["revenue"] or nothing, whole["attributed"] or nothing
    return TrackingAudit(start, end, organization.currency, revenue, attributed, tuple(found))


ATTRIBUTED = "(CASE WHEN a.touchpoint_id IS NOT NULL AND NOT a.is_direct THEN a.credited_net ELSE 0 END)"
ORDER: tuple[Kind, ...] = ("mistagged", "untagged", "unknown_campaign", "unknown_medium")


def _touched(rows: list[dict[str, Any]], names: list[str], currency: str) -> Iterator[Finding]:
    for kind in ORDER:
        for row in [row for row in rows if row["kind"] == kind][:LISTED]:
            near = nearest(row["subject"], names) if kind == "mistagged" else None
            worth = f"{row['touches']} touches with {row['revenue']:.2f} {currency} of credited revenue"
            yield Finding(
                kind,
                row["subject"],
                row["source"],
                row["medium"],
                row["platform"] or "",
                row["touches"],
                Decimal(row["revenue"]).quantize(Decimal("0.01")),
                Decimal(0),
                _sentence(kind, row, worth, near),
                near,
            )


def _sentence(kind: str, row: dict[str, Any], worth: str, near: str | None) -> str:
    link = f"utm_source '{row['source']}', utm_medium '{row['medium']}'"
    if kind == "mistagged":
        hint = f" Did you mean '{near}'?" if near else ""
        return f"{worth} come from links whose utm_campaign '{row['subject']}' is no known campaign.{hint}"
    if kind == "untagged":
        return f"{worth} carry a click id but no tag that names their campaign ({link}). Tag the links, or send utm_id."
    if kind == "unknown_campaign":
        return (
            f"{worth} name the campaign '{row['subject']}', which no dataset knows. Connect its platform or import it."
        )
    return f"{worth} have tags that no channel rule knows ({link}). Add a channel rule for them."


def _unanswered(rows: list[dict[str, Any]], currency: str) -> list[Finding]:
    return [
        Finding(
            "spend_without_touches",
            row["subject"],
            "",
            "",
            row["platform"] or "",
            0,
            Decimal(0),
            row["spend"],
            f"{row['name'] or row['subject']} spent {row['spend']:.2f} {currency} and no touch names it. Check the "
            "tags of its links.",
        )
        for row in rows[:LISTED]
    ]
