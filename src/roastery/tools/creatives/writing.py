"""Facts and the table of creatives."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from roastery.tools.analysis.assets import Fatigue, Ranking
from roastery.tools.base import FactPeriod, Table
from roastery.tools.creatives.lines import Line, Since
from roastery.tools.facts import FactBook, by_method, divided, per_one, rank, rounded
from roastery.tools.frames import canonical_rows
from roastery.warehouse.money import minor_digits

RATES = {"click_rate": ("clicks", "impressions"), "conversion_rate": ("conversions", "clicks")}
FOURTH = Decimal("0.0001")
SIXTH = Decimal("0.000001")


class Written:
    """Facts and the table of the lines."""

    def __init__(
        self,
        book: FactBook,
        arguments: Any,
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
        made_for: Mapping[str, tuple[Decimal, Since | None]],
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
                    rounded(value, SIXTH),
                    "model",
                    [own["clicks"], own["impressions"]],
                )
                metric = "click_rate_change_with_age" + name.removeprefix("fatigue").replace("_", "__")
                own[name] = book.add(made.model_copy(update={"metric": metric, "unit": "ratio"}))

    def _roi(self, line: Line, cost: Decimal | None, since: Since | None) -> None:
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
            made = by_method(book.next_id, hits, "forecast", rounded(value, SIXTH), "model", read)
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
