"""What was asked of a tool, in one form: expectations and calls are turned into it and then compared part by part."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from roastery.agent.planner.vocabulary import ValueTerm
from roastery.warehouse.errors import RoasteryError
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.calendar import Calendar, add_months
from roastery.warehouse.semantic.query import Period, PeriodSpec

NAMELESS = frozenset({"none", "unattributed", "unknown"})
METRIC_TOOLS = frozenset({"query_metrics", "compare_periods"})
ALL_TIME = (date(2000, 1, 1), date(2000, 1, 2))


@dataclass(frozen=True)
class Ground:
    """What names and periods of an organization stand for."""

    organization: Organization
    today: date
    values: tuple[ValueTerm, ...]

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.today, self.organization.week_start, self.organization.fiscal_year_start)

    def period(self, spec: Any, *, clipped: bool = True) -> tuple[date, date] | None:
        """First day and first day after; what has not happened yet is cut off, since it has no rows."""
        found = self._resolved(spec)
        if found is None:
            return None
        if found.name == "all_time":
            return ALL_TIME
        end = min(found.end, self.today + timedelta(days=1)) if clipped else found.end
        return found.start, max(end, found.start)

    def _resolved(self, spec: Any) -> Period | None:
        if not spec:
            return None
        given = (
            {"name": spec} if isinstance(spec, str) else {k: spec[k] for k in ("start", "end", "name") if spec.get(k)}
        )
        try:
            return self.calendar.period(PeriodSpec.model_validate(given))
        except RoasteryError:
            return None

    def compared(self, spec: Any, base: Any) -> tuple[date, date] | None:
        """The compared days; a name such as previous_period is counted from the base."""
        if not spec:
            return None
        if spec not in ("previous_period", "previous_year"):
            return self.period(spec)
        period = self._resolved(base)
        if period is None:
            return None
        try:
            found = self.calendar.before(period) if spec == "previous_period" else self.calendar.year_before(period)
        except RoasteryError:
            return None
        running = period.end > self.today + timedelta(days=1)
        if running and spec == "previous_year":
            return found.start, add_months(self.today + timedelta(days=1), -12)
        return found.start, found.end

    def chosen(self, condition: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """A condition by what it lets through, so that `in`, `contains` and names that mean the same are the same."""
        if condition.get("metric"):
            values = tuple(format(_number(v), "f") for v in condition.get("values", ()))
            return "metric", condition["metric"], condition.get("op", "eq"), values
        dimension, op = condition["dimension"], condition.get("op", "in")
        said = [str(v) for v in condition.get("values", ())]
        if op in ("not_in", "ne") and {v.lower() for v in said} <= NAMELESS:
            return None
        known = [v for v in self.values if v.dimension == dimension]
        if op in ("in", "eq", "not_in", "ne"):
            kept = frozenset(x for v in said for x in self._named(known, v))
        elif op in ("contains", "starts_with"):
            kept = frozenset(
                v.value
                for v in known
                for text in said
                if (text.lower() in v.label.lower() if op == "contains" else v.label.lower().startswith(text.lower()))
            )
        else:
            return "dimension", dimension, op
        return "dimension", dimension, "out" if op in ("not_in", "ne") else "in", kept

    @staticmethod
    def _named(known: Iterable[ValueTerm], said: str) -> set[str]:
        low = said.lower()
        found = {v.value for v in known if v.value.lower() == low} or {v.value for v in known if v.label.lower() == low}
        return found or {low}


def _number(text: Any) -> Any:
    from decimal import Decimal

    value = Decimal(str(text)).normalize()
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value


def metric_faults(query: Mapping[str, Any], call: Mapping[str, Any], ground: Ground, tool: str) -> list[str]:
    """Parts in which a call of a metric tool differs from the expected query: metric, period, filter …"""
    faults = []
    missing = [m for m in query.get("metrics", ()) if m not in call.get("metrics", ())]
    if missing:
        faults.append("metric")
    faults += _difference("dimension", split(query, ground), split(call, ground))
    if query.get("grain") != call.get("grain"):
        faults.append("grain")
    if query.get("period") and ground.period(query["period"]) != ground.period(call.get("period")):
        faults.append("period")
    compare = call.get("compare_to") or ("previous_period" if tool == "compare_periods" else None)
    expected = ground.compared(query.get("compare_to"), query.get("period") or call.get("period"))
    if expected != ground.compared(compare, call.get("period")):
        faults.append("comparison")
    faults += _difference("filter", conditions(query, ground), conditions(call, ground))
    faults += _order_faults(query, call)
    faults += _parameter_faults(query, call, ground)
    return faults


def _difference(what: str, wanted: Set[Any], own: Set[Any]) -> list[str]:
    """How two sets differ: missing, extra or another one."""
    if wanted == own:
        return []
    how = "extra" if wanted < own else "missing" if own < wanted else "another"
    return [f"{how} {what}"]


def split(query: Mapping[str, Any], ground: Ground) -> set[str]:
    """Dimensions that are split by; one that a filter holds to a single value splits nothing."""
    held = {c[1] for c in conditions(query, ground) if c[0] == "dimension" and c[2] == "in" and len(c[3]) == 1}
    return set(query.get("dimensions", ())) - {"date"} - held


def conditions(query: Mapping[str, Any], ground: Ground) -> frozenset[Any]:
    """What the filters let through; a platform beside campaigns that are all its own narrows nothing."""
    found = [c for f in query.get("filters", ()) if (c := ground.chosen(f)) is not None]
    campaigns = [c[3] for c in found if c[0] == "dimension" and c[1] == "campaign" and c[2] == "in"]
    return frozenset(c for c in found if not (campaigns and _is_platform_of(c, campaigns[0])))


def _is_platform_of(condition: tuple[Any, ...], campaigns: frozenset[str]) -> bool:
    if condition[:3] != ("dimension", "platform", "in") or len(condition[3]) != 1:
        return False
    [platform] = condition[3]
    return all(campaign.startswith(f"{platform}:") for campaign in campaigns)


def _order_faults(query: Mapping[str, Any], call: Mapping[str, Any]) -> list[str]:
    faults = []
    if query.get("order_by"):
        first, own = query["order_by"][0], (call.get("order_by") or [{}])[0]
        if (first["field"], first.get("direction", "asc")) != (own.get("field"), own.get("direction", "asc")):
            faults.append("order")
    wanted, limit = query.get("limit"), call.get("limit")
    single = limit == 1 and wanted is None and bool(query.get("order_by"))
    if wanted != limit and not single and not (wanted == 1 and limit is None and query.get("order_by")):
        faults.append("limit")
    return faults


def _parameter_faults(query: Mapping[str, Any], call: Mapping[str, Any], ground: Ground) -> list[str]:
    defaults = ground.organization.attribution
    usual = {
        "attribution_model": defaults.model,
        "attribution_window_days": None,
        "view_window_days": defaults.view_window_days,
        "attribution_date": defaults.date,
        "currency": ground.organization.currency,
    }
    return [name for name, default in usual.items() if (query.get(name) or default) != (call.get(name) or default)]


def windows_equal(first: Sequence[date] | None, second: Sequence[date] | None, slack: int = 1) -> bool:
    """Whether two periods are the same but for a day at either end."""
    if first is None or second is None:
        return first is second
    return all(abs((a - b).days) <= slack for a, b in zip(first, second, strict=True))
