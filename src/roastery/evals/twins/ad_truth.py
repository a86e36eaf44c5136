# ruff: noqa: S608 (the names are ours)
"""What an ad platform should bring of the synthetic company, and what it may do to it later."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import duckdb
import pyarrow as pa

from roastery.evals.twins.declaration import Truth
from roastery.evals.twins.kept import PerWorld
from roastery.evals.world import World
from roastery.evals.world.company import ZONE

FIGURES = ("spend", "impressions", "clicks", "reported_conversions", "reported_conversion_value",
           "reported_view_conversions", "video_views", "social_actions")  # fmt: skip
NAMES = ("report_date, platform, account_id, campaign_id, ad_group_id, ad_id, campaign_name, ad_group_name, ad_name, "
         "currency, time_zone")  # fmt: skip
GONE_DAYS = 7
"""Short enough for every platform's window of days that are read again."""


def platform_tables(platform: str) -> Callable[[World], Mapping[str, pa.Table]]:
    """The company's days and campaigns on a platform as `platform_days` and `platform_campaigns`.

    Where the company does not use the platform, its figures on Meta stand in for them, under the platform's name.
    """

    def tables(world: World) -> Mapping[str, pa.Table]:
        return _PLATFORMS[platform](world)

    if platform not in _PLATFORMS:
        _PLATFORMS[platform] = PerWorld(lambda world: _platform_tables(world, platform))
    return tables


_PLATFORMS: dict[str, PerWorld[Mapping[str, pa.Table]]] = {}


def _platform_tables(world: World, platform: str) -> Mapping[str, pa.Table]:
    with duckdb.connect(config={"threads": 1}) as database:
        for name in ("ad_days", "campaigns"):
            database.register(name, world.tables[name])
        uses = database.execute("SELECT count(*) FROM campaigns WHERE platform = ?", [platform]).fetchall()[0][0]
        stand_in = platform if uses else "meta_ads"

        def named(names: Sequence[str]) -> str:
            swapped = ", ".join(f"replace({c}, '{stand_in}:', '{platform}:') AS {c}" for c in names)
            return f"SELECT * REPLACE ('{platform}' AS platform, {swapped})"

        days = f"""{named(("account_id", "campaign_id", "ad_group_id", "ad_id"))} FROM (SELECT * REPLACE (
            nullif(ad_group_name, '') AS ad_group_name, nullif(ad_name, '') AS ad_name) FROM ad_days)
            WHERE platform = '{stand_in}' ORDER BY report_date, campaign_id, ad_group_id, ad_id"""
        listed = f"{named(('campaign_id',))} FROM campaigns WHERE platform = '{stand_in}'"
        return {
            "platform_days": database.sql(days).to_arrow_table(),
            "platform_campaigns": database.sql(listed).to_arrow_table(),
        }


def performance(figures: str = ", ".join(FIGURES)) -> Truth:
    """Every ad row, and the rows of what campaigns spent beyond their ads."""
    sql = f"SELECT {NAMES}, {figures} FROM platform_days"
    return Truth("ad_performance", sql, day="report_date")


def campaigns(channel: str) -> Truth:
    sql = f"""SELECT campaign_id, campaign_name, platform, '{channel}' AS channel, status, start_date, end_date,
        daily_budget AS budget_amount, 'daily' AS budget_type, 'USD' AS currency FROM platform_campaigns"""
    return Truth("campaigns", sql)


def first_ad_deleted(platform: str) -> Callable[[World], World]:
    """An ad is deleted: its last days are told only in its campaign's total from then on."""

    def change(world: World) -> World:
        since = world.clock.today(str(ZONE)) - timedelta(days=GONE_DAYS - 1)
        told_as = platform if platform in world.campaigns["platform"].to_pylist() else "meta_ads"
        table = world.ad_days
        counted = [c for c in table.column_names[11:] if not pa.types.is_decimal(table.schema.field(c).type)]
        others = ", ".join(
            f"sum({c})::{'BIGINT' if c in counted else 'DECIMAL(18,2)'} AS {c}" for c in table.column_names[11:]
        )
        with duckdb.connect(config={"threads": 1}) as database:
            database.register("days", table)
            sql = f"""
                WITH gone AS (SELECT max(ad_id) AS ad_id FROM days
                    WHERE platform = '{told_as}' AND report_date >= DATE '{since}'),
                told AS (SELECT d.* REPLACE (
                    {
                ", ".join(
                    f"CASE WHEN d.ad_id = g.ad_id AND report_date >= DATE '{since}' THEN '' ELSE d.{c} END AS {c}"
                    for c in ("ad_group_id", "ad_id", "ad_group_name", "ad_name")
                )
            })
                    FROM days d, gone g)
                SELECT {NAMES}, {others} FROM told GROUP BY ALL
                ORDER BY report_date, platform, campaign_id, ad_group_id, ad_id"""
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
