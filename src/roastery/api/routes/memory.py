"""/v1/memory: what the organization means by words of its own."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from roastery.api.remembering import LONGEST_MEANING, LONGEST_SAID, forget, memories, remember
from roastery.api.routes.documented import documented
from roastery.api.routes.paging import Cursor, Limit, page
from roastery.api.security.caller import Importer, Reader

router = APIRouter(prefix="/v1/memory", tags=["memory"])

GIVEN = {"said": "conversions", "meaning": "form submissions"}
MEMORY = {
    "id": "mem_3v9d2f8g4h6j0c1b5n7",
    **GIVEN,
    "confirmed_by": "key_7c1b5n3v9d2f8g4h6j0",
    "confirmed_at": "2026-11-20T12:00:00+00:00",
}


class Said(BaseModel):
    """Words, and what is meant by them."""

    model_config = ConfigDict(extra="forbid")
    said: str = Field(min_length=1, max_length=LONGEST_SAID)
    meaning: str = Field(min_length=1, max_length=LONGEST_MEANING)


@router.get("", **documented({"items": [MEMORY], "next": None}))
def list_memories(caller: Reader, request: Request, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """What is remembered of the organization, newest first."""
    return page(memories(request.app.state.roastery, caller.organization), cursor, limit)


@router.post("", status_code=201, **documented(MEMORY, request=GIVEN, status=201))
def add_memory(given: Said, caller: Importer, request: Request) -> dict[str, Any]:
    """Say what is meant by some words; questions are read so from now on, and answers say so."""
    return remember(request.app.state.roastery, caller.organization, caller.actor, given.said, given.meaning)


@router.delete("/{memory_id}", **documented(MEMORY))
def remove_memory(memory_id: str, caller: Importer, request: Request) -> dict[str, Any]:
    """Forget what was meant."""
    return forget(request.app.state.roastery, caller.organization, caller.actor, memory_id)
