"""analyze_assets: which creatives win, which tire, and what they bring for what they cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from roastery.tools.analysis.assets import Fatigue, Ranking, fatigue, rank_assets
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.base import Fact, FactPeriod, Label, Table, Tool, ToolContext, ToolResult
from roastery.tools.charts import bars
from roastery.tools.credit_asked import stored_values
from roastery.tools.crediting import known, one_of
from roastery.tools.credits import names_of_keys
from roastery.tools.facts import FactBook, by_method, rank
from roastery.tools.frames import canonical_rows
from roastery.tools.library.run_attribution import divided, per_one
from roastery.tools.queries import ask
from roastery.tools.receipts import derived_receipt
from roastery.warehouse.creatives import FILTERS, GROUPS, assets_by_day, costs
from roastery.warehouse.credited import Condition
from roastery.warehouse.errors import BadQuery, ImpossibleSplit, MissingRate, NoData, NotAllowed
from roastery.warehouse.money import minor_digits
from roastery.warehouse.semantic.query import FilterSpec, MetricQuery, PeriodSpec

ASSET_SPLITS = tuple(GROUPS)
RATES = {"click_rate": ("clicks", "impressions"), "conversion_rate": ("conversions", "clicks")}
LEAST = {"click_rate": 1_000, "conversion_rate": 100}
FOURTH = Decimal("0.0001")
NOT_CAUSED = "Revenue and conversions of creatives are credited or claimed, not caused; no experiment told them apart."
TAGGED = "An asset counts under each of its tags, so tags do not sum to the whole."
WINNER, LOSER = 0.9, 0.01


class AnalyzeAssetsArguments(BaseModel):
    """Assets by themselves, or by type, tag or age; compared by click rate or conversion rate."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    by: str = Field(default="asset", description="How assets are grouped.", json_schema_extra=one_of(ASSET_SPLITS))
    rate: str = Field(
        default="click_rate",
        description="What winners are told by: clicks of impressions, or conversions of clicks.",
        json_schema_extra=one_of(RATES),
    )
    period: PeriodSpec | None = None
    filters: tuple[FilterSpec, ...] = ()
    least_volume: int | None = Field(
        default=None,
        ge=1,
        description="Impressions (or clicks) below which an asset is not judged; 1,000 (100) if none.",
    )
    limit: int = Field(default=20, ge=1, le=200)
    currency: str | None = None


@dataclass
class Line:
    """One key with its sums over the period, and its facts by column."""

    key: str
    impressions: int
    clicks: int
    conversions: Decimal
    spend: Decimal
    revenue: Decimal
    label: Label | None = None
    facts: dict[str, Fact] = field(default_factory=dict)


class AnalyzeAssets(Tool[AnalyzeAssetsArguments]):
    """Posterior rates and the chance to be best, fatigue with age, return on spend and on what it cost to make."""

    name = "analyze_assets"
    description = (
        "Compare creative assets (images, videos, texts) by themselves or by type, tag or age: which wins with what "
        "probability, which is wearing out, click and conversion rates with intervals, spend, revenue, creative ROI. "
        "Use it for 'which creative performs best', 'ad fatigue', 'which image or video to use', 'creative ROI'."
    )
    arguments = AnalyzeAssetsArguments

    def run(self, context: ToolContext, arguments: AnalyzeAssetsArguments) -> ToolResult:
        known("way to group assets", arguments.by, ASSET_SPLITS)
        known("rate", arguments.rate, RATES)
        if context.actor.row_scope:
            raise NotAllowed("You see some rows only, and what creatives were shown cannot be limited to them.")
        asked = ask(
            context, MetricQuery(metrics=("impressions",), period=arguments.period, currency=arguments.currency)
        )
        made = asked.frame.provenance
        period = FactPeriod(start=made.period.start, end=made.period.end)
        currency = arguments.currency.upper() if arguments.currency else context.organization.currency
        table, sql = _table(context, arguments, period, currency)
        lines = _lines(table)
        if not lines:
            raise NoData(
                "No creative asset was shown in the period. Connect an ad platform whose ads name their assets, or "
                "import assets and ad_assets."
            )
        made_for = _costs(context, arguments.by, currency)
        since = _since(context, arguments, period, currency) if made_for else {}
        judged, ranking, refusal = _ranked(lines, arguments)
        tired = _fatigue(table, lines) if arguments.by == "asset" else None
        names = names_of_keys(context, "asset", {x.key for x in lines}) if arguments.by == "asset" else {}
        book = FactBook("")
        written = _Written(book, arguments, period, currency, names)
        written.add(lines, ranking, tired, {key: (cost, since.get(key)) for key, cost in made_for.items()})
        shown = lines[: arguments.limit]
        caveats = [NOT_CAUSED, *([TAGGED] if arguments.by == "tag" else []), *([refusal] if refusal else [])]
        if len(lines) > len(shown):
            caveats.append(f"{len(lines) - len(shown)} more are not shown.")
        rows = [{"key": x.key, **{n: f.value for n, f in x.facts.items()}} for x in shown]
        raw = arguments.model_dump(mode="json", exclude_defaults=True)
        receipt = derived_receipt(
            asked.receipt, self.name, raw, rows, {"assets": len(lines)}, sql=sql, caveats=caveats,
            attribution={"model": context.organization.attribution.model},
        )  # fmt: skip
        data = {
            "by": arguments.by,
            "rate": arguments.rate,
            "lines": [_as_json(x) for x in shown],
            "winner": _winner(shown, ranking, lines),
            "tired": [x.label.id for n, x in enumerate(lines) if x.label and tired and tired.tired[n] and x in shown],
            "judged": judged,
        }
        return ToolResult(
            tool=self.name,
            facts=tuple(fact.model_copy(update={"receipt_id": receipt.id}) for fact in book.facts),
            labels=book.labels,
            tables=(written.table(shown),),
            charts=_charts(shown, ranking, lines, arguments),
            caveats=receipt.caveats,
            receipt=receipt,
            data=data,
        )


