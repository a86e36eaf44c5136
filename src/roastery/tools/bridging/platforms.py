# ruff: noqa: S608 (names in SQL come from code; what a person gives is quoted or a number)
"""From what an ad platform claims to what is credited to it here: the platform's own rule, made again step by step.

The platform counts, for itself alone, every order within its window after one of its clicks, on the day of the click
and in the account's zone, whatever became of the order. These orders are looked up here, and one definition after
another is changed into ours. Claims for which no click and order are found here stay in the residual.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from roastery.tools.bridging.steps import VIEWS, Bridge, Level, Note, Part, Taken, converted, counted, rounded
from roastery.warehouse.attribution import credits_select
from roastery.warehouse.sql import quoted

CLICK_WINDOW = re.compile(r"(\d+)\s*d(?:ay)?s?[_ ]click")
MONEY = "money"


@dataclass(frozen=True)
class Claims:
    """What is asked: one platform's claims of some days, counted or valued, against what is credited to it.

    currency: of money, None for counts. read_at: when the platform was last read; None where only imports tell.
    """

    platform: str
    start: date
    end: date
    unit: str
    currency: str
    zone: str
    read_at: datetime | None
    today: date
    model: str
    window_days: int | None = None
    view_window_days: int | None = None
    is_stored: bool = True
    campaigns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """How the platform counts: its click window in days and its zone, None where the data does not say."""

    window_days: int | None
    zone: str | None
    last_day: date | None


def account_of(warehouse: Any, claims: Claims) -> Account:
    """The platform's most frequent attribution setting and zone in the period."""
    rows = warehouse.query(
        f"""SELECT mode(attribution_setting) AS setting, mode(time_zone) AS zone, max(report_date) AS last_day
        FROM ad_performance WHERE {_reported(claims)}"""
    ).to_pylist()
    found = CLICK_WINDOW.search(rows[0]["setting"] or "")
    return Account(int(found[1]) if found else None, rows[0]["zone"], rows[0]["last_day"])


def bridge(
    warehouse: Any, claims: Claims, reported: Decimal, ours: Decimal, stated: Decimal | None, metrics: tuple[str, str]
) -> Bridge:
    """The bridge of one platform. reported, ours: both ends, as the semantic layer gives them; metrics: their names."""
    account = account_of(warehouse, claims)
    currency = claims.currency if claims.unit == MONEY else None
    prelude, parts = _prelude(claims, account), _parts(claims, account)
    whole, own = counted(prelude, parts)
    values = {row["level"]: row["value"] for row in warehouse.query(whole).to_pylist()}
    levels = tuple(
        Level(part.name, part.said, rounded(values[part.name], claims.unit, currency), sql, is_first=number == 0)
        for number, (part, sql) in enumerate(zip(parts, own, strict=True))
    )
    views = _views(warehouse, claims)
    return Bridge(
        kind="platform",
        system=claims.platform,
        theirs_metric=metrics[0],
        ours_metric=metrics[1],
        recorded=reported,
        ours=ours,
        unit=claims.unit,
        currency=currency,
        levels=levels,
        taken=(views,) if views is not None and claims.unit != MONEY else (),
        stated=stated,
        notes=_notes(warehouse, claims, account, views),
        unknown=_unknown(claims, account, views),
        filters={"campaign": ", ".join(claims.campaigns)} if claims.campaigns else {},
    )


def plain_bridge(
    warehouse: Any, claims: Claims, reported: Decimal, ours: Decimal, stated: Decimal | None, metrics: tuple[str, str]
) -> Bridge:
    """Where ours are no sales (leads, bookings): what comes after views, the rest being one residual that says why."""
    views = _views(warehouse, claims)
    return Bridge(
        "platform", claims.platform, *metrics, reported, ours, claims.unit, None, (),
        taken=(views,) if views is not None else (),
        stated=stated,
        notes=_clicks(warehouse, claims),
        unknown=(
            f"Which of the platform's claims are which {metrics[1].replace('_', ' ')} is not in the data, so windows, "
            "other conversion actions and lost tags stand in the residual together.",
        ),
    )  # fmt: skip


