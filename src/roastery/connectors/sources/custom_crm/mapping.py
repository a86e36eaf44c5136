"""How a custom CRM's fields become a contract's columns: the PRD's data_mapping, checked before it is used.

A mapping names, for each column, where its value comes from and what to make of it:
`{"customer_id": "id", "amount": {"from": "total.cents", "divide_by": 100}, "currency": {"value": "EUR"}}`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from roastery.connectors.errors import BadConnection
from roastery.warehouse.contracts import Column, Contract, contract
from roastery.warehouse.errors import UnknownName, nearest

TITLE = "Custom CRM"
OPTIONS = ("from", "value", "default", "values", "divide_by", "format", "zone", "decimal_comma", "prefix", "epoch")
TRUE, FALSE = ("true", "yes", "y", "1", "on", "t"), ("false", "no", "n", "0", "off", "f")
EPOCHS = {"seconds": 1, "milliseconds": 1000}
GROUPING = re.compile(r"[\s'\u00a0\u202f]")


@dataclass(frozen=True)
class Target:
    """One column: the path of its value, and the transforms in the order in which they apply."""

    column: Column
    path: tuple[str, ...] = ()
    constant: Any = None
    default: Any = None
    values: Mapping[str, Any] = field(default_factory=dict)
    divide_by: Decimal | None = None
    format: str = ""
    zone: str = "UTC"
    decimal_comma: bool = False
    prefix: str = ""
    epoch: int = 0

    def read(self, record: Mapping[str, Any]) -> Any:
        """The column's value, None where there is none. Errors: ValueError with a sentence."""
        value = self.constant if not self.path else value_at(record, self.path)
        if value is None or value == "":
            value = self.default
        if value is None or value == "":
            return None
        if self.values:
            value = self.values.get(str(value), value)
        return self._typed(value)

    def _typed(self, value: Any) -> Any:
        kind = self.column.type
        if kind in ("integer", "decimal", "money", "rate"):
            number = self._number(value)
            return str(number) if self.divide_by is None else str(number / self.divide_by)
        if kind == "boolean":
            return self._truth(value)
        if kind in ("timestamp", "date"):
            return self._instant(value, kind)
        if kind in ("list", "json"):
            return value
        text = str(value).strip()
        if self.column.allowed and text not in self.column.allowed:
            near = nearest(text, self.column.allowed)
            hint = f" Did you mean '{near}'? Use `values`." if near else " Use `values` to translate it."
            raise ValueError(f"'{text}' is not one of {', '.join(self.column.allowed)}.{hint}")
        return f"{self.prefix}{text}" if text else None

    def _number(self, value: Any) -> Decimal:
        text = GROUPING.sub("", str(value))
        text = text.replace(".", "").replace(",", ".") if self.decimal_comma else text.replace(",", "")
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValueError(f"'{value}' is not a number.") from None
        if not number.is_finite():
            raise ValueError(f"'{value}' is not a number.")
        return number

    def _truth(self, value: Any) -> str:
        text = str(value).strip().lower()
        if text in TRUE or text in FALSE:
            return "true" if text in TRUE else "false"
        raise ValueError(f"'{value}' is neither yes nor no.")

    def _instant(self, value: Any, kind: str) -> str:
        try:
            if self.epoch:
                at = datetime.fromtimestamp(float(value) / self.epoch, UTC)
            elif self.format:
                at = datetime.strptime(str(value), self.format)  # noqa: DTZ007 (its zone is given below)
            else:
                at = datetime.fromisoformat(str(value).strip().replace("Z", "+00:00"))
        except (ValueError, OverflowError, OSError):
            wanted = f"of the form {self.format}" if self.format else "an ISO date or time; give its `format`"
            raise ValueError(f"'{value}' is not {wanted}.") from None
        if kind == "date":
            return at.date().isoformat()
        if at.tzinfo is None:
            at = at.replace(tzinfo=ZoneInfo(self.zone))
        return at.astimezone(UTC).isoformat()


@dataclass(frozen=True)
class Fault:
    """A value that could not be mapped."""

    column: str
    message: str


