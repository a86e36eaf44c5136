"""/v1/organizations: the caller's own organization and its settings."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request

from roastery.api.routes.documented import documented
from roastery.api.security.caller import Reader, Settler
from roastery.api.store.audit import note
from roastery.api.store.organizations import Organizations, settings_of, with_changes
from roastery.warehouse.organization import Organization

router = APIRouter(prefix="/v1/organizations", tags=["organizations"])

EXAMPLE = {
    "id": "org_4k2m9x0c7b5n1v3d8f6",
    "name": "Acme",
    "currency": "USD",
    "time_zone": "America/Chicago",
    "week_start": "monday",
    "fiscal_year_start": 1,
    "fiscal_weeks": "",
    "clock": None,
    "attribution": {"model": "last_non_direct", "window_days": 30, "view_window_days": 0, "date": "conversion"},
    "refund_basis": "order_day",
    "revenue_includes": [],
    "source_of_truth": ["order", "payment", "invoice", "deal"],
    "gmail_is_one_mailbox": True,
    "sale_match_days": 3,
    "sale_match_minor_units": 1,
    "channel_rules": [],
}


def as_json(organization: Organization) -> dict[str, Any]:
    return {"id": organization.id, "name": organization.name, **settings_of(organization)}


@router.get("", **documented({"items": [EXAMPLE], "next": None}))
def list_organizations(caller: Reader) -> dict[str, Any]:
    """The organizations that this key can see: its own."""
    return {"items": [as_json(caller.organization)], "next": None}


@router.get("/{organization_id}", **documented(EXAMPLE))
def read_organization(organization_id: str, caller: Reader) -> dict[str, Any]:
    """One organization's settings: every default that changes a number."""
    return as_json(caller.own(organization_id))


@router.patch(
    "/{organization_id}",
    **documented(
        {**EXAMPLE, "week_start": "sunday"}, request={"week_start": "sunday", "attribution": {"window_days": 7}}
    ),
)
def change_organization(
    organization_id: str, changes: Annotated[dict[str, Any], Body()], caller: Settler, request: Request
) -> dict[str, Any]:
    """Change some settings; the tables follow before the next answer."""
    roastery = request.app.state.roastery
    organization = with_changes(caller.own(organization_id), changes)
    with roastery.database.session() as session:
        Organizations(session).update(organization)
        before = asdict(caller.organization)
        changed = {name: value for name, value in asdict(organization).items() if before[name] != value}
        note(
            session,
            organization.id,
            caller.actor.id,
            "organization.change",
            organization.id,
            roastery.wall.now(),
            changed=sorted(changed),
        )
    roastery.builds.request(organization)
    return as_json(organization)