def _reported(claims: Claims) -> str:
    own = f"platform = {quoted(claims.platform)} AND report_date >= DATE '{claims.start}' "
    own += f"AND report_date < DATE '{claims.end}'"
    return own + _campaigns(claims)


def _campaigns(claims: Claims, column: str = "campaign_id") -> str:
    if not claims.campaigns:
        return ""
    return f" AND {column} IN ({', '.join(quoted(c) for c in claims.campaigns)})"


def _views(warehouse: Any, claims: Claims) -> Taken | None:
    """View-through conversions; None where the platform does not tell them apart."""
    sql = f"SELECT sum(reported_view_conversions) AS value FROM ad_performance WHERE {_reported(claims)}"
    value = warehouse.query(sql).column("value")[0].as_py()
    if value is None:
        return None
    return Taken(VIEWS, "view-through conversions, which earn nothing here", rounded(value, "count", None), sql)


def _prelude(claims: Claims, account: Account) -> str:
    """seen: sales and dead orders after a click inside the platform's window, by their last such click.
    within: sales after a click inside our window. credit: whose credit every sale is, gross and net."""
    zone = quoted(account.zone or claims.zone)
    money = claims.unit == MONEY
    value, rate = converted("s.amount", "s", "s.sale_date", claims.currency)
    one = value if money else "CAST(s.is_order AS INTEGER)"
    dead_value, dead_rate = converted(
        "t.amount", "t", f"CAST(t.occurred_at AT TIME ZONE {quoted(claims.zone)} AS DATE)", claims.currency
    )
    dead_one = dead_value if money else "1"
    window = f"hours_before <= 24 * {account.window_days}" if account.window_days else _own_window(claims)
    is_click = f"platform = {quoted(claims.platform)} AND kind <> 'view'{_campaigns(claims)}"
    dead_days = account.window_days or claims.window_days or 30
    return f"""WITH clicks AS MATERIALIZED (
    SELECT sale_id, occurred_at, hours_before, campaign_window_days FROM conversion_paths
    WHERE {is_click} AND hours_before > 0),
last_clicks AS (SELECT sale_id, max(occurred_at) AS clicked_at FROM clicks WHERE {window} GROUP BY sale_id),
renewed AS (
    SELECT s.sale_id, max(c.occurred_at) AS clicked_at FROM sales s JOIN touches c ON c.customer_id = s.customer_id
    WHERE s.is_renewal AND c.platform = {quoted(claims.platform)} AND c.kind <> 'view'
     {_campaigns(claims, "c.campaign_id")}
      AND c.occurred_at < s.occurred_at AND c.occurred_at >= s.occurred_at - INTERVAL {dead_days} DAY
    GROUP BY s.sale_id),
dead_orders AS (
    SELECT t.transaction_id, t.is_test, t.occurred_at, t.amount, t.currency, max(c.occurred_at) AS clicked_at
    FROM transactions t JOIN work.people p ON p.customer_id = t.customer_id
    JOIN touches c ON c.customer_id = p.person_id AND c.platform = {quoted(claims.platform)} AND c.kind <> 'view'
     {_campaigns(claims, "c.campaign_id")}
     AND c.occurred_at < t.occurred_at AND c.occurred_at >= t.occurred_at - INTERVAL {dead_days} DAY
    WHERE t.kind IN ('order', 'payment') AND (t.is_test OR t.status IN ('cancelled', 'pending'))
      AND t.amount IS NOT NULL AND (t.external_order_id IS NULL OR t.external_order_id NOT IN (
        SELECT v.external_order_id FROM transactions v JOIN work.sale_records r ON r.transaction_id = v.transaction_id
        WHERE v.external_order_id IS NOT NULL))
    GROUP BY ALL),
seen AS MATERIALIZED (
    SELECT 'sale' AS fate, s.occurred_at AS sold_at, s.sale_date,
           CAST(l.clicked_at AT TIME ZONE {zone} AS DATE) AS click_day, CAST(s.occurred_at AT TIME ZONE {zone} AS DATE)
           AS sold_day, {one} AS value
    FROM last_clicks l JOIN sales s ON s.sale_id = l.sale_id {rate}
    UNION ALL
    SELECT 'renewal', s.occurred_at, s.sale_date, CAST(l.clicked_at AT TIME ZONE {zone} AS DATE),
           CAST(s.occurred_at AT TIME ZONE {zone} AS DATE), {value if money else "1"}
    FROM renewed l JOIN sales s ON s.sale_id = l.sale_id {rate}
    UNION ALL
    SELECT CASE WHEN t.is_test THEN 'test' ELSE 'cancelled' END, t.occurred_at,
           CAST(t.occurred_at AT TIME ZONE {quoted(claims.zone)} AS DATE),
           CAST(t.clicked_at AT TIME ZONE {zone} AS DATE),
           CAST(t.occurred_at AT TIME ZONE {zone} AS DATE), {dead_one}
    FROM dead_orders t {dead_rate}),
within AS MATERIALIZED (
    SELECT s.sale_id, s.sale_date, {one} AS value
    FROM sales s {rate} WHERE s.sale_id IN (SELECT sale_id FROM clicks WHERE {_own_window(claims)})),
{_credit(claims)}"""


