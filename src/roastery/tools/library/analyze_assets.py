"""analyze_assets: which creatives win, which tire, and what they bring for what they cost."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from roastery.tools.analysis.assets import Fatigue, Ranking, fatigue, rank_assets
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.base import FactPeriod, Tool, ToolContext, ToolResult
from roastery.tools.charts import bars
from roastery.tools.creatives.lines import Line, brought_since, costs_of, days_of, lines_of
from roastery.tools.creatives.writing import RATES, Written
from roastery.tools.crediting import known, one_of
from roastery.tools.credits import names_of_keys
from roastery.tools.facts import FactBook
from roastery.tools.queries import ask
from roastery.tools.receipts import derived_receipt
from roastery.warehouse.creatives import GROUPS
from roastery.warehouse.errors import NotAllowed
from roastery.warehouse.semantic.query import FilterSpec, MetricQuery, PeriodSpec

ASSET_SPLITS = tuple(GROUPS)
LEAST = {"click_rate": 1_000, "conversion_rate": 100}
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
        table, sql = days_of(context, arguments, period, currency)
        lines = lines_of(table)
        made_for = costs_of(context, arguments.by, currency)
        since = brought_since(context, arguments, period, currency) if made_for else {}
        judged, ranking, refusal = _ranked(lines, arguments)
        tired = _fatigue(table, lines) if arguments.by == "asset" else None
        names = names_of_keys(context, "asset", {x.key for x in lines}) if arguments.by == "asset" else {}
        book = FactBook("")
        written = Written(book, arguments, period, currency, names)
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
