# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""Imports and events: rows of a contract, checked one by one, landed in raw by key, the bad ones told (CONTRACTS 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from roastery.warehouse import ecb, tabular
from roastery.warehouse.columns import table, text_column, whole_column
from roastery.warehouse.contracts import Column, Contract, contract
from roastery.warehouse.errors import BadQuery, nearest
from roastery.warehouse.forgetting import Forgetter
from roastery.warehouse.forgetting_rows import ForgettingRows
from roastery.warehouse.instance import Instance
from roastery.warehouse.landing import note_addresses, write_progress
from roastery.warehouse.likely import likely_headers
from roastery.warehouse.money import minor_digits
from roastery.warehouse.privacy import Notice, Sealer
from roastery.warehouse.raw import SourceProgress
from roastery.warehouse.row_checks import checked_select
from roastery.warehouse.rules import Now, Rule, doubtful, doubts, rule
from roastery.warehouse.scalar import count
from roastery.warehouse.sql import name, quoted
from roastery.warehouse.state import IMPORT

if TYPE_CHECKING:
    from roastery.warehouse.engine import Warehouse

ERRORS_LISTED = 1_000
NO_KEY, NEEDED = "The key is missing.", "A new row needs this column."
QUARANTINED_ROWS = 10_000


@dataclass(frozen=True)
class RowError:
    """What is wrong with one cell. row: 1-based among the data rows of the file."""

    row: int
    column: str
    message: str


@dataclass(frozen=True)
class ImportReport:
    """What became of rows. accepted: distinct keys; rejected: rows at fault; changed: keys that say otherwise now."""

    import_id: str
    dataset: str
    accepted: int
    rejected: int
    errors: tuple[RowError, ...] = ()
    error_count: int = 0
    warnings: tuple[str, ...] = field(default=())
    changed: int = 0

    @property
    def unchanged(self) -> int:
        return self.accepted - self.changed


def import_data(
    warehouse: "Warehouse", instance: Instance, dataset: str, data: Path | bytes | pa.Table, content_type: str | None
) -> ImportReport:
    """Read, check and land rows; the caller holds the write lock and builds afterwards."""
    target = contract(dataset)
    if dataset == "fx_rates" and not isinstance(data, pa.Table) and ecb.is_reference_file(data):
        data = ecb.read_rates(data)
    source = tabular.open_source(data, content_type)
    try:
        return _Import(warehouse, instance, target).run(source)
    finally:
        source.close()


def import_mappings(
    warehouse: "Warehouse", instance: Instance, dataset: str, rows: Sequence[Mapping[str, Any]]
) -> ImportReport:
    return _Import(warehouse, instance, contract(dataset)).run(tabular.from_mappings(rows))


def delete_mappings(
    warehouse: "Warehouse", instance: Instance, dataset: str, rows: Sequence[Mapping[str, Any]]
) -> ImportReport:
    """Land a deletion for each row's key that stands among the imports."""
    target = contract(dataset)
    keys_only = [{k: row[k] for k in target.key if k in row} for row in rows]
    return _Import(warehouse, instance, target).run(tabular.from_mappings(keys_only), deleting=True)


def delete_table(warehouse: "Warehouse", instance: Instance, dataset: str, keys: pa.Table) -> ImportReport:
    """delete_mappings for a table of key columns."""
    return _Import(warehouse, instance, contract(dataset)).run(tabular.open_source(keys, None), deleting=True)


