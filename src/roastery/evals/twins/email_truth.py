# ruff: noqa: S608 (the names are ours)
"""What an e-mail platform should bring of the synthetic company: its letters, who clicked in them, who consented."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import duckdb
import pyarrow as pa

from roastery.evals.twins.declaration import Truth
from roastery.evals.twins.kept import PerWorld
from roastery.evals.world import World
from roastery.evals.world.company import FLOWS, ZONE

# A letter's clicks are the visits that came from it: of a newsletter the latest one before the visit, of a flow one by
# turns. Only who is known to the shop by then can be known to the e-mail platform.
CLICKS = f"""
WITH letters AS (
    SELECT campaign_id, campaign_name, report_date AS sent_on,
           lead(report_date, 1, DATE '2999-01-01') OVER (ORDER BY report_date) AS next_on
    FROM email_performance WHERE kind = 'campaign'),
flows AS (SELECT * FROM (VALUES {", ".join(f"({n}, '{key}', '{name}')" for n, (key, name) in enumerate(FLOWS))})
    AS f (turn, campaign_id, campaign_name))
SELECT v.visit, v.occurred_at, v.way, c.customer_id, c.email,
       coalesce(l.campaign_id, f.campaign_id) AS campaign_id,
       coalesce(l.campaign_name, f.campaign_name) AS campaign_name,
       'https://larkspurcoffee.example/?visit=' || v.visit AS url
FROM visits v
JOIN customers c ON v.customer_id = 'shopify:' || c.customer_id AND v.occurred_at >= c.created_at
LEFT JOIN letters l ON v.way = 'newsletter' AND (v.occurred_at AT TIME ZONE '{ZONE}')::DATE >= l.sent_on
                   AND (v.occurred_at AT TIME ZONE '{ZONE}')::DATE < l.next_on
LEFT JOIN flows f ON v.way = 'flow' AND f.turn = v.visit % {len(FLOWS)}
WHERE v.way IN ('newsletter', 'flow') AND v.occurred_at <= $now AND coalesce(l.campaign_id, f.campaign_id) IS NOT NULL
ORDER BY v.occurred_at, v.visit
"""


def _tables(world: World) -> Mapping[str, pa.Table]:
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("SET TimeZone = 'UTC'")
        for name in ("email_performance", "visits", "customers"):
            database.register(name, world.tables[name])
        return {"email_clicks": database.sql(CLICKS, params={"now": world.now}).to_arrow_table()}


_KEPT = PerWorld(_tables)


def email_tables(world: World) -> Mapping[str, pa.Table]:
    """`email_clicks`: who clicked when in which letter."""
    return _KEPT(world)


def letters(provider: str, columns: str, kinds: str = "'campaign'") -> Truth:
    """Sends and what followed, for the columns that the provider gives."""
    sql = f"""SELECT report_date, '{provider}' AS platform, '{provider}:' || campaign_id AS campaign_id, campaign_name,
        kind, {columns} FROM email_performance WHERE kind IN ({kinds})"""
    return Truth("email_performance", sql, day="report_date")


def more_opened(days: int) -> Callable[[World], World]:
    """People open and click letters of the last days after all."""

    def change(world: World) -> World:
        since = world.clock.today(str(ZONE)) - timedelta(days=days)
        with duckdb.connect(config={"threads": 1}) as database:
            database.register("email_performance", world.email_performance)
            more = {"opens": 5, "unique_opens": 2, "clicks": 3, "unique_clicks": 1}
            grown = ", ".join(
                f"{c} + (CASE WHEN report_date >= DATE '{since}' THEN {n} ELSE 0 END) AS {c}" for c, n in more.items()
            )
            table = database.sql(f"SELECT * REPLACE ({grown}) FROM email_performance").to_arrow_table()
            return replace(world, email_performance=table.cast(world.email_performance.schema))

    return change


def one_left(world: World) -> World:
    """A customer unsubscribes now."""
    rows = world.customers.to_pylist()
    who = next(row for row in reversed(rows) if row["marketing_consent"])
    who |= {"marketing_consent": False, "updated_at": world.now}
    return replace(world, customers=pa.Table.from_pylist(rows, world.customers.schema))
