"""What has to come back before spend earns anything, and what does not, by more than chance."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from roastery.tools.base import Actor, Fact, FactPeriod, ToolContext
from roastery.tools.break_even import BreakEven, Return, below_break_even
from roastery.tools.credit_rows import CreditRow, ModelCredit
from roastery.tools.facts import FactBook
from roastery.tools.registry import run
from roastery.warehouse.semantic.layer import SemanticLayer

PERIOD = FactPeriod(start=date(2026, 7, 1), end=date(2026, 8, 1))


def below(returns: dict[str, tuple[str, str]], spend: str = "100", pays: str = "2.0") -> list[dict[str, str]]:
    """By model: credited, and the upper bound of it."""
    book = FactBook("r")
    models, credited, by_model = {}, {}, {}
    spent = book.measured("spend", Decimal(spend), "money", PERIOD, currency="USD")
    for model, (value, high) in returns.items():
        worth = Decimal(value)
        row = CreditRow("c1", worth, worth, Decimal(0), worth, Decimal(0), Decimal(high))
        models[model] = ModelCredit(model, (row,), worth, Decimal(0))
        credited[model] = book.measured("attributed_revenue", worth, "money", PERIOD, currency="USD")
        by_model[model] = book.measured("roas", worth / Decimal(spend), "ratio", PERIOD)
    at = BreakEven(
        book.measured("break_even_roas", Decimal(pays), "ratio", PERIOD),
        book.measured("costed_share", Decimal(1), "ratio", PERIOD),
    )
    found: Any = SimpleNamespace(models=models)
    told = below_break_even(book, found, [Return("c1", "d1", by_model, credited, spent)], at)
    facts = {fact.id: fact for fact in book.facts}
    assert all(facts[one["high"]].value < Decimal(pays) for one in told)
    return told


def test_what_no_model_pays_for_and_chance_does_not_is_told() -> None:
    [one] = below({"linear": ("90", "120"), "last_touch": ("110", "150")})
    assert (one["key"], one["model"]) == ("c1", "last_touch")


def test_what_pays_under_one_model_is_not_told() -> None:
    assert below({"linear": ("90", "120"), "last_touch": ("210", "300")}) == []


def test_what_chance_could_make_is_not_told() -> None:
    assert below({"linear": ("90", "120"), "last_touch": ("150", "205")}) == []


def asked(context: ToolContext, **more: Any) -> tuple[dict[str, Fact], Any]:
    period = {"start": "2026-04-01", "end": "2026-07-01"}
    models = ["last_non_direct", "linear"]
    result = run(
        "compare_attribution", {"period": period, "by": "campaign", "attribution_models": models, **more}, context
    )
    return {fact.id: fact for fact in result.facts}, result.data["break_even"]


def test_break_even_is_one_over_the_margin_of_the_period(larkspur: ToolContext) -> None:
    facts, pays = asked(larkspur)
    period = {"start": "2026-04-01", "end": "2026-07-01"}
    query = {"metrics": ["gross_margin_rate"], "period": period}
    rate = run("query_metrics", query, larkspur).facts[0].value
    assert rate is not None
    assert facts[pays["roas"]].value == pytest.approx(1 / rate, abs=Decimal("0.001"))
    assert facts[pays["roas"]].formula
    for one in pays["below"]:
        assert facts[one["roas"]].value <= facts[one["high"]].value < facts[pays["roas"]].value


def test_who_may_not_see_margins_is_told_no_break_even(larkspur: ToolContext) -> None:
    layer = SemanticLayer(larkspur.metrics.warehouse, larkspur.clock, role="viewer")
    assert asked(replace(larkspur, actor=Actor("v", "viewer"), metrics=layer))[1] is None


def test_where_somebody_says_from_where_on_it_pays_the_margin_is_not_asked(larkspur: ToolContext) -> None:
    assert asked(larkspur, break_even="1.5")[1] is None
