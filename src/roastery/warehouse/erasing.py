# ruff: noqa: S608 (names in SQL come from code; what a person gives is bound)
"""Erasure of people out of one organization's file: raw, quarantine, what is known of addresses, and a full build.

Everything happens in one transaction, by tombstones alone, so that a file that was interrupted in it, or that came out
of a backup, is brought up to the journal in the same way when it is opened next.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from roastery.warehouse import build as building
from roastery.warehouse.columns import table, text_column, whole_column
from roastery.warehouse.forgetting import ID, Forgetter, bare, read_json, written_json
from roastery.warehouse.landing import note_addresses
from roastery.warehouse.privacy import PREFIX, Notice, Sealer, hash_of
from roastery.warehouse.state import IMPORT

if TYPE_CHECKING:
    from roastery.warehouse.engine import Warehouse
    from roastery.warehouse.instance import Instance
    from roastery.warehouse.person import Person
    from roastery.warehouse.tombstones import Tombstone

TOKENS_AT_ONCE = 400
"""Alternatives of one pattern; more make RE2 give up."""
SEALED = re.compile(rf"{PREFIX}[0-9a-f]*:[A-Za-z0-9+/=]+")
SHORT = 4
"""A shorter id is looked for only where it stands alone, never inside a text."""

ID_COLUMNS = (
    *((t, "customer_id") for t in ("customers", "transactions", "touchpoints", "web_events", "leads", "opportunities")),
    *((t, "customer_id") for t in ("subscriptions", "appointments", "tickets", "automation_events")),
    *(("customers", "external_customer_id"), ("identity_unlinks", "customer_id")),
    *(("identity_unlinks", "other_customer_id"), ("web_events", "anonymous_id"), ("touchpoints", "anonymous_id")),
    *(("web_events", "session_id"), ("web_events", "click_id"), ("touchpoints", "click_id"), ("leads", "click_id")),
)


@dataclass(frozen=True)
class Needles:
    """What a person is called in plain words: what stands in texts outside of sealed columns is found by these.

    words: addresses, phones and full names; ids: those long enough to mean somebody; hashes: of the tombstones.
    """

    words: tuple[str, ...]
    ids: tuple[str, ...]
    hashes: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.words, *self.ids)


@dataclass(frozen=True)
class Erased:
    """What an erasure changed: raw records, rows kept aside, and what they were found by."""

    records: int
    rows_aside: int
    needles: Needles


OnForget = Callable[[str, Needles], None]
"""Told what is forgotten before the file's transaction ends, so that what is kept elsewhere goes first."""


def missing(warehouse: "Warehouse", tombstones: Sequence["Tombstone"]) -> list["Tombstone"]:
    """The erasures that this file has not seen."""
    known = set(warehouse.query("SELECT erasure_id FROM meta.erasures").column(0).to_pylist())
    return [tombstone for tombstone in tombstones if tombstone.erasure_id not in known]


def erase(
    warehouse: "Warehouse", instance: "Instance", tombstones: Sequence["Tombstone"], on_forget: OnForget | None
) -> Erased:
    """Forget people, in one transaction with a full build; the caller holds the write and the build lock."""
    with instance.transaction() as cursor:
        hashes = {hash_ for tombstone in tombstones for hash_ in tombstone.hashes}
        ids = known_ids(cursor, warehouse.sealer, hashes)
        needles = needles_of(cursor, warehouse.sealer, ids, hashes)
        forgetter = Forgetter(warehouse.sealer, hashes, needles.all)
        records = _redact_raw(cursor, forgetter, ids, needles)
        aside = _redact_quarantine(cursor, forgetter)
        _redact_addresses(cursor, forgetter)
        cursor.execute(
            "INSERT INTO meta.suppressions SELECT h, $at::TIMESTAMPTZ FROM (SELECT unnest($hashes) AS h) "
            "WHERE h NOT IN (SELECT hash FROM meta.suppressions)",
            {"hashes": sorted(hashes), "at": warehouse.clock.now().isoformat()},
        )
        for tombstone in tombstones:
            cursor.execute(
                "INSERT INTO meta.erasures VALUES (?, ?::TIMESTAMPTZ)", [tombstone.erasure_id, tombstone.at.isoformat()]
            )
        if on_forget is not None:
            on_forget(warehouse.organization.id, needles)
        building.rebuild(warehouse, cursor)
    return Erased(records, aside, needles)


