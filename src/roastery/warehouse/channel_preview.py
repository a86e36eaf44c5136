"""What other channel rules would change in the numbers of the past: the tables are built with them and thrown away."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from roastery.warehouse.channel_rules import OwnRule
from roastery.warehouse.errors import BuildFailed, MissingRate
from roastery.warehouse.organization import Organization
from roastery.warehouse.steps import steps

if TYPE_CHECKING:
    from roastery.warehouse.engine import Warehouse

SUMS = """
WITH credited AS (
    SELECT channel, sum(order_weight) AS orders, {net} AS revenue
    FROM curated.attribution_credits a LEFT JOIN curated.fx_daily f
      ON f.rate_date = a.sale_date AND f.base_currency = a.currency AND f.quote_currency = $currency
    WHERE model = $model GROUP BY channel),
spent AS (
    SELECT coalesce(c.channel, 'unknown') AS channel, {spend} AS spend
    FROM curated.ad_performance a LEFT JOIN curated.campaign_channels c USING (campaign_id) LEFT JOIN curated.fx_daily f
      ON f.rate_date = a.report_date AND f.base_currency = a.currency AND f.quote_currency = $currency
    GROUP BY ALL),
seen AS (SELECT channel, count(*) AS touches FROM curated.touches GROUP BY channel)
SELECT channel, coalesce(touches, 0), coalesce(orders, 0), coalesce(revenue, 0), coalesce(spend, 0)
FROM seen FULL JOIN credited USING (channel) FULL JOIN spent USING (channel) ORDER BY channel
"""
MONEY = "sum(CASE WHEN a.currency = $currency THEN CAST({0} AS DECIMAL(38,18)) ELSE {0} * f.rate END)"
UNRATED = """
SELECT a.currency, min(a.day) FROM (
    SELECT currency, sale_date AS day FROM curated.attribution_credits WHERE model = $model
    UNION ALL SELECT currency, report_date FROM curated.ad_performance) a
LEFT JOIN curated.fx_daily f ON f.rate_date = a.day AND f.base_currency = a.currency AND f.quote_currency = $currency
WHERE a.currency <> $currency AND f.rate IS NULL GROUP BY ALL ORDER BY ALL LIMIT 1
"""


MOVED = """
SELECT b.channel, n.channel, count(*) FROM temp.channels_before b JOIN work.channeled n USING (touchpoint_id)
WHERE b.channel <> n.channel GROUP BY ALL ORDER BY 3 DESC, 1, 2
"""


@dataclass(frozen=True)
class ChannelNumbers:
    """All the past of one channel. orders and revenue: credited by the default model; money in `currency`."""

    touches: int = 0
    orders: Decimal = Decimal(0)
    revenue: Decimal = Decimal("0.00")
    spend: Decimal = Decimal("0.00")


@dataclass(frozen=True)
class ChannelChange:
    """One channel as it is and as it would be."""

    channel: str
    before: ChannelNumbers
    after: ChannelNumbers


@dataclass(frozen=True)
class Preview:
    """What a change of rules would do. moved: touches by the channel that they leave and the one that they come to."""

    currency: str
    channels: tuple[ChannelChange, ...]
    moved: tuple[tuple[str, str, int], ...]


def preview(warehouse: "Warehouse", rules: Sequence[OwnRule]) -> Preview:
    """The effect of other rules on all numbers of the past; nothing of it stays.

    Errors: MissingRate when money of several currencies cannot be summed, BadQuery for unsound rules.
    """
    changed = warehouse.organization.with_settings(channel_rules=tuple(rules))
    with _rehearsal(warehouse) as cursor:
        _refuse_unrated(cursor, changed)
        cursor.execute("CREATE TEMP TABLE channels_before AS SELECT touchpoint_id, channel FROM work.channeled")
        before = _numbers(cursor, changed)
        _rebuild(cursor, warehouse, changed)
        after = _numbers(cursor, changed)
        moved = cursor.execute(MOVED).fetchall()
    names = sorted(before.keys() | after.keys())
    none = ChannelNumbers()
    changes = tuple(ChannelChange(name, before.get(name, none), after.get(name, none)) for name in names)
    return Preview(changed.currency, changes, tuple(moved))


class _Over(Exception):
    """Ends a rehearsal, so that its transaction is taken back."""


@contextmanager
def _rehearsal(warehouse: "Warehouse") -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor that sees its own changes, which are taken back at the end; builds wait meanwhile, readers do not."""
    try:
        lease = warehouse._owner.pool.lease(warehouse.organization.id)
        with lease as instance, instance.build_lock, instance.transaction() as cursor:
            yield cursor
            raise _Over
    except _Over:
        pass


def _rebuild(cursor: duckdb.DuckDBPyConnection, warehouse: "Warehouse", changed: Organization) -> None:
    """Make the tables anew whose SQL the rules change, and those that are made of them."""
    today = warehouse.clock.today(changed.time_zone)
    as_is = {step.makes: step.sql for step in steps(warehouse.organization, today)}
    made: set[str] = set()
    for step in steps(changed, today):
        if as_is[step.makes] == step.sql and not made.intersection(step.reads):
            continue
        try:
            if step.run is not None:
                step.run(cursor)
            else:
                cursor.execute(f"CREATE OR REPLACE TABLE {step.makes[0]} AS {step.sql}")
        except duckdb.Error as error:
            what = str(error).split("\n", 1)[0]
            raise BuildFailed(f"{step.makes[0]} could not be built with these rules: {what}") from error
        made.update(step.makes)


def _numbers(cursor: duckdb.DuckDBPyConnection, organization: Organization) -> dict[str, ChannelNumbers]:
    sql = SUMS.format(net=MONEY.format("a.credited_net"), spend=MONEY.format("a.spend"))
    rows = cursor.execute(sql, _places(organization)).fetchall()
    return {row[0]: ChannelNumbers(row[1], Decimal(row[2]), _cents(row[3]), _cents(row[4])) for row in rows}


def _cents(amount: Any) -> Decimal:
    return Decimal(amount).quantize(Decimal("0.01"))


def _places(organization: Organization) -> dict[str, str]:
    return {"currency": organization.currency, "model": organization.attribution.model}


def _refuse_unrated(cursor: duckdb.DuckDBPyConnection, organization: Organization) -> None:
    for currency, day in cursor.execute(UNRATED, _places(organization)).fetchall():
        raise MissingRate(
            f"There is no exchange rate from {currency} to {organization.currency} on or before {day}, so the "
            "effect on revenue and spend cannot be summed. Import fx_rates from that day on."
        )
