"""detect_anomalies: which days of which metrics and slices are unlike what the days before led to expect."""

from datetime import date, timedelta
from typing import Literal

from pydantic import Field

from roastery.tools.asking import Asking, KnownDays
from roastery.tools.base import Tool, ToolContext, ToolResult
from roastery.tools.definitions import dimensions_of, metrics_of
from roastery.tools.oddities import oddities_result
from roastery.tools.scan import Scan, Scanned, is_scannable, pairs_of, scan
from roastery.tools.watched import WATCHED
from roastery.tools.windowed_scan import scan_windows
from roastery.warehouse.errors import BadPeriod, BadQuery, ImpossibleSplit, NoData, UnknownName
from roastery.warehouse.semantic.query import PeriodSpec

MAIN = (
    "revenue", "orders", "aov", "refunds", "spend", "cpc", "reported_conversions", "attributed_orders", "sessions",
    "conversion_rate", "open_rate", "leads", "bookings", "no_show_rate", "failed_payments", "tickets",
    "ctr", "churned_subscriptions", "win_rate", "attribution_coverage",
)  # fmt: skip
"""What is scanned when nothing is named, as far as there is data of it."""
USUAL_SLICES = ("platform", "campaign", "sales_channel", "location", "product", "service", "plan", "service_area",
                "region", "owner")  # fmt: skip
BEARABLE = 4.0
FALSE_SHARE = 0.1
JUDGED_DAYS = {"day": 28, "week": 84}


class DetectAnomaliesArguments(Asking):
    """`metrics` × the values of each of `dimensions` and the whole; `period` are the days that are judged."""

    metrics: tuple[str, ...] = Field(default=(), max_length=10, description="The main ones when left out.")
    dimensions: tuple[str, ...] = Field(default=(), max_length=3, description="Each is scanned by itself.")
    period: PeriodSpec | None = Field(default=None, description="Days to judge; the last 28 complete ones by default.")
    grain: Literal["day", "week"] = "day"
    judge: Literal["auto", "steps", "windows"] = Field(
        default="auto",
        description="Each day (or week) against what the one before led to expect, or sums over one day to four weeks "
        "against chance, for small slices too; windows when no metric is named.",
    )
    direction: Literal["up", "down", "both"] = "both"
    alerts_a_month: float | None = Field(
        default=None, gt=0, le=1000,
        description="How many false alerts a month are bearable over everything scanned; 4 by steps. By windows "
        "false_share holds unless this is given.",
    )  # fmt: skip
    false_share: float = Field(
        default=FALSE_SHARE, gt=0, le=0.5, description="By windows: how much of what is told may be chance."
    )
    known_days: tuple[KnownDays, ...] = Field(default=(), max_length=50)
    limit: int = Field(default=20, ge=1, le=200, description="How many episodes to show, the most severe first.")

    @property
    def by_windows(self) -> bool:
        return self.judge == "windows" or (self.judge == "auto" and not self.metrics and self.grain == "day")


class DetectAnomalies(Tool[DetectAnomaliesArguments]):
    """Every series judged on the days before only; what happened is told once, with what was expected and its cost."""

    name = "detect_anomalies"
    description = (
        "Find what is unusual: days or weeks on which a metric, or one slice of it (a campaign, platform, product, "
        "location), was unlike what the days before led to expect: spikes, dips, level shifts, trend breaks, missing "
        "data; with the expected range, how severe it is and the money at stake; holidays and promotions known; "
        "duplicates merged. Use it for 'anything unusual', 'anomalies', 'what looks off', 'did something break'."
    )
    arguments = DetectAnomaliesArguments

    def run(self, context: ToolContext, arguments: DetectAnomaliesArguments) -> ToolResult:
        asked = scan_of(context, arguments)
        scanned = scan_windows(context, asked) if arguments.by_windows else scan(context, asked)
        if not scanned.read:
            raise _nothing_to_scan(scanned)
        return oddities_result(context, arguments, asked, scanned)


def scan_of(context: ToolContext, arguments: DetectAnomaliesArguments) -> Scan:
    """What the arguments mean: metrics, slices and days. Errors: UnknownName, ImpossibleSplit, BadQuery, BadPeriod."""
    main = WATCHED if arguments.by_windows else MAIN
    metrics = tuple(dict.fromkeys(arguments.metrics)) or tuple(m for m in main if m in metrics_of(context))
    known, all_dimensions = metrics_of(context), dimensions_of(context)
    for metric in metrics:
        if metric not in known:
            raise UnknownName("metric", metric, known)
        if not is_scannable(context, metric, by_windows=arguments.by_windows):
            raise BadQuery(f"{known[metric].title} has no value for each day, so no day of it can be unusual.")
    for dimension in arguments.dimensions:
        if dimension not in all_dimensions:
            raise UnknownName("dimension", dimension, all_dimensions)
        if arguments.metrics and not any(dimension in known[m].dimensions for m in metrics):
            raise ImpossibleSplit(metrics[0], dimension, known[metrics[0]].dimensions)
    start, end = _judged(context, arguments)
    return Scan(
        asking=arguments,
        pairs=_pairs(context, arguments, metrics),
        start=start,
        end=end,
        grain=arguments.grain,
        direction=arguments.direction,
        alerts_a_month=arguments.alerts_a_month or BEARABLE,
        told=arguments.known_days,
        false_share=arguments.false_share if arguments.by_windows and arguments.alerts_a_month is None else None,
    )


def _pairs(
    context: ToolContext, arguments: DetectAnomaliesArguments, metrics: tuple[str, ...]
) -> tuple[tuple[str, str | None], ...]:
    if not arguments.by_windows or arguments.metrics or arguments.dimensions:
        return pairs_of(context, metrics, arguments.dimensions or USUAL_SLICES)
    known = metrics_of(context)
    return tuple((m, d) for m in metrics for d in WATCHED[m] if d is None or d in known[m].dimensions)


def _judged(context: ToolContext, arguments: DetectAnomaliesArguments) -> tuple[date, date]:
    today = context.clock.today(context.organization.time_zone)
    if arguments.period is None:
        return today - timedelta(days=JUDGED_DAYS[arguments.grain]), today
    period = context.metrics.resolve_period(arguments.period)
    if period.start >= today:
        raise BadPeriod("There is no complete day in this period yet, so nothing can be judged.")
    return period.start, min(period.end, today)


def _nothing_to_scan(scanned: Scanned) -> NoData:
    """Why nothing could be judged: the reason of the first series, which is the asked one."""
    reasons = list(dict.fromkeys(scanned.not_read.values()))
    return NoData(" ".join(reasons[:2]) or "There is nothing to judge yet. Connect a source, or import data.")