def older_hashes(
    cursor: duckdb.DuckDBPyConnection, sealer: Sealer, person: "Person", hashes: Collection[str]
) -> list[str]:
    """Addresses and phones that earlier versions of a person's own records held, unless others hold them now."""
    own = {bare(record) for record in person.records}
    found: set[str] = set()
    for _, _, _, key, text in candidates(cursor, (), person.records, ()):
        if bare(key) in own:
            found.update(SEALED.findall(text))
    older = {
        hash_of(sealed)
        for sealed in found
        if hash_of(sealed) not in hashes
        and any(sealer.hash(kind, sealer.open(sealed)) == hash_of(sealed) for kind in ("email", "phone"))
    }
    taken = cursor.execute(
        "SELECT split_part(email, ':', 3) FROM curated.customers WHERE NOT list_contains($records, customer_id) "
        "UNION SELECT split_part(phone, ':', 3) FROM curated.customers WHERE NOT list_contains($records, customer_id) "
        "UNION SELECT hash FROM meta.addresses WHERE is_role",
        {"records": list(person.records)},
    ).fetchall()
    return sorted(older - {row[0] for row in taken})


def known_ids(cursor: duckdb.DuckDBPyConnection, sealer: Sealer, hashes: Collection[str]) -> list[str]:
    """The ids in the curated tables whose hashes are among these."""
    found: dict[str, None] = {}
    for contract, column in ID_COLUMNS:
        rows = cursor.execute(f"SELECT DISTINCT {column} FROM curated.{contract} WHERE {column} IS NOT NULL").fetchall()
        found.update((text, None) for (text,) in rows if sealer.hash(ID, text) in hashes)
    return list(found)


def needles_of(
    cursor: duckdb.DuckDBPyConnection, sealer: Sealer, ids: Sequence[str], hashes: Collection[str]
) -> Needles:
    """What is known of forgotten people in plain words, before it is gone."""
    words: dict[str, None] = {}
    rows = cursor.execute(
        "SELECT email, phone, first_name, last_name FROM curated.customers WHERE customer_id IN (SELECT unnest($ids)) "
        "UNION SELECT email, phone, NULL, NULL FROM curated.web_events "
        "WHERE split_part(email, ':', 3) IN (SELECT unnest($hashes)) "
        "OR split_part(phone, ':', 3) IN (SELECT unnest($hashes))",
        {"ids": list(ids) or [""], "hashes": sorted(hashes)},
    ).fetchall()
    for email, phone, first, last in rows:
        for sealed in (email, phone):
            if hash_of(sealed) in hashes:
                words[sealer.open(sealed)] = None
        if first and last and (name := f"{sealer.open(first)} {sealer.open(last)}".strip()):
            words[name] = None
    long = [text for text in ids if len(text) >= SHORT and not (text.isdigit() and len(text) < 7)]
    return Needles(tuple(word for word in words if len(word) >= SHORT), tuple(long), tuple(sorted(hashes)))


def candidates(
    cursor: duckdb.DuckDBPyConnection, hashes: Iterable[str], ids: Iterable[str], words: Iterable[str]
) -> Iterator[tuple[int, str, str, str, str]]:
    """(seq, source, resource, key, payload) of the raw records in which one of these stands, each once."""
    seen: set[int] = set()
    for pattern in patterns(hashes, ids, words):
        rows = cursor.execute(
            "SELECT seq, source, resource, key, payload::VARCHAR FROM raw.records "
            "WHERE regexp_matches(payload::VARCHAR, $p) OR regexp_matches(key, $p) ORDER BY seq",
            {"p": pattern},
        ).fetchall()
        for row in rows:
            if row[0] not in seen:
                seen.add(row[0])
                yield row


