"""Receipts of an organization: read, and run again (law 2)."""

from functools import partial
from typing import TYPE_CHECKING, Any

from roastery.api.numbers import TOOL, query_again
from roastery.api.store.erasures import ERASED_CAVEAT, Erasures
from roastery.tools.base import Actor, Receipt
from roastery.tools.errors import UnknownReceipt
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery


def read_receipt(roastery: "Roastery", organization: Organization, actor: Actor, receipt_id: str) -> Receipt:
    """A receipt of this organization and scope. Errors: UnknownReceipt; NotAllowed when its metrics are for others."""
    from roastery.tools.receipts import names_in

    receipt = roastery.ledger(organization, actor).receipt(receipt_id)
    if receipt is None:
        raise UnknownReceipt(receipt_id)
    roastery.layer(organization, actor.role).refuse_unseen(names_in(receipt))
    return receipt


def rerun_receipt(roastery: "Roastery", organization: Organization, actor: Actor, receipt_id: str) -> dict[str, Any]:
    """{then, now, status, causes} of a receipt (CONTRACTS section 2)."""
    from roastery.tools.queries import MAX_ROWS
    from roastery.tools.receipts import rerun

    receipt = read_receipt(roastery, organization, actor, receipt_id)
    context = roastery.context(organization, actor)
    # A tool gives fewer rows than POST /v1/query, so a long result is made again as the query that it was.
    is_long = receipt.tool == TOOL and receipt.rows > MAX_ROWS
    with roastery.database.reading() as session:
        erased_at = [row.created_at for row in Erasures(session, organization.id).all()]
    again = partial(query_again, context, receipt) if is_long else None
    found = rerun(receipt, context, erased_at=erased_at, ask_again=again).as_json()
    if ERASED_CAVEAT in receipt.caveats and found["status"] != "same":
        found["status"] = "erased"
    return found
