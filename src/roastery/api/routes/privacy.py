"""/v1/privacy: what is held of one person, given out, found or forgotten; how long data is kept."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from roastery.api.privacy import (
    audience_of,
    erase_person,
    erasures,
    export_person,
    preview_retention,
    retention_json,
    scan_for,
    set_retention,
)
from roastery.api.routes.documented import documented
from roastery.api.routes.paging import Cursor, Limit, page
from roastery.api.security.caller import PrivacyKeeper
from roastery.warehouse.errors import BadQuery

router = APIRouter(prefix="/v1/privacy", tags=["privacy"])

WHO = {"email": "ana@example.com"}
EXPORT = {
    "organization": "Acme",
    "exported_at": "2026-11-20T12:00:00+00:00",
    "customer_ids": ["hubspot:512", "shopify:7011"],
    "anonymous_ids": ["dev-31"],
    "data": {"customers": [{"customer_id": "shopify:7011", "email": "ana@example.com"}]},
    "kept_by_the_service": [],
}
ERASURE = {
    "id": "era_3v9d2f8g4h6j0c1b5n7",
    "state": "done",
    "requested_by": "key_7c1b5n3v9d2f8g4h6j0",
    "counts": {"customer_records": 2, "devices": 1, "raw_records": 14, "rows_aside": 0},
    "created_at": "2026-11-20T12:00:00+00:00",
    "finished_at": "2026-11-20T12:00:02+00:00",
}
SCAN = {"found": True, "warehouse": {"raw.records": 14, "curated.customers": 2}, "service": {"answers": 1}}


AUDIENCE = {
    "members": [{"customer_id": "shopify:7011", "email": "ana@example.com"}],
    "left_out": {"without_consent": 412, "without_address": 3},
}
KEPT = {"retention": {"web_events": 400}, "datasets": ["tickets", "web_events"]}
REMOVES = {
    "removes": [
        {
            "dataset": "web_events",
            "days": 400,
            "before": "2025-10-16",
            "rows": 31204,
            "oldest": "2024-08-01",
            "consequence": "Numbers made of web_events begin on 2025-10-16.",
        }
    ]
}


class Kept(BaseModel):
    """How many days rows of datasets are kept; a dataset that is not named is kept for good."""

    model_config = ConfigDict(extra="forbid")
    retention: dict[str, int]


class Who(BaseModel):
    """A person, by one thing that is known of them."""

    model_config = ConfigDict(extra="forbid")
    email: str = ""
    phone: str = ""
    customer_id: str = ""
    anonymous_id: str = ""

    def given(self) -> dict[str, str]:
        return {name: value for name, value in self.model_dump().items() if value}

    def one(self) -> tuple[str, str]:
        given = self.given()
        if len(given) != 1:
            names = ", ".join(Who.model_fields)
            raise BadQuery(f"Name the person by exactly one of: {names}.", allowed=tuple(Who.model_fields))
        return next(iter(given.items()))


class Sought(Who):
    """Whom a scan looks for, by several things at once; text: a name, or anything else that may stand in a text."""

    text: str = ""


@router.post("/exports", **documented(EXPORT, request=WHO))
def export(who: Who, caller: PrivacyKeeper, request: Request) -> dict[str, Any]:
    """Everything that is held of one person, across all of their records and devices, in clear."""
    return export_person(request.app.state.roastery, caller.organization, caller.actor, *who.one())


@router.post("/erasures", status_code=201, **documented({**ERASURE, "notes": []}, request=WHO, status=201))
def erase(who: Who, caller: PrivacyKeeper, request: Request) -> dict[str, Any]:
    """Forget one person everywhere. Money, orders and counts stay; no sync and no restored file brings them back."""
    return erase_person(request.app.state.roastery, caller.organization, caller.actor, *who.one())


@router.get("/erasures", **documented({"items": [ERASURE], "next": None}))
def list_erasures(caller: PrivacyKeeper, request: Request, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """The erasures so far, newest first, without who it was."""
    return page(erasures(request.app.state.roastery, caller.organization), cursor, limit)


@router.post("/scans", **documented(SCAN, request=WHO))
def scan(who: Sought, caller: PrivacyKeeper, request: Request) -> dict[str, Any]:
    """Where somebody is found: rows by table, in the warehouse and in what the service keeps."""
    return scan_for(request.app.state.roastery, caller.organization, caller.actor, who.given())


@router.get("/retention", **documented(KEPT))
def read_retention(caller: PrivacyKeeper) -> dict[str, Any]:
    """How long rows of each dataset are kept, and the datasets that this can be said of."""
    return retention_json(caller.organization)


@router.put("/retention", **documented(KEPT, request={"retention": {"web_events": 400}}))
def change_retention(kept: Kept, caller: PrivacyKeeper, request: Request) -> dict[str, Any]:
    """Say how long rows are kept; what is older goes once a day, out of what sources sent too."""
    return set_retention(request.app.state.roastery, caller.organization, caller.actor, kept.retention)


@router.post("/retention/preview", **documented(REMOVES, request={"retention": {"web_events": 400}}))
def show_retention(kept: Kept, caller: PrivacyKeeper, request: Request) -> dict[str, Any]:
    """What such rules would take today, and what that does to numbers; nothing is changed."""
    return preview_retention(request.app.state.roastery, caller.organization, kept.retention)


@router.get("/audience", **documented(AUDIENCE))
def list_audience(
    caller: PrivacyKeeper, request: Request, segment: str = "", customer_stage: str = "", country: str = ""
) -> dict[str, Any]:
    """People to write to: only those who have consented, on none of whose records it was refused."""
    traits = {"segment": segment, "customer_stage": customer_stage, "country": country}
    return audience_of(request.app.state.roastery, caller.organization, caller.actor, traits)
