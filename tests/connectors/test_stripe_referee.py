"""Stripe's own files against what we ask and what our twin answers."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from roastery.connectors.sources.stripe import kept
from roastery.connectors.sources.stripe.source import LISTS
from roastery.evals.twins.server import Twins
from roastery.evals.twins.stripe import StripeTwin
from roastery.evals.twins.stripe_books import WELLNESS

SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs"
pytestmark = [
    pytest.mark.referee,
    pytest.mark.skipif(not (SPECS / "stripe").exists(), reason="the providers' own documents are not beside us"),
]

OBJECTS = {"invoices": "invoice", "charges": "charge", "refunds": "refund", "disputes": "dispute", "prices": "price",
           "customers": "customer", "subscriptions": "subscription", "products": "product"}  # fmt: skip


@cache
def fixtures() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((SPECS / "stripe" / "fixtures3.json").read_text())["resources"]
    return found


@cache
def paths() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SPECS / "pruned" / "stripe.json").read_text())["paths"]
    return found


@pytest.mark.parametrize("name", ["charges", "customers", "invoices", "refunds", "subscriptions"])
def test_lists_take_what_we_ask(name: str) -> None:
    declared = {p["name"] for p in paths()[f"/v1/{name}"]["get"]["parameters"]}
    asked = {"created", "limit", "starting_after", "expand", *(LISTS[name].params or {})}
    assert asked <= declared
    assert {"types", "type", "created"} <= {p["name"] for p in paths()["/v1/events"]["get"]["parameters"]}


def test_ended_subscriptions_have_to_be_asked_for() -> None:
    status = next(p for p in paths()["/v1/subscriptions"]["get"]["parameters"] if p["name"] == "status")
    assert "all" in status["schema"]["enum"]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("charge", kept.CHARGE),
        ("customer", kept.CUSTOMER),
        ("product", kept.PRODUCT),
        ("balance_transaction", kept.FEE),
    ],
)
def test_what_is_kept_exists(kind: str, names: tuple[str, ...]) -> None:
    assert set(names) <= set(fixtures()[kind])


def test_invoices_have_what_is_kept_and_tax_moved() -> None:
    known = set(fixtures()["invoice"])
    # `tax` is of older versions, which an account may still be pinned to; payments are expandable.
    assert set(kept.INVOICE) - known == {"tax", "payments"}
    assert "subscription_details" in fixtures()["invoice"]["parent"]


@pytest.mark.parametrize("name", OBJECTS)
def test_the_twin_s_records_are_of_stripe_s_shape(twins: Twins, name: str) -> None:
    twin = twins.of["stripe"]
    assert isinstance(twin, StripeTwin)
    row = twin.shelf.all(f"{WELLNESS}/{name}")[0]
    known = fixtures()[OBJECTS[name]]
    assert set(row) - set(known) <= {"payments"}
    for key, value in row.items():
        if isinstance(known.get(key), str | int) and isinstance(value, str | int):
            assert type(value) is type(known[key]), key
