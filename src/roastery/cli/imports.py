"""roastery import: a file of rows into a dataset, or a file as a provider's screens export it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

SHOWN_ERRORS = 20
AUTO = "auto"


def import_(
    dataset: Annotated[
        str, typer.Argument(help="Dataset, such as transactions; `auto`, or nothing, for a provider's export.")
    ],
    file: Annotated[Path | None, typer.Argument(help="CSV, JSONL or Parquet file; exports also as .xlsx.")] = None,
    org: Org = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="What is shown of an export is right: import it.")] = False,
    answer: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, to a question about an export. Repeat for more.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what an export would become.")] = False,
    as_json: Json = False,
) -> None:
    """Upsert a file's rows; bad rows are told with row, column and reason; exit code 2 when nothing is imported.

    Without a dataset the file is taken for an export of Ads Manager, Google Ads, TikTok, LinkedIn, Shopify, Stripe,
    Square, HubSpot or Mailchimp: it is recognized, shown, and imported with --yes. Files of the same columns need no
    --yes after that.
    """
    path = Path(dataset) if file is None else file
    if not path.is_file():
        hint = " Name the file as well: roastery import DATASET FILE." if file is None else ""
        raise typer.BadParameter(f"There is no file {path}.{hint}", param_hint="FILE")
    if file is None or dataset == AUTO:
        run_at_home(
            work_export,
            file=path,
            org=org,
            answers=dict(_pair(text) for text in answer or []),
            yes=yes,
            preview=preview,
            as_json=as_json,
        )
    run_at_home(work, dataset=dataset, file=path, org=org, as_json=as_json)


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
    _errors(terminal, answer["errors"])
    for warning in answer["warnings"]:
        terminal.say(f"Note: {warning}")
    return nothing_landed


def work_export(
    roastery: Roastery,
    terminal: Terminal,
    file: str,
    org: str | None,
    answers: dict[str, str],
    yes: bool,
    preview: bool,
    as_json: bool,
) -> int:
    from roastery.api.app import OPERATOR
    from roastery.api.exports import Handed, take_export

    organization = organization_of(roastery, org)
    handed = Handed(Path(file), answers, confirmed=yes and not preview, looking=preview)
    taken = take_export(roastery, organization, OPERATOR, handed)
    code = 0 if preview or taken["status"] == "imported" else 2
    if as_json:
        terminal.json(taken)
        return code
    _show(terminal, taken)
    if taken["status"] == "imported":
        for one in taken["imports"]:
            terminal.line(f"{one['dataset']}: {one['accepted']} rows accepted, {one['rejected']} rejected")
    elif taken["status"] == "nothing_to_import":
        terminal.say("Nothing was imported: no row of the file can be used.")
    else:
        terminal.say(f'Nothing is imported yet. If this is right: roastery import "{file}"{_rest(taken, org, answers)}')
    return code


def _rest(taken: dict[str, Any], org: str | None, answers: dict[str, str]) -> str:
    """What confirms an export, after the file: the organization, what was answered already, and what is open."""
    open_ = [f"--answer {q['name']}={q['suggestion'] or '…'}" for q in taken["questions"]]
    given = [f"--answer {shlex.quote(f'{name}={value}')}" for name, value in answers.items()]
    return " ".join(["", *([f"--org {shlex.quote(org)}"] if org else []), "--yes", *given, *open_])


def _show(terminal: Terminal, taken: dict[str, Any]) -> None:
    period = taken["period"]
    days = f", {period['first']} to {period['last']}" if period["first"] else ""
    terminal.line(f"{taken['title']}: {taken['rows']:,} rows{days}")
    for name, total in taken["sums"].items():
        terminal.line(f"  {name} {total}{' ' + taken['currency'] if name == 'spend' and taken['currency'] else ''}")
    for column in taken["columns"]:
        if column["header"].lower() != column["read_as"].replace("_", " "):
            terminal.line(f"  {column['header']} → {column['read_as']}")
    if taken["unused"]:
        terminal.line(f"  not used: {', '.join(taken['unused'])}")
    for dataset in taken["datasets"]:
        terminal.line(f"  becomes {dataset['rows']:,} rows of {dataset['dataset']}")
    for what, sentences in (("Assumed", "assumed"), ("Missing", "missing"), ("Careful", "warnings")):
        for sentence in taken[sentences]:
            terminal.line(f"{what}: {sentence}")
    if taken["rejected"]:
        terminal.line(f"{taken['rejected']:,} rows cannot be used:")
    _errors(terminal, taken["errors"])
    for question in taken["questions"]:
        terminal.line(f"Question: {question['question']}")
        for option, meaning in question["options"].items():
            terminal.line(f"  --answer {question['name']}={option}: {meaning}")
        if not question["options"]:
            terminal.line(f"  --answer {question['name']}={question['suggestion']}, or another code")


def _errors(terminal: Terminal, errors: list[dict[str, Any]]) -> None:
    for error in errors[:SHOWN_ERRORS]:
        column = f", {error['column']}" if error["column"] else ""
        terminal.line(f"  row {error['row']}{column}: {error['message']}")
    if len(errors) > SHOWN_ERRORS:
        terminal.line(f"  … and {len(errors) - SHOWN_ERRORS} more faults; --json lists up to 1,000")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"'{text}' is not NAME=VALUE", param_hint="--answer")
    return name, value
