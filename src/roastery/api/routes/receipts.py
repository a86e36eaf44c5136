"""/v1/receipts: what an answer was made of, and the same question asked again now."""

from typing import Any

from fastapi import APIRouter, Request

from roastery.api.receipts import read_receipt, rerun_receipt
from roastery.api.routes.documented import documented
from roastery.api.security.caller import Reader

router = APIRouter(prefix="/v1/receipts", tags=["receipts"])

RECEIPT = {
    "id": "rcp_0a1b2c3d4e5f60718293a4b5",
    "tool": "query_metrics",
    "arguments": {"metrics": ["roas"], "period": {"start": "2026-10-01", "end": "2026-11-01"}},
    "period": {"start": "2026-10-01", "end": "2026-11-01"},
    "data_as_of": {"meta_ads": "2026-11-20T06:00:00+00:00"},
    "trust": "complete",
    "result_hash": "9f2c…",
}
RERUN = {
    "then": {"rows": [{"roas": "2.9800"}]},
    "now": {"rows": [{"roas": "3.0100"}]},
    "status": "restated",
    "causes": [{"kind": "source", "sentence": "meta_ads has restated its data."}],
}


@router.get("/{receipt_id}", **documented(RECEIPT))
def get_receipt(receipt_id: str, caller: Reader, request: Request) -> dict[str, Any]:
    """One receipt of the caller's organization."""
    receipt = read_receipt(request.app.state.roastery, caller.organization, caller.actor, receipt_id)
    return receipt.model_dump(mode="json")


@router.post("/{receipt_id}/rerun", **documented(RERUN))
def rerun(receipt_id: str, caller: Reader, request: Request) -> dict[str, Any]:
    """Ask again on the data of now: what it was, what it is, and why they differ."""
    return rerun_receipt(request.app.state.roastery, caller.organization, caller.actor, receipt_id)