def patterns(hashes: Iterable[str], ids: Iterable[str], words: Iterable[str]) -> list[str]:
    """Regular expressions (RE2) of sealed values by their hashes, ids that stand alone, and words in any case."""
    alone = dict.fromkeys(text for whole in ids for text in (whole, bare(whole)))
    sealed = [f"{PREFIX}{hash_}:" for hash_ in dict.fromkeys(hashes)]
    found = [f"(?:{_any(part)})" for part in _chunks(sealed)]
    found += [rf"(?:^|[\"/:\[,|]\s*)(?:{_any(part)})(?:$|[\"}}\],/:|?&])" for part in _chunks(list(alone))]
    plain = [form for word in words for form in (word, word.replace("@", "%40"))]
    found += [f"(?i)(?:{_any(part)})" for part in _chunks(list(dict.fromkeys(plain)))]
    return found


def _any(texts: Iterable[str]) -> str:
    return "|".join(re.escape(text) for text in texts)


def _chunks(texts: Sequence[str]) -> list[Sequence[str]]:
    return [texts[start : start + TOKENS_AT_ONCE] for start in range(0, len(texts), TOKENS_AT_ONCE)]


def _redact_raw(cursor: duckdb.DuckDBPyConnection, forgetter: Forgetter, ids: Sequence[str], needles: Needles) -> int:
    """Rewrite every version of every record that tells of them; gives how many."""
    changed: list[tuple[int, str, str]] = []
    for seq, source, resource, key, text in candidates(cursor, forgetter.hashes, ids, needles.words):
        payload, _ = forgetter.rewritten(source, resource, read_json(text))
        new = (forgetter.key(source, resource, key), written_json(payload))
        if new != (key, text):
            changed.append((seq, *new))
    if changed:
        cursor.register(
            "rewritten",
            table(
                {
                    "seq": whole_column([seq for seq, _, _ in changed]),
                    "new_key": text_column([key for _, key, _ in changed]),
                    "new_payload": text_column([payload for _, _, payload in changed]),
                }
            ),
        )
        cursor.execute(
            "UPDATE raw.records SET key = r.new_key, payload = r.new_payload::JSON FROM rewritten r "
            "WHERE r.seq = raw.records.seq"
        )
        cursor.unregister("rewritten")
    return len(changed)


def _redact_quarantine(cursor: duckdb.DuckDBPyConnection, forgetter: Forgetter) -> int:
    """The same for the rows that imports have kept aside; those of fills are made anew by the build."""
    rows = cursor.execute(
        "SELECT rowid, contract, message, record::VARCHAR FROM meta.quarantine WHERE batch_id IS NOT NULL"
    ).fetchall()
    changed = []
    for rowid, contract, message, record in rows:
        payload = None
        if record is not None:
            payload = written_json(forgetter.rewritten(IMPORT, contract, read_json(record))[0])
        new = (forgetter.cleaned(message), payload)
        if new != (message, record):
            changed.append([*new, rowid])
    for values in changed:
        cursor.execute("UPDATE meta.quarantine SET message = ?, record = ?::JSON WHERE rowid = ?", values)
    return len(changed)


def _redact_addresses(cursor: duckdb.DuckDBPyConnection, forgetter: Forgetter) -> None:
    """What is known of their addresses is known of the pseudonyms instead; of desks and shared ones of both."""
    # A forecast names customers by their ids; the next one is made of what is left.
    cursor.execute("DELETE FROM meta.predictions")
    hashes = sorted(forgetter.sealed_seen | forgetter.hashes) or [""]
    known = cursor.execute(
        "SELECT hash, is_role, coalesce(mailbox, '') FROM meta.addresses "
        "WHERE hash IN (SELECT unnest($h)) OR mailbox IN (SELECT unnest($h))",
        {"h": hashes},
    ).fetchall()
    cursor.execute(
        "DELETE FROM meta.addresses WHERE hash IN (SELECT unnest($h)) OR mailbox IN (SELECT unnest($h))",
        {"h": sorted(forgetter.hashes) or [""]},
    )
    note_addresses(cursor, {forgetter.notice_pseudonym(Notice(*row)) for row in known})
