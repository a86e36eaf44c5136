"""compare_attribution: what platforms report, each model and what was caused, side by side."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from roastery.tools.base import Fact, FactPeriod, Tool, ToolContext, ToolResult
from roastery.tools.break_even import Return, below_break_even, break_even
from roastery.tools.credit_lines import NOT_RANKED, Line, as_json, charts_of, flips_of, ranked, reranked, table_of
from roastery.tools.credit_rows import SEED
from roastery.tools.crediting import CreditArguments, Holdout, checked_models
from roastery.tools.credits import Credited, beside, credited, immature_from
from roastery.tools.experiments import Known, incremental, known_effects, pinned_tests, recorded_for
from roastery.tools.facts import FactBook, divided, per_one
from roastery.tools.holdouts import ReadOut, outcome_of, read_holdout
from roastery.tools.library.run_attribution import (
    NOT_CAUSED,
    attribution_of,
    definition,
    immature_caveats,
)
from roastery.tools.receipts import derived_receipt
from roastery.warehouse.attribution import MODELS
from roastery.warehouse.conversions import NONE, UNATTRIBUTED

CLAIMS = "Platforms each claim the sale for themselves: what they report overlaps, and is never summed across them."
SCALED = "The holdout's effect is taken to be the same in the places that were not part of it."
REPORTED = {"revenue": "reported_conversion_value", "orders": "reported_conversions"}


class CompareAttributionArguments(CreditArguments):
    """Which models, and where a decision turns."""

    attribution_models: tuple[str, ...] = Field(
        default=(),
        description="All nine when left out.",
        json_schema_extra={"items": {"type": "string", "enum": list(MODELS)}},
    )
    break_even: Decimal | None = Field(
        default=None,
        gt=0,
        description="Revenue per unit of spend where it pays: 1 / margin, or 1 where no margin is known; for counts "
        "the most that one may cost.",
    )
    holdout: Holdout | None = Field(default=None, description="A geo holdout to read out beside the models.")
    experiments: tuple[Holdout, ...] | None = Field(
        default=None, max_length=20, description="Tests to lay beside; the recorded ones when left out."
    )
    limit: int = Field(default=12, ge=1, le=100)


class CompareAttribution(Tool[CompareAttributionArguments]):
    """Every model's credit beside the platforms' claims and an experiment's effect, and where they part ways."""

    name = "compare_attribution"
    description = (
        "Compare attribution models side by side: first touch to Markov and Shapley, what the platforms report "
        "themselves, and the caused effect where a geo holdout is given (places treated, from when to when). Tells "
        "where models disagree so much that a decision changes. Use it for 'compare attribution models', 'how does "
        "credit differ', 'platform-reported against our own', 'is it incremental', 'read out the holdout'."
    )
    arguments = CompareAttributionArguments

    def run(self, context: ToolContext, arguments: CompareAttributionArguments) -> ToolResult:
        models = checked_models(arguments.attribution_models or MODELS)
        found = credited(context, arguments, models)
        claim = REPORTED.get(arguments.conversion)
        platform = beside(context, found, ["spend", *([claim] if claim else [])], arguments.filters)
        read = read_holdout(context, arguments.holdout, found) if arguments.holdout else None
        tests = _tests(context, arguments, found)
        keys = _keys(found, arguments.limit)
        book = FactBook("")
        period = FactPeriod(start=found.query.start, end=found.query.end)
        for model in models:
            book.label("attribution_model", model, model.replace("_", " "))
        lines = [_line(book, found, key, platform, claim, period) for key in keys]
        for model in models:
            ranked(book, lines, model)
        _lay_beside(book, found, tests, lines, period)
        pays = break_even(context, book, found, period) if _asks_what_pays(arguments) else None
        flips = flips_of(lines, found, pays.value if pays else arguments.break_even)
        ranks = reranked(lines)
        effect = _effect(book, found, read, period) if read else {}
        effect |= _worth_of(book, found, read, effect, lines) if read else {}
        rows = [
            {"key": line.key, **{m: f.value for m, f in line.credited.items()}}
            | {"reported": line.reported.value if line.reported else None}
            | {name: fact.value for name, fact in line.caused.items()}
            for line in lines
        ]
        young = immature_from(context, found)
        below = below_break_even(book, found, _returns(lines), pays) if pays and young is None else []
        caveats = [NOT_CAUSED, *([CLAIMS] if any(line.reported for line in lines) else []), *found.caveats]
        caveats += [*immature_caveats(young, found), *(read.caveats if read else ()), *tests.caveats]
        caveats += [SCALED] if effect or tests.read else []
        pinned = arguments.model_copy(update={"experiments": pinned_tests(context, arguments.experiments, tests)})
        raw = pinned.model_dump(mode="json", exclude_defaults=True)
        receipt = derived_receipt(
            found.asked.receipt, self.name, raw, rows, _totals(found, effect), sql=found.sql, caveats=caveats,
            seed=SEED,
            attribution={**attribution_of(found, models[0]), "model": list(models)},
            definitions={model: definition(found, model) for model in models},
        )  # fmt: skip
        data = {
            "conversion": found.conversion.name,
            "by": found.split,
            "models": list(models),
            "lines": [as_json(line) for line in lines],
            "flips": flips,
            "ranks": ranks,
            "break_even": {"roas": pays.roas.id, "known": pays.costed_share.id, "below": below} if pays else None,
            "effect": {name: fact.id for name, fact in effect.items()},
            "held_out": {"about": arguments.holdout.about, "kind": arguments.holdout.kind}
            if arguments.holdout
            else None,
            "immature_from": young.isoformat() if young else None,
        }
        return ToolResult(
            tool=self.name,
            facts=tuple(fact.model_copy(update={"receipt_id": receipt.id}) for fact in book.facts),
            labels=book.labels,
            tables=(table_of(found, lines, models),),
            charts=charts_of(found, lines, models),
            caveats=receipt.caveats,
            receipt=receipt,
            data=data,
        )


