"""/v1/alerts and /v1/schedules: what is looked at again and again, and who is told."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from roastery.api.alerting import DAILY, NewAlert, NewSchedule, make_alert, make_schedule, remove_alert
from roastery.api.routes.documented import documented
from roastery.api.routes.paging import Cursor, Limit, page
from roastery.api.security.caller import Importer, Reader
from roastery.api.store.alerts import Alert, Alerts
from roastery.api.store.schedules import Schedule, Schedules
from roastery.tools.alerts.base import BacktestDay

router = APIRouter(prefix="/v1", tags=["alerts"])

RULE = {
    "kind": "threshold",
    "query": {"metrics": ["roas"], "dimensions": ["platform"], "period": {"name": "yesterday"}},
    "metric": "roas",
    "op": "lt",
    "value": "1.5",
}
ALERT = {
    "id": "alr_2m9x0c7b5n1v3d8f6k4",
    "name": "ROAS under 1.5",
    "rule": RULE,
    "destinations": [{"channel": "slack", "destination": "C0123456"}],
}
SCHEDULE = {
    "id": "sch_9x0c7b5n1v3d8f6k4m2",
    "name": "Monday digest",
    "kind": "digest",
    "cron": "0 8 * * 1",
    "target": {"destinations": [{"channel": "slack", "destination": "C0123456"}]},
    "next_at": "2026-11-23T14:00:00+00:00",
}
BACKTEST = {"days": 90, "fired": [{"day": "2026-11-02", "slices": [{"platform": "meta_ads"}]}], "skipped": 1}


class GivenAlert(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    rule: dict[str, Any]
    destinations: list[dict[str, str]] = []
    cron: str = DAILY


class GivenSchedule(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: str
    cron: str
    target: dict[str, Any] = {}
    name: str = ""


def alert_json(alert: Alert) -> dict[str, Any]:
    return {"id": alert.id, "name": alert.name, "rule": alert.rule, "destinations": list(alert.destinations)}


def schedule_json(schedule: Schedule) -> dict[str, Any]:
    return {
        "id": schedule.id,
        "name": schedule.name,
        "kind": schedule.kind,
        "cron": schedule.cron,
        "target": schedule.target,
        "next_at": schedule.next_at.isoformat() if schedule.next_at else None,
    }


def backtest_json(days: list[BacktestDay]) -> dict[str, Any]:
    """On which days the rule would have told of which slices, and how many days could not be judged."""
    fired = [{"day": d.day.isoformat(), "slices": [dict(hit.dimensions) for hit in d.fired]} for d in days if d.fired]
    return {"days": len(days), "fired": fired, "skipped": sum(1 for d in days if d.evaluation.skipped)}


@router.get("/alerts", **documented({"items": [ALERT], "next": None}))
def list_alerts(caller: Reader, request: Request, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """The organization's alerts, by name."""
    with request.app.state.roastery.database.reading() as session:
        return page([alert_json(alert) for alert in Alerts(session).of(caller.organization.id)], cursor, limit)


@router.post(
    "/alerts", status_code=201, **documented(ALERT, request={k: v for k, v in ALERT.items() if k != "id"}, status=201)
)
def create_alert(given: GivenAlert, caller: Importer, request: Request) -> dict[str, Any]:
    """Make an alert and the schedule that looks at it; each crossing is told once."""
    new = NewAlert(given.name, given.rule, given.destinations, given.cron)
    alert, _ = make_alert(request.app.state.roastery, caller.organization, caller.actor, new)
    return alert_json(alert)


@router.delete("/alerts/{alert_id}", **documented(ALERT))
def delete_alert(alert_id: str, caller: Importer, request: Request) -> dict[str, Any]:
    """Remove an alert, by id or name, with its schedule."""
    return alert_json(remove_alert(request.app.state.roastery, caller.organization, caller.actor, alert_id))


@router.post("/alerts/backtest", **documented(BACKTEST, request=RULE))
def backtest_alert(
    rule: dict[str, Any], caller: Reader, request: Request, days: Annotated[int, Query(ge=1, le=400)] = 90
) -> dict[str, Any]:
    """What a rule would have told on each of the last days, on the data of now."""
    from roastery.tools.alerts.registry import backtest

    context = request.app.state.roastery.context(caller.organization, caller.actor)
    return backtest_json(backtest(context, rule, days))


@router.get("/schedules", **documented({"items": [SCHEDULE], "next": None}))
def list_schedules(caller: Reader, request: Request, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """The organization's schedules."""
    with request.app.state.roastery.database.reading() as session:
        return page([schedule_json(s) for s in Schedules(session).of(caller.organization.id)], cursor, limit)


@router.post(
    "/schedules",
    status_code=201,
    **documented(SCHEDULE, request={k: SCHEDULE[k] for k in ("kind", "cron", "target")}, status=201),
)
def create_schedule(given: GivenSchedule, caller: Importer, request: Request) -> dict[str, Any]:
    """Have a digest sent, or a connection synced, again and again."""
    new = NewSchedule(given.kind, given.cron, given.target, given.name)
    return schedule_json(make_schedule(request.app.state.roastery, caller.organization, caller.actor, new))


@router.delete("/schedules/{schedule_id}", **documented(SCHEDULE))
def delete_schedule(schedule_id: str, caller: Importer, request: Request) -> dict[str, Any]:
    """Remove a schedule."""
    with request.app.state.roastery.database.session() as session:
        schedules = Schedules(session)
        schedule = schedules.get(caller.organization.id, schedule_id)
        schedules.remove(caller.organization.id, schedule_id)
    return schedule_json(schedule)
