"""describe_metrics: what a metric means, by what it can be split, and what else it is called."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from roastery.tools.base import Table, Tool, ToolContext, ToolResult
from roastery.tools.definitions import metrics_of
from roastery.warehouse.errors import UnknownName


class DescribeMetricsArguments(BaseModel):
    """names: metrics to describe; all of them when empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...] = ()


class DescribeMetrics(Tool[DescribeMetricsArguments]):
    """Definitions as they stand in the metric files; no numbers, therefore no receipt."""

    name = "describe_metrics"
    description = (
        "Explain metrics: definition, unit, synonyms and the dimensions by which each can be split. Use it for 'what "
        "does … mean', 'how is … computed', 'which metrics are there'. Leave names empty to list all metrics."
    )
    arguments = DescribeMetricsArguments

    def run(self, context: ToolContext, arguments: DescribeMetricsArguments) -> ToolResult:
        known = metrics_of(context)
        for name in arguments.names:
            if name not in known:
                raise UnknownName("metric", name, known)
        described = [_described(name, known[name]) for name in arguments.names or sorted(known)]
        return ToolResult(tool=self.name, tables=(_table(described),), data={"metrics": described})


def _described(name: str, metric: Any) -> dict[str, Any]:
    return {
        "name": name,
        "definition": metric.definition,
        "unit": metric.unit,
        "synonyms": list(metric.synonyms),
        "dimensions": sorted(metric.dimensions),
        "additivity": metric.additivity,
        "maturity": metric.maturity,
        "roles": list(metric.roles),
    }


def _table(described: list[dict[str, Any]]) -> Table:
    columns = tuple({"name": name, "kind": "dimension"} for name in ("metric", "definition", "unit", "split_by"))
    rows = tuple(
        {"metric": m["name"], "definition": m["definition"], "unit": m["unit"], "split_by": ", ".join(m["dimensions"])}
        for m in described
    )
    return Table(title="Metrics", columns=columns, rows=rows)
