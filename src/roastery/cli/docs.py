"""roastery docs: the generated tables of docs/, and whether they are stale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roastery.cli.home import without_home

if TYPE_CHECKING:
    from roastery.cli.terminal import Terminal

METRICS_SAID = (
    "Ask for them by name or synonym; `GET /v1/metrics` gives the same list. How the number of a past day behaves: it "
    "*stays*; its source *restated* recent days; it *moves* with refunds or touches that come later; it *grows* as a "
    "cohort ages. An organization adds its own metrics with `roastery metric add FILE`."
)
METRIC_COLUMNS = ("metric", "definition", "unit", "also called", "can be split by", "sums", "past days", "roles")
ROLES = ("owner", "admin", "analyst", "viewer")
MADE_BY = "<!-- Made by `roastery docs`; `roastery docs --check` fails when it is stale. -->"


def docs(
    folder: Annotated[Path, typer.Option(help="Where the files stand.")] = Path("docs"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit code 1 when a file is stale.")] = False,
) -> None:
    """Write docs/metrics.md, tools.md, sources.md, settings.md and questions.md from what the program knows."""
    without_home(lambda terminal: work(terminal, folder, check))


def work(terminal: Terminal, folder: Path, check: bool) -> int:
    stale = []
    for name, text in documents().items():
        path = folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if check and stale:
        terminal.say(f"Stale: {', '.join(stale)}. Run `roastery docs` and commit what it writes.")
        return 1
    terminal.line(f"{len(documents())} files are as the program says" if not stale else f"wrote {', '.join(stale)}")
    return 0


def documents() -> dict[str, str]:
    """Every generated file's text by its name."""
    from roastery.cli import asked

    return {
        "metrics.md": _metrics(),
        "tools.md": _tools(),
        "sources.md": _sources(),
        "settings.md": _settings(),
        "questions.md": asked.document(MADE_BY),
    }


def _metrics() -> str:
    from roastery.warehouse.semantic.catalogue import shipped_catalogue

    catalogue = shipped_catalogue()
    parts = ["# Metrics", MADE_BY, METRICS_SAID]
    families: dict[str, list[Any]] = {}
    for entry in catalogue.metrics.values():
        families.setdefault(entry.family, []).append(entry)
    for family, entries in families.items():
        parts += [f"## {family.replace('_', ' ').capitalize()}", _table(METRIC_COLUMNS, map(_metric_row, entries))]
    rows = [(f"`{d.name}`", d.definition, ", ".join(d.synonyms)) for d in catalogue.dimensions.values()]
    parts += ["## Dimensions", _table(("dimension", "definition", "also called"), rows)]
    return _joined(parts)


def _metric_row(entry: Any) -> tuple[str, ...]:
    all_may = len(entry.roles) == len(ROLES)
    return (
        f"`{entry.name}`",
        entry.definition,
        entry.unit,
        ", ".join(entry.synonyms),
        ", ".join(entry.dimensions),
        entry.additivity.replace("_", "-"),
        entry.maturity,
        "all" if all_may else ", ".join(entry.roles),
    )


def _tools() -> str:
    from roastery.tools.registry import TOOLS

    parts = ["# Tools", MADE_BY, "What the agent, `POST /v1/tools/{name}`, `roastery tool` and `/mcp` can call."]
    for name, tool in TOOLS.items():
        schema = tool.arguments.model_json_schema()
        required = set(schema.get("required", []))
        rows = [
            (f"`{argument}`", _type(body), "yes" if argument in required else "", str(body.get("description", "")))
            for argument, body in schema.get("properties", {}).items()
        ]
        parts += [f"## {name}", tool.description]
        parts += [_table(("argument", "type", "required", "meaning"), rows)] if rows else ["No arguments."]
    return _joined(parts)


def _sources() -> str:
    from roastery.connectors.registry import SOURCES

    rows = [
        (
            f"`{provider}`",
            source.title,
            ", ".join(f"`{s}`" for s in source.required_settings),
            ", ".join(f"`{s}`" for s in source.required_secrets),
            ", ".join(resource.name for resource in source.resources),
            ", ".join(sorted({fill.contract for fill in source.fills})),
        )
        for provider, source in SOURCES.items()
    ]
    columns = ("provider", "title", "settings", "secrets", "reads", "fills")
    pushed = (
        "Provider `events` takes rows pushed to `POST /v1/events`, signed with the secret that connecting it shows."
    )
    parts = ["# Sources", MADE_BY, "`roastery connect PROVIDER` adds one.", _table(columns, rows), pushed]
    for provider, source in SOURCES.items():
        more = [(f"`{name}`", "setting", said) for name, said in source.optional_settings.items()]
        more += [(f"`{name}`", "secret", said) for name, said in source.optional_secrets.items()]
        parts += [f"## What {provider} may also be given", _table(("name", "kind", "meaning"), more)] if more else []
    return _joined([*parts, *_datasets(), _adding()])


def _adding() -> str:
    """How a provider is added, with an example that a test builds."""
    from importlib.resources import files

    return files("roastery.connectors").joinpath("adding.md").read_text(encoding="utf-8").strip()


def _datasets() -> list[str]:
    from roastery.warehouse.contracts import CONTRACTS

    rows = [
        (
            f"`{contract.name}`",
            contract.about,
            ", ".join(f"`{column.name}`{'*' if column.is_key else ''}" for column in contract.columns),
        )
        for contract in CONTRACTS.values()
    ]
    said = "What `roastery import` and signed events can fill; `*` marks the key. `GET /v1/datasets` has the types."
    return ["## Datasets", said, _table(("dataset", "what", "columns"), rows)]


def _settings() -> str:
    from roastery.api.settings import Settings

    rows = [(f"`{name}`", f"`{default}`" if default else "", said) for name, default, said in Settings.described()]
    return _joined(["# Settings", MADE_BY, "All from the environment.", _table(("name", "default", "meaning"), rows)])


def _type(body: dict[str, object]) -> str:
    """A JSON Schema property in a word or two.

    >>> _type({"type": "array", "items": {"type": "string"}}), _type({"anyOf": [{"type": "integer"}, {"type": "null"}]})
    ('list of string', 'integer')
    """
    if "anyOf" in body:
        options = [_type(option) for option in body["anyOf"] if option.get("type") != "null"]  # type: ignore[attr-defined]
        return " or ".join(dict.fromkeys(options))
    if "$ref" in body:
        return str(body["$ref"]).rsplit("/", 1)[-1]
    if "enum" in body:
        return ", ".join(str(value) for value in body["enum"])  # type: ignore[attr-defined]
    if body.get("type") == "array":
        return f"list of {_type(body['items'])}" if isinstance(body.get("items"), dict) else "list"  # type: ignore[arg-type]
    return str(body.get("type", "any"))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text that stays within its cell."""
    return text.replace("|", "\\|").replace("\n", " ")


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"