def _keys(found: Credited, limit: int) -> list[str]:
    """The keys with most credit under any model, then those that are no names."""
    most: dict[str, Decimal] = {}
    for credit in found.models.values():
        for row in credit.rows:
            most[row.key] = max(most.get(row.key, Decimal(0)), abs(row.value))
    named = sorted((k for k in most if k not in NOT_RANKED), key=lambda k: (-most[k], k))
    return [*named[:limit], *(k for k in (NONE, UNATTRIBUTED) if k in most)]


def _line(
    book: FactBook,
    found: Credited,
    key: str,
    platform: Mapping[str, Mapping[str, Decimal]],
    claim: str | None,
    period: FactPeriod,
) -> Line:
    conversion, unit = found.conversion, found.conversion.unit
    currency = found.query.currency if unit == "money" else None
    about: dict[str, Any] = {"dimensions": {found.split: key}}
    line = Line(key, book.label(found.split, key, found.names.get(key, key)))
    if spent := platform.get("spend", {}).get(key):
        line.spend = book.measured("spend", spent, "money", period, currency=found.query.currency, **about)
    if claim and key in platform.get(claim, {}):
        line.reported = book.measured(claim, platform[claim][key], unit, period, currency=currency, **about)
    for model, credit in found.models.items():
        row = credit.row(key)
        own: dict[str, Any] = {"currency": currency, "dimensions": {found.split: key, "attribution_model": model}}
        value = row.value if row else Decimal(0)
        line.credited[model] = book.measured(conversion.credited, value, unit, period, **own)
        if line.spend is None:
            continue
        if conversion.name == "revenue":
            paid = line.credited[model]
            if row is not None and row.paid != row.value:
                paid = book.measured("paid_revenue", row.paid, unit, period, **own)
            made = divided(book.next_id, "roas", paid, line.spend)
            line.returns[model] = book.add(made.model_copy(update={"dimensions": own["dimensions"]}))
        elif value > 0:
            name = conversion.per or "cost_per_credited_conversion"
            made = per_one(book.next_id, name, line.spend, line.credited[model])
            line.returns[model] = book.add(made.model_copy(update={"dimensions": own["dimensions"]}))
    return line