def _own_window(claims: Claims) -> str:
    days = "campaign_window_days" if claims.window_days is None else str(claims.window_days)
    return f"hours_before <= 24 * {days}"


def _credit(claims: Claims) -> str:
    """Credits of the sales in question: whose they are, and what of them is still there after refunds."""
    if claims.unit == MONEY:
        value, rate = converted("c.credited_gross", "c", "c.sale_date", claims.currency)
        net, _ = converted("c.credited_net", "c", "c.sale_date", claims.currency)
    else:
        value = net = "c.order_weight"
        rate = ""
    source = f"(SELECT * FROM attribution_credits WHERE model = {quoted(claims.model)})"
    if not claims.is_stored:
        source = f"({credits_select(claims.model, claims.window_days, claims.view_window_days)})"
    own = f"c.touchpoint_id IS NOT NULL AND NOT c.is_direct AND c.platform = {quoted(claims.platform)}"
    return f"""advertisers AS (SELECT DISTINCT platform FROM ad_performance),
credit AS MATERIALIZED (
    SELECT c.sale_date, {value} AS value, {net} AS net, c.sale_id IN (SELECT sale_id FROM within) AS was_clicked,
           CASE WHEN {own}{_campaigns(claims, "c.campaign_id")} THEN 'own'
                WHEN {own} THEN 'sister'
                WHEN c.platform IN (SELECT platform FROM advertisers) THEN 'rival' ELSE 'other' END AS whose
    FROM {source} c {rate}
    WHERE c.sale_date >= DATE '{claims.start}' AND c.sale_date < DATE '{claims.end}')"""