def _table(
    context: ToolContext, arguments: AnalyzeAssetsArguments, period: FactPeriod, currency: str
) -> tuple[pa.Table, str]:
    """Rows by key and day. Errors: ImpossibleSplit, BadQuery, MissingRate."""
    organization, conditions = context.organization, []
    for spec in arguments.filters:
        if spec.dimension is None:
            raise BadQuery("Assets are narrowed by dimensions; order or cut by a metric after it.")
        context.metrics.semantics.dimension(spec.dimension)
        column = {**FILTERS, "asset_type": "asset_type"}.get(spec.dimension)
        if column is None:
            raise ImpossibleSplit("assets", spec.dimension, (*FILTERS, "asset_type"), "nor filtered by it")
        alias = "s." if column == "asset_type" else "d."
        conditions.append(Condition(alias + column, spec.op, stored_values(context, spec.dimension, spec)))
    sql, values = assets_by_day(arguments.by, period.start, period.end, currency, organization.currency, conditions)
    table = context.metrics.warehouse.query(sql, values)
    if sum(table["unrated"].to_pylist()):
        raise MissingRate(
            f"Some amounts of creatives have no exchange rate to {currency} on their day. Import fx_rates."
        )
    return table, sql


def _lines(table: pa.Table) -> list[Line]:
    """Sums over the days by key, most shown first; keys without any delivery or credit are left out."""
    summed = table.group_by("key").aggregate(
        [(name, "sum") for name in ("impressions", "clicks", "conversions", "spend", "revenue")]
    )
    found = [
        Line(
            row["key"],
            int(row["impressions_sum"] or 0),
            int(row["clicks_sum"] or 0),
            Decimal(row["conversions_sum"] or 0),
            Decimal(row["spend_sum"] or 0),
            Decimal(row["revenue_sum"] or 0),
        )
        for row in summed.to_pylist()
    ]
    found = [x for x in found if x.impressions or x.clicks or x.conversions or x.revenue or x.spend]
    return sorted(found, key=lambda x: (-x.impressions, -x.revenue, x.key))


def _costs(context: ToolContext, by: str, currency: str) -> dict[str, Decimal]:
    """What the assets of each key cost to make; by age there is no such thing."""
    if by == "age":
        return {}
    sql, values = costs(by, currency, context.organization.currency)
    rows = context.metrics.warehouse.query(sql, values).to_pylist()
    return {row["key"]: Decimal(row["cost"]) for row in rows if row["cost"] and not row["unrated"]}


@dataclass(frozen=True)
class Since:
    """What the assets of a key have brought to date, from the first day with anything on."""

    first: date
    revenue: Decimal


def _since(
    context: ToolContext, arguments: AnalyzeAssetsArguments, period: FactPeriod, currency: str
) -> dict[str, Since]:
    ever = FactPeriod(start=date(1990, 1, 1), end=period.end)
    table, _ = _table(context, arguments, ever, currency)
    summed = table.group_by("key").aggregate([("revenue", "sum"), ("day", "min")]).to_pylist()
    return {row["key"]: Since(row["day_min"], Decimal(row["revenue_sum"] or 0)) for row in summed if row["revenue_sum"]}


