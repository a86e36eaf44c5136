# ruff: noqa: S608 (names of tables and columns are ours; what a file says is bound or quoted)
"""Files exported from a provider's screens: shown with what was guessed, confirmed once, then read without asking."""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roastery.api.imports import MOST_ERRORS_LISTED, landed
from roastery.api.store.audit import note
from roastery.api.store.connections import Connections
from roastery.api.store.mappings import ImportMappings
from roastery.connectors.exports.asked import OPTIONS, REMEMBERED, Question, checked
from roastery.connectors.exports.reading import header_key, read_export
from roastery.connectors.exports.settling import ExportFile, Reader
from roastery.tools.base import Actor
from roastery.warehouse.importing import ImportReport
from roastery.warehouse.organization import Organization
from roastery.warehouse.scalar import count
from roastery.warehouse.sql import quoted

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.warehouse.engine import Warehouse

SAMPLE_ROWS = 3
AD_KEY = "report_date, platform, account_id, campaign_id, ad_group_id, ad_id"


@dataclass(frozen=True)
class Handed:
    """A file as somebody hands it in. confirmed: what was shown is right; looking: only show, whatever is known."""

    path: Path
    answers: Mapping[str, str] = field(default_factory=dict)
    confirmed: bool = False
    looking: bool = False


def take_export(roastery: "Roastery", organization: Organization, actor: Actor, handed: Handed) -> dict[str, Any]:
    """Show an exported file, or import it once it is confirmed or its columns were confirmed before.

    Errors: BadQuery for a file of no known format; UnknownName and BadQuery for an answer that is none.
    """
    given = checked(handed.answers)
    with roastery.database.reading() as session:
        known = ImportMappings(session, organization.id).get(header_key(handed.path))
        before = dict(known.answers) if known else {}
        since = known.confirmed_at if known else None
    answers = {**before, **given}
    with tempfile.TemporaryDirectory(dir=roastery.settings.incoming) as folder:
        warehouse = roastery.warehouse(organization)
        reader = Reader(organization.time_zone, organization.currency, _customer_id(warehouse), answers)
        file = read_export(handed.path, Path(folder), reader)
        try:
            _ask_connected(roastery, organization, file, answers)
            overlap = _ask_overlap(warehouse, file, answers)
            shown = _shown(file)
            if handed.looking or file.questions or not file.datasets or not (handed.confirmed or since):
                return {"status": _status(file, handed, known=since is not None), **shown, "imports": []}
            if since is not None:
                shown["assumed"].insert(0, f"Files of these columns were confirmed on {since:%d %b %Y}.")
            if overlap and answers.get("overlap") == "replace":
                _take_back(warehouse, file)
            imports = _land(roastery, organization, warehouse, file, Path(folder), shown)
        finally:
            file.scratch.close()
    if handed.confirmed:
        kept = {name: answer for name, answer in answers.items() if name in REMEMBERED}
        now = roastery.wall.now()
        with roastery.database.session() as session:
            ImportMappings(session, organization.id).confirm(file.header_key, shown["export"], kept, actor.id, now)
            note(session, organization.id, actor.id, "import.confirm", shown["export"], now, answers=kept)
    return {"status": "imported", **shown, "imports": imports}


def _status(file: ExportFile, handed: Handed, *, known: bool) -> str:
    if file.questions:
        return "needs_answers"
    if not file.datasets:
        return "nothing_to_import"
    return "shown" if handed.looking and known else "needs_confirmation"


def _customer_id(warehouse: "Warehouse") -> Any:
    """A customer's id of an address: keyed and hashed twice, so that it tells nothing and matches nothing outside."""

    def made(address: str) -> str:
        keyed = warehouse.sealer.hash("email", address)
        return hashlib.sha256(f"customer of an export {keyed}".encode()).hexdigest()[:24] if keyed else ""

    return made


def _ask_connected(
    roastery: "Roastery", organization: Organization, file: ExportFile, answers: Mapping[str, str]
) -> None:
    provider = file.found.export.provider
    with roastery.database.reading() as session:
        connections = Connections(session, roastery.keyring, organization.id).list(provider)
    if connections and "connected" not in answers:
        file.questions.append(
            Question(
                "connected",
                f"{connections[0].name} is connected and brings the same figures by itself: imported rows that are not "
                "the very same ones would count twice. Import the file all the same?",
                OPTIONS["connected"],
            )
        )