def _parts(claims: Claims, account: Account) -> list[Part]:
    def inside(column: str) -> str:
        return f"{column} >= DATE '{claims.start}' AND {column} < DATE '{claims.end}'"

    clicked = inside("click_day")
    known = f" AND sold_at <= TIMESTAMPTZ '{claims.read_at.isoformat()}'" if claims.read_at else ""
    own_rule = "orders after its clicks, by its own rule"
    parts = [
        Part("own_rule", own_rule, "seen", f"{clicked}{known}"),
        Part("tests", "test orders", "seen", f"{clicked}{known} AND fate <> 'test'"),
        Part("cancelled", "orders cancelled or not paid", "seen",
             f"{clicked}{known} AND fate NOT IN ('test', 'cancelled')"),
        Part("renewals", "renewals, which earn no new credit", "seen", f"{clicked}{known} AND fate = 'sale'"),
    ]  # fmt: skip
    if claims.read_at:
        said = "sales since the platform was last read"
        parts.append(Part("since_last_read", said, "seen", f"{clicked} AND fate = 'sale'"))
    sold, rival = inside("sold_day"), "was_clicked AND whose IN ('own', 'sister', 'other')"
    parts += [
        Part("click_day", "counted on the day of the sale, not of the click", "seen", f"{sold} AND fate = 'sale'"),
        Part("zone", "days of your own zone, not the account's", "seen", f"{inside('sale_date')} AND fate = 'sale'"),
        Part("window", "your attribution window, not the platform's", "within", inside("sale_date")),
        Part("rivals", "credited to ads of other platforms", "credit", rival),
    ]
    if claims.campaigns:
        said = "credited to its other campaigns"
        parts.append(Part("sisters", said, "credit", "was_clicked AND whose IN ('own', 'other')"))
    parts += [
        Part("others", "credited to other channels", "credit", "was_clicked AND whose = 'own'"),
        Part("own_views", "credited to its views by your view window", "credit", "whose = 'own'"),
    ]
    if claims.unit == MONEY:
        parts.append(Part("refunds", "refunds, which the platform does not see", "credit", "whose = 'own'", "net"))
    return parts


def _notes(warehouse: Any, claims: Claims, account: Account, views: Taken | None) -> tuple[Note, ...]:
    found = list(_clicks(warehouse, claims))
    if account.window_days:
        found.append(Note("platform_window", Decimal(account.window_days), "days"))
        upto = claims.read_at.date() if claims.read_at else claims.today
        first_open = upto - timedelta(days=account.window_days)
        still_open = (min(claims.end, upto) - max(claims.start, first_open)).days
        if still_open > 0:
            found.append(Note("open_days", Decimal(still_open), "days"))
    if claims.unit == MONEY and views is not None:
        found.append(Note(VIEWS, views.value))
    return tuple(found)


def _clicks(warehouse: Any, claims: Claims) -> tuple[Note, ...]:
    """Clicks that the platform counts, that were seen here, and that belong to somebody known."""
    told = warehouse.query(f"SELECT sum(clicks) AS clicks FROM ad_performance WHERE {_reported(claims)}").to_pylist()[0]
    here = warehouse.query(
        f"""SELECT count(*) AS seen, count(customer_id) AS known FROM touches
        WHERE platform = {quoted(claims.platform)} AND kind <> 'view' AND touch_date >= DATE '{claims.start}'
          AND touch_date < DATE '{claims.end}'{_campaigns(claims)}"""
    ).to_pylist()[0]
    figures = {"clicks": told["clicks"], "clicks_seen": here["seen"], "clicks_of_known": here["known"]}
    return tuple(Note(name, Decimal(value)) for name, value in figures.items() if value is not None)


def _unknown(claims: Claims, account: Account, views: Taken | None) -> tuple[str, ...]:
    found = ["Modelled conversions, refused consent and other devices cannot be told apart: they are residual."]
    if account.window_days is None:
        found.append("The platform's own click window is not in its data, so yours is used in its place.")
    if account.zone is None:
        found.append("The account's zone is not in its data, so its days are taken as yours.")
    if views is None:
        found.append("The platform does not tell view-through conversions apart: they stand in the residual.")
    if claims.unit == MONEY:
        if views is not None:
            found.append("What view-through conversions are worth is not told: it stands in the residual.")
        found.append("Whether the platform's value holds tax and shipping is not told; ours holds neither.")
    return tuple(found)


def campaigns_named(conditions: Sequence[Any]) -> tuple[str, ...]:
    """The campaigns of conditions on `campaign` (op in or eq)."""
    return tuple(v for c in conditions if c.dimension == "campaign" and c.op in ("in", "eq") for v in c.values)
