"""All that the tools of one run found, numbered through: the only things that prose may speak of."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from roastery.tools.base import Fact, Label, Receipt, Table, ToolResult
from roastery.tools.facts import renumber


@dataclass(frozen=True)
class Finding:
    """One tool call and its result, under the run's own fact and label ids."""

    call_id: str
    tool: str
    arguments: Mapping[str, Any]
    result: ToolResult


@dataclass
class Evidence:
    """Findings in the order in which they came; equal labels share an id."""

    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)

    def add(self, call_id: str, tool: str, arguments: Mapping[str, Any], result: ToolResult) -> Finding:
        """Renumber a result into this evidence."""
        ids = {fact.id: f"f{len(self.facts) + n}" for n, fact in enumerate(result.facts, 1)}
        label_ids = self._label_ids(result.labels)
        renumbered = tuple(renumber(fact, ids) for fact in result.facts)
        everything = {**ids, **label_ids}
        result = result.model_copy(
            update={
                "facts": renumbered,
                "labels": tuple(self.labels[label_ids[label.id]] for label in result.labels),
                "tables": tuple(_renumber_table(table, ids) for table in result.tables),
                "data": _renumber_data(result.data, everything),
            }
        )
        self.facts.update({fact.id: fact for fact in renumbered})
        finding = Finding(call_id, tool, dict(arguments), result)
        self.findings.append(finding)
        return finding

    def _label_ids(self, labels: Iterable[Label]) -> dict[str, str]:
        known = {(label.dimension, label.value): label.id for label in self.labels.values()}
        ids = {}
        for label in labels:
            key = (label.dimension, label.value)
            if key not in known:
                known[key] = f"d{len(self.labels) + 1}"
                self.labels[known[key]] = label.model_copy(update={"id": known[key]})
            ids[label.id] = known[key]
        return ids

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        return tuple(f.result.receipt for f in self.findings if f.result.receipt is not None)

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(table for f in self.findings for table in f.result.tables)

    @property
    def caveats(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c for f in self.findings for c in f.result.caveats))

    def named(self, dimension: str, value: str, text: str) -> Label:
        """The label of a value; one that no tool gave is made, so that prose can refer to it as a name."""
        found = self.label_of(dimension, value)
        if found is None:
            found = Label(id=f"d{len(self.labels) + 1}", dimension=dimension, value=value, text=text)
            self.labels[found.id] = found
        return found

    def label_of(self, dimension: str, value: str) -> Label | None:
        return next((x for x in self.labels.values() if (x.dimension, x.value) == (dimension, value)), None)

    def only(self, findings: Iterable[Finding]) -> "Evidence":
        """The same ids, with some findings only."""
        return replace(self, findings=list(findings))


def _renumber_table(table: Table, ids: Mapping[str, str]) -> Table:
    if not table.fact_ids:
        return table
    return table.model_copy(
        update={"fact_ids": tuple({c: ids.get(i, i) for c, i in row.items()} for row in table.fact_ids)}
    )


_ID = re.compile(r"[fd]\d+")


def _renumber_data(value: Any, ids: Mapping[str, str]) -> Any:
    """Ids inside a tool's own data follow; anything else stays as it is."""
    if isinstance(value, str):
        return ids.get(value, value) if _ID.fullmatch(value) else value
    if isinstance(value, Mapping):
        return {key: _renumber_data(item, ids) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_renumber_data(item, ids) for item in value]
    return value
