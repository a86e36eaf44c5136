"""The ledger of recommendations at work: kept with the answer that made them, changed by people, followed up."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from roastery.agent.answer import Answer, Recommendation
from roastery.api.security.roles import allow
from roastery.api.store.audit import note
from roastery.api.store.recommendations import Kept, Recommendations, seen_by
from roastery.tools.base import Actor, Fact, FactPeriod
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.agent.digest.followed import Followed
    from roastery.api.app import Roastery


def keep_advice(
    roastery: "Roastery",
    organization: Organization,
    actor: Actor,
    advised: Iterable[Recommendation],
    facts: Mapping[str, Fact],
    answer_id: str = "",
) -> list[Kept]:
    """Write recommendations down with their facts as they are now; those that stand there already are left."""
    now = roastery.clock_of(organization).now()
    kept = []
    with roastery.database.session() as session:
        ledger = Recommendations(session, organization.id, actor.scope_key)
        for one in advised:
            basis = [facts[id].model_dump(mode="json") for id in one.basis if id in facts]
            if (made := ledger.keep(one, basis, answer_id, now)) is not None:
                kept.append(made)
    return kept


def keep_answers_advice(roastery: "Roastery", organization: Organization, actor: Actor, answer: Answer) -> None:
    if answer.recommendations:
        facts = {fact.id: fact for fact in answer.facts}
        keep_advice(roastery, organization, actor, answer.recommendations, facts, answer.answer_id)


def list_advice(roastery: "Roastery", organization: Organization, actor: Actor, state: str | None = None) -> list[Kept]:
    """What a person may see of the ledger: nothing whose facts their role is refused."""
    with roastery.database.reading() as session:
        found = Recommendations(session, organization.id, actor.scope_key).of(state)
    return seen_by(found, roastery.layer(organization, actor.role).refuse_unseen)


def read_advice(roastery: "Roastery", organization: Organization, actor: Actor, recommendation_id: str) -> Kept:
    """Errors: NotFound; NotAllowed when its facts are for others."""
    with roastery.database.reading() as session:
        found = Recommendations(session, organization.id, actor.scope_key).get(recommendation_id)
    roastery.layer(organization, actor.role).refuse_unseen(found.metrics)
    return found


def change_advice(
    roastery: "Roastery",
    organization: Organization,
    actor: Actor,
    recommendation_id: str,
    state: str | None = None,
    owner: str | None = None,
) -> Kept:
    """Accept, dismiss, finish or hand over. Errors: NotAllowed, NotFound, UnknownName, Conflict."""
    allow(actor, "import")
    read_advice(roastery, organization, actor, recommendation_id)
    now = roastery.clock_of(organization).now()
    with roastery.database.session() as session:
        ledger = Recommendations(session, organization.id, actor.scope_key)
        made = ledger.change(recommendation_id, now, state, owner)
        detail: dict[str, Any] = {"state": made.state, "owner": made.owner}
        note(session, organization.id, actor.id, "recommendation.change", made.id, roastery.wall.now(), **detail)
    return made


def due_advice(roastery: "Roastery", organization: Organization, actor: Actor, week: str) -> "list[Followed]":
    """What the digest of a week follows up: the days after it was acted on, against as many days before."""
    from roastery.agent.digest.followed import Followed

    now = roastery.clock_of(organization).now()
    with roastery.database.reading() as session:
        due = Recommendations(session, organization.id, actor.scope_key).due(now, week)
    found = []
    for one in seen_by(due, roastery.layer(organization, actor.role).refuse_unseen):
        assert one.measure is not None
        assert one.acted_at is not None
        day = one.acted_at.astimezone(organization.zone).date()
        first, days = day + timedelta(days=1), timedelta(days=one.measure.horizon_days)
        after, before = FactPeriod(start=first, end=first + days), FactPeriod(start=day - days, end=day)
        receipt = one.receipts[0] if one.receipts else ""
        found.append(Followed(one.id, one.action, one.state, day, after, before, one.measure, receipt))
    return found


def keep_outcomes(
    roastery: "Roastery",
    organization: Organization,
    actor: Actor,
    outcomes: Mapping[str, Mapping[str, Any]],
    week: str,
) -> None:
    """What a week's digest found out, kept with each recommendation so that no later week tells it again."""
    if not outcomes:
        return
    with roastery.database.session() as session:
        ledger = Recommendations(session, organization.id, actor.scope_key)
        for recommendation_id, outcome in outcomes.items():
            ledger.keep_outcome(recommendation_id, {**outcome, "week": week})
