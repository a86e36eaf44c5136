"""People to write to: those of a segment, stage or country who have consented, never those who have refused."""

from collections.abc import Mapping
from dataclasses import dataclass

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import UnknownName

TRAITS = {"segment": "segment", "customer_stage": "customer_stage", "country": "country"}

# A person consents when at least one of their records says yes and none of them says no. Somebody who was forgotten
# has no address that opens, and is left out with those who never gave one.
PEOPLE = """
SELECT
    q.customer_id, coalesce(bool_and(c.marketing_consent), false) AS consents,
    arg_max(c.email, (c.first_seen_at IS NOT NULL, c.first_seen_at, c.customer_id))
        FILTER (c.email IS NOT NULL) AS email
FROM work.persons q
JOIN work.people p ON p.person_id = q.customer_id
LEFT JOIN curated.customers c ON c.customer_id = p.customer_id
WHERE {conditions}
GROUP BY q.customer_id ORDER BY q.customer_id
"""


@dataclass(frozen=True)
class Audience:
    """members: customer id and address in clear; the others are counted only."""

    members: tuple[tuple[str, str], ...]
    without_consent: int
    without_address: int


def audience(warehouse: Warehouse, traits: Mapping[str, str]) -> Audience:
    """The people with all of these traits of today who may be written to. Errors: UnknownName for another trait."""
    for trait in traits:
        if trait not in TRAITS:
            raise UnknownName("trait of people", trait, TRAITS)
    conditions = [f"q.{TRAITS[trait]} = ${trait}" for trait in traits] or ["true"]
    found = warehouse.query(PEOPLE.format(conditions=" AND ".join(conditions)), dict(traits) or None).to_pylist()
    consenting = [row for row in found if row["consents"]]
    opened = [(row["customer_id"], warehouse.sealer.open(row["email"]) if row["email"] else "") for row in consenting]
    members = tuple((customer, address) for customer, address in opened if address)
    return Audience(members, len(found) - len(consenting), len(consenting) - len(members))
