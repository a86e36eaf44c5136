"""/v1/identities: a person's records, and wrong links taken back."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from roastery.api.identities import person_of, relink, unlink
from roastery.api.routes.documented import documented
from roastery.api.security.caller import Reader, Settler

router = APIRouter(prefix="/v1/identities", tags=["identities"])

PERSON = {
    "customer_id": "shopify:7011",
    "records": [
        {"customer_id": "hubspot:512", "linked_by": "email"},
        {"customer_id": "shopify:7011", "linked_by": "email"},
    ],
    "unlinks": [],
}
PAIR = {"customer_id": "hubspot:512", "other_customer_id": "shopify:7011", "reason": "father and son"}
ALONE = {"customer_id": "hubspot:512", "records": [{"customer_id": "hubspot:512", "linked_by": "own"}], "unlinks": []}


class Unlink(BaseModel):
    """Two customer records that are two people."""

    model_config = ConfigDict(extra="forbid")
    customer_id: str = Field(min_length=1)
    other_customer_id: str = Field(min_length=1)
    reason: str = Field(default="", max_length=500)


@router.post(
    "/unlinks", status_code=201, **documented({"was_one_person": True, "persons": [ALONE]}, request=PAIR, status=201)
)
def create_unlink(pair: Unlink, caller: Settler, request: Request) -> dict[str, Any]:
    """Take a wrong link back: the merge is undone in every number, and stays undone when tables are built anew."""
    return unlink(
        request.app.state.roastery,
        caller.organization,
        caller.actor,
        pair.customer_id,
        pair.other_customer_id,
        pair.reason,
    )


@router.delete("/unlinks/{customer_id}/{other_customer_id}", **documented({"persons": [PERSON]}))
def remove_unlink(customer_id: str, other_customer_id: str, caller: Settler, request: Request) -> dict[str, Any]:
    """Withdraw an unlink: the two are linked again where the data says so."""
    return relink(request.app.state.roastery, caller.organization, caller.actor, customer_id, other_customer_id)


@router.get("/{customer_id}", **documented(PERSON))
def read_person(customer_id: str, caller: Reader, request: Request) -> dict[str, Any]:
    """The person that a customer record belongs to, with every record of theirs and what links it."""
    return person_of(request.app.state.roastery, caller.organization, customer_id)
