"""The tracking audit: each planted fault is found with the revenue behind it, and nothing else."""

from datetime import date
from decimal import Decimal

import pytest

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import MissingRate
from roastery.warehouse.tracking import audit
from tests.warehouse.conftest import put

OCTOBER = (date(2026, 10, 1), date(2026, 11, 1))
TOUCHES = {
    "known": {"utm_source": "facebook", "utm_medium": "paid", "utm_campaign": "Spring Sale"},
    "mistagged": {"utm_source": "facebook", "utm_medium": "paid", "utm_campaign": "Sprng Sale"},
    "untagged": {"click_id": "gclid:1"},
    "unknown": {"campaign_id": "nowhere", "kind": "click", "utm_source": "facebook", "utm_medium": "paid"},
    "odd": {"utm_source": "flyer", "utm_medium": "print"},
    "typed": {},
}


@pytest.fixture
def tracked(warehouse: Warehouse) -> Warehouse:
    put(
        warehouse,
        campaigns=[{"campaign_id": "c1", "campaign_name": "Spring Sale", "platform": "meta_ads"}],
        ad_performance=[
            {"report_date": "2026-10-01", "platform": "meta_ads", "campaign_id": id, "campaign_name": name,
             "spend": "50"}
            for id, name in (("c1", "Spring Sale"), ("c9", "Silent"))
        ],
        touchpoints=[{"touchpoint_id": id, "customer_id": id, "occurred_at": "2026-10-02T10:00:00Z", **touch}
                     for id, touch in TOUCHES.items()],
        transactions=[{"transaction_id": f"s_{id}", "customer_id": id, "occurred_at": "2026-10-03T10:00:00Z",
                       "amount": f"{n}.50"} for n, id in enumerate(TOUCHES, 1)],
    )  # fmt: skip
    return warehouse


def test_each_fault_is_found_once_with_the_revenue_behind_it(tracked: Warehouse) -> None:
    found = audit(tracked, *OCTOBER)
    assert {(f.kind, f.subject, f.touches, f.revenue) for f in found.findings} == {
        ("mistagged", "Sprng Sale", 1, Decimal("2.50")),
        ("untagged", "", 1, Decimal("3.50")),
        ("unknown_campaign", "nowhere", 1, Decimal("4.50")),
        ("unknown_medium", "", 1, Decimal("5.50")),
        ("spend_without_touches", "c9", 0, Decimal("0")),
    }
    assert found.of("mistagged")[0].did_you_mean == "Spring Sale"
    assert "Did you mean 'Spring Sale'?" in found.of("mistagged")[0].message
    assert found.of("spend_without_touches")[0].spend == Decimal("50.00")
    assert "Silent spent 50.00 USD" in found.of("spend_without_touches")[0].message


def test_coverage_is_held_against_the_aim(tracked: Warehouse) -> None:
    found = audit(tracked, *OCTOBER)
    assert (found.revenue, found.attributed) == (Decimal("24.00"), Decimal("17.50"))
    assert found.coverage == Decimal("0.7292")
    assert not found.is_covered
    nothing = audit(tracked, date(2026, 1, 1), date(2026, 2, 1))
    assert (nothing.coverage, nothing.findings) == (None, ())


def test_money_that_cannot_be_summed_is_refused(tracked: Warehouse) -> None:
    put(tracked, transactions=[{"transaction_id": "e", "customer_id": "odd", "currency": "EUR", "amount": "5.00",
                                "occurred_at": "2026-10-04T10:00:00Z"}])  # fmt: skip
    with pytest.raises(MissingRate, match="from EUR to USD"):
        audit(tracked, *OCTOBER)
