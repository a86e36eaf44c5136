"""Imports: a file of rows into a dataset, once per Idempotency-Key, in the next query when it is answered."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roastery.api.errors import NotFound, UnsupportedType
from roastery.api.store.identifiers import new_id
from roastery.api.store.once import IdempotencyKeys
from roastery.api.store.tables import ImportRow
from roastery.warehouse.contracts import CONTRACTS
from roastery.warehouse.errors import nearest
from roastery.warehouse.importing import ImportReport
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery

CSV, JSONL, PARQUET = "text/csv", "application/x-ndjson", "application/vnd.apache.parquet"

XML, ZIP = "application/xml", "application/zip"
"""Only for fx_rates, as the European Central Bank gives its reference rates."""
CONTENT_TYPES = {
    XML: XML,
    "text/xml": XML,
    ZIP: ZIP,
    CSV: CSV,
    "application/csv": CSV,
    JSONL: JSONL,
    "application/jsonl": JSONL,
    "application/jsonlines": JSONL,
    "application/json-lines": JSONL,
    PARQUET: PARQUET,
    "application/parquet": PARQUET,
    "application/x-parquet": PARQUET,
}

ENDINGS = {".csv": CSV, ".jsonl": JSONL, ".ndjson": JSONL, ".parquet": PARQUET, ".xml": XML, ".zip": ZIP}

MOST_ERRORS_LISTED = 1_000


@dataclass(frozen=True)
class Upload:
    """A file of rows. digest: of its bytes, so that a reused Idempotency-Key with other bytes is noticed."""

    dataset: str
    path: Path
    content_type: str
    digest: str = ""


def content_type_of(announced: str) -> str:
    """The canonical content type of a header's value. Errors: UnsupportedType."""
    plain = announced.split(";")[0].strip().lower()
    if plain not in CONTENT_TYPES:
        raise UnsupportedType(plain, (CSV, JSONL, PARQUET))
    return CONTENT_TYPES[plain]


def content_type_of_file(path: Path) -> str:
    """The content type that a file's ending stands for. Errors: UnsupportedType."""
    if path.suffix.lower() not in ENDINGS:
        raise UnsupportedType(path.suffix or path.name, ENDINGS)
    return ENDINGS[path.suffix.lower()]


def known_dataset(name: str) -> str:
    """The name, if a dataset can be imported under it. Errors: NotFound with the nearest one."""
    if name not in CONTRACTS:
        error = NotFound("dataset", name, sorted(CONTRACTS))
        error.did_you_mean = nearest(name, CONTRACTS)
        raise error
    return name


def import_upload(
    roastery: "Roastery", organization: Organization, upload: Upload, idempotency_key: str | None = None
) -> dict[str, Any]:
    """Land the good rows, tell each bad one with its reason, and build before answering (CONTRACTS section 2)."""
    known_dataset(upload.dataset)
    if idempotency_key is None:
        return _land(roastery, organization, upload)
    keys = IdempotencyKeys(roastery.database, organization.id, f"imports/{upload.dataset}")
    answered = keys.begin(idempotency_key, upload.digest, roastery.wall.now())
    if answered is not None:
        return answered
    try:
        answer = _land(roastery, organization, upload)
    except BaseException:
        keys.give_up(idempotency_key)
        raise
    keys.finish(idempotency_key, answer)
    return answer


def _land(roastery: "Roastery", organization: Organization, upload: Upload) -> dict[str, Any]:
    report = roastery.warehouse(organization).import_rows(upload.dataset, upload.path, upload.content_type)
    return landed(roastery, organization, report)


def landed(roastery: "Roastery", organization: Organization, report: ImportReport) -> dict[str, Any]:
    """Keep what became of an import, and say it."""
    errors = [error_as_json(error) for error in report.errors[:MOST_ERRORS_LISTED]]
    row = ImportRow(
        id=new_id("imp"),
        organization_id=organization.id,
        dataset=report.dataset,
        accepted=report.accepted,
        rejected=report.rejected,
        errors=errors,
        created_at=roastery.wall.now(),
    )
    with roastery.database.session() as session:
        session.add(row)
    return {
        "import_id": row.id,
        "dataset": row.dataset,
        "accepted": row.accepted,
        "rejected": row.rejected,
        "errors": errors,
        "warnings": list(report.warnings),
    }


def error_as_json(error: Any) -> dict[str, Any]:
    return {"row": error.row, "column": error.column, "message": error.message}
