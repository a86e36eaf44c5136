"""/v1/metrics (the organization's own), /v1/channel-rules and /v1/tracking/audit."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request

from roastery.api.definitions import (
    add_metrics,
    apply_rules,
    preview_rules,
    read_rules,
    remove_metric,
    rules_json,
    tracking_audit,
)
from roastery.api.errors import BadBody
from roastery.api.routes.documented import documented
from roastery.api.security.caller import Reader, Settler
from roastery.warehouse.semantic.own import readable

router = APIRouter(prefix="/v1", tags=["definitions"])

OWN = {
    "name": "revenue_28d",
    "title": "Revenue of 28 days",
    "definition": "Revenue of the 28 days up to each day.",
    "unit": "money",
    "cumulative": {"metric": "revenue", "over": "trailing", "days": 28},
}
RULE = {"channel": "podcast", "medium": ["audio*"], "about": "spots in podcasts"}
RULES = {"version": 1, "rules": [RULE], "defaults": [{"channel": "sms", "about": "text messages"}]}
NUMBERS = {"touches": 12, "orders": "3.000000000", "revenue": "240.00", "spend": "0.00"}
PREVIEW = {
    "currency": "USD",
    "channels": [{"channel": "podcast", "before": {**NUMBERS, "touches": 0}, "after": NUMBERS}],
    "moved": [{"from": "other", "to": "podcast", "touches": 12}],
}
AUDIT = {
    "period": {"start": "2026-10-01", "end": "2026-11-01"},
    "currency": "USD",
    "coverage": "0.8700",
    "coverage_aim": "0.90",
    "is_covered": False,
    "revenue": "10000.00",
    "attributed_revenue": "8700.00",
    "findings": [{"kind": "mistagged", "subject": "Sprng Sale", "touches": 40, "revenue": "610.00"}],
}
Document = Annotated[dict[str, Any], Body()]


@router.get("/metrics/own", **documented({"items": [{"version": 1, **OWN}], "next": None}))
def list_own_metrics(caller: Reader) -> dict[str, Any]:
    """The organization's own metrics as they were written, with their versions."""
    return {"items": readable(caller.organization.metrics), "next": None}


@router.post("/metrics", status_code=201, **documented({"version": 1, **OWN}, request=OWN, status=201))
def define_metric(document: Document, caller: Settler, request: Request) -> dict[str, Any]:
    """Add a metric of the organization's own, or define one anew; receipts from before then say `redefined`."""
    name = document.get("name")
    if not isinstance(name, str):
        raise BadBody("A metric needs a name, such as revenue_28d.")
    body = {field: value for field, value in document.items() if field not in ("name", "version")}
    items = add_metrics(request.app.state.roastery, caller.organization, caller.actor, {name: body})
    return next(item for item in items if item["name"] == name)


@router.delete("/metrics/{name}", **documented({"name": "revenue_28d", "removed": True}))
def forget_metric(name: str, caller: Settler, request: Request) -> dict[str, Any]:
    """Remove one of the organization's own metrics."""
    remove_metric(request.app.state.roastery, caller.organization, caller.actor, name)
    return {"name": name, "removed": True}


@router.get("/channel-rules", **documented(RULES))
def read_channel_rules(caller: Reader) -> dict[str, Any]:
    """The organization's channel rules in their order, their version, and the default grouping after them."""
    return rules_json(caller.organization)


@router.post("/channel-rules/preview", **documented(PREVIEW, request={"rules": [RULE]}))
def preview_channel_rules(document: Document, caller: Settler, request: Request) -> dict[str, Any]:
    """What rules would change in all numbers of the past: touches, credit and spend by channel; nothing is kept."""
    return preview_rules(request.app.state.roastery, caller.organization, read_rules(document))


@router.put("/channel-rules", **documented(RULES, request={"version": 0, "rules": [RULE]}))
def change_channel_rules(document: Document, caller: Settler, request: Request) -> dict[str, Any]:
    """Put rules in force. `version` is that of the rules they were made from; if others changed them, it is refused."""
    version = document.get("version")
    if version is not None and not isinstance(version, int):
        raise BadBody("version is the number that the rules had when they were read.")
    rules = read_rules(document)
    return apply_rules(request.app.state.roastery, caller.organization, caller.actor, rules, version)


@router.get("/tracking/audit", **documented(AUDIT))
def audit_tracking(
    caller: Reader,
    request: Request,
    start: Annotated[date | None, Query(description="First day; 28 days before the end when left out.")] = None,
    end: Annotated[date | None, Query(description="First day that no longer counts; today when left out.")] = None,
) -> dict[str, Any]:
    """Mistagged and untagged links, unknown campaigns, spend that no touch answers, and attribution coverage."""
    return tracking_audit(request.app.state.roastery, caller.organization, caller.actor, start, end)
