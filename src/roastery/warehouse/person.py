# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound)
"""Who somebody is in the data: every record, device, address and phone of one person, found by any one of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import duckdb

from roastery.warehouse.forgetting import ID
from roastery.warehouse.privacy import Sealer, hash_of

Handle = Literal["email", "phone", "customer_id", "anonymous_id"]
HANDLES: tuple[Handle, ...] = ("email", "phone", "customer_id", "anonymous_id")

TOKENS = """
SELECT c.customer_id FROM curated.customers c LEFT JOIN meta.addresses a ON a.hash = split_part(c.{column}, ':', 3)
WHERE split_part(c.{column}, ':', 3) IN (SELECT unnest($hashes)) OR a.mailbox IN (SELECT unnest($hashes))
UNION
SELECT customer_id FROM curated.web_events
WHERE split_part({column}, ':', 3) IN (SELECT unnest($hashes)) AND customer_id IS NOT NULL
"""

DEVICES = """
SELECT DISTINCT anonymous_id FROM work.seen_as WHERE person_id = $person
UNION SELECT anonymous_id FROM curated.web_events WHERE customer_id IN (SELECT unnest($records))
UNION SELECT anonymous_id FROM curated.touchpoints WHERE customer_id IN (SELECT unnest($records))
"""

SEALED = """
SELECT email AS sealed FROM curated.customers WHERE customer_id IN (SELECT unnest($records))
UNION SELECT phone FROM curated.customers WHERE customer_id IN (SELECT unnest($records))
UNION SELECT {typed} FROM curated.web_events WHERE {theirs}
"""

# Devices that nobody else was seen with: what is typed there without a login is taken for theirs.
OWN_DEVICES = """
SELECT unnest($devices) AS anonymous_id
EXCEPT SELECT anonymous_id FROM work.seen_as WHERE person_id <> $person
"""

SMALL_IDS = """
SELECT external_customer_id AS id FROM curated.customers WHERE customer_id IN (SELECT unnest($records))
UNION SELECT session_id FROM curated.web_events WHERE {theirs}
UNION SELECT click_id FROM curated.web_events WHERE {theirs}
UNION SELECT click_id FROM curated.touchpoints WHERE {theirs}
UNION SELECT click_id FROM curated.leads WHERE customer_id IN (SELECT unnest($records))
"""
THEIRS = "(customer_id IN (SELECT unnest($records)) OR anonymous_id IN (SELECT unnest($devices)))"

OTHERS = """
SELECT DISTINCT split_part({column}, ':', 3) AS hash FROM curated.customers
WHERE customer_id NOT IN (SELECT unnest($records)) AND split_part({column}, ':', 3) IN (SELECT unnest($hashes))
"""


@dataclass(frozen=True)
class Person:
    """records: customer ids of the identity component; devices: anonymous ids; ids: of sessions, clicks, other systems.

    sealed: their addresses and phones, as they stand; shared: those of them that others carry too, which stay theirs.
    """

    person_id: str
    records: tuple[str, ...]
    devices: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    shared: frozenset[str] = field(default=frozenset())

    def every_id(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.records, *self.devices, *self.ids)))

    def hashes(self, sealer: Sealer, boxes: Iterable[str] = ()) -> tuple[str, ...]:
        """What a tombstone keeps of them: hashes of ids, and of addresses and phones that are theirs alone."""
        own = [hash_of(sealed) for sealed in self.sealed]
        found = [*(h for h in (*own, *boxes) if h not in self.shared), *(sealer.hash(ID, i) for i in self.every_id())]
        return tuple(sorted({hash_ for hash_ in found if hash_}))


def find(cursor: duckdb.DuckDBPyConnection, sealer: Sealer, handle: Handle, value: str) -> tuple[Person, ...]:
    """The persons that an address, phone or id is known of; none when it is known of nobody, several for a desk's."""
    if handle in ("email", "phone"):
        hashes = matching_hashes(sealer, handle, value)
        records = _texts(cursor, TOKENS.format(column=handle), {"hashes": hashes}) if hashes else []
    elif handle == "customer_id":
        records = [value]
    else:
        records = _texts(cursor, "SELECT person_id FROM work.seen_as WHERE anonymous_id = $id", {"id": value})
    persons = _texts(
        cursor,
        "SELECT DISTINCT person_id FROM work.people WHERE customer_id IN (SELECT unnest($records)) ORDER BY 1",
        {"records": records},
    )
    if persons:
        return tuple(_whole(cursor, person) for person in persons)
    return _without_record(cursor, sealer, handle, value)


