"""/healthz, /readyz and /metrics: for whoever operates the service."""

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from roastery.api.routes.documented import documented

router = APIRouter(tags=["health"])

METRICS = {
    "description": "Prometheus's text format.",
    "content": {
        "text/plain": {"example": 'roastery_requests_total{method="GET",route="/v1/metrics",status="200"} 1.0'}
    },
}


@router.get("/healthz", **documented({"status": "ok"}))
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", **documented({"status": "ready"}))
def readyz(request: Request) -> dict[str, str]:
    """The service's database answers; a fault is a problem document."""
    with request.app.state.roastery.database.reading() as session:
        session.execute(text("SELECT 1"))
    return {"status": "ready"}


@router.get("/metrics", response_class=Response, responses={200: METRICS})
def metrics() -> Any:
    """Request counts and times in Prometheus's text format."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
