"""Judges an alert and puts what is worth telling into the outbox, once for each slice and window."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from roastery.agent.render import fact_text, name_text, period_text, value_text
from roastery.api.delivery.message import Message
from roastery.api.security.standing import role_today
from roastery.api.store.alerts import Alert, Alerts, Outgoing, keep_firing
from roastery.tools.alerts.anomaly import AnomalyRule
from roastery.tools.alerts.base import Evaluation, Hit
from roastery.tools.alerts.registry import read_rule
from roastery.tools.alerts.threshold import WORDS, ThresholdRule
from roastery.tools.base import Actor, Fact
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery

WATCHER = "alerts"
"""Alerts see the rows of the whole organization, and the metrics that whoever made them may see today."""

MOST_TOLD = 20
log = structlog.get_logger()


@dataclass(frozen=True)
class Judged:
    """What one run of an alert came to: the evaluation, and the deliveries that carry its new firings."""

    evaluation: Evaluation
    deliveries: tuple[str, ...]


def judge_alert(roastery: "Roastery", organization: Organization, alert: Alert) -> Judged:
    """Evaluate an alert now. Judging the same window again stores and sends nothing new."""
    kind, rule = read_rule(alert.rule)
    role = role_today(roastery.database, organization.id, alert.created_by)
    context = roastery.context(organization, Actor(id=WATCHER, role=role))
    evaluation = kind.evaluate(context, rule)
    if evaluation.skipped:
        log.info("alert not judged", alert_id=alert.id, reason=evaluation.skipped)
    with roastery.database.reading() as session:
        last = Alerts(session).last_windows(alert.id)
    told = kind.fired(rule, evaluation, last)[:MOST_TOLD]
    if told and evaluation.result is not None and evaluation.result.receipt is not None:
        context.ledger.keep(evaluation.result.receipt)
    found: list[str] = []
    for hit in told:
        found += _keep(roastery, alert, rule, evaluation, hit)
    return Judged(evaluation, tuple(found))


def _keep(roastery: "Roastery", alert: Alert, rule: Any, evaluation: Evaluation, hit: Hit) -> list[str]:
    message = firing_message(alert.name, rule, evaluation, hit)
    outgoing = [Outgoing(d["channel"], d["destination"], message.as_payload()) for d in alert.destinations]
    document = {
        "slice": hit.slice_key,
        "start": evaluation.window.start.isoformat(),
        "end": evaluation.window.end.isoformat(),
        "dimensions": dict(hit.dimensions),
        "text": message.text,
    }
    return keep_firing(
        roastery.database,
        alert,
        evaluation.window_key(hit),
        value=None if hit.fact.value is None else format(hit.fact.value, "f"),
        receipt_id=hit.fact.receipt_id,
        document=document,
        outgoing=outgoing,
        at=roastery.wall.now(),
    )


def firing_message(name: str, rule: Any, evaluation: Evaluation, hit: Hit) -> Message:
    """What a firing says: the fact, what it is judged by, the days and the slice; every number has a receipt."""
    fact = hit.fact
    if isinstance(rule, AnomalyRule):
        return _unusual_message(name, rule, evaluation, hit)
    assert isinstance(rule, ThresholdRule)
    where = _slice_text(evaluation, hit.dimensions)
    threshold = _threshold_text(rule, fact)
    text = (
        f"**{name_text(name)}**: {_metric_text(rule.metric)}{where} was {_signed(fact)} {_when(fact)}, "
        f"{WORDS[rule.op]} {threshold}."
    )
    caveats = evaluation.result.caveats if evaluation.result else ()
    notes = "".join(f"\n- {caveat}" for caveat in caveats[:5])
    return Message(text=text + (f"\n{notes}" if notes else ""), footnote=f"Receipt: {fact.receipt_id}")


def _unusual_message(name: str, rule: AnomalyRule, evaluation: Evaluation, hit: Hit) -> Message:
    """What came, what was usual with its range, and the slice behind it where one is known."""
    fact, result = hit.fact, evaluation.result
    assert result is not None
    by_id = {f.id: f for f in result.facts}
    incident = next(i for i in result.data["incidents"] if i["actual"] == fact.id)
    usual, low, high = (fact_text(by_id[incident[k]]) for k in ("expected", "low", "high"))
    where = _slice_text(evaluation, hit.dimensions)
    came = fact_text(fact) if fact.value is not None else "without data"
    text = (
        f"**{name_text(name)}**: {_metric_text(rule.metric)}{where} was {came} {_when(fact)}; usual is {usual} "
        f"({low} to {high})."
    )
    if incident["stake"] and incident["stake"] != incident["off"]:
        stake = by_id[incident["stake"]]
        text += f" At stake: {fact_text(stake)} of {stake.metric.replace('_', ' ')}."
    if hit.cause:
        text += f" Most of it lies with {name_text(hit.cause)}."
    notes = "".join(f"\n- {caveat}" for caveat in result.caveats[:5])
    return Message(text=text + (f"\n{notes}" if notes else ""), footnote=f"Receipt: {fact.receipt_id}")


def _when(fact: Fact) -> str:
    days = (fact.period.end - fact.period.start).days
    return f"{'on' if days == 1 else 'in'} {period_text(fact.period)}"


def _metric_text(column: str) -> str:
    metric, _, suffix = column.partition("__")
    named = metric.replace("_", " ")
    return {"change": f"the change of {named}", "change_ratio": f"the change of {named}"}.get(suffix, named)


def _signed(fact: Fact) -> str:
    """A change keeps its sign here: there is no direction word beside it."""
    minus = "−" if fact.kind in ("change", "change_ratio") and fact.value is not None and fact.value < 0 else ""
    return minus + fact_text(fact)


def _threshold_text(rule: ThresholdRule, fact: Fact) -> str:
    unit = "percent_ratio" if fact.kind == "change_ratio" else fact.unit
    return value_text(rule.value, unit, fact.currency, fact.metric)


def _slice_text(evaluation: Evaluation, dimensions: Mapping[str, str]) -> str:
    if not dimensions or evaluation.result is None:
        return ""
    names = {(label.dimension, label.value): label.text for label in evaluation.result.labels}
    parts = [f"{name} {name_text(names.get((name, value), value))}" for name, value in dimensions.items()]
    return f" of {', '.join(parts)}"
