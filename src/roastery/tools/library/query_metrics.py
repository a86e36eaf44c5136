"""query_metrics: numbers by any split, over any period, compared with any other."""

from roastery.tools.base import Tool, ToolContext, ToolResult
from roastery.tools.definitions import additive_metrics, dimensions_of, metrics_of
from roastery.tools.facts import FactBook
from roastery.tools.frame_facts import frame_facts, frame_table
from roastery.tools.frames import frame_json
from roastery.tools.maturing import Maturing, maturing
from roastery.tools.queries import Asked, ask
from roastery.warehouse.semantic.query import MetricQuery


class QueryMetrics(Tool[MetricQuery]):
    """The MetricQuery of CONTRACTS section 5, answered with a fact for every number."""

    name = "query_metrics"
    description = (
        "Look numbers up: one or more metrics, optionally split by dimensions or over time (grain), filtered, ordered, "
        "limited, and compared with another period (compare_to). Use it for what, how much, which, top and trend "
        "questions. Leave out what was not asked."
    )
    arguments = MetricQuery

    def run(self, context: ToolContext, arguments: MetricQuery) -> ToolResult:
        return query_result(context, ask(context, arguments, self.name))


def query_result(context: ToolContext, asked: Asked) -> ToolResult:
    """The result of one query: every cell a fact, the frame, its table, its receipt."""
    book = FactBook(asked.receipt.id)
    additive = additive_metrics(context, asked.query.metrics)
    if asked.query.grain and asked.query.accumulate:
        additive = frozenset()
    elif asked.query.grain:
        additive &= {name for name in additive if metrics_of(context)[name].additivity == "additive"}
    found = frame_facts(book, asked, additive=additive, organization=context.organization)
    is_split = asked.query.dimensions or asked.query.grain
    ripening = Maturing() if is_split else maturing(context, book, asked, found.total)
    receipt = ripening.on(asked.receipt)
    table = frame_table(asked.frame, table_title(context, asked.query), found)
    return ToolResult(
        tool=receipt.tool,
        facts=book.facts,
        labels=book.labels,
        tables=(table,),
        caveats=receipt.caveats,
        receipt=receipt,
        frame=frame_json(asked.frame, receipt.id),
        data={"totals": found.total.ids, **({"maturing": ripening.facts} if ripening.facts else {})},
    )


def table_title(context: ToolContext, query: MetricQuery) -> str:
    """What a table shows: "Revenue, Spend by platform and week"."""
    metrics, dimensions = metrics_of(context), dimensions_of(context)
    splits = [dimensions[name].title.lower() for name in query.dimensions] + ([query.grain] if query.grain else [])
    named = ", ".join(metrics[name].title if name in metrics else name for name in query.metrics)
    return named + (f" by {' and '.join(splits)}" if splits else "")
