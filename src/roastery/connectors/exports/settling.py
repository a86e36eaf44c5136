# ruff: noqa: S608 (names of columns are ours; what a file says is bound or quoted)
"""What a file's own cells settle (decimal mark, order of day and month, currency), and what has to be asked."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from roastery.connectors.exports import days, numbers
from roastery.connectors.exports.asked import OPTIONS, Question
from roastery.connectors.exports.base import NUMBERS, Field
from roastery.connectors.exports.headers import currency_of
from roastery.connectors.exports.recognize import Recognized
from roastery.warehouse.columns import table, text_column
from roastery.warehouse.errors import BadQuery
from roastery.warehouse.scalar import count
from roastery.warehouse.sql import quoted

BETWEEN = r"\s[-–—]\s|\b(?:to|bis|au|hasta|tot|até)\b"
COMMA_LANGUAGES = frozenset({"de", "fr", "es", "nl", "pt"})


@dataclass(frozen=True)
class Reader:
    """For whom a file is read. customer_id: an id made of an address, always the same, telling nothing."""

    time_zone: str
    currency: str
    customer_id: Callable[[str], str]
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ExportFile:
    """A file that has been read. scratch: its database, with the table rows and one out_DATASET per filling."""

    found: Recognized
    scratch: duckdb.DuckDBPyConnection
    row_count: int
    language: str
    header_key: str
    assumed: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    datasets: dict[str, int] = field(default_factory=dict)
    rejected: int = 0
    totals: int = 0
    first_day: date | None = None
    last_day: date | None = None
    sums: dict[str, Decimal] = field(default_factory=dict)
    currency: str | None = None

    def faults(self, limit: int) -> list[tuple[int, str, str]]:
        return self.scratch.execute(
            "SELECT row_number, column_name, message FROM faults ORDER BY row_number, column_name LIMIT ?", [limit]
        ).fetchall()

    def sample(self, dataset: str, rows: int) -> list[dict[str, Any]]:
        """The first rows of a dataset as they would land, without personal columns."""
        hidden = {"file_row", "email", "phone", "first_name", "last_name"}
        found = self.scratch.sql(f"FROM out_{dataset} ORDER BY file_row LIMIT {rows}").to_arrow_table().to_pylist()
        return [{k: v for k, v in row.items() if k not in hidden and v is not None} for row in found]


class Settling:
    """Looks at a file's table of texts; each question that stays open is put down in the file."""

    def __init__(self, file: ExportFile, reader: Reader, preamble: Sequence[Sequence[str]]) -> None:
        self.file, self.reader, self.preamble = file, reader, preamble
        self.found, self.export, self.sql = file.found, file.found.export, file.scratch
        self.fields = [self.export.by_name[name] for name in self.found.columns]
        self.numeric = [f for f in self.fields if f.kind in NUMBERS]
        self.dated = [f for f in self.fields if f.kind in ("day", "time")]

    def header(self, f: Field) -> str:
        return self.found.headers[self.found.columns[f.name]].strip()

    def ask(self, name: str, sentence: str, suggestion: str | None = None) -> str | None:
        """The answer to a question, or None, and the question is put down."""
        answer = self.reader.answers.get(name)
        if answer is not None:
            meaning = OPTIONS[name].get(answer, answer)
            self.file.assumed.append(f"{sentence.split('?')[0].rstrip('.')}: as answered, {meaning}.")
            return answer
        self.file.questions.append(Question(name, sentence, OPTIONS[name], suggestion))
        return None

    def mark(self) -> numbers.Mark:
        """The decimal mark: by the cells, else by an answer, else asked."""
        total = [0, 0, 0]
        example = ""
        for f in self.numeric:
            columns = numbers.evidence_columns(f"bare_{f.name}", f.kind == "count")
            row = self.sql.execute(f"SELECT {columns} FROM texts").fetchall()[0]
            total = [a + b for a, b in zip(total, row[:3], strict=True)]
            example = example or row[3] or ""
        evidence = numbers.MarkEvidence(total[0], total[1], total[2], example)
        if evidence.mark == "mixed":
            self.file.warnings.append(
                "The file writes numbers with a decimal point and with a decimal comma: each was read in its only "
                "meaning, and rows where both are possible are refused."
            )
        if evidence.mark is None:
            comma = self.file.language in COMMA_LANGUAGES
            sentence = (
                f"Is '{evidence.example}' a number with decimals, or one with thousands? No cell of the file tells."
            )
            answer = self.ask("decimal_mark", sentence, "comma" if comma else "point")
            return "comma" if answer == "comma" else "point"
        if evidence.mark == "comma":
            self.file.assumed.append("Numbers are written with a decimal comma, as in 1.234,56.")
        return evidence.mark

    def order(self) -> days.Order:
        """Whether days or months come first: by the cells, else by an answer, else asked."""
        total, example = [0, 0, 0], ""
        for f in self.dated:
            row = self.sql.execute(f"SELECT {days.evidence_columns(f.name)} FROM texts WHERE NOT is_total").fetchall()[
                0
            ]
            total = [a + b for a, b in zip(total, row[:3], strict=True)]
            example = example or row[3] or ""
        evidence = days.OrderEvidence(total[0], total[1], total[2], example)
        if evidence.order == "mixed":
            self.file.warnings.append(
                "The file writes dates with the day first and with the month first: rows where both are possible are "
                "refused."
            )
        if evidence.order is None:
            sentence = f"Does '{evidence.example}' begin with the day or the month? No date of the file tells."
            suggestion = "day_first" if self.file.language in COMMA_LANGUAGES else None
            answer = self.ask("dates", sentence, suggestion)
            return "day_first" if answer == "day_first" else "month_first"
        if sum(total):
            first = {"day_first": "the day", "month_first": "the month"}.get(evidence.order)
            self.file.assumed += [f"Dates are written with {first} first, as cells of the file show."] if first else []
        return evidence.order

    def currency(self) -> str:
        """SQL: the currency of a row, by its own column, the header, the cells' signs, an answer; else asked."""
        own = "currency" if "currency" in self.found.columns else ""
        money = [self.export.by_name[m] for m in self.export.money if m in self.found.columns]
        with_money = " OR ".join(f"{f.name} IS NOT NULL" for f in money) or "true"
        lacking = f"SELECT count(*) FROM texts WHERE currency IS NULL AND NOT is_total AND ({with_money})"
        if own and not count(self.sql, lacking):
            return "upper(currency)"
        if not money:
            return f"upper({own})" if own else "NULL"
        named = {code for f in money if (code := currency_of(self.header(f)))}
        if len(named) > 1:
            raise BadQuery(f"The columns name several currencies: {', '.join(sorted(named))}. Export one of them.")
        if named:
            self.file.assumed.append(f"Amounts are in {named.copy().pop()}, as the header says.")
        code = (
            named.pop()
            if named
            else self._currency_of_cells(money)
            or self.ask(
                "currency",
                "In which currency are the amounts? The file does not say.",
                self.reader.currency,
            )
        )
        self.file.currency = code
        fallback = quoted(code) if code else "NULL"
        return f"coalesce(upper({own}), {fallback})" if own else fallback

    def _currency_of_cells(self, money: list[Field]) -> str | None:
        """The one currency that signs or codes in the cells stand for."""
        signs: set[str] = set()
        for f in money:
            rows = self.sql.execute(
                f"SELECT DISTINCT trim(regexp_replace({f.name}, '[0-9.,()\\s''’+−-]+', '', 'g')) FROM texts "
                f"WHERE {f.name} IS NOT NULL LIMIT 20"
            ).fetchall()
            signs |= {row[0].upper() if row[0].isascii() and row[0].isalpha() else row[0] for row in rows if row[0]}
        codes = {numbers.SIGNS.get(sign, sign if len(sign) == 3 and sign.isalpha() else "") for sign in signs}
        code = codes.pop() if len(codes) == 1 else ""
        if code:
            self.file.assumed.append(f"Amounts are in {code}, as the signs in the cells say.")
        return code or None

    def ask_identical(self) -> None:
        if not self.export.sums or not self.numeric:
            return
        some = " OR ".join(
            f"try_cast(regexp_replace(bare_{f.name}, '[.,]', '', 'g') AS DOUBLE) <> 0" for f in self.numeric
        )
        columns = ", ".join(f"c{n}" for n in range(len(self.found.headers)))
        self.sql.execute(
            f"""CREATE TABLE copies AS SELECT row_number FROM cells
            SEMI JOIN (FROM texts WHERE NOT is_total AND ({some})) USING (row_number)
            QUALIFY row_number() OVER (PARTITION BY {columns} ORDER BY row_number) > 1"""
        )
        copies = count(self.sql, "SELECT count(*) FROM copies")
        if not copies:
            return
        rows = "row is" if copies == 1 else "rows are"
        sentence = f"{copies} {rows} the same as another in every column. Do they count once, or each time?"
        if self.ask("identical_rows", sentence) != "each":
            self.sql.execute("DELETE FROM texts WHERE row_number IN (FROM copies)")

    def ask_one_day(self) -> None:
        """A report over many days whose rows all stand on one of them was not broken down by day."""
        if self.file.first_day is None or self.file.first_day != self.file.last_day:
            return
        parts = [part for cells in self.preamble for cell in cells for part in re.split(BETWEEN, cell) if part.strip()]
        named = table({"part": text_column(parts)})
        self.sql.register("named", named)
        first, last = self.sql.execute(
            f"SELECT min(d), max(d) FROM (SELECT {days.day('part', 'month_first')} AS d FROM named)"
        ).fetchall()[0]
        self.sql.unregister("named")
        if first is not None and first != last:
            self.ask(
                "one_day",
                f"The report covers {first} to {last}, but every row stands on {self.file.first_day}. Did all of it "
                "happen on that day? Otherwise export it broken down by day.",
            )
