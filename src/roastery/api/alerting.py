"""Alerts and schedules as people make them: a rule, where it tells, and when it is looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from roastery.api.delivery.outbox import channels
from roastery.api.errors import Conflict
from roastery.api.store.alerts import Alert, Alerts
from roastery.api.store.audit import note
from roastery.api.store.schedules import Schedule, Schedules, next_time
from roastery.tools.alerts.registry import read_rule
from roastery.tools.base import Actor
from roastery.warehouse.errors import BadQuery, NotAllowed, UnknownName
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.own import semantics_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery

DAILY = "0 8 * * *"
SCHEDULED = ("digest", "question", "sync")


@dataclass(frozen=True)
class NewAlert:
    """destinations: each {channel, destination}, such as a Slack channel. cron: in the organization's zone."""

    name: str
    rule: Mapping[str, Any]
    destinations: Sequence[Mapping[str, str]] = ()
    cron: str = DAILY


@dataclass(frozen=True)
class NewSchedule:
    """kind digest: target {destinations}; question: {question, destinations}; sync: {connection_id}."""

    kind: str
    cron: str
    target: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


def check_alert(roastery: "Roastery", organization: Organization, actor: Actor, new: NewAlert) -> dict[str, Any]:
    """The rule of a sound alert, as it is stored. Errors: BadArguments, BadBody, UnknownName, Conflict, NotAllowed."""
    _sees_everything(actor)
    if not new.name.strip():
        raise BadQuery("An alert needs a name.")
    _check_destinations(roastery, new.destinations)
    next_time(new.cron, organization.zone, roastery.wall.now())
    _, rule = read_rule(new.rule)
    _check_names(organization, rule)
    with roastery.database.reading() as session:
        if any(alert.name == new.name.strip() for alert in Alerts(session).of(organization.id)):
            raise Conflict(f"There is an alert called '{new.name.strip()}' already. Give this one another name.")
    document: dict[str, Any] = rule.model_dump(mode="json", exclude_defaults=True)
    return {**document, "kind": new.rule.get("kind", "threshold")}


def make_alert(roastery: "Roastery", organization: Organization, actor: Actor, new: NewAlert) -> tuple[Alert, Schedule]:
    """Store a sound alert and its schedule together. Errors: as check_alert."""
    document = check_alert(roastery, organization, actor, new)
    now = roastery.wall.now()
    with roastery.database.session() as session:
        alert = Alerts(session).create(
            organization.id, new.name.strip(), document, new.destinations, now, created_by=actor.id
        )
        schedule = Schedules(session).create(
            organization.id,
            "alert",
            new.cron,
            organization.zone,
            {"alert_id": alert.id},
            now,
            name=alert.name,
            created_by=actor.id,
        )
        note(session, organization.id, actor.id, "alert.create", alert.id, now)
    return alert, schedule


def remove_alert(roastery: "Roastery", organization: Organization, actor: Actor, alert_id: str) -> Alert:
    """Remove an alert with the schedules that look at it."""
    now = roastery.wall.now()
    with roastery.database.session() as session:
        alerts, schedules = Alerts(session), Schedules(session)
        alert = alerts.get(organization.id, alert_id)
        for schedule in schedules.of(organization.id):
            if schedule.kind == "alert" and schedule.target.get("alert_id") == alert.id:
                schedules.remove(organization.id, schedule.id)
        alerts.remove(organization.id, alert.id)
        note(session, organization.id, actor.id, "alert.remove", alert.id, now)
    return alert


def check_schedule(roastery: "Roastery", organization: Organization, actor: Actor, new: NewSchedule) -> dict[str, Any]:
    """The target of a sound schedule, as it is stored. Errors: BadBody for the cron line, BadQuery, NotFound."""
    from roastery.api.store.connections import Connections

    _sees_everything(actor)
    if new.kind not in SCHEDULED:
        raise UnknownName("schedule kind", new.kind, SCHEDULED)
    next_time(new.cron, organization.zone, roastery.wall.now())
    if new.kind == "sync":
        connection_id = str(new.target.get("connection_id", ""))
        with roastery.database.reading() as session:
            return {"connection_id": Connections(session, roastery.keyring, organization.id).get(connection_id).id}
    target: dict[str, Any] = {"destinations": list(new.target.get("destinations", ()))}
    if not target["destinations"]:
        raise BadQuery(f"A {new.kind}'s target names its destinations, each with a channel and a destination.")
    _check_destinations(roastery, target["destinations"])
    if new.kind == "question":
        target["question"] = str(new.target.get("question", "")).strip()
        if not target["question"]:
            raise BadQuery("A scheduled question's target holds the question, in words.")
    return target


def make_schedule(roastery: "Roastery", organization: Organization, actor: Actor, new: NewSchedule) -> Schedule:
    """Store a sound schedule. Errors: as check_schedule."""
    target = check_schedule(roastery, organization, actor, new)
    now = roastery.wall.now()
    with roastery.database.session() as session:
        schedule = Schedules(session).create(
            organization.id, new.kind, new.cron, organization.zone, target, now, name=new.name, created_by=actor.id
        )
        note(session, organization.id, actor.id, "schedule.create", schedule.id, now, kind=new.kind)
    return schedule


def rule_of(roastery: "Roastery", organization: Organization, named: str) -> Mapping[str, Any]:
    """A rule given as JSON, or by the name or id of an alert."""
    import json

    if named.lstrip().startswith("{"):
        try:
            document = json.loads(named)
        except ValueError as error:
            raise BadQuery(f"The rule is not JSON: {error}.") from None
        assert isinstance(document, dict)
        return document
    with roastery.database.reading() as session:
        return Alerts(session).get(organization.id, named).rule


def _check_names(organization: Organization, rule: Any) -> None:
    """Errors: UnknownName. An alert on a number that does not exist would never tell, and nobody would know."""
    semantics = semantics_of(organization.metrics)
    asked = getattr(rule, "query", rule)
    for metric in getattr(asked, "metrics", None) or (rule.metric.partition("__")[0],):
        semantics.metric(metric)
    for dimension in asked.dimensions:
        if dimension != "date":
            semantics.dimension(dimension)


def _check_destinations(roastery: "Roastery", destinations: Sequence[Mapping[str, str]]) -> None:
    known = channels(roastery.settings)
    for destination in destinations:
        if set(destination) != {"channel", "destination"}:
            raise BadQuery("A destination is an object with a channel, such as slack, and a destination in it.")
        if destination["channel"] not in known:
            raise UnknownName("delivery channel", destination["channel"], known)


def _sees_everything(actor: Actor) -> None:
    """What runs for everybody sees everything; who sees only some rows must not receive it (law 13)."""
    if actor.row_scope:
        raise NotAllowed("This key sees only some rows; alerts and schedules speak of the whole organization.")
