"""Receipts: what a result was made of, and what has changed when it is made again (law 2)."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from roastery.tools.base import FactPeriod, Receipt, ToolContext
from roastery.tools.errors import OutOfScope
from roastery.tools.frames import Rows, canonical_row, canonical_rows, result_hash
from roastery.tools.registry import TOOLS, run
from roastery.warehouse.errors import AskerError, DataError, HistoryIncomplete, NotAllowed, RoasteryError
from roastery.warehouse.semantic.query import MetricFrame, Provenance

Status = Literal["same", "restated", "erased", "redefined", "expired"]
SHOWN_CHANGES = 20


@dataclass(frozen=True)
class Cause:
    """One reason why a result differs. kind: source, build, definition, setting, row, missing."""

    kind: str
    sentence: str
    detail: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "sentence": self.sentence, **self.detail}


@dataclass(frozen=True)
class Rerun:
    """A receipt's result as it was, as it is, and why they differ."""

    then: dict[str, Any]
    now: dict[str, Any] | None
    status: Status
    causes: tuple[Cause, ...]

    def as_json(self) -> dict[str, Any]:
        causes = [cause.as_json() for cause in self.causes]
        return {"then": self.then, "now": self.now, "status": self.status, "causes": causes}


def names_in(receipt: Receipt) -> set[str]:
    """Everything that may name a metric behind a receipt: what it defines, and what it shows, orders or cuts by.

    Whoever may not see one of them may not read the receipt: also an order or a limit tells of the metric.
    """

    def said(part: Any) -> Iterator[str]:
        if isinstance(part, str):
            yield part.split("__")[0]
        elif isinstance(part, Mapping):
            for value in part.values():
                yield from said(value)
        elif isinstance(part, list | tuple):
            for value in part:
                yield from said(value)

    return {*receipt.metric_definitions, *said(receipt.arguments), *said(receipt.query), *said(receipt.filters)}


def new_receipt_id() -> str:
    return f"rcp_{secrets.token_hex(12)}"


def receipt_of(
    frame: MetricFrame,
    tool: str,
    arguments: dict[str, Any],
    context: ToolContext,
    *,
    id: str | None = None,
    caveats: Sequence[str] = (),
) -> Receipt:
    """The receipt of a tool's result that came out of one query."""
    made = frame.provenance
    rows, totals = canonical_rows(frame.rows), canonical_row(frame.totals)
    labels = {column.name for column in frame.columns if column.kind == "label"}
    return Receipt(
        id=id or new_receipt_id(),
        tool=tool,
        arguments=arguments,
        query=made.query,
        sql=made.sql,
        metric_definitions=made.metric_definitions,
        filters=made.filters,
        period=FactPeriod(start=made.period.start, end=made.period.end),
        currency=made.currency,
        fx=made.fx,
        attribution=made.attribution,
        refund_basis=made.refund_basis,
        data_as_of=made.data_as_of,
        complete_through=made.complete_through,
        trust=made.trust,
        rows=len(rows),
        # A campaign that is renamed has not changed its numbers.
        result_hash=result_hash([{k: v for k, v in row.items() if k not in labels} for row in rows], totals),
        result=rows,
        totals=totals,
        scope_key=context.actor.scope_key,
        caveats=tuple(dict.fromkeys((*made.caveats, *caveats))),
        build=made.build,
        **_asked_at(context, made),
    )


def analysis_receipt(
    made: Provenance,
    tool: str,
    arguments: dict[str, Any],
    rows: Rows,
    context: ToolContext,
    *,
    period: FactPeriod | None = None,
    caveats: Sequence[str] = (),
    seed: int | None = None,
) -> Receipt:
    """The receipt of what an analysis found in the rows of one query; `rows` are the findings, not the query's.

    period: of the findings, where they speak of other days than the query.
    """
    result = canonical_rows(rows)
    return Receipt(
        id=new_receipt_id(),
        tool=tool,
        arguments=arguments,
        query=made.query,
        sql=made.sql,
        metric_definitions=made.metric_definitions,
        filters=made.filters,
        period=period or FactPeriod(start=made.period.start, end=made.period.end),
        currency=made.currency,
        fx=made.fx,
        attribution=made.attribution,
        refund_basis=made.refund_basis,
        data_as_of=made.data_as_of,
        complete_through=made.complete_through,
        trust=made.trust,
        rows=len(result),
        result_hash=result_hash(result, {}),
        result=result,
        scope_key=context.actor.scope_key,
        caveats=tuple(dict.fromkeys((*made.caveats, *caveats))),
        build=made.build,
        seed=seed,
        **_asked_at(context, made),
    )


