"""What a due schedule does, by its kind; each gives the deliveries that it put into the outbox."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import structlog

from roastery.api.asking import ask
from roastery.api.delivery.alerts import judge_alert
from roastery.api.delivery.digests import WRITER, prepare_digest
from roastery.api.delivery.message import message_of
from roastery.api.problems import slack_sentence
from roastery.api.store.alerts import Alerts
from roastery.api.store.deliveries import Deliveries
from roastery.api.store.schedules import Schedules
from roastery.warehouse.errors import UnknownName
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery

log = structlog.get_logger()
Doing = Callable[["Roastery", Organization, Mapping[str, Any]], list[str]]


def run_due(roastery: "Roastery", schedule_id: str, due_at: str) -> dict[str, Any]:
    """Do what a schedule says: {deliveries, error}. A failure is told in the log and at the next due time tried again.

    Running twice for one due time has the effect of once: firings and deliveries are keyed by what they are.
    """
    with roastery.database.reading() as session:
        schedule = Schedules(session).find(schedule_id)
    if schedule is None:
        return {"deliveries": [], "error": "The schedule was removed."}
    organization = roastery.organization(schedule.organization_id)
    try:
        if schedule.kind not in DOINGS:
            raise UnknownName("schedule kind", schedule.kind, DOINGS)
        target = {**schedule.target, "run": f"{schedule_id}:{due_at}"}
        found = DOINGS[schedule.kind](roastery, organization, target)
    except Exception as error:
        log.error("scheduled run failed", schedule_id=schedule_id, due_at=due_at, error=str(error), exc_info=error)
        return {"deliveries": [], "error": slack_sentence(error)}
    return {"deliveries": found, "error": ""}


def _alert(roastery: "Roastery", organization: Organization, target: Mapping[str, Any]) -> list[str]:
    with roastery.database.reading() as session:
        alert = Alerts(session).get(organization.id, str(target["alert_id"]))
    return list(judge_alert(roastery, organization, alert).deliveries)


def _digest(roastery: "Roastery", organization: Organization, target: Mapping[str, Any]) -> list[str]:
    return [
        prepare_digest(roastery, organization, str(destination["channel"]), str(destination["destination"]))
        for destination in target["destinations"]
    ]


def _question(roastery: "Roastery", organization: Organization, target: Mapping[str, Any]) -> list[str]:
    """A question answered anew, kept once for each destination of a due time."""
    deliveries = Deliveries(roastery.database)
    keys = {f"question:{target['run']}:{d['channel']}:{d['destination']}": d for d in target["destinations"]}
    found = {key: deliveries.find(organization.id, key) for key in keys}
    if any(delivery is None for delivery in found.values()):
        answer = ask(roastery, organization, WRITER, str(target["question"]))
        payload = message_of(answer).as_payload()
        for key, destination in keys.items():
            found[key] = found[key] or deliveries.open(
                organization.id, key, destination["channel"], destination["destination"], payload, roastery.wall.now()
            )
    return [delivery.id for delivery in found.values() if delivery is not None]


def _sync(roastery: "Roastery", organization: Organization, target: Mapping[str, Any]) -> list[str]:
    roastery.syncs.run(organization, str(target["connection_id"]))
    roastery.builds.request(organization)
    return []


DOINGS: dict[str, Doing] = {"alert": _alert, "digest": _digest, "question": _question, "sync": _sync}
