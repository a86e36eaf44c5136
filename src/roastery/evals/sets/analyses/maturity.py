"""What was still to come, as said on earlier days, beside what came: coverage of the 80 % interval, and error."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from roastery.evals.direct import Studied
from roastery.evals.sets import Grade
from roastery.tools.analysis.errors import CannotTell
from roastery.tools.analysis.maturity import COVERAGE, Triangle, outlook
from roastery.tools.base import ToolContext
from roastery.tools.triangles import Brings, triangle_of

ASKED = {
    "credited orders by touch": Brings("order_weight", "touch"),
    "credited revenue by touch": Brings("credited_net", "touch"),
    "refunds by order day": Brings("refunds", "sale", credited=False),
}
SPANS = (7, 28)
ORIGINS = 40
FEWEST = 12
OFF_AT_MOST = 0.2


@dataclass(frozen=True)
class Replayed:
    """How earlier intervals of one kind held. error: mean absolute miss over what was to come."""

    held: int
    replays: int
    error: float


def replayed(triangle: Triangle, span: int) -> Replayed:
    """The clock moved back a week at a time: what was then said of the last `span` days, beside what they brought."""
    lags = triangle.arrived.shape[1]
    held = replays = 0
    off = came = 0.0
    for n in range(ORIGINS):
        days = triangle.days - lags - 7 * n
        if days <= span:
            break
        try:
            said = outlook(triangle.until(days), days - span, days)
        except CannotTell:
            break
        actual = float(triangle.arrived[days - span : days].sum()) - said.arrived
        replays += 1
        held += said.low - 1e-9 <= actual <= said.high + 1e-9
        off, came = off + abs(said.expected - actual), came + actual
    return Replayed(held, replays, off / came if came else 0.0)


def measured(context: ToolContext) -> dict[tuple[str, int], Replayed]:
    """By kind and days of the span; kinds of which the company has nothing are left out."""
    organization = context.organization
    whole = context.clock.today(organization.time_zone) - timedelta(days=1)
    found = {}
    for name, brings in ASKED.items():
        dated = triangle_of(context.metrics.warehouse, brings, (), {}, organization.currency, whole)
        for span in SPANS if dated is not None else ():
            assert dated is not None
            one = replayed(dated.triangle, span)
            if one.replays >= FEWEST:
                found[name, span] = one
    return found


def grade(company: Studied) -> Iterator[Grade]:
    found = measured(company.context)
    if not found:
        return
    replays, held = sum(r.replays for r in found.values()), sum(r.held for r in found.values())
    parts = "; ".join(
        f"{name}, {span} days: {r.held} of {r.replays}, error {r.error:.2f}" for (name, span), r in found.items()
    )
    coverage = held / replays
    said = f"{COVERAGE:.0%} interval held {coverage:.3f} of {replays} replays ({parts})"
    wrong = "" if abs(coverage - COVERAGE) <= OFF_AT_MOST else f"{said}; within {OFF_AT_MOST} of {COVERAGE} is wanted"
    yield Grade("analyses", f"{company.name}: maturity", wrong, figures=said)