def _ranked(lines: Sequence[Line], arguments: AnalyzeAssetsArguments) -> tuple[int, Ranking | None, str]:
    """How many have the volume, the ranking, or why there is none."""
    hits_name, trials_name = RATES[arguments.rate]
    least = arguments.least_volume or LEAST[arguments.rate]
    trials = np.array([int(getattr(x, trials_name)) for x in lines])
    hits = np.array([round(getattr(x, hits_name)) for x in lines])
    # Conversions may be credited without a click of the period; such rows cannot be a rate.
    hits = np.minimum(np.maximum(hits, 0), trials)
    if not hits.sum():
        return int((trials >= least).sum()), None, f"No winner is told: there are no {hits_name} to compare by."
    try:
        return int((trials >= least).sum()), rank_assets(hits, trials, least_trials=least), ""
    except TooLittleData as error:
        return int((trials >= least).sum()), None, f"No winner is told: {error.message}"


def _fatigue(table: pa.Table, lines: Sequence[Line]) -> Fatigue | None:
    """Click rate against days since each asset was first shown in the period."""
    place = {x.key: n for n, x in enumerate(lines)}
    rows = [row for row in table.to_pylist() if row["key"] in place and row["impressions"]]
    if not rows:
        return None
    first: dict[str, date] = {}
    for row in rows:
        first[row["key"]] = min(first.get(row["key"], row["day"]), row["day"])
    return fatigue(
        [*(place[row["key"]] for row in rows), len(lines) - 1],
        [*((row["day"] - first[row["key"]]).days for row in rows), 0],
        [*(min(row["clicks"] or 0, row["impressions"]) for row in rows), 0],
        [*(row["impressions"] for row in rows), 0],
    )


class _Written:
    """Facts and the table of the lines."""

    def __init__(
        self,
        book: FactBook,
        arguments: AnalyzeAssetsArguments,
        period: FactPeriod,
        currency: str,
        names: Mapping[str, str],
    ) -> None:
        self.book, self.arguments, self.period, self.currency, self.names = book, arguments, period, currency, names
        self.cent = Decimal(1).scaleb(-minor_digits(currency))

    def add(
        self,
        lines: Sequence[Line],
        ranking: Ranking | None,
        tired: Fatigue | None,
        made_for: Mapping[str, tuple[Decimal, "Since | None"]],
    ) -> None:
        for n, line in enumerate(lines):
            self._line(n, line, ranking, tired)
            self._roi(line, *made_for.get(line.key, (None, None)))
        among = [line.facts["rate"] for line in lines if "rate" in line.facts]
        if 1 < len(among) <= 50:
            for fact in among:
                self.book.computed(rank, fact, among)

    def _line(self, n: int, line: Line, ranking: Ranking | None, tired: Fatigue | None) -> None:
        by, book = self.arguments.by, self.book
        line.label = book.label(by, line.key, self.names.get(line.key, line.key))
        about: dict[str, Any] = {"dimensions": {by: line.key}}
        money = {**about, "currency": self.currency}
        own = line.facts
        own["impressions"] = book.measured("asset_impressions", line.impressions, "count", self.period, **about)
        own["clicks"] = book.measured("asset_clicks", line.clicks, "count", self.period, **about)
        if line.conversions:
            value = line.conversions.quantize(FOURTH)
            own["conversions"] = book.measured("asset_conversions", value, "count", self.period, **about)
        self._rate(n, line, ranking)
        if line.spend:
            spend = line.spend.quantize(self.cent, ROUND_HALF_UP)
            own["spend"] = book.measured("asset_spend", spend, "money", self.period, **money)
        if line.revenue:
            revenue = line.revenue.quantize(self.cent, ROUND_HALF_UP)
            own["revenue"] = book.measured("asset_revenue", revenue, "money", self.period, **money)
        if "spend" in own and "revenue" in own:
            own["roas"] = book.add(divided(book.next_id, "asset_roas", own["revenue"], own["spend"]))
        if "spend" in own and line.conversions > 0:
            own["cost"] = book.add(
                per_one(book.next_id, "cost_per_credited_conversion", own["spend"], own["conversions"])
            )
        if tired is not None and not tired.unknown[n]:
            for name, value in (
                ("fatigue", tired.change[n]),
                ("fatigue_low", tired.low[n]),
                ("fatigue_high", tired.high[n]),
            ):
                made = by_method(
                    book.next_id,
                    own["clicks"],
                    "forecast",
                    _places(value),
                    "model",
                    [own["clicks"], own["impressions"]],
                )
                metric = "click_rate_change_with_age" + name.removeprefix("fatigue").replace("_", "__")
                own[name] = book.add(made.model_copy(update={"metric": metric, "unit": "ratio"}))

    def _roi(self, line: Line, cost: Decimal | None, since: "Since | None") -> None:
        """The PRD's ratio: revenue since creation over what it cost to make."""
        if not cost:
            return
        own, book = line.facts, self.book
        money: dict[str, Any] = {"dimensions": {self.arguments.by: line.key}, "currency": self.currency}
        own["creation_cost"] = book.measured(
            "creation_cost", cost.quantize(self.cent, ROUND_HALF_UP), "money", self.period, **money
        )
        if since is not None:
            ever = FactPeriod(start=since.first, end=self.period.end)
            revenue = since.revenue.quantize(self.cent, ROUND_HALF_UP)
            own["since"] = book.measured("revenue_since_creation", revenue, "money", ever, **money)
            own["roi"] = book.add(divided(book.next_id, "creative_roi", own["since"], own["creation_cost"]))

    def _rate(self, n: int, line: Line, ranking: Ranking | None) -> None:
        if ranking is None or not ranking.judged[n]:
            return
        own, book = line.facts, self.book
        hits = own.get(RATES[self.arguments.rate][0]) or own["clicks"]
        read = [hits, own["impressions"] if self.arguments.rate == "click_rate" else own["clicks"]]
        for name, value in (
            ("rate", ranking.rate[n]), ("rate_low", ranking.low[n]), ("rate_high", ranking.high[n]),
            ("best", ranking.best[n]),
        ):  # fmt: skip
            metric = (
                "chance_of_best"
                if name == "best"
                else self.arguments.rate + name.removeprefix("rate").replace("_", "__")
            )
            made = by_method(book.next_id, hits, "forecast", _places(value), "model", read)
            own[name] = book.add(made.model_copy(update={"metric": metric, "unit": "ratio"}))

    def table(self, lines: Sequence[Line]) -> Table:
        by = self.arguments.by
        order: tuple[str, ...] = (
            "impressions",
            "clicks",
            "conversions",
            "rate",
            "rate_low",
            "rate_high",
            "best",
            "fatigue",
            "spend",
        )
        order = (*order, "revenue", "roas", "cost", "creation_cost", "since", "roi")
        names = [name for name in order if any(name in line.facts for line in lines)]
        columns: list[dict[str, Any]] = [{"name": by, "kind": "dimension"}, {"name": f"{by}_name", "kind": "label"}]
        for name in names:
            fact = next(line.facts[name] for line in lines if name in line.facts)
            columns.append(
                {"name": name, "kind": "metric", "unit": fact.unit, "currency": fact.currency, "metric": fact.metric}
            )
        rows = [
            {by: line.key, f"{by}_name": line.label.text if line.label else line.key}
            | {name: line.facts[name].value if name in line.facts else None for name in names}
            for line in lines
        ]
        ids = tuple({name: line.facts[name].id for name in names if name in line.facts} for line in lines)
        return Table(
            title=f"Creatives by {by.replace('_', ' ')}",
            columns=tuple(columns),
            rows=tuple(canonical_rows(rows)),
            fact_ids=ids,
        )


