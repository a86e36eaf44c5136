"""POST /v1/imports/{dataset}: CSV, JSONL or Parquet into a dataset."""

import hashlib
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool

from roastery.api.imports import Upload, content_type_of, import_upload, known_dataset
from roastery.api.routes.documented import documented
from roastery.api.security.caller import Importer

router = APIRouter(prefix="/v1/imports", tags=["data"])

EXAMPLE = {
    "import_id": "imp_1v3d8f6k2m9x0c7b5n4",
    "dataset": "transactions",
    "accepted": 2,
    "rejected": 1,
    "errors": [{"row": 3, "column": "amount", "message": "'ten' is not a decimal number."}],
    "warnings": ["'amout' is not a column of transactions and was left out. Did you mean 'amount'?"],
}


@router.post(
    "/{dataset}",
    **documented(
        EXAMPLE,
        request="transaction_id,customer_id,occurred_at,amount,currency,kind,status\n"
        "T1,C1,2026-11-02T10:00:00Z,49.90,USD,order,completed\n",
        media_type="text/csv",
    ),
)
async def import_dataset(
    dataset: str,
    request: Request,
    caller: Importer,
    content_type: Annotated[str, Header()] = "",
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> dict[str, Any]:
    """Upsert rows by primary key: the last row of a key wins, absent columns keep what is stored.

    The answer comes when the rows are in the next query. With an Idempotency-Key, a repeat gives the first answer.
    """
    roastery = request.app.state.roastery
    known_dataset(dataset)
    kind = content_type_of(content_type)
    digest = hashlib.sha256(f"{dataset}\n{kind}\n".encode())
    with tempfile.NamedTemporaryFile(dir=roastery.settings.incoming) as file:
        async for chunk in request.stream():
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        upload = Upload(dataset, Path(file.name), kind, digest.hexdigest())
        return await run_in_threadpool(import_upload, roastery, caller.organization, upload, idempotency_key)
