"""Which sources feed the facts of a query, how fresh they are, and since when the sales history is whole."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from roastery.warehouse.semantic.model import Fact
from roastery.warehouse.state import IMPORT, DataState, SourceState

SALES = ("transactions",)


def feeding(state: DataState, fills: Iterable[Any], contracts: Iterable[str]) -> tuple[SourceState, ...]:
    """The resources whose records fill any of the contracts, imports included."""
    wanted = frozenset(contracts)
    resources = {(fill.source, fill.resource) for fill in fills if fill.contract in wanted}
    resources |= {(IMPORT, contract) for contract in wanted}
    return tuple(s for s in state.sources if (s.source, s.resource) in resources)


def contracts_of(facts: Iterable[Fact]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(contract for fact in facts for contract in fact.contracts))


def data_as_of(sources: Iterable[SourceState]) -> dict[str, str]:
    """Per source the oldest of its resources' times, as ISO text."""
    times: dict[str, str] = {}
    for s in sources:
        if s.data_as_of is not None:
            text = s.data_as_of.isoformat()
            times[s.source] = min(times.get(s.source, text), text)
    return dict(sorted(times.items()))


def complete_through(sources: Iterable[SourceState]) -> Mapping[str, date]:
    """Per source the last day that it holds whole; sources that do not say are left out."""
    found: dict[str, date] = {}
    for s in sources:
        if s.complete_through is not None:
            found[s.source] = min(found.get(s.source, s.complete_through), s.complete_through)
    return dict(sorted(found.items()))


def history_since(state: DataState, fills: Iterable[Any]) -> dict[str, date]:
    """The first day from which all sources of sales that say so have everything, as `sales`."""
    days = [s.history_since for s in feeding(state, fills, SALES) if s.history_since]
    return {"sales": max(days)} if days else {}