def _places(value: float) -> Decimal:
    return Decimal(repr(float(value))).quantize(Decimal("0.000001"))


def _as_json(line: Line) -> dict[str, Any]:
    return {
        "key": line.key,
        "label": line.label.id if line.label else None,
        **{name: fact.id for name, fact in line.facts.items()},
    }


def _winner(shown: Sequence[Line], ranking: Ranking | None, lines: Sequence[Line]) -> dict[str, Any] | None:
    """The likeliest best, and whether that is sure enough to act on."""
    if ranking is None:
        return None
    first = lines[ranking.order[0]]
    if first not in shown or first.label is None or "best" not in first.facts:
        return None
    return {
        "label": first.label.id,
        "best": first.facts["best"].id,
        "rate": first.facts["rate"].id,
        "is_sure": bool(ranking.best[ranking.order[0]] >= WINNER),
    }


def _charts(
    shown: Sequence[Line], ranking: Ranking | None, lines: Sequence[Line], arguments: AnalyzeAssetsArguments
) -> tuple[dict[str, Any], ...]:
    if ranking is None:
        return ()
    values = [
        {
            "name": line.label.text if line.label else line.key, "value": float(ranking.rate[n]),
            "low": float(ranking.low[n]), "high": float(ranking.high[n]),
        }
        for n, line in enumerate(lines)
        if line in shown and ranking.judged[n]
    ]  # fmt: skip
    if len(values) < 2:
        return ()
    rates = {line.label.text if line.label else line.key: float(ranking.rate[n]) for n, line in enumerate(lines)}
    values.sort(key=lambda v: -rates[str(v["name"])])
    title = (
        f"{arguments.rate.replace('_', ' ').capitalize()} by {arguments.by.replace('_', ' ')}, with what is sure of it"
    )
    return (bars(title, values, "ratio"),)
