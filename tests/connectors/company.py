"""Syncing the synthetic company's providers, and what its own tables say should come out."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa

from roastery.connectors.base import Connection
from roastery.connectors.http import Politeness
from roastery.connectors.registry import open_source
from roastery.connectors.sync import Landing, SyncReport, sync_connection
from roastery.evals.twins.control import Provider
from roastery.evals.twins.server import Twins
from tests.connectors.loopback import Secrets, engine


def connect(twins: Twins, provider: Provider, **settings: Any) -> tuple[Connection, Secrets]:
    """A connection to a twin with the tokens that are good now."""
    twin = twins[provider]
    made = Connection(f"con_{provider}", "larkspur", provider, {**twin.settings, **settings}, twin.base_url)
    return made, Secrets(**twin.secrets)


def sync(
    twins: Twins,
    connected: tuple[Connection, Secrets],
    landing: Landing,
    politeness: Politeness,
    **more: Any,
) -> SyncReport:
    """One sync at the company's own time; more: as sync_connection takes it."""
    made, secrets = connected
    source = open_source(made, secrets, twins.world.clock, politeness=politeness)
    return sync_connection(source, made, landing, twins.world.clock, **more)


def rows(sql: str, **tables: pa.Table) -> list[tuple[Any, ...]]:
    """The sorted rows of a SELECT over Arrow tables."""
    with engine() as database:
        for name, table in tables.items():
            database.register(name, table)
        found = database.sql(sql).to_arrow_table()
        # Column by column: fetchall would need pytz for times.
        return sorted(zip(*(column.to_pylist() for column in found.columns), strict=True), key=str)


FIGURES = (
    "spend, impressions, clicks, reported_conversions, reported_conversion_value, reported_view_conversions, "
    "video_views, social_actions"
)


def ad_rows(table: pa.Table) -> list[tuple[Any, ...]]:
    """Every row of ad_performance at its grain with its figures, in an order that tables can be compared by."""
    listed = ", ".join(f"CAST({name} AS DECIMAL(18,6))" for name in FIGURES.split(", "))
    names = "report_date, platform, account_id, campaign_id, ad_group_id, ad_id"
    return rows(f"SELECT {names}, currency, time_zone, {listed} FROM given", given=table)


def spend_by_campaign(table: pa.Table) -> Mapping[str, Decimal]:
    return dict(rows("SELECT campaign_id, sum(spend) FROM given GROUP BY 1", given=table))
