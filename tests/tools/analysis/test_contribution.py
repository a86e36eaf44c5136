"""Additive, mix/rate and LMDI splits, against examples worked by hand and the identities they keep."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roastery.tools.analysis.contribution import (
    Product,
    Total,
    additive_split,
    factor_split,
    leaves,
    log_mean,
    mix_rate_split,
)
from roastery.tools.analysis.errors import CannotTell, UnfitInput

MILLIONTH = Decimal("0.000001")
money = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
amounts = st.integers(min_value=0, max_value=10**7)


def test_additive_parts_are_the_slices_own_changes() -> None:
    split = additive_split([Decimal("100.00"), 50, 0], [Decimal("70.00"), 60, 5])
    assert split.change == Decimal("-15.00")
    assert split.parts == (Decimal("-30.00"), Decimal("10.00"), Decimal("5.00"))
    assert split.shares == (2.0, -2 / 3, -1 / 3)


def test_no_change_has_parts_but_no_shares() -> None:
    split = additive_split([10, 20], [20, 10])
    assert split.change == 0
    assert split.parts == (Decimal("10.00"), Decimal("-10.00"))
    assert split.shares is None


@given(st.lists(st.tuples(money, money), max_size=20))
def test_additive_parts_sum_to_the_change_to_the_cent(rows: list[tuple[Decimal, Decimal]]) -> None:
    split = additive_split([a for a, _ in rows], [b for _, b in rows])
    assert sum(split.parts, Decimal(0)) == split.change == sum((b - a for a, b in rows), Decimal(0))


def test_mix_and_rate_worked_by_hand() -> None:
    # Spend 100/100 → 150/50, revenue 400/200 → 540/120. ROAS 3.0 → 3.3; rates 4→3.6 and 2→2.4; weights .5/.5 → .75/.25.
    # rate: .625·(−.4) = −.25 and .375·.4 = .15; mix: .25·(3.8 − 3.15) = .1625 and −.25·(2.2 − 3.15) = .2375.
    split = mix_rate_split([400, 200], [100, 100], [540, 120], [150, 50], Decimal("0.0001"))
    assert (split.before, split.after, split.change) == (Decimal("3.0000"), Decimal("3.3000"), Decimal("0.3000"))
    assert split.rate == (Decimal("-0.2500"), Decimal("0.1500"))
    assert split.mix == (Decimal("0.1625"), Decimal("0.2375"))


def test_simpsons_paradox_every_slice_better_and_the_whole_worse_is_all_mix() -> None:
    split = mix_rate_split([90, 10], [100, 100], [95, 33], [100, 300])
    assert split.change < 0
    assert all(part > 0 for part in split.rate)
    assert split.mix_total < split.change


def test_a_slice_that_appears_is_mix_and_a_numerator_without_spend_is_rate() -> None:
    split = mix_rate_split([100, 0, 7], [50, 0, 0], [100, 90, 0], [50, 30, 0])
    assert split.rate[1] == 0
    assert split.mix[2] == 0
    assert split.rate[2] == Decimal("-0.140000")


@given(st.lists(st.tuples(amounts, amounts, amounts, amounts), min_size=1, max_size=12))
def test_mix_and_rate_sum_to_the_change_exactly(rows: list[tuple[int, int, int, int]]) -> None:
    n0, d0, n1, d1 = (list(column) for column in zip(*rows, strict=True))
    if not sum(d0) or not sum(d1):
        with pytest.raises(CannotTell):
            mix_rate_split(n0, d0, n1, d1)
        return
    split = mix_rate_split(n0, d0, n1, d1)
    assert split.rate_total + split.mix_total == split.change
    assert abs(split.change - (split.after - split.before)) <= MILLIONTH


def test_a_negative_denominator_has_no_mix() -> None:
    with pytest.raises(UnfitInput, match="negative"):
        mix_rate_split([1, 1], [1, -1], [1, 1], [1, 1])


ROAS = Product(("conversion_rate", "aov"), ("cpc",))


def test_lmdi_of_roas_worked_by_hand() -> None:
    # ROAS = .02·50/.5 = 2 → .03·40/.4 = 3. L(3, 2) = 1/ln 1.5 = 2.466303.
    # conversion rate L·ln 1.5 = 1; order value L·ln .8 = −.550340; cost per click −L·ln .8 = +.550340.
    before = {"conversion_rate": Decimal("0.02"), "aov": 50, "cpc": Decimal("0.5")}
    split = factor_split(ROAS, before, {"conversion_rate": Decimal("0.03"), "aov": 40, "cpc": Decimal("0.4")})
    assert split.method == "lmdi"
    assert (split.before, split.after, split.change) == (Decimal(2), Decimal(3), Decimal(1))
    assert split.effects == {
        "conversion_rate": Decimal("1.000000"),
        "aov": Decimal("-0.550340"),
        "cpc": Decimal("0.550340"),
    }


def test_shapley_takes_over_where_a_factor_is_zero() -> None:
    # From 0·10 to 5·20: the zero factor gets (5·10 + 5·20)/2 = 75, the other (0·10 + 5·10)/2 = 25.
    split = factor_split(Product(("orders", "aov")), {"orders": 0, "aov": 10}, {"orders": 5, "aov": 20})
    assert split.method == "shapley"
    assert split.effects == {"orders": Decimal("75.000000"), "aov": Decimal("25.000000")}


def test_sums_inside_a_product_pass_their_effect_to_their_terms() -> None:
    tree = Product((Total(("new_revenue", "returning_revenue"), ("refunds",)),), ("spend",))
    before = {"new_revenue": 60, "returning_revenue": 50, "refunds": 10, "spend": 50}
    after = {"new_revenue": 80, "returning_revenue": 30, "refunds": 10, "spend": 50}
    split = factor_split(tree, before, after)
    assert split.change == 0
    # Revenue stood still, and yet its parts moved: +20 and −20 over a spend of 50.
    assert split.effects["new_revenue"] == Decimal("0.400000")
    assert split.effects["returning_revenue"] == Decimal("-0.400000")
    assert split.effects["refunds"] == split.effects["spend"] == 0


def test_leaves_are_named_once() -> None:
    assert leaves(Total((Product(("a", "b")), Product(("c", "b"))))) == ("a", "b", "c")


@given(
    st.lists(st.tuples(st.floats(0.01, 1e4), st.floats(0.01, 1e4)), min_size=3, max_size=3),
    st.sampled_from([0.0, 1.0]),
)
def test_factor_effects_sum_to_the_change_exactly(pairs: list[tuple[float, float]], scale: float) -> None:
    names = ("conversion_rate", "aov", "cpc")
    before = {name: a for name, (a, _) in zip(names, pairs, strict=True)}
    after = {name: b for name, (_, b) in zip(names, pairs, strict=True)}
    before["aov"] *= scale
    split = factor_split(ROAS, before, after)
    assert sum(split.effects.values(), Decimal(0)) == split.change
    assert split.method == ("lmdi" if scale else "shapley")


@given(st.floats(0.01, 1e4), st.floats(0.01, 1e4))
def test_only_the_factor_that_moved_has_an_effect(a: float, b: float) -> None:
    fixed = {"conversion_rate": 0.5, "cpc": 2.0}
    split = factor_split(ROAS, {**fixed, "aov": a}, {**fixed, "aov": b})
    assert split.effects["conversion_rate"] == split.effects["cpc"] == 0
    assert split.effects["aov"] == split.change


@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6))
def test_the_log_mean_lies_between_the_geometric_and_the_arithmetic_mean(a: float, b: float) -> None:
    mean = log_mean(a, b)
    assert math.sqrt(a * b) * (1 - 1e-9) <= mean <= (a + b) / 2 * (1 + 1e-9)


def test_a_zero_divisor_and_a_missing_name_are_sentences() -> None:
    zero = {"conversion_rate": 1, "aov": 1, "cpc": 0}
    with pytest.raises(CannotTell, match="divisor is zero"):
        factor_split(ROAS, zero, {**zero, "cpc": 1})
    with pytest.raises(UnfitInput, match="needs a value of cpc"):
        factor_split(ROAS, {"conversion_rate": 1, "aov": 1}, zero)
