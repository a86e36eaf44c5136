"""Landing: records, cursor, read markers and the source's progress go into raw in one transaction (law 8)."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import uuid4

import duckdb
import pyarrow as pa

from roastery.warehouse.columns import encoded_column, repeated_column, table, text_column, whole_column
from roastery.warehouse.garbage import collecting_later
from roastery.warehouse.privacy import Notice, Sealer
from roastery.warehouse.raw import LandReport, RawBatch, RawRecord, SourceProgress
from roastery.warehouse.scalar import count
from roastery.warehouse.sealing import RecordSealer
from roastery.warehouse.writing import written
from roastery.warehouse.written_records import WrittenRecords

INSERT_RECORDS = """
INSERT INTO raw.records
{latest}
SELECT $base + 1 + position, $batch, $connection, $source, $resource, batch.key, scope, day::DATE,
       CASE WHEN day IS NULL THEN NULL ELSE coalesce(read, $read) END, batch.deleted::BOOLEAN, batch.payload,
       $landed_at::TIMESTAMPTZ
FROM batch {changed}
"""

LATEST = """
WITH latest AS (
    SELECT key, arg_max(payload::VARCHAR, seq) AS payload, arg_max(deleted, seq) AS deleted
    FROM raw.records
    WHERE connection_id = $connection AND resource = $resource AND partition_day IS NULL
      AND key IN (SELECT key FROM batch WHERE day IS NULL)
    GROUP BY key)"""
CHANGED = """
LEFT JOIN latest ON latest.key = batch.key AND batch.day IS NULL
WHERE latest.key IS NULL OR latest.payload <> batch.payload OR latest.deleted <> batch.deleted::BOOLEAN"""

# Keyed records that already stand in raw with the same content are not landed again; days are replaced anyhow.
INSERT_KEYED = INSERT_RECORDS.format(latest=LATEST, changed=CHANGED)
INSERT_DAYS = INSERT_RECORDS.format(latest="", changed="")


def as_table(records: Sequence[RawRecord], payloads: Sequence[bytes]) -> pa.Table:
    """Arrow rows of a batch as text, the last version of each key in its read.

    Columns: position, key, scope, day, read, deleted, payload.
    """
    last = {(r.scope, r.day, r.read_id, r.key): place for place, r in enumerate(records)}
    if len(last) < len(records):
        kept = sorted(last.values())
        records, payloads = [records[place] for place in kept], [payloads[place] for place in kept]
    days = {day: day.isoformat() if day else None for day in {r.day for r in records}}
    return table(
        {
            "position": whole_column(range(len(records))),
            "key": text_column([r.key for r in records]),
            "scope": text_column([r.scope for r in records]),
            "day": text_column([days[r.day] for r in records]),
            "read": text_column([r.read_id for r in records]),
            "deleted": text_column(["true" if r.deleted else "false" for r in records]),
            "payload": encoded_column(payloads),
        }
    )


AS_JSON = pa.json_(pa.large_utf8())

LAST_OF_EACH = """
SELECT * FROM batch WHERE position IN (SELECT max(position) FROM batch GROUP BY key, scope, day, read)
ORDER BY position"""


def as_written(cursor: duckdb.DuckDBPyConnection, records: WrittenRecords) -> pa.Table:
    """`as_table` of records that are columns already. Their payloads are known to be JSON: none is looked at again."""
    given = records.table
    texts = given.schema.get_field_index("payload")
    as_json = [pa.ExtensionArray.from_storage(AS_JSON, part) for part in given.column(texts).chunks]
    given = given.set_column(texts, "payload", pa.chunked_array(as_json, AS_JSON))
    position, deleted = whole_column(range(given.num_rows)), repeated_column(["false"] * given.num_rows)
    rows = given.append_column("position", position).append_column("deleted", deleted)
    cursor.register("batch", rows)
    # Hashes that meet by chance only have the rows looked at more closely.
    if count(cursor, "SELECT count(DISTINCT hash(key, scope, day, read)) FROM batch") < rows.num_rows:
        rows = cursor.sql(LAST_OF_EACH).to_arrow_table()
    cursor.unregister("batch")
    return rows


def land(cursor: duckdb.DuckDBPyConnection, sealer: Sealer, batch: RawBatch, now: datetime) -> LandReport:
    """Write a batch inside the caller's transaction."""
    suppressed = {row[0] for row in cursor.execute("SELECT hash FROM meta.suppressions").fetchall()}
    seal = RecordSealer(sealer, batch.personal, suppressed, batch.source, batch.resource)
    if isinstance(batch.records, WrittenRecords) and not seal.changes_any:
        rows = as_written(cursor, batch.records)
    else:
        rows = _sealed(batch.records, seal)
    batch_id = uuid4().hex
    note_addresses(cursor, seal.notices)
    landed, last_seq = land_table(cursor, batch, rows, batch_id, now)
    if batch.cursor is not None:
        write_cursor(cursor, batch, now)
    write_progress(cursor, batch.connection_id, batch.source, batch.resource, batch.progress, now)
    return LandReport(batch_id, landed, rows.num_rows - landed, seal.suppressed_records, last_seq)


