"""Numbers without words: MetricQueries with receipts, their SQL, and a person's own SELECT."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from roastery.tools.base import Actor, Receipt, ToolContext
from roastery.tools.frames import canonical_rows, frame_json
from roastery.warehouse.errors import NotAllowed
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.query import MetricQuery

if TYPE_CHECKING:
    from roastery.api.app import Roastery

TOOL = "query_metrics"
MOST_ROWS = 100_000
KEPT_ROWS = 5_000
"""A longer result is not kept with its receipt: its hash still tells whether it is the same."""

MOST_SQL_ROWS = 10_000


def read_query(asked: Mapping[str, Any] | str) -> MetricQuery:
    """A MetricQuery out of JSON; every fault is a sentence. Errors: BadArguments."""
    from roastery.tools.registry import TOOLS, read_arguments

    query = read_arguments(TOOLS[TOOL], asked)
    assert isinstance(query, MetricQuery)
    return query


def run_query(
    roastery: "Roastery", organization: Organization, actor: Actor, asked: Mapping[str, Any] | str
) -> dict[str, Any]:
    """The MetricFrame of a MetricQuery as JSON (CONTRACTS section 5); its receipt is kept."""
    from roastery.tools.queries import ask

    query = read_query(asked)
    context = roastery.context(organization, actor)
    found = ask(context, query, TOOL, max_rows=MOST_ROWS)
    receipt = found.receipt
    context.ledger.keep(receipt if receipt.rows <= KEPT_ROWS else receipt.model_copy(update={"result": []}))
    return {**frame_json(found.frame, receipt.id), "caveats": list(receipt.caveats)}


def query_again(context: ToolContext, receipt: Receipt) -> Receipt:
    """A query's receipt on the data of now, with as many rows as a query may have."""
    from roastery.tools.queries import ask

    return ask(context, read_query(receipt.arguments), TOOL, max_rows=MOST_ROWS).receipt


def explain_query(
    roastery: "Roastery", organization: Organization, actor: Actor, asked: Mapping[str, Any] | str
) -> str:
    """The SQL that a MetricQuery would run."""
    explained = roastery.layer(organization, actor.role).explain(read_query(asked), row_scope=actor.row_scope)
    parts = [explained.sql] if explained.totals_sql is None else [explained.sql, "-- totals", explained.totals_sql]
    return "\n".join(parts)


def run_sql(roastery: "Roastery", organization: Organization, actor: Actor, statement: str) -> dict[str, Any]:
    """Rows of one SELECT over curated names, at most MOST_SQL_ROWS.

    Errors: NotAllowed for someone who may only see some rows, since free SQL cannot be held to them (law 13).
    """
    if actor.row_scope:
        raise NotAllowed("This key sees only some rows, and SQL cannot be held to them. Ask by metrics instead.")
    roastery.freshen(organization)
    table = roastery.warehouse(organization).user_sql(statement, max_rows=MOST_SQL_ROWS)
    truncated = (table.schema.metadata or {}).get(b"truncated") == b"true"
    return {"columns": table.column_names, "rows": canonical_rows(table.to_pylist()), "truncated": truncated}
