"""The oracle is held against a second reckoning in plain Python, sale by sale."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from roastery.evals.world.truth import MODELS, UNATTRIBUTED, Truth, rounded

OCTOBER = (date(2026, 10, 1), date(2026, 11, 1))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("by", ["platform", "campaign", "channel"])
def test_credit_sums_to_the_sales_of_the_period(small_truth: Truth, model: str, by: str) -> None:
    split = small_truth.attribution(*OCTOBER, by=by, model=model)
    whole = small_truth.attribution(*OCTOBER, model=model)["total"]
    assert sum(c.attributed_revenue for c in split.values()) == whole.attributed_revenue
    assert sum(c.new_customers for c in split.values()) == whole.new_customers
    assert sum(c.paid_revenue for c in split.values()) == whole.paid_revenue
    credited = small_truth.rows("SELECT sum(net) AS net FROM credits WHERE sale_date >= ? AND sale_date < ?", OCTOBER)
    assert credited[0]["net"] == small_truth.sales(*OCTOBER).revenue


@pytest.mark.parametrize("model", MODELS)
def test_credit_agrees_with_a_reckoning_touch_by_touch(small_truth: Truth, model: str) -> None:
    touches = defaultdict(list)
    for touch in small_truth.rows("SELECT * FROM touches ORDER BY occurred_at"):
        touches[touch["customer_id"]].append(touch)
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for sale in small_truth.rows("SELECT * FROM sales WHERE sale_date >= ? AND sale_date < ?", OCTOBER):
        eligible = [t for t in touches[sale["customer_id"]] if _is_eligible(t, sale)]
        preferred = [t for t in eligible if t["channel"] != "direct"] if model == "last_non_direct" else eligible
        winner = (preferred or eligible or [None])[-1]
        if winner and winner["channel"] != "direct":
            expected[winner["campaign_id"]] += sale["net"]
    found = small_truth.attribution(*OCTOBER, by="campaign", model=model)
    assert {k: c.attributed_revenue for k, c in found.items() if c.attributed_revenue} == {
        k: v for k, v in expected.items() if v
    }
    assert len(expected) > 5


def _is_eligible(touch: dict, sale: dict) -> bool:
    days = 7 if touch["campaign_id"].startswith("klaviyo") else 30
    return sale["occurred_at"] - timedelta(days=days) <= touch["occurred_at"] < sale["occurred_at"]


def test_a_visit_on_a_shared_browser_goes_to_the_next_who_is_known(small_truth: Truth) -> None:
    known = defaultdict(list)
    for row in small_truth.rows("SELECT * FROM named ORDER BY occurred_at"):
        known[row["anonymous_id"]].append((row["occurred_at"], row["customer_id"]))
    shared = [device for device, seen in known.items() if len({who for _, who in seen}) > 1]
    assert shared
    checked = 0
    for device in shared:
        for visit in small_truth.rows("SELECT occurred_at, customer_id FROM landed WHERE anonymous_id = ?", [device]):
            later = [who for at, who in known[device] if at >= visit["occurred_at"]]
            whose = visit["customer_id"] or (later[0] if later else known[device][-1][1])
            found = small_truth.rows(
                "SELECT 1 FROM visited WHERE system = 'storefront' AND occurred_at = ? AND customer_id = ?",
                [visit["occurred_at"], whose],
            )
            assert found
            checked += 1
    assert checked > 3


def test_first_sales_are_the_first_valid_ones(small_truth: Truth) -> None:
    [row] = small_truth.rows(
        "SELECT count(*) FILTER (is_first) AS firsts, count(DISTINCT customer_id) AS customers FROM sales"
    )
    assert row["firsts"] == row["customers"] < small_truth.world.size


def test_names_resolve_within_their_time_only(small_truth: Truth) -> None:
    rows = small_truth.rows(
        """SELECT campaign_id, min(occurred_at)::DATE AS first FROM resolved WHERE campaign_id IN
               (SELECT campaign_id FROM known_names WHERE campaign_name = 'Holiday Gifting' AND platform = 'meta_ads')
           GROUP BY 1 ORDER BY 2"""
    )
    assert [row["first"].year for row in rows] == [2024, 2026]


def test_no_customer_has_two_touches_at_one_instant(small_truth: Truth) -> None:
    assert not small_truth.rows("SELECT customer_id FROM touches GROUP BY customer_id, occurred_at HAVING count(*) > 1")


def test_the_three_demo_answers_have_shape(small_truth: Truth) -> None:
    assert small_truth.last_month == OCTOBER
    assert set(small_truth.roas_by_platform()) == {"meta_ads", "google_ads"}
    weeks = small_truth.weekly_revenue()
    assert [weeks[0][0], weeks[-1][0]] == [date(2026, 9, 7), date(2026, 10, 26)]
    assert sum(now for _, now, _ in weeks) == small_truth.sales(date(2026, 9, 7), date(2026, 11, 2)).revenue
    top = small_truth.top_campaigns()
    assert len(top) == 5
    assert UNATTRIBUTED not in {c.key for c in top}
    assert all(a.attributed_revenue >= b.attributed_revenue for a, b in pairwise(top))


def test_ratios_round_half_up_and_a_zero_denominator_gives_none() -> None:
    assert rounded(Decimal("2.34565")) == Decimal("2.3457")
    assert rounded(None) is None