def _sealed(records: Sequence[RawRecord], seal: RecordSealer) -> pa.Table:
    """Records as rows, with what is personal in them sealed."""
    with collecting_later():
        if not seal.changes_any:
            return as_table(records, written((r.payload for r in records), in_order=True))
        sealed = (r.payload if r.deleted else seal.seal(r.payload) for r in records)
        texts = written(sealed, in_order=True)
        return as_table([r._replace(key=seal.key(r.key)) for r in records], texts)


def note_addresses(cursor: duckdb.DuckDBPyConnection, notices: Collection[Notice]) -> None:
    """Keep what sealing noticed of addresses, once."""
    if not notices:
        return
    found = sorted(notices, key=lambda n: n.hash)
    noticed = table(
        {
            "hash": text_column([n.hash for n in found]),
            "is_role": text_column(["true" if n.is_role else "false" for n in found]),
            "mailbox": text_column([n.mailbox_hash or None for n in found]),
        }
    )
    cursor.register("noticed", noticed)
    cursor.execute(
        "INSERT INTO meta.addresses SELECT hash, is_role::BOOLEAN, mailbox FROM noticed n "
        "WHERE NOT EXISTS (FROM meta.addresses a WHERE a.hash = n.hash)"
    )
    cursor.unregister("noticed")


def land_table(
    cursor: duckdb.DuckDBPyConnection, batch: RawBatch, rows: pa.Table, batch_id: str, now: datetime
) -> tuple[int, int]:
    """Insert rows shaped by as_table, skipping unchanged keyed ones, and the markers of the reads that are whole.

    Gives how many were inserted, and the last sequence number in use.
    """
    base = count(cursor, "SELECT last_seq FROM meta.sequence")
    landed = 0
    if rows.num_rows:
        cursor.register("batch", rows)
        landed = count(
            cursor,
            INSERT_KEYED if rows["day"].null_count else INSERT_DAYS,
            {
                "base": base,
                "batch": batch_id,
                "connection": batch.connection_id,
                "source": batch.source,
                "resource": batch.resource,
                "read": batch.read_id,
                "landed_at": now.isoformat(),
            },
        )
        cursor.unregister("batch")
    # Numbers have gaps where a record was the same; with nothing new none is used.
    marked = mark_reads(cursor, batch, base + rows.num_rows if landed else base)
    if marked > base:
        cursor.execute("UPDATE meta.sequence SET last_seq = ?", [marked])
    return landed, marked


def mark_reads(cursor: duckdb.DuckDBPyConnection, batch: RawBatch, last_seq: int) -> int:
    """Note which reads are whole; gives the last sequence number in use.

    A marker takes a number of its own, so that a later one always wins over an earlier one.
    """
    marks = [
        (read, day.isoformat(), last_seq + place)
        for place, read in enumerate(batch.completed, start=1)
        for day in read.days
    ]
    if marks:
        days = {
            "scope": text_column([read.scope for read, _, _ in marks]),
            "day": text_column([day for _, day, _ in marks]),
            "read": text_column([read.read_id or batch.read_id for read, _, _ in marks]),
            "seq": whole_column([seq for _, _, seq in marks]),
        }
        cursor.register("days", table(days))
        cursor.execute(
            "INSERT INTO raw.reads SELECT ?, ?, scope, day::DATE, read, seq FROM days",
            [batch.connection_id, batch.resource],
        )
        cursor.unregister("days")
    return last_seq + len(batch.completed)


def write_cursor(cursor: duckdb.DuckDBPyConnection, batch: RawBatch, now: datetime) -> None:
    where = [batch.connection_id, batch.resource]
    cursor.execute("DELETE FROM meta.cursors WHERE connection_id = ? AND resource = ?", where)
    cursor.execute(
        "INSERT INTO meta.cursors VALUES (?, ?, ?, ?::TIMESTAMPTZ)",
        [*where, json.dumps(batch.cursor, default=str), now.isoformat()],
    )


def write_progress(
    cursor: duckdb.DuckDBPyConnection,
    connection_id: str,
    source: str,
    resource: str,
    progress: SourceProgress,
    now: datetime,
) -> None:
    """Move a source's marks: as-of and completeness only forward, the beginning of history only back."""
    found = cursor.execute(
        "DELETE FROM meta.sources WHERE connection_id = ? AND resource = ? "
        "RETURNING data_as_of::VARCHAR, complete_through, history_since",
        [connection_id, resource],
    ).fetchall()
    kept = found[0] if found else (None, None, None)
    cursor.execute(
        """INSERT INTO meta.sources SELECT $connection, $source, $resource, $now::TIMESTAMPTZ,
           greatest($old_as_of::TIMESTAMPTZ, coalesce($as_of, $now)::TIMESTAMPTZ),
           greatest($old_through::DATE, $through::DATE), least($old_since::DATE, $since::DATE)""",
        {
            "connection": connection_id,
            "source": source,
            "resource": resource,
            "now": now.isoformat(),
            "old_as_of": kept[0],
            "as_of": progress.data_as_of.isoformat() if progress.data_as_of else None,
            "old_through": kept[1],
            "through": progress.complete_through,
            "old_since": kept[2],
            "since": progress.history_since,
        },
    )
