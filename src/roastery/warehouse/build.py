# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""The build: raw becomes the contract tables, these become the derived ones, all in one atomic swap (law 8)."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

import duckdb

from roastery.warehouse import fold, identity, names
from roastery.warehouse.attribution import CLOSED_FORM, credits_select
from roastery.warehouse.channels import channel_case, implied_platform_case
from roastery.warehouse.contracts import CONTRACTS, Fill
from roastery.warehouse.errors import BuildFailed
from roastery.warehouse.instance import Instance
from roastery.warehouse.money import floor_and_rest, from_micros, micros, minor_unit_micros, topped_up
from roastery.warehouse.organization import Organization
from roastery.warehouse.scalar import count, scalar
from roastery.warehouse.sql import quoted
from roastery.warehouse.state import build_name

if TYPE_CHECKING:
    from roastery.warehouse.engine import Warehouse


@dataclass(frozen=True)
class Step:
    """Tables of the build. `reads` are those whose change makes it run again."""

    makes: tuple[str, ...]
    reads: tuple[str, ...]
    sql: str
    run: Callable[[duckdb.DuckDBPyConnection], None] | None = None


@dataclass(frozen=True)
class BuildReport:
    """What a build did. tables: rows of each table that it made anew; empty when nothing had changed."""

    build: str
    built_at: datetime
    seconds: float
    is_full: bool
    last_seq: int
    tables: dict[str, int]
    at_fault: int = 0


READ = re.compile(r"\b(?:curated|work|meta)\.\w+")
DAY = "clock.today"
"""Stands among the tables that a step reads when a new day changes its rows."""

# Order matters: a table stands after those that it is made of.
DERIVED = (
    "work.people",
    "work.persons",
    "work.web_visits",
    "work.seen_as",
    "work.contacts",
    "work.campaign_keys",
    "work.active_days",
    "work.resolved",
    "work.channeled",
    "curated.touches",
    "curated.sessions",
    "curated.identities",
    "work.sale_records",
    "work.refunds_seen",
    "curated.sales",
    "curated.sale_refunds",
    "curated.sale_lines",
    "curated.fx_daily",
    "curated.conversion_paths",
    "curated.attribution_credits",
    "curated.revenue_attribution",
    "work.acquisition_costs",
    "curated.customer_lifecycle",
    "curated.journeys",
)


INTEGRATION_TYPE = """CASE
    WHEN source = 'import' THEN 'import'
    WHEN source IN ('shopify', 'square', 'stripe') THEN 'pos'
    WHEN source IN ('hubspot', 'salesforce', 'custom_crm') THEN 'crm'
    WHEN source IN ('mailchimp', 'klaviyo', 'constant_contact') THEN 'email_platform'
    WHEN source LIKE '%\\_ads' ESCAPE '\\' THEN 'ad_platform'
    ELSE 'operational' END"""


GATES = frozenset(
    {
        *(f"curated.{name}" for name in CONTRACTS),
        "work.labels",
        "work.tokens",
        "work.seen_as",
        "work.campaign_keys",
        "work.active_days",
        "work.persons",
        "curated.touches",
        "curated.sales",
        "curated.fx_daily",
    }
)
"""Tables behind which much is built: when one comes out as it was, what is made of it stays."""


@cache
def _file(name: str) -> str:
    return files("roastery.warehouse.curated").joinpath(f"{name}.sql").read_text(encoding="utf-8")


