"""run_attribution: who is credited with revenue, orders, new customers, leads, deals or bookings, under one model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pydantic import Field

from roastery.tools import facts
from roastery.tools.base import Fact, FactPeriod, Label, Table, Tool, ToolContext, ToolResult
from roastery.tools.charts import bars
from roastery.tools.credit_lines import NOT_RANKED, REST
from roastery.tools.credit_rows import SEED, CreditRow, ModelCredit
from roastery.tools.crediting import CreditArguments, checked_models, one_of
from roastery.tools.credits import Credited, beside, credited, immature_from
from roastery.tools.facts import FactBook
from roastery.tools.frames import canonical_rows
from roastery.tools.receipts import derived_receipt
from roastery.warehouse.attribution import MODELS

NOT_CAUSED = "Credited, not caused: a model shares out sales that happened; it does not say which would not have."


class RunAttributionArguments(CreditArguments):
    """One model; the default of the account where none is named."""

    attribution_model: str | None = Field(default=None, json_schema_extra=one_of(MODELS))
    limit: int = Field(default=20, ge=1, le=200, description="How many to show; the rest are summed.")


@dataclass(frozen=True)
class Shown:
    """One row with its facts by column."""

    key: str
    label: Label
    facts: dict[str, Fact]


class RunAttribution(Tool[RunAttributionArguments]):
    """Credit by campaign, channel, platform, ad or asset; rows and the unattributed sum to the total exactly."""

    name = "run_attribution"
    description = (
        "Credit conversions to marketing under one attribution model: revenue, orders, new customers, leads, won deals "
        "or bookings, by campaign, channel, platform, ad or asset, with the unattributed rest, bootstrap intervals and "
        "return on spend. Use it for 'which channel gets credit', 'attribute … with first touch / Markov / Shapley', "
        "'attributed to', and whenever a half-life, position weights or a fitted model are asked for."
    )
    arguments = RunAttributionArguments

    def run(self, context: ToolContext, arguments: RunAttributionArguments) -> ToolResult:
        model = arguments.attribution_model or context.organization.attribution.model
        checked_models([model])
        found = credited(context, arguments, [model])
        credit = found.models[model]
        kept = cut(credit, arguments.limit)
        spend = beside(context, found, ["spend"], arguments.filters).get("spend", {})
        young = immature_from(context, found)
        caveats = [NOT_CAUSED, *found.caveats, *immature_caveats(young, found), *_small(credit)]
        rows = [
            {"key": r.key, "credited": r.value, "low": r.low, "high": r.high, "spend": spend.get(r.key)} for r in kept
        ]
        raw = arguments.model_dump(mode="json", exclude_defaults=True) | {"attribution_model": model}
        receipt = derived_receipt(
            found.asked.receipt, self.name, raw, rows, {"total": credit.total}, sql=found.sql, caveats=caveats,
            seed=SEED,
            attribution=attribution_of(found, model),
            definitions={found.conversion.credited: definition(found, model)},
        )  # fmt: skip
        book = FactBook(receipt.id)
        period = FactPeriod(start=found.query.start, end=found.query.end)
        total = _total(book, found, credit, period)
        shown = [_row(book, found, row, spend, period, total["total"]) for row in kept]
        _relate(book, shown, found.conversion.credited)
        data = {
            "conversion": found.conversion.name,
            "by": found.split,
            "model": model,
            "totals": {name: fact.id for name, fact in total.items()},
            "rows": [
                {"key": s.key, "label": s.label.id, **{name: fact.id for name, fact in s.facts.items()}} for s in shown
            ],
            "immature_from": young.isoformat() if young else None,
        }
        table = credit_table(found, shown, f"{_title(found)} by {found.split}, {model.replace('_', ' ')}")
        return ToolResult(
            tool=self.name,
            facts=book.facts,
            labels=book.labels,
            tables=(table,),
            charts=_charts(found, kept, model),
            caveats=receipt.caveats,
            receipt=receipt,
            data=data,
        )


def cut(credit: ModelCredit, limit: int) -> list[CreditRow]:
    """The first rows, and what is left summed in one, before the rows that are no names."""
    named = [row for row in credit.rows if row.key not in NOT_RANKED]
    rest, tail = named[limit:], [row for row in credit.rows if row.key in NOT_RANKED]
    summed = []
    if rest:
        value, exact, direct, paid = (
            sum((getattr(row, n) for row in rest), Decimal(0)) for n in ("value", "exact", "direct", "paid")
        )
        summed = [CreditRow(REST, value, exact, direct, paid)]
    return [*named[:limit], *summed, *tail]


def attribution_of(found: Credited, model: str) -> dict[str, Any]:
    """How a receipt says it."""
    query = found.query
    said: dict[str, Any] = {
        "model": model,
        "window_days": query.window_days,
        "view_window_days": query.view_window_days,
        "date": "touch" if query.by_touch else "conversion",
    }
    if model == "time_decay":
        said["half_life_days"] = query.weights.half_life_days
    if model in ("position_based", "w_shaped"):
        said |= {"first_weight": query.weights.first, "last_weight": query.weights.last}
    if model == "w_shaped":
        said["milestone_weight"] = query.weights.milestone
    return said


DEFINITIONS: Mapping[str, str] = {
    "first_touch": "all to the first eligible touch",
    "last_touch": "all to the last eligible touch",
    "last_non_direct": "all to the last touch that is not direct",
    "linear": "equal parts to all touches",
    "time_decay": "parts that halve for every half-life before the conversion",
    "position_based": "fixed parts to the first and last touch, the rest shared between",
    "w_shaped": "fixed parts to first touch, lead and opportunity, the rest shared",
    "markov": "in proportion to the conversions that would be lost without it, on the period's paths",
    "shapley": "equal parts to the distinct ones on a path",
}


def definition(found: Credited, model: str) -> str:
    """One line for the receipt and the answer."""
    what = found.asked.receipt.metric_definitions.get(found.conversion.metric, found.conversion.name)
    return f"Credit {DEFINITIONS[model]}; of: {what}"


def immature_caveats(young: Any, found: Credited) -> list[str]:
    if young is None:
        return []
    why = "lately touched people may still convert" if found.query.by_touch else "they are not complete yet"
    return [f"Days from {young.isoformat()} on are immature ({why}), so their credit will still change."]


def _small(credit: ModelCredit) -> list[str]:
    if any(row.low is not None for row in credit.rows) or not credit.rows:
        return []
    return ["There are too few conversions for intervals; the split may be chance."]


def _title(found: Credited) -> str:
    return found.conversion.credited.replace("_", " ").capitalize()


def _total(book: FactBook, found: Credited, credit: ModelCredit, period: FactPeriod) -> dict[str, Fact]:
    """All conversions, what is credited to touches other than direct, and the rest with its share."""
    conversion, unit = found.conversion, found.conversion.unit
    currency = found.query.currency if unit == "money" else None
    total = book.measured(conversion.metric, credit.total, unit, period, currency=currency)
    about: dict[str, Any] = {"currency": currency}
    untouched = book.measured(f"uncredited_{conversion.name}", credit.unattributed, unit, period, **about)
    said = {"total": total, "unattributed": untouched}
    said["unattributed_share"] = book.computed(facts.share, untouched, total)
    if credit.direct:
        said["direct"] = book.measured(f"direct_{conversion.name}", credit.direct, unit, period, **about)
    said["credited"] = book.computed(facts.difference, total, untouched)
    return said


def _row(
    book: FactBook,
    found: Credited,
    row: CreditRow,
    spend: Mapping[str, Decimal],
    period: FactPeriod,
    total: Fact,
) -> Shown:
    conversion, currency = found.conversion, found.query.currency
    about: dict[str, Any] = {"dimensions": {found.split: row.key}}
    unit = conversion.unit
    money = {**about, "currency": currency if unit == "money" else None}
    label = book.label(found.split, row.key, found.names.get(row.key, row.key))
    own = {"credited": book.measured(conversion.credited, row.value, unit, period, **money)}
    if row.low is not None and row.high is not None:
        own["low"] = book.measured(f"{conversion.credited}__low", row.low, unit, period, **money)
        own["high"] = book.measured(f"{conversion.credited}__high", row.high, unit, period, **money)
    own["share"] = book.computed(facts.share, own["credited"], total)
    if spend.get(row.key):
        spent = own["spend"] = book.measured("spend", spend[row.key], "money", period, currency=currency, **about)
        if conversion.name == "revenue":
            paid = own["credited"]
            if row.paid != row.value:
                paid = own["paid"] = book.measured("paid_revenue", row.paid, unit, period, **money)
            own["roas"] = book.add(facts.divided(book.next_id, "roas", paid, spent))
        elif row.value > 0:
            name = conversion.per or "cost_per_credited_conversion"
            own[name] = book.add(facts.per_one(book.next_id, name, spent, own["credited"]))
    return Shown(row.key, label, own)


def _relate(book: FactBook, shown: Sequence[Shown], metric: str) -> None:
    ranked = [s.facts["credited"] for s in shown if s.key not in NOT_RANKED]
    if len(ranked) > 1:
        for fact in ranked:
            book.computed(facts.rank, fact, ranked)


def credit_table(found: Credited, shown: Sequence[Shown], title: str) -> Table:
    """Rows as shown; every number is a fact."""
    split = found.split
    names = list(dict.fromkeys(name for s in shown for name in s.facts))
    columns: list[dict[str, Any]] = [
        {"name": split, "kind": "dimension"},
        {"name": f"{split}_name", "kind": "label"},
    ]
    for name in names:
        fact = next(s.facts[name] for s in shown if name in s.facts)
        metric = found.conversion.credited if name in ("credited", "low", "high") else fact.metric
        unit = "percent_ratio" if name == "share" else fact.unit
        columns.append({"name": name, "kind": "metric", "unit": unit, "currency": fact.currency, "metric": metric})
    rows = [
        {split: s.key, f"{split}_name": s.label.text}
        | {name: s.facts[name].value if name in s.facts else None for name in names}
        for s in shown
    ]
    return Table(
        title=title,
        columns=tuple(columns),
        rows=tuple(canonical_rows(rows)),
        fact_ids=tuple({name: fact.id for name, fact in s.facts.items()} for s in shown),
    )


def _charts(found: Credited, rows: Sequence[CreditRow], model: str) -> tuple[dict[str, Any], ...]:
    values = [
        {
            "name": found.names.get(row.key, row.key),
            "value": float(row.value),
            "low": None if row.low is None else float(row.low),
            "high": None if row.high is None else float(row.high),
        }
        for row in rows
    ]
    if len(values) < 2:
        return ()
    last = (found.query.end - timedelta(days=1)).isoformat()
    title = f"{_title(found)} by {found.split}, {model.replace('_', ' ')}, {found.query.start.isoformat()} to {last}"
    unit, currency = found.conversion.unit, found.query.currency
    return (bars(title, values, unit, currency if unit == "money" else None),)
