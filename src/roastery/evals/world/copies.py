"""The same people in other systems: a CRM and a till that hold Larkspur's customers in their own, untidy way.

Truth is the number of the customer behind each record. Some of it cannot be found, for a record without anything that
another one of the person carries; `reachable` groups what can.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from roastery.evals.world.world import World

NO_PHONE = "000-000-0000"
ROLES = ("info@harbor.example", "office@dental.example", "orders@diner.example")


@dataclass(frozen=True)
class Copies:
    """Customer records of all systems, storefront events that identify, and the true person of each record.

    reachable: records of one person that carry a common address or phone, directly or through others of theirs.
    """

    customers: list[dict[str, Any]]
    events: list[dict[str, Any]]
    person_of: dict[str, int]
    reachable: dict[str, str]


def copies(world: World, seed: int = 11) -> Copies:
    """Records of the shop, of the CRM for 70 % of the people and of the till for 35 %."""
    dice = np.random.default_rng(seed)
    shop = world.customers.to_pylist()
    customers: list[dict[str, Any]] = []
    person_of: dict[str, int] = {}

    def add(id_: str, person: int, **columns: Any) -> None:
        person_of[id_] = person
        customers.append({"customer_id": id_, **columns})

    for person, row in enumerate(shop):
        first, last, email, phone = (row[c] for c in ("first_name", "last_name", "email", "phone"))
        number = f"+1312{6_000_000 + person}" if phone is None else phone
        household = dice.random() < 0.02 and person > 0
        if household:  # two people, one landline
            number = (
                f"+1312{6_000_000 + person - 1}" if shop[person - 1]["phone"] is None else shop[person - 1]["phone"]
            )
        at = row["created_at"].isoformat()
        add(f"shopify:{row['customer_id']}", person, email=email, phone=phone, first_name=first, last_name=last,
            first_seen_at=at)  # fmt: skip
        if dice.random() < 0.70:
            add(f"crm:{person}", person, first_name=first, last_name=last, **_in_crm(dice, email, number))
        if dice.random() < 0.35:
            bare = dice.random() < 0.04
            told = {"first_name": first, "phone": _till_phone(dice, number)}
            if dice.random() < 0.5:
                told["email"] = email
            add(f"till:{person}", person, **({} if bare else told))
    return Copies(customers, _events(world), person_of, _reachable(customers, person_of))


def _reachable(customers: list[dict[str, Any]], person_of: dict[str, int]) -> dict[str, str]:
    """Each record's group: the first record of the person that it shares a plain value with, through others too."""
    groups: dict[int, list[tuple[set[str], set[str]]]] = {}
    for row in customers:
        email, phone = row.get("email"), row.get("phone")
        values = {email.lower()} if email and email not in ROLES else set()
        if phone and phone != NO_PHONE:
            values.add("".join(filter(str.isdigit, phone))[-10:])
        members = {row["customer_id"]}
        own = groups.setdefault(person_of[row["customer_id"]], [])
        for group in [g for g in own if g[1] & values]:
            members, values = members | group[0], values | group[1]
            own.remove(group)
        own.append((members, values))
    return {record: min(members) for own in groups.values() for members, _ in own for record in members}


def _in_crm(dice: np.random.Generator, email: str, phone: str) -> dict[str, Any]:
    """How somebody in sales has typed it: mostly the same address, sometimes another or a desk's, mostly a phone."""
    way = dice.random()
    mail: str | None = email.upper() if way < 0.3 else email
    if way > 0.97:
        mail = ROLES[int(dice.integers(len(ROLES)))]
    elif way > 0.92:
        mail = email.replace("@mail.example", "@work.example")
    elif way > 0.88:
        mail = None
    digits = phone[2:]
    spelled = (phone, digits, f"({digits[:3]}) {digits[3:6]}-{digits[6:]}", f"001 {digits}")[int(dice.integers(4))]
    return {"email": mail, "phone": spelled if dice.random() < 0.85 else None}


def _till_phone(dice: np.random.Generator, phone: str) -> str:
    return phone[2:] if dice.random() < 0.97 else NO_PHONE


def _events(world: World) -> list[dict[str, Any]]:
    """Visits with the customer known, as the storefront saw them: couples share a browser."""
    wanted = ("event_id", "anonymous_id", "customer_id", "occurred_at", "kind", "click_id")
    rows = world.web_events.select(wanted).to_pylist()
    return [{**row, "occurred_at": row["occurred_at"].isoformat()} for row in rows if row["customer_id"]]
