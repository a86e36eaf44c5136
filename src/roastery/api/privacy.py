"""One person: everything that is held of them, given out or forgotten (law 15). Only admins and owners come here."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from roastery.api.errors import BadBody, NotFound
from roastery.api.store.audit import note
from roastery.api.store.erasures import Erasures, mentioning, mentions, sweep
from roastery.api.store.identifiers import new_id
from roastery.api.store.organizations import Organizations, with_changes
from roastery.api.store.tables import ErasureRow
from roastery.tools.base import Actor
from roastery.warehouse.errors import Busy, UnknownName
from roastery.warehouse.organization import Organization, Retention
from roastery.warehouse.retention import checked as checked_retention

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.warehouse.engine import Warehouse
    from roastery.warehouse.erasing import Needles
    from roastery.warehouse.forgetting import Forgetter
    from roastery.warehouse.person import Person
    from roastery.warehouse.retention import Expired

COMPACT_WITHIN_SECONDS = 30.0


def person_by(roastery: "Roastery", organization: Organization, handle: str, value: str) -> "Person":
    """The one person that an e-mail, phone, customer id or anonymous id is known of.

    Errors: UnknownName for another handle; NotFound; BadBody when it is several persons', naming a record of each.
    """
    from roastery.warehouse.person import HANDLES, find

    if handle not in HANDLES:
        raise UnknownName("way to name a person", handle, HANDLES)
    if not value.strip():
        raise BadBody(f"Say the person's {handle}.")
    roastery.freshen(organization)
    warehouse = roastery.warehouse(organization)
    with warehouse.reading() as cursor:
        found = find(cursor, warehouse.sealer, handle, value.strip())
    if not found:
        raise NotFound(f"person with the {handle}", value.strip())
    if len(found) > 1:
        records = [person.records[0] for person in found]
        raise BadBody(
            f"This {handle} is on records of {len(found)} persons. Name one by a customer_id: {', '.join(records)}."
        )
    return found[0]


def export_person(
    roastery: "Roastery", organization: Organization, actor: Actor, handle: str, value: str
) -> dict[str, Any]:
    """Everything that is held of one person, across all of their records and devices, personal values in clear."""
    from roastery.warehouse.person_data import everything

    person = person_by(roastery, organization, handle, value)
    warehouse = roastery.warehouse(organization)
    with warehouse.reading() as cursor:
        data = everything(cursor, warehouse.sealer, person)
    said = mentioning(roastery.database, organization.id, _forgetter_of(warehouse, person))
    counts = {name: len(rows) for name, rows in data.items()}
    with roastery.database.session() as session:
        note(session, organization.id, actor.id, "privacy.export", "", roastery.wall.now(), rows=sum(counts.values()))
    return {
        "organization": organization.name,
        "exported_at": roastery.clock_of(organization).now().isoformat(),
        "customer_ids": list(person.records),
        "anonymous_ids": list(person.devices),
        "data": data,
        "kept_by_the_service": said,
    }


def erase_person(
    roastery: "Roastery", organization: Organization, actor: Actor, handle: str, value: str
) -> dict[str, Any]:
    """Forget one person everywhere, lastingly; what was begun is finished even if this process dies."""
    from roastery.warehouse.erasing import older_hashes
    from roastery.warehouse.person import boxes_of
    from roastery.warehouse.tombstones import Tombstone

    person = person_by(roastery, organization, handle, value)
    warehouse = roastery.warehouse(organization)
    with warehouse.reading(timeout_seconds=600) as cursor:
        hashes = person.hashes(warehouse.sealer, boxes_of(cursor, person))
        hashes = (*hashes, *older_hashes(cursor, warehouse.sealer, person, hashes))
    erasure_id, now = new_id("era"), roastery.wall.now()
    with roastery.database.session() as session:
        Erasures(session, organization.id).begin(erasure_id, actor.id, now)
        note(session, organization.id, actor.id, "privacy.erase", erasure_id, now)
    warehouse.bury(Tombstone(erasure_id, now, hashes))
    erased = warehouse.forget()
    counts: dict[str, Any] = {"customer_records": len(person.records), "devices": len(person.devices)}
    if erased:
        counts |= {"raw_records": erased.records, "rows_aside": erased.rows_aside}
    notes = []
    if person.shared:
        notes.append("An address or phone that others carry too stays on their records.")
    return finish_erasure(roastery, organization, erasure_id, counts, notes)


def finish_erasure(
    roastery: "Roastery",
    organization: Organization,
    erasure_id: str,
    counts: Mapping[str, Any] | None = None,
    notes: list[str] | None = None,
) -> dict[str, Any]:
    """Make sure that the file has forgotten, and write it anew; where it is in use, the jobs try that again."""
    warehouse = roastery.warehouse(organization)  # opening it forgets what it has not yet
    notes = list(notes or ())
    try:
        warehouse.compact(COMPACT_WITHIN_SECONDS)
    except Busy:
        notes.append("The file is in use: its free blocks are cleared at the next quiet moment.")
        with roastery.database.session() as session:
            row = session.get_one(ErasureRow, erasure_id)
            row.counts = {**row.counts, **(counts or {})}
            return erasure_json(row) | {"notes": notes}
    with roastery.database.session() as session:
        row = Erasures(session, organization.id).finish(erasure_id, counts or {}, roastery.wall.now())
        return erasure_json(row) | {"notes": notes}


def finish_erasures(roastery: "Roastery", begun_before: datetime) -> int:
    """Finish what dead processes and busy files have left; gives how many were."""
    with roastery.database.reading() as session:
        rows = [(row.organization_id, row.id) for row in Erasures.unfinished(session, begun_before)]
    done = 0
    for organization_id, erasure_id in rows:
        organization = roastery.organization(organization_id)
        done += finish_erasure(roastery, organization, erasure_id)["state"] == "done"
    return done


def on_forget(roastery: "Roastery", organization_id: str, needles: "Needles") -> None:
    """Sweep what the service keeps, before the file's own transaction ends."""
    from roastery.warehouse.forgetting import Forgetter
    from roastery.warehouse.privacy import Sealer

    sealer = Sealer(roastery.keyring.warehouse_key(), organization_id)
    sweep(roastery.database, organization_id, Forgetter(sealer, needles.hashes, needles.all))


