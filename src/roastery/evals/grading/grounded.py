"""Numerals of an answer, read as a person reads them: each is a fact's, a name's, a day's or an echo of the call.

Written apart from the agent's own rendering and verification. A numeral stands when it is
- a fact's value, rounded as far as it is written, with the mark (%, ×, currency) that the fact's unit allows;
- part of a name out of the organization's data, or of a metric's definition, or of a caveat that a receipt keeps;
- part of a date, a month, a quarter or a year of the periods of facts and receipts, or the length of such a period;
- echoed: a number of the tool call's arguments, or of the question.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from roastery.agent.answer import Answer
from roastery.tools.base import Fact, Receipt

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
DATES = re.compile(
    rf"\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]\d{{2}}:\d{{2}}(?::\d{{2}})?Z?)?|Q[1-4](?: \d{{4}})?"
    rf"|\d{{1,2}}–\d{{1,2}} {MONTH}(?: \d{{4}})?|\d{{1,2}} {MONTH}(?: \d{{4}})?"
    rf"|\d{{1,2}} and \d{{1,2}} {MONTH}(?: \d{{4}})?"
    rf"|{MONTH} \d{{4}}|\b20\d{{2}}\b"
)
NUMERAL = re.compile(
    r"(?P<sign>[-−+])?(?P<mark>[A-Z]{0,3}[$€£]|EUR |GBP |USD )?\s?(?P<number>\d[\d,]*(?:\.\d+)?)\s?(?P<unit>%|×)?"
)
IN_WORDS = re.compile(r"\b(?:doubled|tripled|halved|twice|thrice|dozen|two thirds|a third of|a quarter of)\b", re.I)
TELLS = re.compile(rf"\d|{IN_WORDS.pattern}", re.IGNORECASE)
LONG_ID = 6
"""Digits alone are an id, rather than a number, from this length on."""


@dataclass(frozen=True)
class Said:
    """A numeral as it is written. places: digits after the point."""

    text: str
    value: Decimal
    places: int
    is_money: bool
    unit: str


@dataclass(frozen=True)
class Grounds:
    """What the numerals of one answer may stand on. names: values of dimensions as people see them."""

    answer: Answer
    names: Iterable[str]
    definitions: Iterable[str]

    def faults(self) -> list[str]:
        """Numerals without ground, in sentences; nothing when each has one."""
        text = self._without_quotes(self.answer.text)
        found = [f"“{said.text}” in “{self._around(text, said)}” is no fact" for said in self._ungrounded(text)]
        found += [f"“{word}” is no fact" for word in IN_WORDS.findall(text)]
        return found + list(table_faults(self.answer))

    def _ungrounded(self, text: str) -> Iterator[Said]:
        text = DATES.sub(lambda m: " " if self._is_told_date(m[0]) else m[0], text)
        for said in numerals(text):
            if not (self._is_echo(said) or any(is_value(said, fact) for fact in self.answer.facts)):
                yield said

    def _without_quotes(self, text: str) -> str:
        """The text without names, definitions and kept caveats: they are the data's and the tools' own."""
        text = re.sub(r"\(\d+ more with the receipt\.\)", "", text.replace("\\", ""))
        said_once = {c for r in self.answer.receipts for c in r.caveats}
        own = {v for f in self.answer.facts for v in f.dimensions.values()}
        names = [name for name in (*self.names, *own) if not name.isdigit() or len(name) >= LONG_ID]
        quoted = [*said_once, *self.definitions, *names]
        for quote in sorted({q.strip().rstrip(".") for q in quoted if TELLS.search(q)}, key=len, reverse=True):
            if quote in text:
                text = text.replace(quote, " ")
            elif len(quote) > 78 and (cut := quote[:78].rstrip()) in text:
                text = re.sub(re.escape(cut) + r"\S*…", " ", text)
        return text

    @cached_property
    def _days(self) -> set[date]:
        """First and last days of every period, and days that receipts speak of."""
        found: set[date] = set()
        for part in (*(f.period for f in self.answer.facts), *(r.period for r in self.answer.receipts)):
            if part is not None:
                found |= {part.start, part.end, part.end - timedelta(days=1)}
        for receipt in self.answer.receipts:
            found |= set(days_in(receipt_days(receipt)))
        return found | set(days_in(json.dumps([*self._calls, self.answer.notes.get("reading")], default=str)))

    def _is_told_date(self, text: str) -> bool:
        """Whether a written date, month, quarter or year is one of the periods' own."""
        if iso := re.match(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(iso[0]) in self._days
        if quarter := re.match(r"Q([1-4])", text):
            months = {(d.month - 1) // 3 + 1 for d in self._days}
            return int(quarter[1]) in months or f"q{quarter[1]}" in self.answer.question.lower()
        year = re.search(r"\d{4}", text)
        if year and int(year[0]) not in {d.year for d in self._days}:
            return False
        named = re.search(MONTH, text)
        if named is None:
            return True
        month = MONTHS.index(named[0][:3].lower()) + 1
        if named[0][:3] == text[:3]:
            return any(d.month == month for d in self._days)
        numbers = [int(n) for n in re.findall(r"(?<!\d)\d{1,2}(?!\d)", text)]
        return all(any(d.day == n and d.month == month for d in self._days) for n in numbers)

    @cached_property
    def _calls(self) -> list[Any]:
        return [*self.answer.notes.get("calls", ()), *self.answer.notes.get("approvals", ())]

    @cached_property
    def _echoes(self) -> set[Decimal]:
        said = json.dumps(self._calls, default=str, ensure_ascii=False) + " " + self.answer.question
        found = {n.value for n in numerals(re.sub(r"(\d)\s?[kK]\b", r"\g<1>000", said.replace("_", " ")))}
        for receipt in self.answer.receipts:
            found |= {n.value for n in numerals(json.dumps(receipt.attribution, default=str).replace("_", " "))}
        for part in (*(f.period for f in self.answer.facts), *(r.period for r in self.answer.receipts)):
            if part is not None:
                days = (part.end - part.start).days
                found |= {Decimal(days), Decimal(days // 7), Decimal(round(days / 30.4))}
        return found

    def _is_echo(self, said: Said) -> bool:
        value = said.value / 100 if said.unit == "%" else said.value
        return said.unit != "×" and value in self._echoes

    @staticmethod
    def _around(text: str, said: Said) -> str:
        at = max(text.find(said.text), 0)
        return " ".join(text[max(0, at - 40) : at + 30].split())


def numerals(text: str) -> Iterator[Said]:
    for found in NUMERAL.finditer(text):
        digits = found["number"].rstrip(",").replace(",", "")
        if not digits:
            continue
        places = len(digits.partition(".")[2])
        value = Decimal(digits)
        yield Said(found[0].strip(), value, places, bool(found["mark"]), found["unit"] or "")


def is_value(said: Said, fact: Fact) -> bool:
    """Whether a numeral is a fact's value, rounded to the places in which it is written."""
    if fact.value is None:
        return False
    part = fact.kind in ("change_ratio", "share") or fact.unit in ("ratio", "percent_ratio")
    if said.unit == "%":
        if not part and fact.unit != "percent":
            return False
        value = fact.value * 100 if part else fact.value
    elif said.is_money:
        if fact.currency is None or fact.kind in ("change_ratio", "share"):
            return False
        value = fact.value
    else:
        if fact.currency is not None and fact.unit not in ("ratio", "multiple", "rank"):
            return False
        value = fact.value
    return abs(abs(value) - said.value) <= Decimal("0.5000001").scaleb(-said.places)


def table_faults(answer: Answer) -> Iterator[str]:
    """Cells of figures that are no fact, or say another value than theirs."""
    facts = {fact.id: fact for fact in answer.facts}
    values = {fact.value for fact in answer.facts}
    for table in answer.tables:
        kinds = {str(c["name"]): c.get("kind") for c in table.columns}
        ids = table.fact_ids or ({},) * len(table.rows)
        for row, own in zip(table.rows, ids, strict=True):
            for name, cell in row.items():
                if cell is None or kinds.get(str(name)) not in ("metric", "compare", "share"):
                    continue
                fact = facts.get(own.get(str(name), ""))
                if fact is None and Decimal(str(cell)) not in values:
                    yield f"cell {name} {cell} of “{table.title}” is no fact"
                elif fact is not None and fact.value != Decimal(str(cell)):
                    yield f"cell {name} says {cell}, its fact {fact.value}"


def receipt_days(receipt: Receipt) -> str:
    kept: Mapping[str, Any] = receipt.arguments
    return json.dumps([kept, receipt.query, receipt.data_as_of, receipt.complete_through], default=str)


def days_in(text: str) -> Iterator[date]:
    for found in re.findall(r"\d{4}-\d{2}-\d{2}", text):
        try:
            day = date.fromisoformat(found)
        except ValueError:
            continue
        yield day
        yield day - timedelta(days=1)