def plain_receipt(
    tool: str,
    arguments: dict[str, Any],
    rows: Rows,
    context: ToolContext,
    *,
    data_as_of: Mapping[str, str],
    build: str,
    sql: str | None = None,
    complete_through: str | None = None,
    caveats: Sequence[str] = (),
) -> Receipt:
    """The receipt of a result that is not a MetricQuery's."""
    result = canonical_rows(rows)
    return Receipt(
        id=new_receipt_id(),
        tool=tool,
        arguments=arguments,
        sql=sql,
        data_as_of=dict(data_as_of),
        complete_through=complete_through,
        rows=len(result),
        result_hash=result_hash(result, {}),
        result=result,
        scope_key=context.actor.scope_key,
        caveats=tuple(caveats),
        build=build,
        **_asked_at(context, None),
    )


def derived_receipt(
    asked: Receipt,
    tool: str,
    arguments: dict[str, Any],
    rows: Rows,
    totals: Mapping[str, Any],
    *,
    sql: str | None = None,
    caveats: Sequence[str] = (),
    seed: int | None = None,
    attribution: Mapping[str, Any] | None = None,
    definitions: Mapping[str, str] | None = None,
) -> Receipt:
    """The receipt of an analysis over what a query found: that query's days, sources and freshness, the own result.

    rows carry a `key` by which a rerun tells them apart. The period is written into the arguments as days.
    """
    result, whole = canonical_rows(rows), canonical_row(totals)
    days = {} if asked.period is None else {"period": asked.period.model_dump(mode="json")}
    return asked.model_copy(
        update={
            "id": new_receipt_id(),
            "tool": tool,
            "arguments": {**arguments, **days},
            "query": None,
            "sql": sql or asked.sql,
            "metric_definitions": {**asked.metric_definitions, **(definitions or {})},
            "attribution": dict(attribution or {}),
            "rows": len(result),
            "result_hash": result_hash(result, whole),
            "result": result,
            "totals": whole,
            "caveats": tuple(dict.fromkeys((*caveats, *asked.caveats))),
            "seed": seed,
        }
    )


def _asked_at(context: ToolContext, made: Provenance | None) -> dict[str, Any]:
    now = context.clock.now()
    return {
        "time_zone": made.time_zone if made else context.organization.time_zone,
        "week_start": made.week_start if made else context.organization.week_start,
        "clock": now,
        "created_at": now,
    }


def rerun(
    receipt: Receipt,
    context: ToolContext,
    *,
    erased_at: Sequence[datetime] = (),
    ask_again: Callable[[], Receipt | None] | None = None,
) -> Rerun:
    """Run a receipt's tool again with its own arguments on the data of now, and say why the results differ.

    ask_again: how the result is made again where it is not by the tool itself, such as a query of more rows than the
    tool gives. erased_at: when people's data was erased here; a difference after an erasure is `erased`.
    Errors: OutOfScope when the receipt was made under a row scope that the asker does not have; StoreErrors pass
    through, because a warehouse that does not answer is no finding about the numbers.
    """
    if receipt.scope_key != context.actor.scope_key:
        raise OutOfScope("This receipt was made for someone who may see other rows; ask the question yourself.")
    then = _shown(receipt)
    if receipt.tool not in TOOLS:
        cause = Cause("definition", f"The tool '{receipt.tool}' is no longer there.")
        return Rerun(then, None, "redefined", (cause,))
    try:
        again = ask_again() if ask_again else run(receipt.tool, receipt.arguments, context, keep=False).receipt
    except NotAllowed:
        raise
    except (HistoryIncomplete, DataError) as error:
        return Rerun(then, None, "expired", (Cause("missing", error.message),))
    except AskerError as error:
        return Rerun(then, None, "redefined", (Cause("definition", error.message),))
    if again is None:
        raise RoasteryError(f"The tool '{receipt.tool}' gave no receipt to compare with.")
    status, causes = compare(receipt, again, erased_at=erased_at)
    return Rerun(then, _shown(again), status, causes)


def compare(then: Receipt, now: Receipt, *, erased_at: Sequence[datetime] = ()) -> tuple[Status, tuple[Cause, ...]]:
    """Whether two results of one question are the same, and if not, which data, definition or row differs."""
    if then.result_hash == now.result_hash:
        return "same", ()
    redefined = [*_definition_causes(then, now), *_setting_causes(then, now)]
    moved = _source_causes(then, now)
    if then.rows and not then.result:
        missing = Cause("missing", "The rows of the first result are no longer kept, only that they were different.")
        return "expired", (missing, *redefined, *moved)
    changed = _row_causes(then, now)
    if redefined:
        return "redefined", (*redefined, *moved, *changed)
    erasures = [at for at in erased_at if at > then.created_at]
    if erasures:
        sentence = f"People's data was erased on {max(erasures).date().isoformat()}."
        return "erased", (Cause("erasure", sentence), *moved, *changed)
    if not moved:
        moved = [Cause("source", "Rows changed although no source has reported newer data.")]
    return "restated", (*moved, *changed)


