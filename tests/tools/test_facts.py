"""Facts: what is computed comes out of its formula again."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roastery.tools import facts
from roastery.tools.base import Fact, FactPeriod
from roastery.tools.facts import FactBook

OCTOBER = FactPeriod(start=date(2026, 10, 1), end=date(2026, 11, 1))
money = st.none() | st.decimals(min_value=-10_000, max_value=10_000, places=2)


def book_of(*values: Decimal | str | None) -> tuple[FactBook, list[Fact]]:
    book = FactBook("rcp_1")
    made = [
        book.measured("revenue", None if v is None else Decimal(v), "money", OCTOBER, currency="USD") for v in values
    ]
    return book, made


def test_change_is_the_difference_in_the_metrics_own_unit():
    book, (now, before) = book_of("120.50", "100.00")
    made = book.computed(facts.change, now, before)
    assert (made.value, made.unit, made.currency, made.formula) == (Decimal("20.50"), "money", "USD", "f1 - f2")


def test_change_ratio_is_a_ratio_of_what_was_and_null_from_zero():
    book, (now, before, zero) = book_of("120", "100", "0")
    assert book.computed(facts.change_ratio, now, before).value == Decimal("0.2000")
    assert book.computed(facts.change_ratio, now, zero).value is None


def test_change_ratio_of_a_loss_that_shrinks_is_positive():
    book, (now, before) = book_of("-50", "-100")
    assert book.computed(facts.change_ratio, now, before).value == Decimal("0.5000")


def test_rank_shares_places_and_skips_nulls():
    book, among = book_of("5", "9", None, "5", "1")
    assert [book.computed(facts.rank, f, among).value for f in among] == [2, 1, None, 2, 4]
    assert book.computed(facts.rank, among[4], among, ascending=True).value == 1


def test_multiple_tells_doubled_from_nearly_doubled():
    book, (two, almost, one) = book_of("200", "199", "100")
    assert book.computed(facts.multiple, two, one).value == Decimal(2)
    assert book.computed(facts.multiple, almost, one).value == Decimal("1.99")


def test_labels_of_one_value_are_one_label():
    book = FactBook("rcp_1")
    assert book.label("campaign", "c1", "Spring").id == book.label("campaign", "c1", "Spring").id == "d1"
    assert book.label("campaign", "c2").text == "c2"


@given(st.lists(money, min_size=2, max_size=6))
def test_every_computed_fact_comes_out_of_its_formula(values):
    book, measured = book_of(*values)
    a, b = measured[:2]
    made = [
        book.computed(facts.change, a, b),
        book.computed(facts.change_ratio, a, b),
        book.computed(facts.difference, a, b),
        book.computed(facts.share, a, b),
        book.computed(facts.multiple, a, b),
        book.computed(facts.rank, a, measured),
        book.computed(facts.rank, a, measured, ascending=True),
        book.computed(facts.total, measured),
    ]
    known = {fact.id: fact for fact in book.facts}
    for fact in made:
        assert facts.recompute(fact, known) == fact.value


def test_a_formula_that_is_not_one_is_refused():
    book, (a, b) = book_of("1", "2")
    made = book.computed(facts.share, a, b)
    with pytest.raises(ValueError, match="Not a formula"):
        facts.recompute(made.model_copy(update={"formula": "__import__('os')"}), {"f1": a, "f2": b})


def test_renumbering_keeps_formula_and_inputs_in_step():
    book, (a, b) = book_of("4", "2")
    made = book.computed(facts.change_ratio, a, b)
    moved = facts.renumber(made, {"f1": "f11", "f2": "f1", "f3": "f12"})
    assert (moved.id, moved.formula, moved.inputs) == ("f12", "(f11 - f1) / abs(f1)", ("f11", "f1"))
