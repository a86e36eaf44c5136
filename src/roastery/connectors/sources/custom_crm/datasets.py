"""The datasets of a custom CRM connection: where records are, where to go on, what becomes of their fields."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from roastery.connectors.errors import BadConnection
from roastery.connectors.sources.custom_crm.mapping import TITLE, ContractMapping, parse, path_of, value_at
from roastery.warehouse.contracts import CONTRACTS
from roastery.warehouse.errors import UnknownName

MODES = ("rest", "folder", "sql", "webhook")
OPTIONS = {
    "rest": ("path", "records", "params", "cursor", "deleted", "map", "paging"),
    "folder": ("file", "delimiter", "encoding", "map", "deleted"),
    "sql": ("query", "cursor", "map", "deleted"),
    "webhook": ("type", "map"),
}
NEEDED = {"rest": "path", "folder": "file", "sql": "query", "webhook": "type"}
CURSOR = ("field", "param", "first")


@dataclass(frozen=True)
class Dataset:
    """One contract's records. options: what its mode needs, as declared."""

    name: str
    mapping: ContractMapping
    options: Mapping[str, Any]
    cursor_field: tuple[str, ...] = ()
    cursor_param: str = ""
    cursor_first: Any = None
    deleted_field: tuple[str, ...] = ()
    deleted_values: tuple[str, ...] = ("true", "True", "1")
    stamp: str = ""

    def is_deleted(self, record: Mapping[str, Any]) -> bool:
        """Whether the source marks a record as gone."""
        return bool(self.deleted_field) and str(value_at(record, self.deleted_field)) in self.deleted_values

    def newest(self, records: Sequence[Mapping[str, Any]], so_far: Any) -> Any:
        """The furthest cursor value: as a number where all are, else as text."""
        values = [v for v in (value_at(r, self.cursor_field) for r in records) if v not in (None, "")]
        if so_far not in (None, ""):
            values.append(so_far)
        return max(values, key=_rank, default=None)


def _rank(value: Any) -> tuple[int, Decimal, str]:
    try:
        return (0, Decimal(str(value)), "")
    except InvalidOperation:
        return (1, Decimal(0), str(value))


def parse_all(settings: Mapping[str, Any]) -> tuple[str, dict[str, Dataset]]:
    """The mode and datasets of a connection's settings. Errors: BadConnection, UnknownName with the nearest name."""
    mode = str(settings.get("mode", ""))
    if mode not in MODES:
        raise UnknownName("mode", mode, MODES)
    given = settings.get("datasets")
    if not isinstance(given, Mapping) or not given:
        raise BadConnection(f"{TITLE}: `datasets` must be an object: for each dataset where it is and its `map`.")
    return mode, {name: _dataset(mode, name, spec) for name, spec in given.items()}


def _dataset(mode: str, name: str, spec: Any) -> Dataset:
    if name not in CONTRACTS:
        raise UnknownName("dataset", name, CONTRACTS)
    if not isinstance(spec, Mapping):
        raise BadConnection(f"{TITLE}: the dataset {name} must be an object with `{NEEDED[mode]}` and `map`.")
    for option in spec:
        if option not in OPTIONS[mode]:
            raise UnknownName(f"option of the dataset {name}", option, OPTIONS[mode])
    if not spec.get(NEEDED[mode]):
        raise BadConnection(f"{TITLE}: the dataset {name} needs `{NEEDED[mode]}`.")
    cursor = _object(spec.get("cursor", {}), f"the cursor of {name}", CURSOR)
    deleted = _object(spec.get("deleted", {}), f"`deleted` of {name}", ("field", "values"))
    values = deleted.get("values", ("true", "True", "1"))
    text = json.dumps(spec, sort_keys=True, default=str)
    return Dataset(
        name,
        parse(name, spec.get("map")),
        spec,
        path_of(str(cursor["field"])) if cursor.get("field") else (),
        str(cursor.get("param", "")),
        cursor.get("first"),
        path_of(str(deleted["field"])) if deleted.get("field") else (),
        tuple(str(value) for value in values),
        hashlib.sha256(text.encode()).hexdigest()[:16],
    )


def _object(given: Any, what: str, options: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise BadConnection(f"{TITLE}: {what} must be an object with {', '.join(options)}.")
    for option in given:
        if option not in options:
            raise UnknownName(f"option in {what}", option, options)
    return given


@dataclass
class Mapped:
    """Records as they land, and what was wrong with them."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    faults: int = 0
    first_fault: str = ""
    unmapped: list[str] = field(default_factory=list)


def mapped(dataset: Dataset, records: Sequence[Mapping[str, Any]]) -> Mapped:
    """Records as rows of the contract; a row whose key is missing is left out and counted."""
    found = Mapped()
    for record in records:
        row, faults = dataset.mapping.row(record)
        if faults and not found.first_fault:
            found.first_fault = f"{faults[0].column}: {faults[0].message}"
        found.faults += len(faults)
        if any(fault.message == "The key is missing." for fault in faults):
            continue
        if dataset.is_deleted(record):
            found.gone.append(dataset.mapping.key(row))
        else:
            found.rows.append({"key": dataset.mapping.key(row), "row": row})
        if not found.unmapped:
            found.unmapped = dataset.mapping.unmapped(record)
    return found
