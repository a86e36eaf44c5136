"""Checks the metric files against the contracts: every name, every column, every SELECT; for `roastery validate`."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlglot
from sqlglot import expressions as sg

from roastery.warehouse.contracts import CONTRACTS
from roastery.warehouse.errors import UnknownName
from roastery.warehouse.semantic.expression import Expression
from roastery.warehouse.semantic.load import DIMENSIONS, FACTS, Problem, Unsound, load, read_files
from roastery.warehouse.semantic.model import Fact, Semantics

# Tables that the build derives, with the columns that facts may read; a test holds them against a real build.
DERIVED_TABLES = """
sales: sale_id customer_id occurred_at sale_date kind is_order is_renewal is_first_sale customer_type amount
 refunded_amount net_amount discount_amount tax_amount shipping_amount fee_amount currency sales_channel source_system
 location_id region franchise brand service_area promotion_id coupon_code lead_id opportunity_id subscription_id country
 segment customer_stage cohort_month connection_id
sale_refunds: refund_id sale_id refund_date sale_date amount currency
sale_lines: sale_id line_no sale_date product_id product_name category quantity line_value net_share unit_cost cost
 currency promotion_id
touches: touchpoint_id customer_id anonymous_id occurred_at touch_date channel platform campaign_id campaign_name
 ad_id asset_id kind is_direct is_paid resolution source_system
attribution_credits: model sale_id sale_date touch_date touchpoint_id channel platform campaign_id ad_id asset_id
 is_paid is_direct weight credited_net credited_gross order_weight new_customer_weight currency reason
sessions: session_id visitor customer_id started_at session_date ended_at landing_page page_views form_submissions
 add_to_carts checkouts purchases channel platform campaign_id
campaign_channels: campaign_id channel
identities: id identity_kind identity customer_id linked_by
customer_attributes: customer_id segment stage country
ad_creatives: platform ad_id asset_id share is_listed
ads_of_one_asset: ad_id asset_id
predicted_values: customer_id acquired_on to_date expected currency as_of segment customer_stage cohort_month
asset_delivery: report_date platform campaign_id ad_id currency asset_id spend impressions clicks
asset_kept: asset_id campaign_id platform performance_date impressions clicks conversions revenue currency
fx_daily: rate_date base_currency quote_currency rate
"""


def _derived() -> dict[str, frozenset[str]]:
    joined = DERIVED_TABLES.strip().replace("\n ", " ")
    return {name: frozenset(columns.split()) for name, columns in (line.split(":") for line in joined.split("\n"))}


DERIVED = _derived()


def columns_of(table: str) -> frozenset[str]:
    """The columns of a curated table. Errors: UnknownName."""
    if table in DERIVED:
        return DERIVED[table]
    if table in CONTRACTS:
        return frozenset(CONTRACTS[table].column_names)
    raise UnknownName("table", table, (*CONTRACTS, *DERIVED))


def validate(written: Mapping[str, Mapping[str, Any]] | None = None) -> tuple[Problem, ...]:
    """Everything that is unsound in the files (those that ship, or the given ones); empty when all is well."""
    try:
        semantics = load(written if written is not None else read_files())
    except Unsound as unsound:
        return unsound.problems
    found: list[Problem] = []
    for fact in semantics.facts.values():
        found += [Problem(FACTS, fact.name, message) for message in _fact_faults(fact)]
    for metric in semantics.metrics.values():
        for measure in metric.measures:
            read = [*([measure.of] if measure.of else []), *measure.where]
            messages = _column_faults(measure.fact, read)
            found += [Problem(metric.family, metric.name, message) for message in messages]
    found += _dimension_faults(semantics)
    found += _synonym_faults(semantics)
    return tuple(found)


def _fact_faults(fact: Fact) -> list[str]:
    days = [part for day in (fact.day, fact.touch_day) if day for part in (day.date, day.at) if part]
    read = [*fact.dimensions.values(), *days, *(join.by for join in fact.joins.values())]
    if fact.rate_on:
        read.append(fact.rate_on)
    found = _column_faults(fact, read)
    for table, columns in ((fact.base_table, _base_columns(fact)), *_joined(fact)):
        found += _missing(table, columns)
    found += [
        UnknownName("dataset", contract, CONTRACTS).message for contract in fact.contracts if contract not in CONTRACTS
    ]
    return found + (_select_faults(fact.sql) if fact.sql else [])


def _base_columns(fact: Fact) -> list[str]:
    read = fact.base_day.date or fact.base_day.at
    return [column for _, column in read.columns] if read else []


def _joined(fact: Fact) -> Iterable[tuple[str, list[str]]]:
    return ((join.table, [join.key]) for join in fact.joins.values())


def _column_faults(fact: Fact, expressions: Iterable[Expression]) -> list[str]:
    found: list[str] = []
    for expression in expressions:
        for table, column in sorted(expression.columns, key=str):
            if table is None:
                found += _missing(fact.table, [column]) if fact.table else []
            elif table not in fact.joins:
                found.append(UnknownName("join", table, fact.joins).message)
            else:
                found += _missing(fact.joins[table].table, [column])
    return found


def _missing(table: str, columns: Iterable[str]) -> list[str]:
    try:
        known = columns_of(table)
    except UnknownName as error:
        return [error.message]
    return [UnknownName(f"column of {table}", column, known).message for column in columns if column not in known]


def _select_faults(sql: str) -> list[str]:
    """A fact's SELECT reads curated tables only, and is one statement."""
    try:
        statements = sqlglot.parse(sql, read="duckdb")
    except sqlglot.errors.ParseError as error:
        return [f"its SELECT cannot be read: {error}"]
    if len(statements) != 1 or not isinstance(statements[0], sg.Query):
        return ["its sql is exactly one SELECT."]
    defined = {cte.alias for cte in statements[0].find_all(sg.CTE)}
    tables = {table.name for table in statements[0].find_all(sg.Table)} - defined
    known = (*CONTRACTS, *DERIVED)
    return [UnknownName("table", table, known).message for table in sorted(tables) if table not in known]


def _dimension_faults(semantics: Semantics) -> list[Problem]:
    found: list[Problem] = []
    for dimension in semantics.dimensions.values():
        for place in dimension.label_sources:
            columns = [place.key, place.text, *([place.latest] if place.latest else [])]
            found += [Problem(DIMENSIONS, dimension.name, message) for message in _missing(place.table, columns)]
        if not any(dimension.name in fact.dimensions for fact in semantics.facts.values()):
            found.append(Problem(DIMENSIONS, dimension.name, "is carried by no fact."))
    return found


def _synonym_faults(semantics: Semantics) -> list[Problem]:
    """Two metrics of one synonym: nobody could say which is meant."""
    found: list[Problem] = []
    taken: dict[str, str] = {}
    for name in semantics.public:
        metric = semantics.metrics[name]
        for word in (name.replace("_", " "), *metric.synonyms):
            owner = taken.setdefault(word.lower(), name)
            if owner != name:
                found.append(Problem(metric.family, name, f"shares the synonym '{word}' with '{owner}'."))
    return found