def _values(organization: Organization, today: date) -> dict[str, str]:
    """What the curated SQL files leave open, as SQL text."""
    included = {"tax": "t.tax_amount", "shipping": "t.shipping_amount"}
    floor, rest = floor_and_rest("total", "share", "shares")
    referrer = "lower(regexp_extract(coalesce(referrer, ''), '^(?:[a-zA-Z]+://)?(?:www\\.)?([^/:?#]+)', 1))"
    landing = "lower(regexp_extract(coalesce(landing_page, ''), '^[a-zA-Z]+://(?:www\\.)?([^/:?#]+)', 1))"
    money_tables = [c.name for c in CONTRACTS.values() if "currency" in c.by_name and c.name != "fx_rates"]
    currencies = " UNION ".join(f"SELECT currency FROM curated.{t}" for t in money_tables)
    units = "units * minor + CASE WHEN place = 1 THEN abs(net_micros) % minor ELSE 0 END"
    return {
        "zone": quoted(organization.time_zone),
        "currency": quoted(organization.currency),
        "organization": quoted(organization.id),
        "today": f"DATE {quoted(today.isoformat())}",
        "model": quoted(organization.attribution.model),
        "window_days": str(organization.attribution.window_days),
        "view_window_days": str(organization.attribution.view_window_days),
        "source_of_truth": f"[{', '.join(quoted(kind) for kind in organization.source_of_truth)}]",
        "included": " + ".join(["0", *(included[name] for name in organization.revenue_includes if name in included)]),
        "channel": channel_case(),
        "implied_platform": implied_platform_case("lower(coalesce(trim(utm_source), ''))"),
        "host_of_referrer": referrer,
        "host_of_landing": landing,
        "currencies": f"SELECT {quoted(organization.currency)} AS currency UNION {currencies}",
        "line_micros": micros("line_value"),
        "net_micros": micros("net_amount"),
        "minor": minor_unit_micros("currency"),
        "floor": floor,
        "rest": rest,
        "topped": topped_up("total", "base", "rest", "sale_id", "line_no"),
        "net_share": from_micros(f"sign(net_micros) * ({units})"),
        "integration_type": INTEGRATION_TYPE,
        "cost": from_micros("sum((c.weight * p.spend_micros) // t.weight)"),
    }


def filled(text: str, values: dict[str, str]) -> str:
    """Put values into the {{places}} of a curated SQL file.

    >>> filled("SELECT {{zone}}", {"zone": "'UTC'"})
    "SELECT 'UTC'"
    """
    for key, value in values.items():
        text = text.replace("{{" + key + "}}", value)
    return text


@lru_cache(maxsize=128)
def steps(organization: Organization, today: date) -> tuple[Step, ...]:
    """Every derived table in building order, with the tables that it reads."""
    values = _values(organization, today)
    found = [Step(("work.labels", "work.tokens"), ("curated.customers",), identity.LABELS, identity.label_people)]
    for table in DERIVED:
        name = table.split(".")[1]
        sql = credits_select(CLOSED_FORM) if name == "attribution_credits" else filled(_file(name), values)
        reads = set(READ.findall(sql)) - {table}
        if name == "fx_daily":
            reads.add(DAY)
        found.append(Step((table,), tuple(sorted(reads)), sql))
    return tuple(found)


