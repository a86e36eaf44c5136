# ruff: noqa: S608 (names of columns are ours; what a file says is bound or quoted)
"""Reads an exported file: cells become typed rows, what cannot be settled becomes a question, bad rows are told."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from roastery.connectors.exports import days, numbers
from roastery.connectors.exports.base import NUMBERS, Field
from roastery.connectors.exports.cells import TOTAL_WORDS, open_cells, scratch_database
from roastery.connectors.exports.headers import header_set
from roastery.connectors.exports.recognize import Recognized, recognize
from roastery.connectors.exports.settling import ExportFile, Reader, Settling
from roastery.warehouse.columns import table, text_column
from roastery.warehouse.errors import BadQuery
from roastery.warehouse.scalar import count
from roastery.warehouse.sql import quoted

SPOILED = r"^\d(?:[.,]\d+)?E\+?\d+$"
SQL_TYPES = {
    "count": "DECIMAL(24,6)",
    "number": "DECIMAL(24,6)",
    "money": "DECIMAL(24,6)",
    "day": "DATE",
    "time": "TIMESTAMPTZ",
}


def read_export(path: Path, folder: Path, reader: Reader) -> ExportFile:
    """Read a file into a scratch database in `folder`. Errors: BadQuery for a file that is no known export."""
    cells = open_cells(path)
    found = recognize(cells.rows)
    scratch = scratch_database(folder, path.stat().st_size)
    loaded = cells.load(scratch, found.line, len(found.headers))
    language = "en" if "en" in found.languages else found.languages[0]
    file = ExportFile(found, scratch, loaded, language, _key(found))
    file.assumed += cells.remarks
    file.totals = cells.footers
    _Reading(file, reader, cells.rows[: found.line]).run(cells.broken)
    return file


def header_key(path: Path) -> str:
    """What files of one format and the same columns share. Errors: BadQuery as read_export."""
    return _key(recognize(open_cells(path).rows))


def _key(found: Recognized) -> str:
    return f"{found.export.name}\n{header_set(found.headers)}"


class _Reading:
    """The steps from cells to rows of datasets, each as SQL over the whole file."""

    def __init__(self, file: ExportFile, reader: Reader, preamble: Sequence[Sequence[str]]) -> None:
        self.file, self.reader, self.settling = file, reader, Settling(file, reader, preamble)
        self.found, self.export, self.sql = file.found, file.found.export, file.scratch
        self.fields, self.numeric, self.dated = self.settling.fields, self.settling.numeric, self.settling.dated
        self.header = self.settling.header

    def run(self, broken: list[tuple[int, str]]) -> None:
        self.sql.execute("CREATE TABLE faults (row_number BIGINT, column_name VARCHAR, message VARCHAR)")
        if broken:
            self.sql.executemany("INSERT INTO faults VALUES (?, '', ?)", [list(pair) for pair in broken])
        self._refuse_twice()
        self._write_texts()
        self.mark, order = self.settling.mark(), self.settling.order()
        currency = self.settling.currency()
        self.settling.ask_identical()
        self._write_rows(self.mark, order, currency)
        self._check_rows()
        self._fill()
        self._summarize()

    def _refuse_twice(self) -> None:
        """A column that stands twice is fine while both say the same."""
        for name, positions in self.found.twice.items():
            first, *others = (f"c{p}" for p in positions)
            differs = " OR ".join(f"{first} IS DISTINCT FROM {other}" for other in others)
            rows = count(self.sql, f"SELECT count(*) FROM cells WHERE {differs}")
            header = self.found.headers[positions[0]].strip()
            if rows:
                raise BadQuery(
                    f"The column '{header}' stands {len(positions)} times and says something else in {rows} rows. "
                    "Take one of them out of the report."
                )
            self.file.warnings.append(
                f"The column '{header}' ({name}) stands twice with the same values; one was read."
            )

    def _write_texts(self) -> None:
        """Table texts: one column per known field, null for nothing; rows that are totals are marked."""
        width = range(len(self.found.headers))
        clean = ", ".join(f"{numbers.nothing(f'c{n}')} AS c{n}" for n in width)
        # Kept as a table: within one SELECT every use of a cell would clean it again.
        self.sql.execute(f"CREATE TABLE clean AS SELECT row_number, {clean} FROM cells")
        columns = [f"c{p} AS {name}" for name, p in self.found.columns.items()]
        columns += [f"{numbers.bare(f'c{self.found.columns[f.name]}')} AS bare_{f.name}" for f in self.numeric]
        first = ", ".join(f"c{n}" for n in width)
        figures = " OR ".join(f"{f.name} IS NOT NULL" for f in self.numeric) or "true"
        places = [p for p in self.export.places if p in self.found.columns]
        no_place = " AND ".join(f"{p} IS NULL" for p in places) or "false"
        dates = [f.name for f in self.dated]
        no_date = (
            " AND ".join(f"(t.{d} IS NULL OR regexp_matches(t.{d}, '{TOTAL_WORDS}', 'i'))" for d in dates) or "true"
        )
        self.sql.execute(
            f"""CREATE TABLE texts AS
            SELECT *, ({figures}) AND (({no_place}) OR (({no_date}) AND coalesce(
                       regexp_matches(strip_accents(first_cell), '{TOTAL_WORDS}', 'i'), false))) AS is_total
            FROM (SELECT row_number, coalesce({first}) AS first_cell, {", ".join(columns)}
                  FROM clean) t
            WHERE first_cell IS NOT NULL"""
        )
        self.sql.execute("DROP TABLE clean")
        self.file.totals += count(self.sql, "SELECT count(*) FROM texts WHERE is_total")

    def _write_rows(self, mark: numbers.Mark, order: days.Order, currency: str) -> None:
        """Table typed: every declared column, typed; what cannot be read goes to faults."""
        columns = [self._column(f, mark, order) for f in self.export.fields]
        self.sql.execute(
            f"CREATE TABLE typed AS SELECT row_number, {currency} AS row_currency, {', '.join(columns)} "
            "FROM texts WHERE NOT is_total"
        )
        for f in self.fields:
            complaint = {
                "day": "is no day that can be read", "time": "is no time that can be read",
                "count": "is not a whole number that can be read", "number": "is not a number that can be read",
                "money": "is not an amount that can be read",
            }.get(f.kind)  # fmt: skip
            if f.kind == "id":
                self._fault(
                    f,
                    f"regexp_matches(t.{f.name}, '{SPOILED}')",
                    "was changed by a spreadsheet; export again and do not open the file in between",
                )
            elif complaint:
                self._fault(f, f"t.{f.name} IS NOT NULL AND y.{f.name} IS NULL", complaint)

    def _fault(self, f: Field, condition: str, complaint: str) -> None:
        self.sql.execute(
            f"""INSERT INTO faults SELECT y.row_number, ?, chr(39) || left(t.{f.name}, 60) || chr(39) || ' ' || ?
            FROM typed y JOIN texts t USING (row_number) WHERE {condition}""",
            [self.header(f), f"{complaint}."],
        )

    def _column(self, f: Field, mark: numbers.Mark, order: days.Order) -> str:
        kind = SQL_TYPES.get(f.kind, "VARCHAR")
        if f.name not in self.found.columns:
            return f"NULL::{kind} AS {f.name}"
        if f.kind in NUMBERS:
            number = numbers.value(f"bare_{f.name}", mark)
            number = f"CASE WHEN {number} = trunc({number}) THEN {number} END" if f.kind == "count" else number
            return f"CASE WHEN {f.name} IS NULL THEN {'0' if f.zero else 'NULL'} ELSE {number} END AS {f.name}"
        if f.kind == "day":
            return f"{days.day(f.name, order)} AS {f.name}"
        if f.kind == "time":
            is_utc = self.export.utc or "utc" in self.header(f).lower()
            zone = "UTC" if is_utc else self.reader.time_zone
            return f"{days.instant(f.name, order, quoted(zone))} AS {f.name}"
        return f.name

    def _check_rows(self) -> None:
        """Table rows: typed rows without faults, with row_day; a row without a day never counts."""
        day = self.export.day or "NULL::DATE"
        if self.export.day:
            self.sql.execute(
                f"INSERT INTO faults SELECT row_number, '', ? FROM typed WHERE ({day}) IS NULL "
                "AND row_number NOT IN (SELECT row_number FROM faults)",
                [self.export.day_says],
            )
        emails = "email" in self.found.columns
        if emails:
            self._write_customer_ids()
        self.sql.execute(
            f"""CREATE TABLE rows AS
            SELECT t.*, ({day})::DATE AS row_day, {"m.id" if emails else "NULL::VARCHAR"} AS email_id
            FROM typed t {"LEFT JOIN made_ids m ON m.email = t.email" if emails else ""}
            WHERE t.row_number NOT IN (SELECT row_number FROM faults)"""
        )
        self.file.rejected = count(self.sql, "SELECT count(DISTINCT row_number) FROM faults")

    def _write_customer_ids(self) -> None:
        plain = [
            row[0] for row in self.sql.execute("SELECT DISTINCT email FROM typed WHERE email IS NOT NULL").fetchall()
        ]
        made = table(
            {"email": text_column(plain), "id": text_column([self.reader.customer_id(e) or None for e in plain])}
        )
        self.sql.register("made", made)
        self.sql.execute("CREATE TABLE made_ids AS FROM made")
        self.sql.unregister("made")

    def _fill(self) -> None:
        for filling in self.export.fillings:
            select = self._bound(filling.sql)
            self.sql.execute(f"CREATE TABLE out_{filling.dataset} AS {select}")
            made = count(self.sql, f"SELECT count(*) FROM out_{filling.dataset}")
            if made:
                self.file.datasets[filling.dataset] = made

    def _bound(self, sql: str) -> str:
        return sql.replace("{rows}", "rows").replace("{zone}", quoted(self.reader.time_zone))

    def _summarize(self) -> None:
        """Days, sums, and whether they agree with the file's own totals."""
        self.file.assumed += self.export.assumes
        for f in self.export.fields:
            if f.name not in self.found.columns and f.instead[0] in self.found.columns:
                self.file.assumed.append(f.instead[1])
        for sql, sentence in self.export.warns:
            if n := count(self.sql, self._bound(sql)):
                self.file.warnings.append(sentence.replace("{n}", str(n)))
        if self.export.day:
            self.file.first_day, self.file.last_day = self.sql.execute(
                "SELECT min(row_day), max(row_day) FROM rows"
            ).fetchall()[0]
            self.settling.ask_one_day()
        if self.export.told_of in self.file.datasets:
            day = f"(occurred_at AT TIME ZONE {quoted(self.reader.time_zone)})::DATE"
            self.file.first_day, self.file.last_day, self.file.sums["amount"] = self.sql.execute(
                f"SELECT min({day}), max({day}), sum(amount) FROM out_{self.export.told_of}"
            ).fetchall()[0]
        checks = [c for c in self.export.checks if c in self.found.columns]
        for name in checks:
            # What is set aside will not be in the numbers, so it is not in what is shown of them.
            self.file.sums[name] = self._sum(name, "rows")
        if self.file.totals:
            rows = "row" if self.file.totals == 1 else "rows"
            self.file.assumed.append(f"{self.file.totals} {rows} of totals left out.")
            self._compare_totals(checks)

    def _sum(self, name: str, of: str) -> Decimal:
        total = self.sql.execute(f"SELECT sum({name}) FROM {of}").fetchall()[0][0]
        return Decimal(0) if total is None else Decimal(total)

    def _compare_totals(self, checks: list[str]) -> None:
        """The file's own total is of every row, also of those that are set aside."""
        for name in checks:
            f, whole = self.export.by_name[name], self._sum(name, "typed")
            said = self.sql.execute(
                f"SELECT {numbers.value(f'bare_{name}', self.mark)} AS said FROM texts "
                f"WHERE is_total AND {name} IS NOT NULL ORDER BY said DESC NULLS LAST"
            ).fetchall()
            values = [row[0] for row in said if row[0] is not None]
            if values and whole not in values:
                self.file.warnings.append(
                    f"{self.header(f)}: the rows sum to {whole.normalize():f}, the file's own total is "
                    f"{values[0].normalize():f}. "
                    "Rows may be missing from the export, such as removed campaigns."
                )
            elif values and whole != self.file.sums[name]:
                self.file.warnings.append(
                    f"{self.header(f)}: {self.file.sums[name].normalize():f} counts; the file's own total of "
                    f"{whole.normalize():f} holds rows that are set aside."
                )