def erasures(roastery: "Roastery", organization: Organization) -> list[dict[str, Any]]:
    """Newest first."""
    with roastery.database.reading() as session:
        return [erasure_json(row) for row in Erasures(session, organization.id).all()]


def erasure_json(row: ErasureRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "state": row.state,
        "requested_by": row.requested_by,
        "counts": row.counts,
        "created_at": row.created_at.isoformat(),
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
    }


def scan_for(
    roastery: "Roastery", organization: Organization, actor: Actor, handles: Mapping[str, str]
) -> dict[str, Any]:
    """Where somebody is found: rows by table of the warehouse and of the service, read one by one as text.

    Looks for what is given, and for all that is known of the person while they are known.
    """
    from roastery.warehouse.forgetting import Forgetter
    from roastery.warehouse.person import HANDLES, Person, find, matching_hashes
    from roastery.warehouse.person_scan import scan
    from roastery.warehouse.privacy import hash_of

    handles = {handle: value.strip() for handle, value in handles.items() if value and value.strip()}
    if not handles:
        raise BadBody(f"Say whom to look for, by one or more of: {', '.join((*HANDLES, 'text'))}.")
    roastery.freshen(organization)
    warehouse = roastery.warehouse(organization)
    with warehouse.reading(timeout_seconds=600) as cursor:
        persons: list[Person] = []
        for handle in HANDLES:
            if handle in handles:
                persons += find(cursor, warehouse.sealer, handle, handles[handle])
        hashes = {
            hash_
            for kind in ("email", "phone")
            for hash_ in matching_hashes(warehouse.sealer, kind, handles.get(kind, ""))
        }
        ids = {value for kind, value in handles.items() if kind in ("customer_id", "anonymous_id")}
        words = {value for kind, value in handles.items() if kind in ("email", "phone", "text")}
        if len({person.person_id for person in persons}) == 1:
            hashes |= {hash_of(sealed) for sealed in persons[0].sealed} - persons[0].shared
            ids |= {*persons[0].every_id()}
            words |= {warehouse.sealer.open(sealed) for sealed in persons[0].sealed}
        places = scan(cursor, sorted(hashes), sorted(ids), sorted(words))
    names = {name for person in persons for name in _forgetter_of(warehouse, person).needles}
    said = mentions(roastery.database, organization.id, Forgetter(warehouse.sealer, hashes, words | ids | names))
    with roastery.database.session() as session:
        note(session, organization.id, actor.id, "privacy.scan", "", roastery.wall.now(), found=bool(places or said))
    return {"found": bool(places or said), "warehouse": places, "service": said}


