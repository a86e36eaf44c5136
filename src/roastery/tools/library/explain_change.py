"""explain_change: why a metric moved between two periods."""

from dataclasses import replace

from pydantic import Field

from roastery.tools.analysis.errors import CannotTell, TooLittleData
from roastery.tools.analysis.explain import Explanation
from roastery.tools.analysis.explain import explain_change as search_causes
from roastery.tools.asking import Asking, Comparison
from roastery.tools.base import Tool, ToolContext, ToolResult
from roastery.tools.causes import CLEAR, Telling
from roastery.tools.comparing import ask_both
from roastery.tools.definitions import additive_metrics, metrics_of, parts_of_ratio, with_parts
from roastery.tools.drivers import drivers, formula_of, names_of
from roastery.tools.facts import FactBook
from roastery.tools.frame_facts import frame_facts
from roastery.tools.leaves import Leaves, leaves_of, searched_dimensions
from roastery.tools.queries import Asked
from roastery.tools.usual_change import UsualChange, usual_change
from roastery.warehouse.errors import UnknownName
from roastery.warehouse.semantic.formula import Node
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec


class ExplainChangeArguments(Asking):
    """One metric, two periods; `dimensions` are searched for the cause, by default all that the metric has."""

    metric: str
    period: PeriodSpec | None = None
    compare_to: Comparison | PeriodSpec = "previous_period"
    dimensions: tuple[str, ...] = Field(default=(), max_length=12, description="Where to look; all when left out.")
    most_dimensions: int = Field(default=3, ge=1, le=3, description="How many of them one cause may combine.")
    causes: int = Field(default=3, ge=1, le=5, description="How many causes to tell at most.")
    like_for_like: bool = Field(
        default=True, description="Cut both periods to the same number of days where the later one is not complete yet."
    )


class ExplainChange(Tool[ExplainChangeArguments]):
    """The change, its simplest causes among slices, its drivers by formula, and whether it is more than noise."""

    name = "explain_change"
    description = (
        "Why did a metric change between two periods: the simplest slice (over up to three dimensions such as "
        "campaign, platform, product, customer type) that explains it, with its exact part of the change, the split of "
        "a ratio into rate and mix, the effect of each driver of its formula (ROAS: orders per click, order value, "
        "cost per click), and whether the change is within the metric's usual noise. Use it for 'why', 'what caused', "
        "'what is behind', 'explain' questions."
    )
    arguments = ExplainChangeArguments

    def run(self, context: ToolContext, arguments: ExplainChangeArguments) -> ToolResult:
        node = formula_of(context, _known(context, arguments.metric), context.organization.refund_basis)
        asked, caveats = _asked(context, arguments, node)
        searched = searched_dimensions(context, arguments.metric, arguments.dimensions)
        book = FactBook(asked.receipt.id)
        total = frame_facts(book, replace(asked, labels={})).total
        telling = Telling(context, book, asked, arguments.metric, total)
        said = [*caveats]
        leaves = _leaves(context, arguments, asked, searched, said)
        found = _search(arguments, leaves, said) if leaves else None
        varied = tuple(leaves.dimensions) if leaves else arguments.dimensions[:1]
        causes = telling.causes(found) if found else ()
        parts, why_not = drivers(context, book, arguments.metric, node, total) if node else ((), "")
        said += [why_not] if why_not else []
        usual = usual_change(context, asked, arguments.metric)
        noise = telling.noise(usual, found)
        said += _about_noise(usual, found)
        return telling.result(causes, parts, noise, varied, tuple(said))


def _known(context: ToolContext, metric: str) -> str:
    if metric not in metrics_of(context):
        raise UnknownName("metric", metric, metrics_of(context))
    return metric


def _asked(context: ToolContext, arguments: ExplainChangeArguments, node: Node | None) -> tuple[Asked, tuple[str, ...]]:
    """The totals of both periods: the metric, what it is a ratio of, and its drivers."""
    ratio = parts_of_ratio(context, arguments.metric)
    names = [arguments.metric, *(ratio.names if ratio else ()), *(names_of(context, node) if node else ())]
    query = MetricQuery.model_validate(
        {
            **arguments.as_asked(),
            "metrics": list(dict.fromkeys(names)),
            "period": arguments.period or PeriodSpec(name="last_month"),
            "compare_to": arguments.compare_to,
        }
    )
    return ask_both(with_parts(context, names), query, ExplainChange.name, arguments.as_json(),
                    like_for_like=arguments.like_for_like)  # fmt: skip


def _leaves(
    context: ToolContext, arguments: ExplainChangeArguments, asked: Asked, searched: tuple[str, ...], said: list[str]
) -> Leaves | None:
    """What to search for causes in; None, with the reason said, where the metric cannot be searched."""
    metric = arguments.metric
    title = metrics_of(context)[metric].title
    change = asked.frame.totals.get(f"{metric}__change")
    if change is None:
        said.append(f"{title} has no value in one of the periods, so there is no change to explain.")
        return None
    if not change:
        said.append(f"{title} did not change between the periods.")
        return None
    if not searched:
        said.append(f"{title} cannot be split, so no slice can be named.")
        return None
    if not parts_of_ratio(context, metric) and not additive_metrics(context, [metric]):
        said.append(f"{title} overlaps between slices, so no slice's part in the change can be told.")
        return None
    leaves = leaves_of(context, asked, metric, searched)
    if leaves is None and not arguments.dimensions:
        leaves = leaves_of(context, asked, metric, _of_first_fact(context, metric, searched))
    if leaves is None or leaves.has_negatives:
        why = "its slices do not sum to the whole" if leaves is None else "some of its slices are below zero"
        said.append(f"The cause was not searched over slices: {why}.")
        return None
    return leaves


def _search(arguments: ExplainChangeArguments, leaves: Leaves, said: list[str]) -> Explanation | None:
    try:
        return search_causes(
            leaves.dimensions, leaves.before, leaves.after, leaves.before_weight, leaves.after_weight,
            kind=leaves.kind, most_dimensions=arguments.most_dimensions, most_causes=arguments.causes,
        )  # fmt: skip
    except (TooLittleData, CannotTell) as error:
        said.append(error.message)
        return None


def _of_first_fact(context: ToolContext, metric: str, dimensions: tuple[str, ...]) -> tuple[str, ...]:
    """The dimensions that the metric's own fact carries, without those of its details (lines, views …)."""
    own = [leaf.measures[0].dimensions for leaf in context.metrics.semantics.leaves(metric)]
    return tuple(d for d in dimensions if all(d in carried for carried in own))


def _about_noise(usual: UsualChange | None, found: Explanation | None) -> list[str]:
    if usual is None:
        if found is None or found.within_noise is None:
            return ["There is too little history to say whether this change is more than usual noise."]
        if found.within_noise:
            return ["No slice stands out from the noise between slices."]
        return []
    if usual.is_noise and not (found and found.causes and (found.causes[0].p_value or 1.0) < CLEAR):
        return ["This change is within the metric's usual noise; a cause named for it may be chance."]
    return []
