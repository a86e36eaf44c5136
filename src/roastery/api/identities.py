"""Who is who: a person's records, and links that somebody takes back or gives again. Lasting, for raw keeps them."""

from typing import TYPE_CHECKING, Any

from roastery.api.errors import BadBody, NotFound
from roastery.api.store.audit import note
from roastery.tools.base import Actor
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery

DATASET = "identity_unlinks"


def person_of(roastery: "Roastery", organization: Organization, record_id: str) -> dict[str, Any]:
    """A record's person, their records with what links each, and who was taken apart from them. Errors: NotFound."""
    roastery.freshen(organization)
    warehouse = roastery.warehouse(organization)
    person_id = _person_id(warehouse, record_id)
    records = warehouse.query(
        "SELECT customer_id, coalesce(linked_by, 'own') AS linked_by FROM work.people WHERE person_id = ? ORDER BY 1",
        [person_id],
    ).to_pylist()
    unlinks = warehouse.query(
        """SELECT customer_id, other_customer_id, reason FROM identity_unlinks u
        WHERE EXISTS (FROM work.people p WHERE p.person_id = $person
                      AND p.customer_id IN (u.customer_id, u.other_customer_id)) ORDER BY ALL""",
        {"person": person_id},
    ).to_pylist()
    return {"customer_id": person_id, "records": records, "unlinks": unlinks}


def unlink(
    roastery: "Roastery", organization: Organization, actor: Actor, record_id: str, other_id: str, reason: str = ""
) -> dict[str, Any]:
    """Say that two records are two people; their merge is undone. Errors: NotFound, BadBody."""
    if record_id == other_id:
        raise BadBody("A record cannot be taken apart from itself; name two.")
    roastery.freshen(organization)
    warehouse = roastery.warehouse(organization)
    was = {_person_id(warehouse, record) for record in (record_id, other_id)}
    one, other = sorted((record_id, other_id))
    now = roastery.clock_of(organization).now().isoformat()
    row = {"customer_id": one, "other_customer_id": other, "reason": reason or None, "unlinked_by": actor.id}
    warehouse.upsert_rows(DATASET, [{**row, "unlinked_at": now}])
    _note(roastery, organization, actor, "identity.unlink", one, other)
    found = [person_of(roastery, organization, record) for record in (record_id, other_id)]
    return {"was_one_person": len(was) == 1, "persons": found}


def relink(
    roastery: "Roastery", organization: Organization, actor: Actor, record_id: str, other_id: str
) -> dict[str, Any]:
    """Withdraw an unlink: what the data says of the two counts again. Errors: NotFound."""
    one, other = sorted((record_id, other_id))
    key = {"customer_id": one, "other_customer_id": other}
    if not roastery.warehouse(organization).delete_rows(DATASET, [key]).changed:
        raise NotFound("unlink", f"{record_id} and {other_id}")
    _note(roastery, organization, actor, "identity.relink", one, other)
    return {"persons": [person_of(roastery, organization, record) for record in (record_id, other_id)]}


def _person_id(warehouse: Warehouse, record_id: str) -> str:
    found = warehouse.query("SELECT person_id FROM work.people WHERE customer_id = ?", [record_id]).to_pylist()
    if not found:
        raise NotFound("customer record", record_id)
    return str(found[0]["person_id"])


def _note(roastery: "Roastery", organization: Organization, actor: Actor, action: str, one: str, other: str) -> None:
    with roastery.database.session() as session:
        note(session, organization.id, actor.id, action, one, roastery.wall.now(), other=other)