def _effect(book: FactBook, found: Credited, read: ReadOut, period: FactPeriod) -> dict[str, Fact]:
    """The read-out's means, the effect over them, and what it is of the period's total where it ran everywhere."""
    facts = read.facts(book)
    total = next(iter(found.models.values())).total
    if not read.is_paused:
        return facts
    conversion = found.conversion
    currency = found.query.currency if conversion.unit == "money" else None
    dimensions = {found.split: read.about} if read.about else {}
    whole = book.measured(conversion.metric, total, conversion.unit, period, currency=currency)
    for name, part in (("incremental", "share"), ("incremental_low", "share_low"), ("incremental_high", "share_high")):
        if part not in facts:
            continue
        share = facts[part]
        value = None if share.value is None else share.value * total
        facts[name] = book.add(
            Fact(
                id=book.next_id, metric=f"{name.replace('incremental', f'incremental_{conversion.name}')}", value=value,
                unit=conversion.unit, currency=currency, dimensions=dimensions, period=period, receipt_id="",
                kind="effect", formula=f"{share.id} * {whole.id}", inputs=(share.id, whole.id),
            )
        )  # fmt: skip
    return facts


def _asks_what_pays(arguments: CompareAttributionArguments) -> bool:
    """Whether returns are compared, and nobody has said from where on they pay."""
    return arguments.conversion == "revenue" and arguments.break_even is None


def _returns(lines: Sequence[Line]) -> list[Return]:
    named = [line for line in lines if line.returns and line.spend is not None and line.key not in NOT_RANKED]
    return [Return(line.key, line.label.id, line.returns, line.credited, line.spend) for line in named if line.spend]


def _tests(context: ToolContext, arguments: CompareAttributionArguments, found: Credited) -> Known:
    """What recorded tests of this split say; nothing where a holdout is asked for by itself."""
    if arguments.holdout is not None:
        return Known({}, ())
    asked = recorded_for(context, found.split) if arguments.experiments is None else arguments.experiments
    return known_effects(context, asked, outcome_of(found))


def _lay_beside(book: FactBook, found: Credited, tests: Known, lines: Sequence[Line], period: FactPeriod) -> None:
    """Beside each key that was tested, what of the period's total it caused."""
    named = {line.key: line for line in lines}
    if not named.keys() & tests.read.keys():
        return
    conversion = found.conversion
    currency = found.query.currency if conversion.unit == "money" else None
    total = next(iter(found.models.values())).total
    whole = book.measured(conversion.metric, total, conversion.unit, period, currency=currency)
    for key in sorted(named.keys() & tests.read.keys()):
        named[key].caused = incremental(book, tests.read[key], whole, period, found.split)


def _worth_of(
    book: FactBook, found: Credited, read: ReadOut, effect: Mapping[str, Fact], lines: Sequence[Line]
) -> dict[str, Fact]:
    """What each caused conversion cost (or what a unit of spend caused in revenue), with the interval of the effect.

    Only of what was tested, where its spend is known and it caused anything; a bound at which it caused nothing has no
    cost.
    """
    spend = next((line.spend for line in lines if read.about and line.key == read.about), None)
    if spend is None:
        return {}
    ends = {"": "incremental", "_low": "incremental_low", "_high": "incremental_high"}
    made: dict[str, Fact] = {}
    for end, name in ends.items():
        caused = effect.get(name)
        if caused is None or caused.value is None or caused.value <= 0:
            continue
        if found.conversion.name == "revenue":
            worth = divided(book.next_id, f"incremental_roas_{end.strip('_')}".rstrip("_"), caused, spend)
            made[f"returned{end}"] = book.add(worth.model_copy(update={"dimensions": caused.dimensions}))
        elif found.conversion.unit != "money":
            # The most caused is the least that one cost.
            other = {"": "", "_low": "_high", "_high": "_low"}[end]
            per = per_one(book.next_id, f"cost_per_incremental_{_one(found.conversion.name)}{other}", spend, caused)
            made[f"cost{other}"] = book.add(per.model_copy(update={"dimensions": caused.dimensions}))
    return made


def _one(conversion: str) -> str:
    return conversion.removesuffix("s")


def _totals(found: Credited, effect: Mapping[str, Fact]) -> dict[str, Any]:
    said: dict[str, Any] = {"total": next(iter(found.models.values())).total}
    return said | {f"effect_{name}": fact.value for name, fact in effect.items()}
