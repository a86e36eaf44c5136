# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""The names that campaigns have had: every one that raw ever saw, so that old links still find their campaign."""

from collections.abc import Sequence
from functools import partial

import duckdb

from roastery.warehouse.contracts import Fill
from roastery.warehouse.scalar import count
from roastery.warehouse.sql import name, quoted
from roastery.warehouse.state import IMPORT

NAMING = ("campaigns", "ad_performance", "email_performance")

VERSIONS = """(SELECT connection_id, key, payload, landed_at, seq FROM raw.records
WHERE source = {source} AND resource = {resource} AND seq > {since} AND NOT deleted)"""

IMPORTED = """SELECT DISTINCT said[1] AS campaign_id, said[2] AS platform, said[3] AS campaign_name
FROM (SELECT json_extract_string(payload, ['$.campaign_id', '$.platform', '$.campaign_name']) AS said
      FROM {versions})"""
"""Of a large file only these three are read again."""


def _versions(source: str, since: int, resource: str) -> str:
    return VERSIONS.format(source=quoted(source), resource=quoted(resource), since=since)


def remember(cursor: duckdb.DuckDBPyConnection, fills: Sequence[Fill], since: int) -> bool:
    """Add the names in records after `since` (0: all, from nothing) to meta.campaign_names; True if any is new.

    Those that are new stand in the temporary table named.
    """
    if since == 0:
        cursor.execute("DELETE FROM meta.campaign_names")
    query = "SELECT DISTINCT source, resource FROM raw.records WHERE seq > ? AND NOT deleted"
    arrived = set(cursor.execute(query, [since]).fetchall())
    selects = [
        fill.bound(partial(_versions, fill.source, since))
        for fill in fills
        if fill.contract in NAMING and (fill.source, fill.resource) in arrived
    ]
    selects += [
        IMPORTED.format(versions=_versions(IMPORT, since, dataset))
        for dataset in NAMING
        if (IMPORT, dataset) in arrived
    ]
    # With its columns spelled out: see Changes.ensure for what an empty CREATE … AS does.
    cursor.execute("CREATE OR REPLACE TEMP TABLE named (campaign_id VARCHAR, platform VARCHAR, campaign_name VARCHAR)")
    for select in selects:
        given = {row[0] for row in cursor.execute(f"DESCRIBE {select}").fetchall()}
        if not {"campaign_id", "campaign_name"} <= given:
            continue
        platform = f"nullif(trim({name('platform')}::VARCHAR), '')" if "platform" in given else "NULL"
        cursor.execute(
            f"""INSERT INTO named
            SELECT DISTINCT campaign_id::VARCHAR, {platform}, trim(campaign_name::VARCHAR) FROM ({select}) s
            WHERE nullif(trim(campaign_name::VARCHAR), '') IS NOT NULL AND nullif(campaign_id::VARCHAR, '') IS NOT NULL
              AND NOT EXISTS (FROM meta.campaign_names n
                              WHERE n.campaign_id = s.campaign_id
                                AND n.campaign_name = trim(s.campaign_name::VARCHAR))
              AND NOT EXISTS (FROM named n
                              WHERE n.campaign_id = s.campaign_id
                                AND n.campaign_name = trim(s.campaign_name::VARCHAR))"""
        )
    return bool(count(cursor, "INSERT INTO meta.campaign_names FROM named"))
