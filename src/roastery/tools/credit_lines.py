"""Credit by several models beside each other, line by line: where a decision turns, as a table, as a chart."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from roastery.tools.analysis.attribution import disagreement
from roastery.tools.base import Fact, Label, Table
from roastery.tools.charts import grouped_bars, number_axis
from roastery.tools.credits import Credited
from roastery.tools.facts import FactBook, rank
from roastery.tools.frames import canonical_rows
from roastery.warehouse.conversions import NONE, UNATTRIBUTED
from roastery.warehouse.credited import OTHER

REST = "the rest"
NOT_RANKED = (NONE, OTHER, UNATTRIBUTED, REST)
CHARTED = 6


@dataclass
class Line:
    """One key: its credit by model, its return by model, what platforms report."""

    key: str
    label: Label
    credited: dict[str, Fact] = field(default_factory=dict)
    returns: dict[str, Fact] = field(default_factory=dict)
    places: dict[str, Fact] = field(default_factory=dict)
    spend: Fact | None = None
    reported: Fact | None = None
    caused: dict[str, Fact] = field(default_factory=dict)


def ranked(book: FactBook, lines: Sequence[Line], model: str) -> None:
    named = [line for line in lines if line.key not in NOT_RANKED]
    among = [line.credited[model] for line in named]
    if len(among) > 1:
        for line in named:
            line.places[model] = book.computed(rank, line.credited[model], among)


def flips_of(lines: Sequence[Line], found: Credited, break_even: Decimal | None) -> list[dict[str, Any]]:
    """Keys that pay under one model and do not under another: a decision turns on the model."""
    money = found.conversion.name == "revenue"
    if not money and break_even is None:
        return []
    told = [line for line in lines if line.returns and line.spend is not None and line.key not in NOT_RANKED]
    if not told:
        return []
    worth = Decimal(1) if money else break_even or Decimal(1)
    threshold = float(break_even or 1) if money else 1.0
    values = {model: [_worth(line, model, money) * worth for line in told] for model in found.models}
    spend = [line.spend.value for line in told if line.spend is not None and line.spend.value is not None]
    apart = disagreement(values, spend, threshold)  # type: ignore[arg-type]
    flips = []
    for line, flip in zip(told, apart.flips, strict=True):
        if not flip:
            continue
        ordered = sorted(
            line.returns,
            key=lambda m: (line.returns[m].value if money else -(line.returns[m].value or 0)) or Decimal(0),
        )
        low, high = ordered[0], ordered[-1]
        flips.append(
            {
                "key": line.key, "label": line.label.id, "below": low, "above": high,
                "lowest": line.returns[low].id, "highest": line.returns[high].id,
            }
        )  # fmt: skip
    return flips


def _worth(line: Line, model: str, money: bool) -> Decimal:
    """Revenue through paid touches, or the count."""
    if not money:
        return line.credited[model].value or Decimal(0)
    made = line.returns[model]
    return (made.value or Decimal(0)) * (line.spend.value if line.spend and line.spend.value else Decimal(0))


def reranked(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Keys that are first under one model and not under another, or move by two places or more."""
    found = []
    for line in lines:
        if not line.places:
            continue
        ordered = sorted(line.places, key=lambda m: (line.places[m].value or Decimal(0), m))
        best, worst = ordered[0], ordered[-1]
        high, low = line.places[best].value or Decimal(0), line.places[worst].value or Decimal(0)
        alone = sum(other.places[best].value == 1 for other in lines if best in other.places) == 1
        if low - high >= 2 or (high == 1 and low > 1 and alone):
            found.append(
                {
                    "key": line.key, "label": line.label.id, "best": best, "worst": worst,
                    "best_rank": line.places[best].id, "worst_rank": line.places[worst].id,
                    "most": line.credited[best].id, "least": line.credited[worst].id,
                }
            )  # fmt: skip
    return found


def as_json(line: Line) -> dict[str, Any]:
    return {
        "key": line.key,
        "label": line.label.id,
        "credited": {m: f.id for m, f in line.credited.items()},
        "returns": {m: f.id for m, f in line.returns.items()},
        "spend": line.spend.id if line.spend else None,
        "reported": line.reported.id if line.reported else None,
        "caused": {name: fact.id for name, fact in line.caused.items()},
    }


def table_of(found: Credited, lines: Sequence[Line], models: Sequence[str]) -> Table:
    split, conversion = found.split, found.conversion
    currency = found.query.currency if conversion.unit == "money" else None
    own = {"kind": "metric", "unit": conversion.unit, "currency": currency, "metric": conversion.credited}
    columns: list[dict[str, Any]] = [{"name": split, "kind": "dimension"}, {"name": f"{split}_name", "kind": "label"}]
    columns += [{"name": model, **own} for model in models]
    extra: dict[str, dict[str, Fact]] = {}
    spent = {line.key: line.spend for line in lines if line.spend is not None}
    claimed = {line.key: line.reported for line in lines if line.reported is not None}
    caused = {line.key: line.caused["incremental"] for line in lines if "incremental" in line.caused}
    for name, told in (("spend", spent), ("reported", claimed), ("incremental", caused)):
        if told:
            extra[name] = told
            first = next(iter(told.values()))
            columns.append(
                {"name": name, "kind": "metric", "unit": first.unit, "currency": first.currency, "metric": first.metric}
            )
    rows, ids = [], []
    for line in lines:
        cells = {m: line.credited[m] for m in models} | {
            n: told[line.key] for n, told in extra.items() if line.key in told
        }
        rows.append(
            {split: line.key, f"{split}_name": line.label.text, **dict.fromkeys(extra)}
            | {name: fact.value for name, fact in cells.items()}
        )
        ids.append({name: fact.id for name, fact in cells.items()})
    title = f"{conversion.credited.replace('_', ' ').capitalize()} by {split} and model"
    return Table(title=title, columns=tuple(columns), rows=tuple(canonical_rows(rows)), fact_ids=tuple(ids))


def charts_of(found: Credited, lines: Sequence[Line], models: Sequence[str]) -> tuple[dict[str, Any], ...]:
    named = [line for line in lines if line.key not in NOT_RANKED][:CHARTED]
    values = [
        {"name": line.label.text, "series": model.replace("_", " "), "value": float(line.credited[model].value or 0)}
        for line in named
        for model in models
    ]
    values += [
        {"name": line.label.text, "series": "platform-reported", "value": float(line.reported.value or 0)}
        for line in named
        if line.reported
    ]
    if len(values) < 2:
        return ()
    title = f"{found.conversion.credited.replace('_', ' ').capitalize()} by {found.split}, model beside model"
    currency = found.query.currency if found.conversion.unit == "money" else None
    return (grouped_bars(title, values, number_axis(found.conversion.unit, currency)),)
