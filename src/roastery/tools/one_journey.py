"""One person's own steps, for those who may see them: never through the agent, never across a row scope."""

from typing import Any

from roastery.tools.base import FactPeriod, Table, ToolContext, ToolResult
from roastery.tools.facts import FactBook
from roastery.tools.frames import canonical_rows
from roastery.tools.receipts import plain_receipt
from roastery.warehouse.errors import BadQuery, NotAllowed

MAY_SEE = ("analyst", "admin", "owner")
MOST_STEPS = 500
SQL = """
    SELECT j.step_no, j.occurred_at, j.step_kind, j.detail, j.channel, j.platform, j.campaign_name, j.amount, j.currency
    FROM curated.journeys j
    WHERE j.customer_id = coalesce((SELECT min(person_id) FROM work.people WHERE customer_id = ?), ?)
    ORDER BY j.step_no LIMIT ?"""


def one_journey(context: ToolContext, customer: str, tool: str) -> ToolResult:
    """Touches, leads, opportunities and sales of one customer, in order.

    Errors: NotAllowed for the agent, for viewers and for people who see some rows only; BadQuery for nobody's id.
    """
    _allow(context)
    steps = context.metrics.warehouse.query(SQL, [customer, customer, MOST_STEPS]).to_pylist()
    if not steps:
        raise BadQuery("No customer of that id has any step; ids are as in the dataset customers.")
    state = context.metrics.warehouse.state()
    rows = [{"key": str(step["step_no"]), **{k: v for k, v in step.items() if k != "step_no"}} for step in steps]
    receipt = plain_receipt(
        tool, {"customer": customer}, rows, context, sql=SQL, build=state.build,
        data_as_of={source: at.isoformat() for source, at in state.data_as_of.items()},
        complete_through=state.complete_through.isoformat() if state.complete_through else None,
    )  # fmt: skip
    zone = context.organization.zone
    first, last = (steps[i]["occurred_at"].astimezone(zone).date() for i in (0, -1))
    today = context.clock.today(context.organization.time_zone)
    period = FactPeriod(start=first, end=max(last, today))
    book = FactBook(receipt.id)
    counts = {
        kind: sum(step["step_kind"] == kind for step in steps) for kind in ("touch", "lead", "opportunity", "sale")
    }
    found = {kind: book.measured(f"{kind}_steps", count, "count", period).id for kind, count in counts.items()}
    columns: list[dict[str, Any]] = [
        {"name": name, "kind": "dimension"}
        for name in (
            "key",
            "occurred_at",
            "step_kind",
            "detail",
            "channel",
            "platform",
            "campaign_name",
            "amount",
            "currency",
        )
    ]
    return ToolResult(
        tool=tool,
        facts=book.facts,
        tables=(Table(title="Steps", columns=tuple(columns), rows=tuple(canonical_rows(rows))),),
        caveats=(f"Only the first {MOST_STEPS} steps are shown.",) if len(steps) == MOST_STEPS else (),
        receipt=receipt,
        data={"totals": found},
    )


def _allow(context: ToolContext) -> None:
    if context.for_agent:
        raise NotAllowed("Nobody sees one person's journey through the agent; call the tool with a key of your own.")
    if context.actor.role not in MAY_SEE:
        raise NotAllowed(f"One person's journey is for {', '.join(MAY_SEE)}; this key is a {context.actor.role}'s.")
    if context.actor.row_scope:
        raise NotAllowed("You see some rows only, and one person's journey cannot be limited to them.")