def _shown(receipt: Receipt) -> dict[str, Any]:
    return {
        "clock": receipt.clock.isoformat(),
        "data_as_of": receipt.data_as_of,
        "complete_through": receipt.complete_through,
        "build": receipt.build,
        "result_hash": receipt.result_hash,
        "rows": receipt.result,
        "totals": receipt.totals,
    }


def _definition_causes(then: Receipt, now: Receipt) -> list[Cause]:
    causes = []
    for metric in sorted(then.metric_definitions.keys() | now.metric_definitions.keys()):
        before, after = then.metric_definitions.get(metric), now.metric_definitions.get(metric)
        if before != after:
            detail = {"metric": metric, "then": before, "now": after}
            causes.append(Cause("definition", f"The definition of '{metric}' has changed.", detail))
    return causes


def _setting_causes(then: Receipt, now: Receipt) -> list[Cause]:
    causes = []
    for name in ("currency", "time_zone", "week_start", "attribution", "refund_basis"):
        before, after = getattr(then, name), getattr(now, name)
        if before != after:
            sentence = f"The setting {name.replace('_', ' ')} was {_said(before)} and is {_said(after)}."
            causes.append(Cause("setting", sentence, {"setting": name, "then": before, "now": after}))
    return causes


def _said(value: Any) -> str:
    return json.dumps(value, sort_keys=True) if isinstance(value, Mapping) else str(value)


def _source_causes(then: Receipt, now: Receipt) -> list[Cause]:
    causes = []
    for source in sorted(then.data_as_of.keys() | now.data_as_of.keys()):
        before, after = then.data_as_of.get(source), now.data_as_of.get(source)
        if before == after:
            continue
        if before is None:
            sentence = f"{source} has delivered data since (as of {after})."
        elif after is None:
            sentence = f"{source} is no longer connected; its data was as of {before}."
        else:
            sentence = f"{source} has restated its data: it was as of {before} and is as of {after}."
        causes.append(Cause("source", sentence, {"source": source, "then": before, "now": after}))
    if not causes and then.build != now.build:
        sentence = f"The tables were built again (build {then.build} then, {now.build} now)."
        causes.append(Cause("build", sentence, {"then": then.build, "now": now.build}))
    return causes


def _row_causes(then: Receipt, now: Receipt) -> list[Cause]:
    keys = _key_columns(then, now)
    before = {_key(row, keys): row for row in then.result}
    after = {_key(row, keys): row for row in now.result}
    causes: list[Cause] = []
    for key in dict.fromkeys((*before, *after)):
        causes += _cell_causes(dict(zip(keys, key, strict=True)), before.get(key), after.get(key))
    causes += _cell_causes({}, then.totals or None, now.totals or None)
    if len(causes) > SHOWN_CHANGES:
        more = Cause("row", f"{len(causes) - SHOWN_CHANGES} more values differ.")
        return [*causes[:SHOWN_CHANGES], more]
    return causes


def _key_columns(then: Receipt, now: Receipt) -> list[str]:
    """Columns that name a row: the query's dimensions, else what the tool calls its rows by."""
    rows = [*then.result, *now.result]
    if not rows:
        return []
    if then.query is not None:
        return [name for name in ("date", *then.query.get("dimensions", ())) if name in rows[0]]
    return ["key"] if "key" in rows[0] else []


def _key(row: Mapping[str, Any], keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(row.get(name)) for name in keys)


def _cell_causes(key: dict[str, str], before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Cause]:
    where = ", ".join(f"{name} {value}" for name, value in key.items()) or "The total"
    if before is None and after is None:
        return []
    if before is None or after is None:
        sentence = f"{where}: the row is {'new' if before is None else 'gone'}."
        return [Cause("row", sentence, {"key": key, "then": before, "now": after})]
    causes = []
    for column in before:
        if before[column] != after.get(column):
            detail = {"key": key, "column": column, "then": before[column], "now": after.get(column)}
            sentence = f"{where}: {column} was {before[column]} and is {after.get(column)}."
            causes.append(Cause("row", sentence, detail))
    return causes
