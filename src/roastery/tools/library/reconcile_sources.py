"""reconcile_sources: from the number on a source's own screen to ours, line by line, with the residual shown."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from pydantic import Field

from roastery.tools.asking import Asking
from roastery.tools.base import Tool, ToolContext, ToolResult
from roastery.tools.bridging import platforms, systems
from roastery.tools.bridging.steps import Bridge
from roastery.tools.bridging.telling import Telling, bridge_table, waterfall
from roastery.tools.facts import FactBook
from roastery.tools.queries import Asked, ask
from roastery.tools.receipts import derived_receipt
from roastery.warehouse.errors import BadQuery, NoData, NotAllowed, UnknownName
from roastery.warehouse.semantic.query import FilterSpec, MetricQuery, PeriodSpec

MOST_BRIDGES = 3
MONEY = frozenset({"revenue", "gross_revenue", "attributed_revenue", "paid_revenue", "reported_conversion_value",
                   "roas", "reported_roas", "credited_revenue", "order_revenue"})  # fmt: skip
COUNTED_ELSEWHERE = frozenset({"leads", "qualified_leads"})
"""Conversions that are no sales and that carry the campaign they came from."""


class ReconcileSourcesArguments(Asking):
    """Whose screen, of which days, and the number on it if it is known."""

    metric: str | None = Field(default=None, description="revenue, orders, attributed_orders, leads …")
    platform: str | None = Field(default=None, description="An ad platform, e.g. meta_ads.")
    sources: tuple[str, ...] = Field(
        default=(), max_length=6, description="Shop, payment provider, CRM or ad platform."
    )
    period: PeriodSpec | None = None
    stated: Decimal | None = Field(default=None, description="The number that stands on the source's own screen.")


class ReconcileSources(Tool[ReconcileSourcesArguments]):
    """The bridge between what a source shows and what we show."""

    name = "reconcile_sources"
    description = (
        "Explain why a source shows another number than we do: from an ad platform's reported conversions or value, or "
        "a shop's, payment provider's or CRM's sales, to our attributed orders, revenue or orders, line by line "
        "(tests, tax, shipping, duplicates, view-through, window, other platforms' credit, refunds) with the residual. "
        "Use it for 'why does Meta say 412 and you 287', 'does Stripe agree with our revenue', 'discrepancy' questions."
    )
    arguments = ReconcileSourcesArguments

    def run(self, context: ToolContext, arguments: ReconcileSourcesArguments) -> ToolResult:
        if arguments.time_zone not in (None, context.organization.time_zone):
            raise BadQuery("Bridges count days as the organization does; leave time_zone out.")
        if context.actor.row_scope:
            raise NotAllowed("Bridges read whole systems, so they are shown only to those who may see all rows.")
        bridges, asked = _Bridges(context, arguments).made()
        return _result(arguments, asked, bridges)


class _Bridges:
    """Which bridges a question means, and what both ends of each are."""

    def __init__(self, context: ToolContext, arguments: ReconcileSourcesArguments) -> None:
        self.context, self.arguments = context, arguments
        self.warehouse = context.metrics.warehouse
        self.spec = arguments.period or PeriodSpec(name="last_month")
        self.period = context.metrics.resolve_period(self.spec)
        self.asked: list[Asked] = []

    def made(self) -> tuple[list[Bridge], Asked]:
        """Errors: NoData where nothing of the kind has landed, UnknownName for a source that is none."""
        advertisers = self.warehouse.query("SELECT DISTINCT platform FROM ad_performance ORDER BY 1")
        self.advertisers: list[str] = advertisers.column(0).to_pylist()
        zone = self.context.organization.time_zone
        self.books = systems.systems_of(self.warehouse, self.period.start, self.period.end, zone)
        if not self.advertisers and not self.books:
            raise NoData("There is nothing to reconcile yet: connect a shop or an ad platform, or import transactions.")
        chosen = self._chosen()
        if self.arguments.stated is not None and len(chosen) > 1:
            raise BadQuery("A stated number is of one source: say which.", allowed=chosen)
        found = [self._platform(name) if name in self.advertisers else self._system(name) for name in chosen]
        return found, self.asked[0]

    def _chosen(self) -> list[str]:
        named = [*([self.arguments.platform] if self.arguments.platform else []), *self.arguments.sources]
        known = [*self.advertisers, *self.books]
        for name in named:
            if name not in known:
                raise UnknownName("source with sales or ads", name, known)
        if named:
            return list(dict.fromkeys(named))[:MOST_BRIDGES]
        of_platforms = (self.arguments.metric or "").startswith(("reported_", "attributed_", "cost_per_reported"))
        if of_platforms or not self.books:
            return self.advertisers[:MOST_BRIDGES]
        return [name for name, records in self.books.items() if records][:MOST_BRIDGES] or list(self.books)[:1]

    def _figures(self, metrics: Sequence[str], filters: tuple[FilterSpec, ...]) -> dict[str, Decimal]:
        """Both ends as anybody would ask for them; what has no value is zero."""
        asking = self.arguments.as_asked() | {"filters": filters}
        query = MetricQuery(metrics=tuple(metrics), period=self.spec, **asking)
        asked = ask(self.context, query)
        self.asked.append(asked)
        return {m: Decimal(asked.frame.totals.get(m) or 0) for m in metrics}

    # ------------------------------------------------------------ ad platforms

    def _platform(self, platform: str) -> Bridge:
        metric = self.arguments.metric
        is_money = metric in MONEY
        theirs = "reported_conversion_value" if is_money else "reported_conversions"
        elsewhere = metric if metric in COUNTED_ELSEWHERE else None
        ours = elsewhere or ("attributed_revenue" if is_money else "attributed_orders")
        campaigns = self._campaigns()
        filters = (FilterSpec(dimension="platform", op="in", values=(platform,)), *self.arguments.filters)
        ends = self._figures((theirs, ours), filters)
        claims = self._claims(platform, "money" if is_money else "count", campaigns)
        make = platforms.plain_bridge if elsewhere else platforms.bridge
        made = make(self.warehouse, claims, ends[theirs], ends[ours], self.arguments.stated, (theirs, ours))
        return replace(made, caveats=self._said_of(metric, ours))

    def _claims(self, platform: str, unit: str, campaigns: tuple[str, ...]) -> platforms.Claims:
        organization, asked = self.context.organization, self.arguments
        model = asked.attribution_model or organization.attribution.model
        if (asked.attribution_date or organization.attribution.date) != "conversion":
            raise BadQuery("Bridges count credit on the day of the sale; leave attribution_date at conversion.")
        given = (asked.attribution_model, asked.attribution_window_days, asked.view_window_days)
        return platforms.Claims(
            platform=platform,
            start=self.period.start,
            end=self.period.end,
            unit=unit,
            currency=asked.currency or organization.currency,
            zone=organization.time_zone,
            read_at=self.warehouse.state().data_as_of.get(platform),
            today=self.context.clock.today(organization.time_zone),
            model=model,
            window_days=asked.attribution_window_days,
            view_window_days=asked.view_window_days,
            is_stored=all(value is None for value in given) or given == (organization.attribution.model, None, None),
            campaigns=campaigns,
        )

    def _campaigns(self) -> tuple[str, ...]:
        for condition in self.arguments.filters:
            if condition.dimension != "campaign" or condition.op not in ("in", "eq"):
                raise BadQuery(
                    "A bridge of an ad platform can be narrowed to campaigns only.",
                    allowed=['{"dimension": "campaign", "op": "in", "values": [...]}'],
                )
        return platforms.campaigns_named(self.arguments.filters)

    @staticmethod
    def _said_of(metric: str | None, ours: str) -> tuple[str, ...]:
        known = (None, "orders", "attributed_orders", "reported_conversions", *MONEY, *COUNTED_ELSEWHERE)
        if metric in known:
            return ()
        return (f"{metric.replace('_', ' ').capitalize()} carry no platform; what is credited to one is orders.",)  # type: ignore[union-attr]

    # ------------------------------------------------------------ systems of sales

    def _system(self, system: str) -> Bridge:
        if self.arguments.filters:
            raise BadQuery("A bridge of a shop, payment provider or CRM is of all its records; leave filters out.")
        metric = self.arguments.metric or "revenue"
        if metric in ("attributed_orders", "reported_conversions"):
            metric = "orders"
        if metric not in ("revenue", "gross_revenue", "orders"):
            metric = "revenue"
        organization = self.context.organization
        ours = self._figures((metric,), ())[metric]
        books = systems.Books(
            system=system,
            start=self.period.start,
            end=self.period.end,
            metric=metric,
            currency=self.arguments.currency or organization.currency,
            zone=organization.time_zone,
            refund_basis=organization.refund_basis,
            includes=tuple(name for name in organization.revenue_includes if name in ("tax", "shipping")),
        )
        return systems.bridge(self.warehouse, books, ours, self.arguments.stated)


def _result(arguments: ReconcileSourcesArguments, asked: Asked, bridges: Sequence[Bridge]) -> ToolResult:
    caveats = tuple(dict.fromkeys(c for bridge in bridges for c in (*bridge.caveats, *bridge.unknown)))
    receipt = derived_receipt(
        asked.receipt,
        ReconcileSources.name,
        arguments.as_json(),
        [row for bridge in bridges for row in bridge.rows()],
        {},
        sql="\n\n".join([asked.receipt.sql or "", *(sql for bridge in bridges for sql in bridge.statements())]),
        caveats=caveats,
        attribution=asked.receipt.attribution,
    )
    if any(bridge.residual for bridge in bridges):
        receipt = receipt.model_copy(update={"trust": "unreconciled"})
    period = receipt.period
    assert period is not None
    book = FactBook(receipt.id)
    told = [Telling(book, bridge, period).told() for bridge in bridges]
    titles = [f"{t.label.text} and ours, {period.start} to {period.end - timedelta(days=1)}" for t in told]
    return ToolResult(
        tool=ReconcileSources.name,
        facts=book.facts,
        labels=book.labels,
        tables=tuple(bridge_table(t, title) for t, title in zip(told, titles, strict=True)),
        charts=tuple(waterfall(t, title) for t, title in zip(told, titles, strict=True)),
        caveats=receipt.caveats,
        receipt=receipt,
        data={"bridges": [t.as_json() for t in told]},
    )
