"""roastery validate: metric files, curated SQL and cases are sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from roastery.cli.home import without_home

if TYPE_CHECKING:
    from roastery.cli.terminal import Terminal


def validate() -> None:
    """Check metric files, curated SQL and evaluation cases; exit code 1 with a sentence for each fault."""
    without_home(work)


def work(terminal: Terminal) -> int:
    faults = 0
    for what, check in CHECKS.items():
        found = list(check())
        terminal.line(f"{what}: {'sound' if not found else f'{len(found)} faults'}")
        for fault in found:
            terminal.line(f"  {fault}")
        faults += len(found)
    return 1 if faults else 0


def _metric_files() -> Iterator[str]:
    from roastery.warehouse.semantic.validate import validate as validate_metrics

    return (str(problem) for problem in validate_metrics())


def _curated_sql() -> Iterator[str]:
    """Build an empty organization with every source's SELECTs: DuckDB binds every name in them."""
    import tempfile
    from pathlib import Path

    from roastery.connectors.registry import fills
    from roastery.warehouse.clock import Clock
    from roastery.warehouse.engine import Warehouses
    from roastery.warehouse.errors import RoasteryError
    from roastery.warehouse.organization import Organization

    with tempfile.TemporaryDirectory() as folder:
        warehouses = Warehouses(Path(folder), b"validation" * 4, fills(), Clock())
        try:
            warehouses.open(Organization("validated", "Validated")).build(full=True)
        except RoasteryError as error:
            yield error.message
        finally:
            warehouses.close()


def _reports() -> Iterator[str]:
    from roastery.warehouse.reports import validate as validate_reports

    return validate_reports()


def _cases() -> Iterator[str]:
    """Every case file can be read, and every metric, dimension and tool that a case names exists."""
    from importlib.resources import files

    import yaml

    from roastery.tools.registry import TOOLS
    from roastery.warehouse.declared import read_yaml
    from roastery.warehouse.errors import UnknownName
    from roastery.warehouse.semantic.load import shipped

    model = shipped()
    known = {"metrics": set(model.public), "dimensions": set(model.dimensions), "tool": set(TOOLS)}
    for entry in sorted(files("roastery.evals.cases").iterdir(), key=lambda e: e.name):
        if not entry.name.endswith(".yml"):
            continue
        try:
            document = read_yaml(entry.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            yield f"{entry.name}: {error}".replace("\n", " ")
            continue
        for case in document.get("cases", []):
            for step in case.get("thread", [case]):
                for kind, names in known.items():
                    given = step.get(kind, [])
                    for name in [given] if isinstance(given, str) else given:
                        if name not in names:
                            yield f"{entry.name}, '{step.get('ask')}': {UnknownName(kind, name, names).message}"


CHECKS: dict[str, Callable[[], Iterator[str]]] = {
    "metric files": _metric_files,
    "curated SQL": _curated_sql,
    "reports": _reports,
    "cases": _cases,
}