class _Import:
    """One import, in one transaction. Chunk by chunk the rows are checked and kept as (row_number, key, payload)."""

    def __init__(self, warehouse: "Warehouse", instance: Instance, target: Contract) -> None:
        self.instance = instance
        self.target = target
        self.sealer: Sealer = warehouse.sealer
        clock = warehouse.clock
        zone = warehouse.organization.time_zone
        self.currency = warehouse.organization.currency
        self.now = Now(clock.now(), clock.today(zone), zone)
        self.rules: dict[str, Rule] = {c.name: rule(c, self.now) for c in target.columns}
        self.import_id = f"imp_{uuid4().hex}"
        self.remarks: dict[str, None] = {}
        self.likely: dict[str, str] = {}
        self.has_forgotten = False

    def run(self, source: tabular.Source, *, deleting: bool = False) -> ImportReport:
        with self.instance.cursor() as cursor:
            cursor.execute(
                "CREATE OR REPLACE TEMP TABLE staged (row_number BIGINT, key VARCHAR, payload VARCHAR);"
                "CREATE OR REPLACE TEMP TABLE faults "
                "(row_number BIGINT, column_name VARCHAR, message VARCHAR, record VARCHAR)"
            )
            self.has_forgotten = bool(count(cursor, "SELECT count(*) FROM meta.suppressions"))
            # Checked before the transaction: within it, every table that is replaced would stay until its end.
            self._read_chunks(cursor, source)
            # Winners by number alone: a large file's payloads are neither aggregated nor written a second time.
            cursor.execute(
                "CREATE OR REPLACE TEMP TABLE winners AS SELECT max(row_number) AS row_number FROM staged GROUP BY key;"
                "CREATE OR REPLACE TEMP VIEW latest AS SELECT key, row_number, payload FROM staged "
                "SEMI JOIN winners USING (row_number)"
            )
            with self.instance.committing(cursor):
                if not deleting:
                    self._require_columns(cursor)
                changed = self._land(cursor, deleting=deleting)
                self._name_likely(cursor)
                report = self._report(cursor, source, changed)
                self._quarantine(cursor)
                if changed:
                    write_progress(cursor, IMPORT, IMPORT, self.target.name, SourceProgress(), self.now.at)
        return report

    def _read_chunks(self, cursor: duckdb.DuckDBPyConnection, source: tabular.Source) -> None:
        good = 0
        try:
            for chunk in source.chunks:
                rows = tabular.numbered(chunk, good, source.broken)
                good += chunk.num_rows
                self._check_chunk(cursor, source, rows)
        except pa.ArrowInvalid as error:
            raise BadQuery(f"The file cannot be read: {str(error).splitlines()[0]}") from error
        if not good and not source.broken:
            raise BadQuery("There are no rows to import.")
        numbers, messages = [row for row, _ in source.broken], [message for _, message in source.broken]
        broken = table({"row": whole_column(numbers), "message": text_column(messages)})
        cursor.register("broken", broken)
        cursor.execute("INSERT INTO faults SELECT row, '', message, NULL FROM broken")
        cursor.unregister("broken")

    def _check_chunk(self, cursor: duckdb.DuckDBPyConnection, source: tabular.Source, rows: pa.Table) -> None:
        cursor.register("chunk", rows)
        found = tabular.columns_of(source, cursor)
        self._note_likely(found)
        self._note_unknown(found)
        if source.is_json:
            cursor.execute(
                "INSERT INTO faults SELECT row_number, '', 'The line is not a JSON object.', NULL FROM chunk "
                f"WHERE NOT {tabular.IS_OBJECT}"
            )
        else:
            self._note_missing_keys(found)
        present = tuple(c for c in self.target.columns if c.is_key or c.name in found)
        text = tabular.text_select(present, found, source, cursor)
        if any(c.personal for c in present) or self.has_forgotten:
            sealed = self._seal(cursor.sql(text).to_arrow_table(), cursor)
            cursor.register("chunk", sealed)
            text = "SELECT * FROM chunk"
        rules = self._doubted(cursor, present, text) if source.has_commas else self.rules
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE checked AS {checked_select(self.target, rules, present, text)}")
        cursor.unregister("chunk")
        cursor.execute(
            "INSERT INTO faults SELECT row_number, fault.column_name, fault.message, record FROM "
            "(SELECT row_number, record, unnest(faults) AS fault FROM checked WHERE len(faults) > 0)"
        )
        cursor.execute("INSERT INTO staged SELECT row_number, key, payload FROM checked WHERE len(faults) = 0")
        for row in cursor.execute("SELECT DISTINCT unnest(remarks) FROM checked ORDER BY 1 LIMIT 20").fetchall():
            self._remark(row[0])

    def _doubted(self, cursor: duckdb.DuckDBPyConnection, present: Sequence[Column], text: str) -> dict[str, Rule]:
        """The rules, stricter where all dots of a column of money may part thousands; unit prices have any digits."""
        money = [c for c in present if c.type == "money" and not c.name.startswith("unit_")]
        if not money or minor_digits(self.currency) == 3:
            return self.rules
        found = cursor.execute(f"SELECT {', '.join(map(doubts, money))} FROM ({text})").fetchall()[0]
        doubted = {c.name: doubtful(c, self.rules[c.name]) for c, is_so in zip(money, found, strict=True) if is_so}
        return self.rules | doubted

    def _seal(self, rows: pa.Table, cursor: duckdb.DuckDBPyConnection) -> pa.Table:
        """Seal personal columns before they enter the file; rows of forgotten people lose them."""
        personal = {c: kind for c, kind in self.target.personal.items() if c in rows.column_names}
        noticed: dict[str, Notice] = {}
        for column, kind in personal.items():
            coded = pc.dictionary_encode(rows.column(column).combine_chunks())
            plain = coded.dictionary.to_pylist()
            sealed = text_column([None if v is None else self.sealer.seal(kind, v) for v in plain])
            rows = rows.set_column(rows.column_names.index(column), column, sealed.take(coded.indices))
            if kind == "email":
                found = (self.sealer.notice(kind, v) for v in plain if v is not None)
                noticed.update({notice.hash: notice for notice in found if notice is not None})
        forgotten = {row[0] for row in cursor.execute("SELECT hash FROM meta.suppressions").fetchall()}
        if not forgotten:
            note_addresses(cursor, noticed.values())
            return rows
        forgetting = ForgettingRows(Forgetter(self.sealer, forgotten), self.target.name, noticed)
        rows = forgetting.rewritten(rows)
        note_addresses(cursor, forgetting.notices)
        return rows

    def _require_columns(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """A new key needs every required column; a known one keeps what is stored."""
        stored_key = self._stored_key()
        for column in self.target.columns:
            if not column.required or column.is_key:
                continue
            missing = f"""SELECT l.key, l.row_number FROM latest l
                WHERE json_type(l.payload, '$.{column.name}') IS NULL
                  AND NOT EXISTS (FROM curated.{self.target.name} c WHERE {stored_key} = l.key)
                  AND NOT EXISTS (FROM raw.records r WHERE r.connection_id = '{IMPORT}' AND r.key = l.key
                                  AND r.resource = {quoted(self.target.name)})"""
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE incomplete AS {missing}")
            cursor.execute(
                f"INSERT INTO faults SELECT s.row_number, ?, {quoted(NEEDED)}, NULL "
                "FROM staged s SEMI JOIN incomplete USING (key)",
                [column.name],
            )
            cursor.execute("DELETE FROM winners WHERE row_number IN (SELECT row_number FROM incomplete)")

    def _stored_key(self) -> str:
        parts = [f"coalesce(c.{name(k)}::VARCHAR, '')" for k in self.target.key]
        return parts[0] if len(parts) == 1 else f"to_json([{', '.join(parts)}])::VARCHAR"

    def _land(self, cursor: duckdb.DuckDBPyConnection, *, deleting: bool) -> int:
        """Write what says otherwise than the stored version; a column that a row does not carry keeps its value."""
        merged = ", ".join(
            f"{quoted(chr(34) + c + chr(34) + ':')} || coalesce(l.payload->{quoted('$.' + name(c))}, "
            f"s.payload->{quoted('$.' + name(c))})::VARCHAR"
            for c in self.target.column_names
        )
        payload = (
            "'{}'"
            if deleting
            else f"CASE WHEN s.key IS NULL THEN l.payload ELSE '{{' || concat_ws(',', {merged}) || '}}' END"
        )
        differs = "s.key IS NOT NULL" if deleting else "payload_now IS DISTINCT FROM stored"
        base = count(cursor, "SELECT last_seq FROM meta.sequence")
        # Rows are numbered already: numbering them anew would sort payloads, which a large file has no memory for.
        changed = count(
            cursor,
            f"""INSERT INTO raw.records
            WITH s AS (
                SELECT key, payload FROM raw.records SEMI JOIN (
                    SELECT max(seq) AS seq FROM raw.records
                    WHERE connection_id = '{IMPORT}' AND resource = {quoted(self.target.name)}
                      AND key IN (SELECT key FROM latest)
                    GROUP BY key) USING (seq)
                WHERE NOT deleted)
            SELECT $base + row_number, $import, '{IMPORT}', '{IMPORT}', $dataset, key, NULL, NULL, NULL, $deleting,
                   payload_now, $now::TIMESTAMPTZ
            FROM (SELECT l.row_number, l.key, {payload} AS payload_now, s.payload::VARCHAR AS stored
                  FROM latest l LEFT JOIN s ON s.key = l.key WHERE {differs})""",
            {
                "base": base,
                "import": self.import_id,
                "dataset": self.target.name,
                "deleting": deleting,
                "now": self.now.at.isoformat(),
            },
        )
        if changed:
            cursor.execute("UPDATE meta.sequence SET last_seq = ? + (SELECT max(row_number) FROM staged)", [base])
        return changed

    def _report(self, cursor: duckdb.DuckDBPyConnection, source: tabular.Source, changed: int) -> ImportReport:
        listed = cursor.execute(
            "SELECT row_number, column_name, message FROM faults ORDER BY row_number, column_name "
            f"LIMIT {ERRORS_LISTED}"
        ).fetchall()
        return ImportReport(
            self.import_id,
            self.target.name,
            accepted=count(cursor, "SELECT count(*) FROM winners"),
            rejected=count(cursor, "SELECT count(DISTINCT row_number) FROM faults"),
            errors=tuple(RowError(*row) for row in listed),
            error_count=count(cursor, "SELECT count(*) FROM faults"),
            warnings=(*source.remarks, *self.remarks),
            changed=changed,
        )

    def _quarantine(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Keep rows at fault aside once, without their personal columns."""
        cursor.execute(
            f"""INSERT INTO meta.quarantine
            SELECT $import, $dataset, '{IMPORT}', row_number, column_name, message, record, $now::TIMESTAMPTZ
            FROM faults f
            WHERE NOT EXISTS (FROM meta.quarantine q WHERE q.contract = $dataset AND q.row_number = f.row_number
                              AND q.message = f.message AND q.record IS NOT DISTINCT FROM f.record)
            ORDER BY row_number, column_name LIMIT {QUARANTINED_ROWS}""",
            {"import": self.import_id, "dataset": self.target.name, "now": self.now.at.isoformat()},
        )

    def _note_unknown(self, found: Mapping[str, str]) -> None:
        """A remark for each column that the contract does not have. Errors: BadQuery when it has none of them."""
        if found and not any(column in self.target.by_name for column in found):
            if not all(column.isprintable() for column in found):
                raise BadQuery("This file is no table of text. Export it as CSV, JSON lines or Parquet.")
            told = [f"'{header}' is likely {column}" for column, header in self.likely.items()]
            raise BadQuery(
                f"None of the columns is one of {self.target.name}: {', '.join(list(found)[:12])}."
                + (f" {'; '.join(told)}." if told else ""),
                allowed=self.target.column_names,
            )
        meant = {header: column for column, header in self.likely.items()}
        for column in found:
            if column not in self.target.by_name:
                near = meant.get(column) or nearest(column, self.target.column_names)
                hint = f" Did you mean '{near}'?" if near else ""
                self._remark(f"'{column}' is not a column of {self.target.name} and was left out.{hint}")

    def _note_likely(self, found: Mapping[str, str]) -> None:
        """For each needed column that the file lacks the header that is probably it, each header once."""
        strangers = [column for column in found if column not in self.target.by_name]
        missing = [c for c in self.target.columns if (c.is_key or c.required) and c.name not in found]
        self.likely |= likely_headers(missing, strangers)

    def _name_likely(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Say in the rejections which header is probably the one that is missed."""
        for column, header in self.likely.items():
            cursor.execute(
                "UPDATE faults SET message = message || ? WHERE column_name = ? AND message IN (?, ?)",
                [f" '{header}' is likely it: name that column {column}.", column, NO_KEY, NEEDED],
            )

    def _note_missing_keys(self, found: Mapping[str, str]) -> None:
        """A remark where rows get '' for a part of their key, for rows that differ only there become one."""
        missing = [column.name for column in self.target.columns if column.is_key and column.name not in found]
        if missing:
            self._remark(f"Every row has '' for what is part of the key and not in the file: {', '.join(missing)}.")

    def _remark(self, text: str) -> None:
        if len(self.remarks) < 50:
            self.remarks.setdefault(text, None)
