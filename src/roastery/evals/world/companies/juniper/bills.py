"""What Juniper's patients pay: sessions, packages and memberships, in the practice's file and in Stripe's."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import money, picked, prefixed
from roastery.evals.world.companies import billing, subscribing
from roastery.evals.world.companies.billing import Copy, Sales
from roastery.evals.world.companies.juniper import care
from roastery.evals.world.companies.juniper.plan import PACKAGES, SERVICES, TIERS
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.records import System
from roastery.evals.world.companies.tables import dataset, stacked
from roastery.evals.world.seasons import DAY_SECONDS, END, Ints, instants_array

PRODUCTS = (
    *((name, "Services", cents) for name, cents, *_ in SERVICES),
    *((name, "Packages", cents) for name, cents, *_ in PACKAGES),
    *((f"Membership {tier.name}", "Memberships", tier.mrr * tier.months) for tier in TIERS),
)
PRODUCT_IDS = [f"praxis:prd-{n + 1:02d}" for n in range(len(PRODUCTS))]
COST_SHARE = np.array([0.55] * len(SERVICES) + [0.55] * len(PACKAGES) + [0.25] * len(TIERS))
CARD_SHARE = 0.66


@dataclass(frozen=True)
class Billed:
    """value: net money of each person to date, major units."""

    transactions: pa.Table
    truth: pa.Table
    lines: pa.Table
    refunds: pa.Table
    member_currency: pa.Array
    value: np.ndarray


def bill(
    rng: np.random.Generator, plan: Plan, cared: care.Care, praxis: System, stripe: System, location_ids: list[str]
) -> Billed:
    """Sessions outside packages are invoiced, most then paid by card; packages and memberships are paid at once."""
    visits, members = cared.visits, cared.members
    session = np.flatnonzero((visits.status == care.COMPLETED) & ~visits.in_package & (visits.starts_at < END - 7200))
    member_row, boundary = members.payments()
    person = np.concatenate([visits.person[session], cared.package_person, members.person[member_row]])
    product = np.concatenate(
        [
            visits.service[session],
            len(SERVICES) + cared.package,
            len(SERVICES) + len(PACKAGES) + members.tier[member_row],
        ]
    )
    amount = np.concatenate(
        [
            np.array([row[1] for row in SERVICES])[visits.service[session]],
            np.array([row[1] for row in PACKAGES])[cared.package],
            subscribing.paid(members, TIERS, member_row, boundary),
        ]
    )
    at = np.concatenate([visits.starts_at[session] + 3600, cared.package_at, members.terms[member_row, boundary] + 40])
    late = np.concatenate([np.zeros(session.size + cared.package.size, bool), members.failed[member_row, boundary]])
    at = at + np.where(late, 2 * DAY_SECONDS, 0)
    is_session, is_member = (
        np.arange(person.size) < session.size,
        np.arange(person.size) >= session.size + cared.package.size,
    )
    renewal = np.concatenate([np.zeros(session.size + cared.package.size, bool), boundary > 0])
    back_at, refunded = _refunded(rng, at, amount, is_session)
    subscription = np.concatenate([np.zeros(session.size + cared.package.size, int), member_row])
    sales = Sales(
        person, amount, refunded, pa.repeat("EUR", person.size), billing.numbers("JW-", person.size),
        {
            "is_renewal": pa.array(renewal),
            "subscription_id": pc.if_else(
                pa.array(is_member), subscribing.ids("stripe:", subscription), pa.scalar(None, pa.string())
            ),
            "location_id": picked(location_ids, cared.patients.location[person]),
        },
    )  # fmt: skip
    everyone = np.arange(person.size)
    card = np.flatnonzero(~is_session | (rng.random(person.size) < CARD_SHARE))
    invoiced = np.flatnonzero(is_session | (~is_member & (rng.random(person.size) < 0.8)))
    alone = billing.lonely(person, amount, at)
    pay_at = at[card] + np.where(is_session[card], rng.integers(60, 20 * 3600, card.size), 5)
    linked = ~alone[card] | (rng.random(card.size) < 0.95)
    pay_ids, invoice_ids = prefixed("stripe:pi_", everyone + 900_001), prefixed("praxis:inv-", everyone + 40_001)
    copies = [
        Copy("praxis", "invoice", "", invoiced, at[invoiced], praxis, np.ones(invoiced.size, bool),
             {"sales_channel": pa.repeat("pos", invoiced.size)}, invoice_ids.take(pa.array(invoiced))),
        Copy("stripe", "payment", "", card, pay_at, stripe, linked,
             {"fee_amount": money(amount[card] * 14 // 1000 + 25), "sales_channel": pa.repeat("online", card.size)},
             pay_ids.take(pa.array(card))),
    ]  # fmt: skip
    transactions, truth = billing.recorded(sales, copies)
    transactions = stacked(transactions, _failures(cared, stripe))
    held = pc.is_in(pa.concat_arrays([invoice_ids, pay_ids]), transactions["transaction_id"].combine_chunks())
    both = np.flatnonzero(held.to_numpy(zero_copy_only=False))
    sale = both % person.size
    lines = billing.lines_table(
        pa.concat_arrays([invoice_ids, pay_ids]).take(pa.array(both)), picked(PRODUCT_IDS, product[sale]),
        np.ones(both.size, dtype=np.int64), amount[sale], (amount[sale] * COST_SHARE[product[sale]]).astype(np.int64),
    )  # fmt: skip
    back = np.flatnonzero((refunded > 0) & np.isin(everyone, card))
    refunds = billing.refunds_table(
        "stripe:re_", pay_ids.take(pa.array(back)), back_at[back], refunded[back], pa.repeat("EUR", back.size),
        "session not as expected",
    )  # fmt: skip
    known = np.isin(everyone, np.concatenate([card, invoiced])) & (at < END - 60)
    value = np.bincount(
        person, weights=np.where(known, amount - refunded, 0) / 100, minlength=cared.patients.location.size
    )
    return Billed(transactions, truth, lines, refunds, pa.repeat("EUR", members.count), value)


def _refunded(rng: np.random.Generator, at: Ints, amount: Ints, is_session: np.ndarray) -> tuple[Ints, Ints]:
    """When and how much of each sale went back; nothing for most."""
    back_at = at + rng.integers(2, 12, at.size) * DAY_SECONDS
    goes = (rng.random(at.size) < np.where(is_session, 0.006, 0.015)) & (back_at < END - 3600)
    return back_at, np.where(goes, np.where(rng.random(at.size) < 0.6, amount, amount // 2), 0)


def _failures(cared: care.Care, stripe: System) -> pa.Table:
    """Charges of memberships that the card refused; the retry two days later is the sale."""
    members = cared.members
    row, boundary = np.nonzero(members.failed & members.lived & (members.terms < END - 3600))
    return dataset(
        "transactions",
        {
            "transaction_id": prefixed("stripe:pi_failed_", np.arange(row.size) + 1),
            "customer_id": stripe.of(members.person[row]),
            "occurred_at": instants_array(members.terms[row, boundary] + 30),
            "amount": money(subscribing.paid(members, TIERS, row, boundary)),
            "currency": pa.repeat("EUR", row.size),
            "kind": pa.repeat("payment", row.size),
            "status": pa.repeat("failed", row.size),
            "is_renewal": pa.array(boundary > 0),
            "subscription_id": subscribing.ids("stripe:", row),
            "sales_channel": pa.repeat("online", row.size),
            "source_system": pa.repeat("stripe", row.size),
        },
    )


def products() -> pa.Table:
    price = np.array([cents for *_, cents in PRODUCTS])
    return dataset(
        "products",
        {
            "product_id": PRODUCT_IDS,
            "product_name": [name for name, *_ in PRODUCTS],
            "category": [category for _, category, _ in PRODUCTS],
            "unit_cost": money((price * COST_SHARE).astype(np.int64)),
            "price": money(price),
            "currency": ["EUR"] * len(PRODUCTS),
        },
    )
