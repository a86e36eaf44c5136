"""References into words: [[f3]] becomes the fact's value, [[d2]] the label's quoted name (law 1)."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any

from babel.numbers import format_currency, format_decimal

from roastery.tools.base import Fact, FactPeriod, Label, Table

LOCALE = "en_US"
REFERENCE = re.compile(r"\[\[\s*([fd]\d+)\s*\]\]")
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
NO_VALUE = "no data"
SHOWN_NAME = 80

NO_NAMES = {"none": "(none)", "unattributed": "(unattributed)", "unknown": "(unknown)"}
"""Rows that are no value of a dimension, as people see them."""

MULTIPLES = frozenset(
    {"roas", "break_even_roas", "mer", "reported_roas", "asset_roas", "new_customer_roas", "ltv_cac_ratio"}
) | {
    "break_even_roas",
    "creative_roi",
    "frequency",
    "inventory_turns",
}
"""Ratios that people say as "3.42×"; every other ratio is said as a percentage."""

UNSIGNED = frozenset({"change", "change_ratio", "difference", "effect"})
"""Kinds of facts whose direction is said by a word beside them."""

_ESCAPED = re.compile(r"([\\`*_\[\]<>|~#])")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")


def render(text: str, facts: Mapping[str, Fact], labels: Mapping[str, Label]) -> str:
    """Write every reference out. A reference to nothing is a KeyError: such text has not been verified."""

    def written(found: re.Match[str]) -> str:
        id = found[1]
        return fact_text(facts[id]) if id.startswith("f") else label_text(labels[id])

    return REFERENCE.sub(written, text)


def fact_text(fact: Fact) -> str:
    """A fact as prose says it; changes carry no sign, because the direction word beside them does."""
    if fact.value is None:
        return NO_VALUE
    value = abs(fact.value) if fact.kind in UNSIGNED else fact.value
    return value_text(value, _shown_unit(fact), fact.currency, fact.metric)


def _shown_unit(fact: Fact) -> str:
    if fact.kind in ("change_ratio", "share"):
        return "percent_ratio"
    return fact.unit


def value_text(value: Decimal | int, unit: str | None, currency: str | None = None, metric: str = "") -> str:
    """One number in the form that its unit asks for.

    >>> value_text(Decimal("10234.5"), "money", "USD")
    '$10,234.50'
    >>> value_text(Decimal("3.4211"), "ratio", metric="roas"), value_text(Decimal("0.0123"), "ratio", metric="ctr")
    ('3.42×', '1.23 %')
    """
    value = Decimal(value)
    if currency and unit not in ("ratio", "percent_ratio", "rank", "multiple"):
        return _money(value, currency)
    if unit == "multiple" or (unit == "ratio" and metric.split("__")[0] in MULTIPLES):
        return f"{_decimal(value, '#,##0.00')}×"
    if unit in ("ratio", "percent_ratio", "percent"):
        return _percent(value if unit == "percent" else value * 100)
    if unit == "rank":
        return f"number {int(value)}"
    if unit in ("days", "hours", "minutes"):
        return f"{_decimal(value, '#,##0.#')} {unit}"
    return _decimal(value, "#,##0.##")


def _percent(value: Decimal) -> str:
    pattern = "#,##0.0" if abs(value) >= 10 else "#,##0.00"
    return f"{_decimal(value, pattern)} %"


@lru_cache(maxsize=4096)
def _money(value: Decimal, currency: str) -> str:
    return str(format_currency(value, currency, locale=LOCALE))


@lru_cache(maxsize=4096)
def _decimal(value: Decimal, pattern: str) -> str:
    places = len(pattern.split(".")[1]) if "." in pattern else 0
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return str(format_decimal(rounded, pattern, locale=LOCALE))


def label_text(label: Label) -> str:
    """A label as prose says it; days are written out."""
    if label.dimension in ("complete_through", "history_since"):
        return day_text(date.fromisoformat(label.text[:10]))
    return name_text(value_name(label.text) if label.text == label.value else label.text)


_BRANDS = {
    "tiktok": "TikTok", "linkedin": "LinkedIn", "hubspot": "HubSpot", "shipstation": "ShipStation", "ga4": "GA4",
    "sms": "SMS", "pos": "POS", "seo": "SEO", "crm": "CRM", "dam": "DAM",
}  # fmt: skip


def value_name(value: str) -> str:
    """An id such as "meta_ads" as people write it; anything that is not such an id stays as it is.

    >>> value_name("meta_ads"), value_name("US"), value_name("tiktok_ads"), value_name("ga4"), value_name("c1")
    ('Meta Ads', 'US', 'TikTok Ads', 'GA4', 'c1')
    """
    if value in NO_NAMES or not (value in _BRANDS or re.fullmatch(r"[a-z]{3,}(?:_[a-z]+)*", value)):
        return value
    return " ".join(_BRANDS.get(word, word.capitalize()) for word in value.split("_"))


def name_text(text: str) -> str:
    """A name out of the data as quoted data: one line, no markup that Markdown or Slack would act on.

    >>> name_text("Spring *Sale*\\n<!channel>")
    'Spring \\\\*Sale\\\\* \\\\<!channel\\\\>'
    """
    line = NO_NAMES.get(text) or _BLANK.sub(" ", text).strip() or "(no name)"
    if len(line) > SHOWN_NAME:
        line = line[: SHOWN_NAME - 1].rstrip() + "…"
    return _ESCAPED.sub(r"\\\1", line)


def day_text(day: date, *, year: bool = True) -> str:
    return f"{day.day} {MONTHS[day.month - 1][:3]}" + (f" {day.year}" if year else "")


def period_text(period: FactPeriod) -> str:
    """A half-open period as people say it: a month, a quarter, a year, a day, or its first and last day.

    >>> period_text(FactPeriod(start=date(2026, 10, 1), end=date(2026, 11, 1)))
    'October 2026'
    """
    first, last = period.start, period.end - timedelta(days=1)
    if first >= last:
        return day_text(first)
    after = period.end
    if first.day == 1 and after.day == 1:
        months = (after.year - first.year) * 12 + after.month - first.month
        if months == 1:
            return f"{MONTHS[first.month - 1]} {first.year}"
        if months == 3 and first.month % 3 == 1:
            return f"Q{first.month // 3 + 1} {first.year}"
        if months == 12 and first.month == 1:
            return str(first.year)
        if first.year == last.year:
            return f"{MONTHS[first.month - 1]} to {MONTHS[last.month - 1]} {last.year}"
    if first.year != last.year:
        return f"{day_text(first)} to {day_text(last)}"
    if first.month == last.month:
        return f"{first.day}–{day_text(last)}"
    return f"{day_text(first, year=False)} to {day_text(last)}"


def when_text(period: FactPeriod) -> str:
    """A period with its preposition: "in October 2026", "on 5 Oct 2026", "in the week of 2 Nov 2026".

    >>> when_text(FactPeriod(start=date(2026, 10, 12), end=date(2026, 11, 9)))
    'between 12 Oct and 8 Nov 2026'
    """
    first, last = period.start, period.end - timedelta(days=1)
    days = (period.end - period.start).days
    text = period_text(period)
    if days <= 1:
        return f"on {text}"
    if days == 7 and first.weekday() == 0:
        return f"in the week of {day_text(first)}"
    if "–" not in text and " to " not in text:
        return f"in {text}"
    if first.day == 1 and period.end.day == 1:
        return f"from {text}"
    if first.year == last.year and first.month == last.month:
        return f"between {first.day} and {day_text(last)}"
    return f"between {day_text(first, year=first.year != last.year)} and {day_text(last)}"


def cell_text(column: Mapping[str, Any], value: Any) -> str:
    """One cell of a Table or frame, formatted by its column (name, kind, unit, currency)."""
    if value is None or value == "":
        return "–"
    kind, name = column.get("kind"), str(column.get("name", ""))
    if kind not in ("metric", "compare"):
        text = _BLANK.sub(" ", str(value)).strip()
        return NO_NAMES.get(text) or (value_name(text) if kind == "dimension" else text)
    number = Decimal(str(value))
    if name.endswith("__change_ratio"):
        return f"{'+' if number > 0 else ''}{_percent(number * 100)}"
    shown = value_text(number, column.get("unit"), column.get("currency"), str(column.get("metric") or name))
    return f"+{shown}" if name.endswith("__change") and number > 0 else shown


def table_text(table: Table) -> list[dict[str, str]]:
    """A table's rows as they are shown, keyed by column name."""
    return [{str(c["name"]): cell_text(c, row.get(c["name"])) for c in table.columns} for row in table.rows]


def shown_columns(table: Table) -> tuple[dict[str, Any], ...]:
    """A table's columns as people need them: an id is left out where its name stands beside it."""
    named = {str(c["name"]).removesuffix("_name") for c in table.columns if c.get("kind") == "label"}
    return tuple(c for c in table.columns if c.get("kind") != "dimension" or c["name"] not in named)


def markdown_table(table: Table, *, rows: int = 20) -> str:
    """A table in GitHub Markdown, cut after `rows` rows with the number left out said below."""
    columns = shown_columns(table)
    lines = ["| " + " | ".join(str(c.get("title") or c["name"]) for c in columns) + " |", "|" + "---|" * len(columns)]
    for shown in table_text(table)[:rows]:
        lines.append("| " + " | ".join(shown[str(c["name"])].replace("|", "\\|") for c in columns) + " |")
    if len(table.rows) > rows:
        lines.append(f"\n… and {len(table.rows) - rows} more rows.")
    return "\n".join(lines)