@lru_cache(maxsize=1024)
def digest(organization: Organization, fills: tuple[Fill, ...]) -> str:
    """Changes whenever a definition or a setting does that curated tables depend on; then everything is built anew."""
    parts = [repr(CONTRACTS.values()), _file("views"), *(step.sql for step in steps(organization, date.min))]
    return sha256("\n".join([*parts, *map(repr, fills)]).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class _Last:
    """What the last build knew."""

    number: int = 0
    last_seq: int = 0
    digest: str = ""
    built_on: date | None = None


def _last(cursor: duckdb.DuckDBPyConnection) -> _Last:
    rows = cursor.execute(
        "SELECT build_number, last_seq, digest, built_on FROM meta.builds ORDER BY build_number DESC LIMIT 1"
    ).fetchall()
    return _Last(*rows[0]) if rows else _Last()


def needs_build(warehouse: "Warehouse") -> bool:
    """Whether build() would change anything."""
    with warehouse.reading() as cursor:
        last = _last(cursor)
        seq = count(cursor, "SELECT last_seq FROM meta.sequence")
        has_rates = bool(scalar(cursor, "SELECT EXISTS (FROM curated.fx_rates)"))
    today = warehouse.clock.today(warehouse.organization.time_zone)
    return (
        seq != last.last_seq
        or last.digest != digest(warehouse.organization, warehouse.fills)
        or (last.built_on != today and has_rates)
    )


def build(warehouse: "Warehouse", instance: Instance, *, full: bool = False) -> BuildReport:
    """Bring curated up to raw in one transaction, while the caller holds the build lock."""
    started = time.perf_counter()
    try:
        with instance.transaction() as cursor:
            return _build(warehouse, cursor, full, started)
    except duckdb.Error as error:
        what = str(error).split("\n", 1)[0]
        raise BuildFailed(f"The curated tables could not be built, the last good ones stay: {what}") from error


def _build(warehouse: "Warehouse", cursor: duckdb.DuckDBPyConnection, full: bool, started: float) -> BuildReport:
    organization, fills, now = warehouse.organization, warehouse.fills, warehouse.clock.now()
    today = warehouse.clock.today(organization.time_zone)
    last = _last(cursor)
    mark = digest(organization, fills)
    full = full or last.digest != mark
    seq = count(cursor, "SELECT last_seq FROM meta.sequence")
    changed: set[str] = set() if last.built_on == today else {DAY}
    since = 0 if full else last.last_seq
    affected = _affected(cursor, fills, since, full)
    at_fault = _fold(cursor, affected, fills, organization, now)
    changed |= {f"curated.{name}" for name in at_fault if _moved(cursor, f"curated.{name}")}
    if affected.keys() & set(names.NAMING) and names.remember(cursor, fills, since):
        changed.add("meta.campaign_names")
    for step in steps(organization, today):
        if full or changed.intersection(step.reads):
            _run(cursor, step)
            changed.update(table for table in step.makes if _moved(cursor, table))
    if full:
        for statement in filled(_file("views"), _values(organization, today)).split(";\n"):
            cursor.execute(statement)
    tables = {t: count(cursor, f"SELECT count(*) FROM {t}") for t in sorted(changed) if t.startswith("curated.")}
    number, seconds = last.number, time.perf_counter() - started
    if full or tables or seq != last.last_seq or last.built_on != today:
        number += 1
        cursor.execute(
            "INSERT INTO meta.builds VALUES (?, ?::TIMESTAMPTZ, ?, ?, ?, ?, ?, ?, ?)",
            [
                number,
                now.isoformat(),
                round(seconds, 3),
                full,
                seq,
                mark,
                _settings(organization),
                today,
                json.dumps(tables),
            ],
        )
    return BuildReport(build_name(number), now, seconds, full, seq, tables, sum(at_fault.values()))


def _affected(
    cursor: duckdb.DuckDBPyConnection, fills: tuple[Fill, ...], since: int, full: bool
) -> dict[str, tuple[str, ...]]:
    """The contracts to fold, each with the raw resources that fill it."""
    sources: dict[str, set[str]] = {name: {name} for name in CONTRACTS}
    for fill in fills:
        sources[fill.contract].add(fill.resource)
    if full:
        return {name: tuple(resources) for name, resources in sources.items()}
    rows = cursor.execute(
        "SELECT resource FROM raw.records WHERE seq > $since UNION SELECT resource FROM raw.reads WHERE seq > $since",
        {"since": since},
    ).fetchall()
    touched = {row[0] for row in rows}
    return {name: tuple(resources) for name, resources in sources.items() if resources & touched}


def _fold(
    cursor: duckdb.DuckDBPyConnection,
    contracts: dict[str, tuple[str, ...]],
    fills: tuple[Fill, ...],
    organization: Organization,
    now: datetime,
) -> dict[str, int]:
    """Fold contracts; gives for each how many of its rows are at fault."""
    fold.read_current(cursor, {resource for resources in contracts.values() for resource in resources})
    at_fault: dict[str, int] = {}
    for name in contracts:
        own = [fill for fill in fills if fill.contract == name]
        found = fold.layers(cursor, CONTRACTS[name], own)
        at_fault[name] = fold.fold(cursor, CONTRACTS[name], found, organization.currency, now)
    return at_fault


def _run(cursor: duckdb.DuckDBPyConnection, step: Step) -> None:
    try:
        if step.run is not None:
            step.run(cursor)
        else:
            cursor.execute(f"CREATE OR REPLACE TABLE {step.makes[0]} AS {step.sql}")
    except duckdb.Error as error:
        what = str(error).split("\n", 1)[0]
        raise BuildFailed(f"{step.makes[0]} could not be built, the last good tables stay: {what}") from error


def _moved(cursor: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a table that was made anew differs from before; those that few others are made of count as moved."""
    if table not in GATES:
        return True
    now = scalar(cursor, f"SELECT count(*) || ':' || coalesce(sum(hash(t)::HUGEINT), 0) FROM {table} t")
    before = scalar(cursor, "DELETE FROM meta.signatures WHERE table_name = ? RETURNING signature", [table])
    cursor.execute("INSERT INTO meta.signatures VALUES (?, ?)", [table, now])
    return bool(now != before)


def _settings(organization: Organization) -> str:
    return json.dumps(asdict(organization), sort_keys=True, default=str)
