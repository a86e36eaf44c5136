"""/v1/reports: the ready reports, and running one."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request

from roastery.api.reports import ReportRun, described, run_report, shown
from roastery.api.routes.documented import documented
from roastery.api.routes.queries import FRAME
from roastery.api.security.caller import Reader
from roastery.warehouse.reports import report, reports

router = APIRouter(prefix="/v1", tags=["reports"])

REPORT = {
    "name": "cross_platform_roas",
    "title": "Cross-platform campaign ROAS",
    "industry": "any",
    "kind": "report",
    "answers": "Cross-Platform Campaign ROAS",
    "description": "What each campaign cost and the revenue credited to it.",
}
TILE = {"title": "Platforms", "chart": "bar", "note": None}
ASKED = {
    "period": {"name": "last_month"},
    "filters": [{"dimension": "platform", "op": "in", "values": ["meta_ads"]}],
}


@router.get("/reports", **documented({"items": [REPORT], "next": None}))
def list_reports(_caller: Reader, industry: str | None = None) -> dict[str, Any]:
    """Every ready report; those of one industry with `industry`, the ones for any included."""
    items = [
        shown(found) for found in reports().values() if industry in (None, found.industry) or found.industry == "any"
    ]
    return {"items": items, "next": None}


@router.get(
    "/reports/{name}",
    **documented({**REPORT, "period": "last_month", "tiles": [{**TILE, "query": {"metrics": ["spend", "roas"]}}]}),
)
def read_report(name: str, _caller: Reader) -> dict[str, Any]:
    """One report with the queries of its tiles."""
    return described(report(name))


@router.post(
    "/reports/{name}/run",
    **documented({**REPORT, "tiles": [{**TILE, "problem": None, "frame": FRAME}]}, request=ASKED),
)
def run(
    name: str, caller: Reader, request: Request, asked: Annotated[ReportRun | None, Body()] = None
) -> dict[str, Any]:
    """Every tile's MetricFrame with its receipt, or the sentence why a tile has none."""
    return run_report(request.app.state.roastery, caller.organization, caller.actor, name, asked)
