"""What an ad platform should bring of the synthetic company, and what it may do to it later."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import duckdb
import pyarrow as pa

from roastery.evals.twins.declaration import Truth
from roastery.evals.world import World
from roastery.evals.world.company import ZONE

FIGURES = ("spend", "impressions", "clicks", "reported_conversions", "reported_conversion_value",
           "reported_view_conversions", "video_views", "social_actions")  # fmt: skip
NAMES = ("report_date, platform, account_id, campaign_id, ad_group_id, ad_id, campaign_name, ad_group_name, ad_name, "
         "currency, time_zone")  # fmt: skip
GONE_DAYS = 7
"""Short enough for every platform's window of days that are read again."""


def performance(platform: str) -> Truth:
    """Every ad row, and the rows of what campaigns spent beyond their ads."""
    names = NAMES.replace(
        " ad_group_name, ad_name", " nullif(ad_group_name, '') AS ad_group_name, nullif(ad_name, '') AS ad_name"
    )
    sql = f"SELECT {names}, {', '.join(FIGURES)} FROM ad_days WHERE platform = '{platform}'"  # noqa: S608
    return Truth("ad_performance", sql, day="report_date")


def campaigns(platform: str, channel: str) -> Truth:
    sql = f"""SELECT campaign_id, campaign_name, platform, '{channel}' AS channel, status, start_date, end_date,
        daily_budget AS budget_amount, 'daily' AS budget_type, 'USD' AS currency
        FROM campaigns WHERE platform = '{platform}'"""  # noqa: S608
    return Truth("campaigns", sql)


def first_ad_deleted(platform: str) -> Callable[[World], World]:
    """An ad is deleted: its last days are told only in its campaign's total from then on."""

    def change(world: World) -> World:
        since = world.clock.today(str(ZONE)) - timedelta(days=GONE_DAYS - 1)
        table = world.ad_days
        counted = [c for c in table.column_names[11:] if not pa.types.is_decimal(table.schema.field(c).type)]
        others = ", ".join(
            f"sum({c})::{'BIGINT' if c in counted else 'DECIMAL(18,2)'} AS {c}" for c in table.column_names[11:]
        )
        with duckdb.connect(config={"threads": 1}) as database:
            database.register("days", table)
            sql = f"""
                WITH gone AS (SELECT max(ad_id) AS ad_id FROM days
                    WHERE platform = '{platform}' AND report_date >= DATE '{since}'),
                told AS (SELECT d.* REPLACE (
                    {
                ", ".join(
                    f"CASE WHEN d.ad_id = g.ad_id AND report_date >= DATE '{since}' THEN '' ELSE d.{c} END AS {c}"
                    for c in ("ad_group_id", "ad_id", "ad_group_name", "ad_name")
                )
            })
                    FROM days d, gone g)
                SELECT {NAMES}, {others} FROM told GROUP BY ALL
                ORDER BY report_date, platform, campaign_id, ad_group_id, ad_id"""  # noqa: S608
            return replace(world, ad_days=database.sql(sql).to_arrow_table().cast(table.schema))

    return change


def campaign_removed(platform: str) -> Callable[[World], World]:
    """A campaign is removed: it stays listed as such, and its spend stays with its days."""

    def change(world: World) -> World:
        rows = world.campaigns.to_pylist()
        first = next(row for row in rows if row["platform"] == platform and row["status"] == "active")
        first["status"] = "removed"
        return replace(world, campaigns=pa.Table.from_pylist(rows, world.campaigns.schema))

    return change
