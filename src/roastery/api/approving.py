"""Approvals: what tools propose is kept, and done once a person has said yes (law 12)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from roastery.api.alerting import (
    NewAlert,
    NewSchedule,
    check_alert,
    check_schedule,
    make_alert,
    make_schedule,
)
from roastery.api.delivery.digests import default_destinations
from roastery.api.experimenting import RECORD, do_record
from roastery.api.remembering import REMEMBER, do_remember
from roastery.api.security.roles import allow
from roastery.api.store.approvals import Approval, Approvals
from roastery.api.store.audit import note
from roastery.tools.acts import Proposal
from roastery.tools.base import Actor, ToolResult
from roastery.warehouse.errors import BadQuery, RoasteryError
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery

NO_DESTINATION = (
    "Say where to tell it, such as a Slack channel: no Slack workspace with a default channel is linked to this "
    "organization."
)


@dataclass(frozen=True)
class ServiceActions:
    """What may be done for one asker; `tools.acts.Actions`."""

    roastery: "Roastery"
    organization: Organization
    actor: Actor
    is_approved: bool = False

    def check(self, tool: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        allow(self.actor, "import")
        return CHECKS[tool](self, document)

    def propose(self, tool: str, arguments: Mapping[str, Any], proposal: Proposal) -> str:
        now = self.roastery.wall.now()
        with self.roastery.database.session() as session:
            approvals = Approvals(session, self.organization.id, self.actor.scope_key)
            kept = approvals.propose(tool, proposal.title, proposal.will, arguments, self.actor.id, now)
            note(session, self.organization.id, self.actor.id, "approval.propose", kept.id, now, tool=tool)
        return kept.id

    def do(self, tool: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        allow(self.actor, "import")
        return DOINGS[tool](self, document)

    def destinations(self, given: Any) -> list[dict[str, str]]:
        """Those that were named, else the linked workspaces' default channels. Errors: BadQuery without any."""
        named = [dict(d) for d in given or ()]
        if not named:
            pairs = default_destinations(self.roastery, self.organization)
            named = [{"channel": channel, "destination": destination} for channel, destination in pairs]
        if not named:
            raise BadQuery(NO_DESTINATION)
        return named


def decide(
    roastery: "Roastery", organization: Organization, actor: Actor, approval_id: str, approved: bool
) -> Approval:
    """Approve or decline what waits; approved, it is done at once.

    Errors: NotFound, Conflict, NotAllowed, and the tool's own; then it waits again. The decision is taken in a
    transaction of its own before anything is done, so that two people who press the button at once make one alert.
    """
    from roastery.tools.registry import run

    allow(actor, "import")
    now = roastery.wall.now()
    with roastery.database.session() as session:
        approvals = Approvals(session, organization.id, actor.scope_key)
        decided = approvals.decide(approval_id, approved, actor.id, now)
        action = "approval.approve" if approved else "approval.decline"
        note(session, organization.id, actor.id, action, approval_id, now, tool=decided.tool)
    if not approved:
        return decided
    if decided.tool in KEPT:
        return _kept(roastery, organization, actor, decided)
    context = replace(
        roastery.context(organization, actor), actions=ServiceActions(roastery, organization, actor, is_approved=True)
    )
    try:
        made: ToolResult = run(decided.tool, decided.arguments, context)
    except RoasteryError:
        with roastery.database.session() as session:
            Approvals(session, organization.id, actor.scope_key).give_back(approval_id)
        raise
    result = dict(made.data["done"]["made"])
    with roastery.database.session() as session:
        Approvals(session, organization.id, actor.scope_key).keep_result(approval_id, result)
    return replace(decided, result=result)


def _kept(roastery: "Roastery", organization: Organization, actor: Actor, decided: Approval) -> Approval:
    """Keep what was confirmed and needs no numbers: a meaning, an experiment."""
    actions = ServiceActions(roastery, organization, actor, is_approved=True)
    try:
        result = dict(KEPT[decided.tool](actions, decided.arguments))
    except RoasteryError:
        with roastery.database.session() as session:
            Approvals(session, organization.id, actor.scope_key).give_back(decided.id)
        raise
    with roastery.database.session() as session:
        Approvals(session, organization.id, actor.scope_key).keep_result(decided.id, result)
    return replace(decided, result=result)


def _alert_document(actions: ServiceActions, document: Mapping[str, Any]) -> Mapping[str, Any]:
    checked = {**document, "destinations": actions.destinations(document.get("destinations"))}
    check_alert(actions.roastery, actions.organization, actions.actor, NewAlert(**checked))
    return checked


def _schedule_document(actions: ServiceActions, document: Mapping[str, Any]) -> Mapping[str, Any]:
    target = dict(document["target"])
    if document["kind"] != "sync":
        target["destinations"] = actions.destinations(target.get("destinations"))
    checked = {**document, "target": target}
    check_schedule(actions.roastery, actions.organization, actions.actor, NewSchedule(**checked))
    return checked


def _do_alert(actions: ServiceActions, document: Mapping[str, Any]) -> Mapping[str, Any]:
    alert, _ = make_alert(actions.roastery, actions.organization, actions.actor, NewAlert(**document))
    return {"alert_id": alert.id, "name": alert.name}


def _do_schedule(actions: ServiceActions, document: Mapping[str, Any]) -> Mapping[str, Any]:
    made = make_schedule(actions.roastery, actions.organization, actions.actor, NewSchedule(**document))
    next_at = made.next_at.isoformat() if made.next_at else None
    return {"schedule_id": made.id, "name": made.name, "next_at": next_at}


Doing = Callable[[ServiceActions, Mapping[str, Any]], Mapping[str, Any]]
CHECKS: dict[str, Doing] = {"create_alert": _alert_document, "create_schedule": _schedule_document}
DOINGS: dict[str, Doing] = {"create_alert": _do_alert, "create_schedule": _do_schedule}
KEPT: dict[str, Doing] = {REMEMBER: do_remember, RECORD: do_record}
