"""roastery import: a file of rows into a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

SHOWN_ERRORS = 20


def import_(
    dataset: Annotated[str, typer.Argument(help="Dataset, such as transactions.")],
    file: Annotated[Path, typer.Argument(help="CSV, JSONL or Parquet file.", exists=True, dir_okay=False)],
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Upsert a file's rows; bad rows are told with row, column and reason; exit code 2 when no row is good."""
    run_at_home(work, dataset=dataset, file=file, org=org, as_json=as_json)


def work(roastery: Roastery, terminal: Terminal, dataset: str, file: str, org: str | None, as_json: bool) -> int:
    from roastery.api.imports import Upload, content_type_of_file, import_upload

    organization = organization_of(roastery, org)
    path = Path(file)
    answer = import_upload(roastery, organization, Upload(dataset, path, content_type_of_file(path)))
    nothing_landed = 2 if answer["rejected"] and not answer["accepted"] else 0
    if as_json:
        terminal.json(answer)
        return nothing_landed
    terminal.line(f"{dataset}: {answer['accepted']} rows accepted, {answer['rejected']} rejected")
    for error in answer["errors"][:SHOWN_ERRORS]:
        column = f", {error['column']}" if error["column"] else ""
        terminal.line(f"  row {error['row']}{column}: {error['message']}")
    if len(answer["errors"]) > SHOWN_ERRORS:
        terminal.line(f"  … and {len(answer['errors']) - SHOWN_ERRORS} more faults; --json lists up to 1,000")
    for warning in answer["warnings"]:
        terminal.say(f"Note: {warning}")
    return nothing_landed