def audience_of(
    roastery: "Roastery", organization: Organization, actor: Actor, traits: Mapping[str, str]
) -> dict[str, Any]:
    """The people with these traits who have consented to be written to; the others are counted only."""
    from roastery.warehouse.audience import audience

    roastery.freshen(organization)
    found = audience(roastery.warehouse(organization), {k: v for k, v in traits.items() if v})
    with roastery.database.session() as session:
        note(session, organization.id, actor.id, "privacy.audience", "", roastery.wall.now(), people=len(found.members))
    return {
        "members": [{"customer_id": customer, "email": email} for customer, email in found.members],
        "left_out": {"without_consent": found.without_consent, "without_address": found.without_address},
    }


def retention_json(organization: Organization) -> dict[str, Any]:
    """What is kept for how long; a dataset that is not named is kept for good."""
    from roastery.warehouse.retention import KEEPABLE

    return {"retention": {rule.dataset: rule.days for rule in organization.retention}, "datasets": list(KEEPABLE)}


def preview_retention(roastery: "Roastery", organization: Organization, days: Mapping[str, int]) -> dict[str, Any]:
    """What such rules would take today, and what that does to numbers; nothing is changed."""
    from roastery.warehouse.retention import preview

    roastery.freshen(organization)
    found = preview(roastery.warehouse(organization), rules_of(days))
    return {"removes": [json_of(one) for one in found]}


def set_retention(
    roastery: "Roastery", organization: Organization, actor: Actor, days: Mapping[str, int]
) -> dict[str, Any]:
    """Put rules in force, in the place of those before; the jobs obey them once a day. Errors: as `checked`."""
    changed = with_changes(organization, {"retention": rules_of(days)})
    with roastery.database.session() as session:
        Organizations(session).update(changed)
        note(
            session,
            organization.id,
            actor.id,
            "retention.change",
            organization.id,
            roastery.wall.now(),
            days=dict(days),
        )
    return retention_json(changed)


def keep_retention(roastery: "Roastery", organization: Organization) -> dict[str, Any]:
    """Remove what is older than it is kept. Running it again changes nothing."""
    removed = roastery.warehouse(organization).retain()
    if removed.records:
        with suppress(Busy):  # the next day's run writes the file anew
            roastery.warehouse(organization).compact(COMPACT_WITHIN_SECONDS)
        with roastery.database.session() as session:
            note(
                session,
                organization.id,
                "retention",
                "retention.remove",
                organization.id,
                roastery.wall.now(),
                records=removed.records,
                rows=removed.rows,
            )
    return {"records": removed.records, "rows": removed.rows}


def rules_of(days: Mapping[str, int]) -> tuple[Retention, ...]:
    return checked_retention([Retention(dataset, kept) for dataset, kept in sorted(days.items())])


def json_of(expired: "Expired") -> dict[str, Any]:
    return {
        "dataset": expired.dataset,
        "days": expired.days,
        "before": expired.before.isoformat(),
        "rows": expired.rows,
        "oldest": expired.oldest.isoformat() if expired.oldest else None,
        "consequence": expired.consequence,
    }


def _forgetter_of(warehouse: "Warehouse", person: "Person") -> "Forgetter":
    """Finds a person in texts: what a forgetter of them would take out."""
    from roastery.warehouse.erasing import needles_of
    from roastery.warehouse.forgetting import Forgetter

    hashes = person.hashes(warehouse.sealer)
    with warehouse.reading() as cursor:
        needles = needles_of(cursor, warehouse.sealer, person.every_id(), hashes)
    return Forgetter(warehouse.sealer, hashes, needles.all)