@dataclass(frozen=True)
class ContractMapping:
    """The columns of one contract."""

    contract: Contract
    targets: tuple[Target, ...]

    def row(self, record: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
        """A record as a row of the contract, without what is null, and what was wrong with it."""
        row: dict[str, Any] = {}
        faults: list[Fault] = []
        for target in self.targets:
            try:
                value = target.read(record)
            except ValueError as error:
                faults.append(Fault(target.column.name, str(error)))
                continue
            if value is not None:
                row[target.column.name] = value
        faults += [
            Fault(name, "The key is missing.")
            for name in self.contract.key
            if not row.get(name) and len(self.contract.key) == 1
        ]
        return row, faults

    def key(self, row: Mapping[str, Any]) -> str:
        return "|".join(str(row.get(name, "")) for name in self.contract.key)

    def unmapped(self, record: Mapping[str, Any]) -> list[str]:
        """Fields of a record that no column takes."""
        used = {target.path[0] for target in self.targets if target.path}
        return sorted(name for name in record if name not in used)


def parse(name: str, given: Any) -> ContractMapping:
    """The mapping of a contract. Errors: BadConnection or UnknownName with the nearest name."""
    target = contract(name)
    if not isinstance(given, Mapping) or not given:
        raise BadConnection(f"{TITLE}: the mapping of {name} must name a source field for each column.")
    targets = tuple(_target(target, column, spec) for column, spec in given.items())
    missing = [key for key in target.key if key not in given]
    if missing and len(target.key) == 1:
        raise BadConnection(f"{TITLE}: the mapping of {name} has no {missing[0]}, which is its key.")
    return ContractMapping(target, targets)


def _target(target: Contract, column: str, spec: Any) -> Target:
    found = target.column(column)
    if isinstance(spec, str):
        return Target(found, path_of(spec))
    if not isinstance(spec, Mapping):
        raise BadConnection(f"{TITLE}: {target.name}.{column} must be a field's name or an object of options.")
    for option in spec:
        if option not in OPTIONS:
            raise UnknownName(f"option of {target.name}.{column}", option, OPTIONS)
    if ("from" in spec) == ("value" in spec):
        raise BadConnection(f"{TITLE}: {target.name}.{column} needs either `from` or `value`.")
    try:
        divide_by = Decimal(str(spec["divide_by"])) if "divide_by" in spec else None
        ZoneInfo(str(spec.get("zone", "UTC")))
        if divide_by is not None and divide_by <= 0:
            raise ValueError("divide_by must be more than 0")
    except (InvalidOperation, ValueError, KeyError, OSError) as error:
        raise BadConnection(f"{TITLE}: {target.name}.{column} has an unsound option: {error}.") from None
    epoch = str(spec.get("epoch", ""))
    if epoch and epoch not in EPOCHS:
        raise UnknownName(f"epoch of {target.name}.{column}", epoch, EPOCHS)
    return Target(
        found,
        path_of(str(spec["from"])) if "from" in spec else (),
        spec.get("value"),
        spec.get("default"),
        {str(k): v for k, v in (spec.get("values") or {}).items()},
        divide_by,
        str(spec.get("format", "")),
        str(spec.get("zone", "UTC")),
        bool(spec.get("decimal_comma", False)),
        str(spec.get("prefix", "")),
        EPOCHS.get(epoch, 0),
    )


def path_of(text: str) -> tuple[str, ...]:
    """The steps of a dotted path; `$.` in front and `[0]` are understood.

    >>> path_of("$.items[0].price.amount")
    ('items', '0', 'price', 'amount')
    """
    return tuple(step for step in re.sub(r"\[(\d+)\]", r".\1", text.removeprefix("$")).split(".") if step)


def value_at(record: Any, path: Sequence[str]) -> Any:
    """What lies at a path, None where there is nothing; a field whose own name has dots is found too."""
    if len(path) > 1 and isinstance(record, Mapping) and ".".join(path) in record:
        return record[".".join(path)]
    for step in path:
        if isinstance(record, Mapping):
            record = record.get(step)
        elif isinstance(record, list) and step.isdigit() and int(step) < len(record):
            record = record[int(step)]
        else:
            return None
    return record