def matching_hashes(sealer: Sealer, handle: str, value: str) -> list[str]:
    """The hashes that a value is found by: its own, and its mailbox's where it is another spelling of one."""
    notice = sealer.notice(handle, value)
    found = [sealer.hash(handle, value), notice.mailbox_hash if notice else ""]
    return [hash_ for hash_ in found if hash_]


def _without_record(
    cursor: duckdb.DuckDBPyConnection, sealer: Sealer, handle: Handle, value: str
) -> tuple[Person, ...]:
    """Somebody who only visited: known by a device, or by what was typed on one."""
    if handle == "customer_id":
        return ()
    if handle == "anonymous_id":
        known = _texts(
            cursor,
            "SELECT anonymous_id FROM curated.web_events WHERE anonymous_id = $id "
            "UNION SELECT anonymous_id FROM curated.touchpoints WHERE anonymous_id = $id",
            {"id": value},
        )
        return (_whole(cursor, "", [], known),) if known else ()
    hashes = matching_hashes(sealer, handle, value)
    typed = f"split_part({handle}, ':', 3) IN (SELECT unnest($hashes))"
    rows = _texts(cursor, f"SELECT {handle} FROM curated.web_events WHERE {typed}", {"hashes": hashes})
    if not rows:
        return ()
    devices = _texts(cursor, f"SELECT anonymous_id FROM curated.web_events WHERE {typed}", {"hashes": hashes})
    found = _whole(cursor, "", [], devices)
    return (Person("", (), found.devices, found.ids, tuple(sorted({*found.sealed, *rows})), found.shared),)


def _whole(
    cursor: duckdb.DuckDBPyConnection,
    person_id: str,
    records: Sequence[str] | None = None,
    devices: Sequence[str] | None = None,
) -> Person:
    if records is None:
        records = _texts(
            cursor, "SELECT customer_id FROM work.people WHERE person_id = $p ORDER BY 1", {"p": person_id}
        )
    if devices is None:
        devices = _texts(cursor, DEVICES, {"person": person_id, "records": records})
    own = _texts(cursor, OWN_DEVICES, {"devices": devices, "person": person_id})
    where = {"records": records, "devices": own}
    sealed = {
        value
        for typed in ("email", "phone")
        for value in _texts(cursor, SEALED.format(typed=typed, theirs=THEIRS), where)
    }
    ids = _texts(cursor, SMALL_IDS.format(theirs=THEIRS), {"records": records, "devices": own})
    hashes = sorted({hash_of(value) for value in sealed})
    shared = {
        hash_
        for column in ("email", "phone")
        for hash_ in _texts(cursor, OTHERS.format(column=column), {"records": records, "hashes": hashes})
    } | set(
        _texts(cursor, "SELECT hash FROM meta.addresses WHERE is_role AND hash IN (SELECT unnest($h))", {"h": hashes})
    )
    return Person(
        person_id, tuple(records), tuple(sorted(devices)), tuple(sorted(ids)), tuple(sorted(sealed)), frozenset(shared)
    )


def boxes_of(cursor: duckdb.DuckDBPyConnection, person: Person) -> list[str]:
    """Hashes of the Gmail mailboxes behind a person's addresses."""
    hashes = [hash_of(value) for value in person.sealed]
    return _texts(cursor, "SELECT mailbox FROM meta.addresses WHERE hash IN (SELECT unnest($h))", {"h": hashes})


def _texts(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object]) -> list[str]:
    bound = {name: value if not isinstance(value, list) or value else [""] for name, value in parameters.items()}
    return [row[0] for row in cursor.execute(sql, bound).fetchall() if row[0]]
