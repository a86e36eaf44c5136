"""Tests of what marketing causes: proposed, recorded once a person has said yes, listed, deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from roastery.api.errors import BadBody, Conflict, NotFound
from roastery.api.security.roles import allow
from roastery.api.store.audit import note
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import ExperimentRow
from roastery.tools.acts import Proposal
from roastery.tools.base import Actor
from roastery.tools.crediting import Holdout
from roastery.tools.experiments import Experiment, described
from roastery.warehouse.errors import UnknownName
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.api.approving import ServiceActions

RECORD = "record_experiment"
LONGEST_NAME, MOST = 120, 200
SPLITS = ("campaign", "channel", "platform", "ad", "asset")


class Experiments:
    """Of one organization; no other one reads them (law 13)."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def all(self) -> list[ExperimentRow]:
        """The latest recorded first."""
        rows = select(ExperimentRow).where(ExperimentRow.organization_id == self._organization_id)
        return list(self._session.scalars(rows.order_by(ExperimentRow.recorded_at.desc(), ExperimentRow.id)))

    def keep(self, name: str, by: str, holdout: Holdout, actor_id: str, at: datetime) -> ExperimentRow:
        """Errors: Conflict for a name that is taken, or where there are too many."""
        kept = self.all()
        if any(row.name == name for row in kept):
            raise Conflict(f"There is an experiment '{name}' already. Delete it first, or choose another name.")
        if len(kept) >= MOST:
            raise Conflict(f"At most {MOST} experiments are kept. Delete one that no longer tells anything.")
        row = ExperimentRow(
            id=new_id("exp"), organization_id=self._organization_id, name=name, split=by,
            document=holdout.model_dump(mode="json"), recorded_by=actor_id, recorded_at=at,
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        return row

    def remove(self, experiment_id: str) -> ExperimentRow:
        row = self._session.get(ExperimentRow, experiment_id)
        if row is None or row.organization_id != self._organization_id:
            raise NotFound("experiment", experiment_id)
        self._session.delete(row)
        return row


@dataclass(frozen=True)
class RecordedExperiments:
    """The tools' door to the experiments of one organization; `tools.experiments.Recorded`."""

    roastery: "Roastery"
    organization: Organization

    def all(self) -> Sequence[Experiment]:
        with self.roastery.database.reading() as session:
            rows = Experiments(session, self.organization.id).all()
            return [Experiment(row.id, row.name, row.split, Holdout.model_validate(row.document)) for row in rows]


def experiments(roastery: "Roastery", organization: Organization) -> list[dict[str, Any]]:
    with roastery.database.reading() as session:
        return [experiment_json(row) for row in Experiments(session, organization.id).all()]


def holdout_of(given: Mapping[str, Any]) -> Holdout:
    """A test as it was run, checked. Errors: BadBody."""
    try:
        return Holdout.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{first['loc'][0]}: " if first["loc"] else ""
        raise BadBody(f"{where}{first['msg'].removeprefix('Value error, ')}") from error


def propose_experiment(
    roastery: "Roastery", organization: Organization, actor: Actor, name: str, by: str, holdout: Holdout
) -> dict[str, Any]:
    """What waits for a yes: nothing is recorded yet. Errors: NotAllowed below analyst; BadBody, UnknownName."""
    from roastery.api.approving import ServiceActions

    allow(actor, "import")
    name = _checked(name, by, holdout)
    will = f"From then on comparisons of models and advice on budget use it as what is known: {described(by, holdout)}."
    document = {"name": name, "by": by, "holdout": holdout.model_dump(mode="json")}
    actions = ServiceActions(roastery, organization, actor)
    title = f"Record the experiment “{name}”"
    approval = actions.propose(RECORD, document, Proposal(title, will, document))
    return {"approval": {"id": approval, "tool": RECORD, "title": title, "will": will, "state": "waiting"}}


def do_record(actions: "ServiceActions", document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Record what was approved. Errors: Conflict, and those of proposing it."""
    roastery, organization, actor = actions.roastery, actions.organization, actions.actor
    allow(actor, "import")
    holdout = Holdout.model_validate(document["holdout"])
    name = _checked(document["name"], document["by"], holdout)
    now = roastery.wall.now()
    with roastery.database.session() as session:
        row = Experiments(session, organization.id).keep(name, document["by"], holdout, actor.id, now)
        note(session, organization.id, actor.id, "experiment.record", row.id, now)
        return {"experiment_id": row.id, "name": row.name}


def remove_experiment(
    roastery: "Roastery", organization: Organization, actor: Actor, experiment_id: str
) -> dict[str, Any]:
    """Errors: NotAllowed below analyst; NotFound."""
    allow(actor, "import")
    with roastery.database.session() as session:
        row = Experiments(session, organization.id).remove(experiment_id)
        note(session, organization.id, actor.id, "experiment.remove", row.id, roastery.wall.now())
        return experiment_json(row)


def experiment_json(row: ExperimentRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "by": row.split,
        **row.document,
        "recorded_by": row.recorded_by,
        "recorded_at": row.recorded_at.isoformat(),
    }


def _checked(name: str, by: str, holdout: Holdout) -> str:
    """The name without needless space. Errors: BadBody, UnknownName."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise BadBody(f"An experiment has a name of at most {LONGEST_NAME} characters.")
    if by not in SPLITS:
        raise UnknownName("dimension that was tested", by, SPLITS)
    if not holdout.about:
        raise BadBody(f"Say in 'about' which {by} was tested.")
    if holdout.start >= holdout.end:
        raise BadBody("The experiment ends before it starts; 'end' is the first day after it.")
    return name
