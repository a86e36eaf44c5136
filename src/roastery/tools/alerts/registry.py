"""Every alert kind by its name, found in tools/alerts; rules are read with sentences for what is wrong."""

import importlib
import pkgutil
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from roastery.tools import alerts
from roastery.tools.alerts.base import AlertKind, BacktestDay
from roastery.tools.base import ToolContext
from roastery.tools.errors import BadArguments
from roastery.warehouse.errors import BadPeriod, UnknownName

LONGEST_BACKTEST_DAYS = 400


@cache
def kinds() -> dict[str, AlertKind[Any]]:
    """Alert kinds by name."""
    found: dict[str, AlertKind[Any]] = {}
    for module_info in pkgutil.iter_modules(alerts.__path__):
        module = importlib.import_module(f"{alerts.__name__}.{module_info.name}")
        for value in vars(module).values():
            is_kind = isinstance(value, type) and issubclass(value, AlertKind) and value is not AlertKind
            if is_kind and value.__module__ == module.__name__:
                found[value.name] = value()
    return dict(sorted(found.items()))


def read_rule(document: Mapping[str, Any]) -> tuple[AlertKind[Any], BaseModel]:
    """The kind and the typed rule of a JSON rule; `kind` is threshold when left out.

    Errors: UnknownName for the kind, BadArguments naming each field at fault.
    """
    name = str(document.get("kind", "threshold"))
    if name not in kinds():
        raise UnknownName("alert kind", name, kinds())
    kind = kinds()[name]
    try:
        return kind, kind.rule.model_validate(dict(document))
    except ValidationError as error:
        faults = [
            f"'{'.'.join(str(part) for part in fault['loc']) or 'rule'}': {_plain(fault['msg'])}."
            for fault in error.errors(include_url=False)
        ]
        raise BadArguments("alert", faults) from None


def backtest(context: ToolContext, document: Mapping[str, Any], days: int = 90) -> list[BacktestDay]:
    """What a rule would have fired on each of the last `days` days. Errors: as read_rule, BadPeriod."""
    if not 1 <= days <= LONGEST_BACKTEST_DAYS:
        raise BadPeriod(f"A backtest covers between 1 and {LONGEST_BACKTEST_DAYS} days, not {days}.")
    kind, rule = read_rule(document)
    today = context.clock.today(context.organization.time_zone)
    return kind.backtest(context, rule, [today - timedelta(days=n) for n in range(days - 1, -1, -1)])


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").rstrip(".")
