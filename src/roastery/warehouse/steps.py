# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""What a build is made of: every derived table in order, its SQL, and the tables that it reads."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache, partial
from hashlib import sha256
from importlib.resources import files
from inspect import getsource

from roastery.warehouse import affected, affected_sales, crediting, identity, matching
from roastery.warehouse.affected import Partly
from roastery.warehouse.attribution import CLOSED_FORM, credits_select
from roastery.warehouse.channel_rules import own_channel_case
from roastery.warehouse.channels import channel_case, implied_platform_case
from roastery.warehouse.contracts import CONTRACTS, Fill
from roastery.warehouse.money import floor_and_rest, from_micros, micros, topped_up
from roastery.warehouse.organization import Organization
from roastery.warehouse.sql import quoted


@dataclass(frozen=True)
class Step:
    """One table of the build (makes). `reads` are those whose change makes it run again.

    run: code in place of SQL; it also takes `into` and narrowed inputs by their names (increments.py).
    """

    makes: tuple[str, ...]
    reads: tuple[str, ...]
    sql: str
    run: Callable[..., None] | None = None


READ = re.compile(r"\b(?:curated|work|meta)\.\w+")
DAY = "clock.today"
"""Stands among the tables that a step reads when a new day changes its rows."""

# Order matters: a table stands after those that it is made of.
DERIVED = (
    "work.evidence",
    "work.labels",
    "work.tokens",
    "work.people",
    "work.persons",
    "work.web_visits",
    "work.seen_as",
    "work.contacts",
    "work.campaign_keys",
    "curated.campaign_channels",
    "work.active_days",
    "work.resolved",
    "work.channeled",
    "curated.touches",
    "curated.sessions",
    "curated.identities",
    "work.sale_records",
    "work.refunds_seen",
    "curated.sales",
    "curated.sale_matches",
    "curated.sale_refunds",
    "curated.sale_lines",
    "curated.fx_daily",
    "curated.ad_creatives",
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


FACTS = ("work.sale_records", "work.refunds_seen", "curated.sales", "curated.sale_refunds", "curated.sale_lines")
"""What is derived before everything else: with these and the contracts the facts of money are there."""

PARTLY: dict[str, Partly] = {
    table: getattr(affected if hasattr(affected, constant) else affected_sales, constant)
    for table in DERIVED
    if hasattr(affected, constant := table.split(".")[1].upper()) or hasattr(affected_sales, constant)
}
"""Tables that can be brought up to date for some keys only."""

GATES = frozenset(
    {
        *(f"curated.{name}" for name in CONTRACTS),
        "work.evidence",
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
        "own_channel": own_channel_case(organization.channel_rules),
        "implied_platform": implied_platform_case("lower(coalesce(trim(utm_source), ''))"),
        "host_of_referrer": referrer,
        "host_of_landing": landing,
        "currencies": f"SELECT {quoted(organization.currency)} AS currency UNION {currencies}",
        "line_micros": micros("line_value"),
        "net_micros": micros("net_amount"),
        "floor": floor,
        "rest": rest,
        "topped": topped_up("total", "base", "rest", "sale_id", "line_no"),
        "net_share": from_micros("sign(net_micros) * units"),
        "integration_type": INTEGRATION_TYPE,
        "mailbox": "a.mailbox" if organization.gmail_is_one_mailbox else "NULL",
        "match_days": str(organization.sale_match_days),
        "match_minor_units": str(organization.sale_match_minor_units),
        "shared_at_most": str(identity.SHARED_AT_MOST),
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


LABELS = Step(
    ("work.labels",),
    ("work.evidence", "curated.customers", "curated.identity_unlinks"),
    getsource(identity),
    identity.label_people,
)


CREDITS = Step(
    ("curated.attribution_credits",),
    ("curated.conversion_paths", "curated.sales"),
    credits_select(CLOSED_FORM) + getsource(crediting),
    crediting.credit_sales,
)


def _sale_records(organization: Organization) -> Step:
    return Step(
        ("work.sale_records",),
        ("curated.opportunities", "curated.transactions", "work.labels"),
        f"{getsource(matching)}{organization.source_of_truth}{organization.sale_match_days}"
        f"{organization.sale_match_minor_units}{organization.time_zone}",
        partial(matching.match_sales, organization=organization),
    )


@lru_cache(maxsize=128)
def steps(organization: Organization, today: date) -> tuple[Step, ...]:
    """Every derived table in building order, with the tables that it reads."""
    values = _values(organization, today)
    custom = {"labels": LABELS, "sale_records": _sale_records(organization), "attribution_credits": CREDITS}
    found = []
    for table in DERIVED:
        name = table.split(".")[1]
        if name in custom:
            found.append(custom[name])
            continue
        sql = filled(_file(name), values)
        reads = set(READ.findall(sql)) - {table}
        if name == "fx_daily":
            reads.add(DAY)
        found.append(Step((table,), tuple(sorted(reads)), sql))
    return tuple(found)


def view_statements(organization: Organization, today: date) -> list[str]:
    """The views with the PRD's names, and the state of the sources."""
    return filled(_file("views"), _values(organization, today)).split(";\n")


@lru_cache(maxsize=1024)
def digest(organization: Organization, fills: tuple[Fill, ...]) -> str:
    """Changes whenever a definition or a setting does that curated tables depend on; then everything is built anew."""
    parts = [repr(CONTRACTS.values()), _file("views"), *(step.sql for step in steps(organization, date.min))]
    return sha256("\n".join([*parts, *map(repr, fills)]).encode()).hexdigest()[:16]
