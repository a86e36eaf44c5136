"""POST /v1/imports/{dataset}: CSV, JSONL or Parquet into a dataset."""

import hashlib
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool

from roastery.api.exports import Handed, take_export
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


SHOWN = {
    "status": "needs_confirmation",
    "export": "meta_ads",
    "title": "Meta Ads Manager",
    "language": "de",
    "header_line": 1,
    "rows": 31,
    "totals_left_out": 1,
    "rejected": 0,
    "period": {"first": "2026-11-01", "last": "2026-11-30"},
    "sums": {"spend": "1234.56"},
    "currency": "EUR",
    "columns": [{"header": "Ausgegebener Betrag (EUR)", "read_as": "spend"}],
    "unused": ["Auslieferung"],
    "missing": ["Without impressions there is no CTR and no CPM."],
    "assumed": ["Numbers are written with a decimal comma, as in 1.234,56."],
    "warnings": [],
    "questions": [],
    "datasets": [
        {"dataset": "ad_performance", "rows": 30, "sample": [{"report_date": "2026-11-01", "spend": "41.20"}]}
    ],
    "errors": [],
    "imports": [],
}


@router.post(
    "/auto",
    **documented(
        SHOWN,
        request="Tag;Kampagnenname;Ausgegebener Betrag (EUR)\n2026-11-01;Herbst;41,20\n",
        media_type="application/octet-stream",
    ),
)
async def import_export(
    request: Request,
    caller: Importer,
    confirm: Annotated[bool, Query(description="What was shown is right: import it, and remember.")] = False,
    preview: Annotated[bool, Query(description="Only show it, even when its columns were confirmed before.")] = False,
    answer: Annotated[list[str] | None, Query(description="NAME=VALUE of a question; repeat for more.")] = None,
) -> dict[str, Any]:
    """A file as Ads Manager, Google Ads, TikTok, LinkedIn, Shopify, Stripe, Square, HubSpot or Mailchimp exports it.

    It is recognized by its headers and shown with what was guessed, what is missing and what only a person knows. Send
    it again with `confirm=true` and the answers, and it is imported; files of the same columns need no confirmation
    then. `status`: needs_answers, needs_confirmation, shown, imported or nothing_to_import.
    """
    roastery = request.app.state.roastery
    answers = dict(pair.partition("=")[::2] for pair in answer or [])
    with tempfile.NamedTemporaryFile(dir=roastery.settings.incoming) as file:
        async for chunk in request.stream():
            file.write(chunk)
        file.flush()
        handed = Handed(Path(file.name), answers, confirmed=confirm and not preview, looking=preview)
        return await run_in_threadpool(take_export, roastery, caller.organization, caller.actor, handed)


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