def _ask_overlap(warehouse: "Warehouse", file: ExportFile, answers: Mapping[str, str]) -> int:
    """How many rows imported before stand on the file's days under other keys; they are left in table superseded."""
    if "ad_performance" not in file.datasets or file.first_day is None:
        return 0
    before = warehouse.query(
        f"SELECT {AD_KEY} FROM curated.ad_performance WHERE connection_id = 'import' AND platform = ? "
        "AND report_date BETWEEN ? AND ?",
        [file.found.export.provider, file.first_day, file.last_day],
    )
    file.scratch.register("before", before)
    file.scratch.execute(
        f"""CREATE TABLE superseded AS SELECT {AD_KEY} FROM before b
        WHERE report_date IN (SELECT report_date FROM out_ad_performance)
          AND (account_id IN (SELECT account_id FROM out_ad_performance) OR account_id = ''
               OR '' IN (SELECT account_id FROM out_ad_performance))
          AND ({AD_KEY}) NOT IN (SELECT ({AD_KEY}) FROM out_ad_performance)"""
    )
    file.scratch.unregister("before")
    rows = count(file.scratch, "SELECT count(*) FROM superseded")
    if rows and "overlap" not in answers:
        file.questions.append(
            Question(
                "overlap",
                f"{rows} rows imported before stand on the same days, for other campaigns or in other detail. "
                "Does this file replace those days, or come on top?",
                OPTIONS["overlap"],
                "replace",
            )
        )
    return rows


def _take_back(warehouse: "Warehouse", file: ExportFile) -> None:
    warehouse.delete_keys("ad_performance", file.scratch.sql("FROM superseded").to_arrow_table(), build=False)


def _shown(file: ExportFile) -> dict[str, Any]:
    export, found = file.found.export, file.found
    absent = [f for f in export.fields if f.name not in found.columns]
    missing = [f.says for f in absent if f.says and f.instead[0] not in found.columns]
    return {
        "export": export.name,
        "title": export.title,
        "language": file.language,
        "header_line": found.line + 1,
        "rows": file.row_count,
        "totals_left_out": file.totals,
        "rejected": file.rejected,
        "period": {"first": _text(file.first_day), "last": _text(file.last_day)},
        "sums": {name: f"{value.normalize():f}" for name, value in file.sums.items()},
        "currency": file.currency,
        "columns": [{"header": found.headers[at].strip(), "read_as": name} for name, at in found.columns.items()],
        "unused": list(found.unused),
        "missing": missing,
        "assumed": list(file.assumed),
        "warnings": list(file.warnings),
        "questions": [
            {"name": q.name, "question": q.sentence, "options": dict(q.options), "suggestion": q.suggestion}
            for q in file.questions
        ],
        "datasets": [
            {"dataset": name, "rows": rows, "sample": file.sample(name, SAMPLE_ROWS)}
            for name, rows in file.datasets.items()
        ],
        "errors": [
            {"row": row, "column": column, "message": message}
            for row, column, message in file.faults(MOST_ERRORS_LISTED)
        ],
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _land(
    roastery: "Roastery",
    organization: Organization,
    warehouse: "Warehouse",
    file: ExportFile,
    folder: Path,
    shown: dict[str, Any],
) -> list[dict[str, Any]]:
    """Every dataset of the file, and one build; what the contracts refuse is told by the row of the file."""
    imports = []
    changed = False
    for dataset in file.datasets:
        path = folder / f"{dataset}.parquet"
        file.scratch.execute(
            f"COPY (SELECT * EXCLUDE (file_row) FROM out_{dataset} ORDER BY ALL) TO {quoted(str(path))}"
        )
        report = warehouse.import_rows(dataset, path, build=False)
        path.unlink()
        changed = changed or bool(report.changed)
        imported = landed(roastery, organization, report)
        shown["errors"] += _by_file_row(file, dataset, report)
        shown["rejected"] += report.rejected
        shown["warnings"] += [w for w in report.warnings if "is not a column" in w or "key" in w]
        imports.append({k: imported[k] for k in ("dataset", "import_id", "accepted", "rejected")})
    if changed or warehouse.needs_build():
        warehouse.build()
    return imports


def _by_file_row(file: ExportFile, dataset: str, report: ImportReport) -> list[dict[str, Any]]:
    """Contract errors with the row of the file that each row was made of."""
    if not report.errors:
        return []
    wanted = ", ".join(str(error.row) for error in report.errors)
    places = dict(
        file.scratch.execute(
            "SELECT n, file_row FROM (SELECT row_number() OVER () AS n, file_row "
            f"FROM (FROM out_{dataset} ORDER BY ALL)) WHERE n IN ({wanted})"
        ).fetchall()
    )
    return [{"row": places[e.row], "column": f"{dataset}.{e.column}", "message": e.message} for e in report.errors]
