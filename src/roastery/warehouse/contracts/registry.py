"""Reads the contracts from the YAML files beside it, once."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from roastery.warehouse.contracts.contract import Column, Contract
from roastery.warehouse.declared import read_yaml
from roastery.warehouse.errors import UnknownName

DOMAINS = ("advertising", "engagement", "commerce", "pipeline", "reference")


def _column(name: str, spec: dict[str, Any], key: list[str]) -> Column:
    spec = dict(spec)
    minimum = spec.pop("minimum", None)
    default = spec.pop("default", None)
    unit = spec.pop("unit", None) or ("currency" if spec["type"] == "money" else None)
    return Column(
        name=name,
        is_key=name in key,
        allowed=tuple(spec.pop("allowed", ())),
        minimum=None if minimum is None else Decimal(str(minimum)),
        default=None if default is None else str(default).lower() if isinstance(default, bool) else str(default),
        unit=unit,
        **spec,
    )


@cache
def _read() -> Mapping[str, Contract]:
    found: dict[str, Contract] = {}
    for domain in DOMAINS:
        text = files(__package__).joinpath(f"{domain}.yml").read_text(encoding="utf-8")
        for name, spec in read_yaml(text).items():
            columns = tuple(_column(column, body, spec["key"]) for column, body in spec["columns"].items())
            found[name] = Contract(name, spec["title"], spec["about"], domain, columns, spec.get("day"))
    return MappingProxyType(found)


CONTRACTS: Mapping[str, Contract] = _read()


def contract_names() -> tuple[str, ...]:
    return tuple(CONTRACTS)


def contract(name: str) -> Contract:
    """The contract of a dataset.

    >>> contract("campaigns").key
    ('campaign_id',)
    """
    if name not in CONTRACTS:
        raise UnknownName("dataset", name, CONTRACTS)
    return CONTRACTS[name]
