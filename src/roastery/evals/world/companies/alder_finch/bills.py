"""How Alder & Finch bill: Salesforce's deal, Xero's invoice, Stripe for some; clients' currencies, daily rates."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import money, picked, prefixed
from roastery.evals.world.companies import billing, pipeline, subscribing
from roastery.evals.world.companies.alder_finch.clients import Practice
from roastery.evals.world.companies.alder_finch.plan import COUNTRIES, PACKAGES, RATES, SERVICES, TIERS
from roastery.evals.world.companies.billing import Copy, Sales
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.records import System
from roastery.evals.world.companies.tables import dataset
from roastery.evals.world.company import FIRST_DAY
from roastery.evals.world.seasons import DAY_SECONDS, DAYS, END, Floats, Ints, dates

PRODUCTS = (
    *((name, "Services", int(pounds * 100)) for name, _, pounds, *_ in SERVICES),
    *((name, "Packages", pence) for name, pence in PACKAGES),
    ("CFO Retainer", "Packages", TIERS[1].mrr),
)
PRODUCT_IDS = [f"xero:item-{n + 1}" for n in range(len(PRODUCTS))]
RETAINER = len(PRODUCTS) - 1
COST_SHARE = 0.45
CURRENCIES = ("GBP", "EUR", "USD")
FIRST_RATE_DAY = -7
"""Rates begin this many days before the history."""


@dataclass(frozen=True)
class Rates:
    """pounds: CURRENCIES × days from FIRST_RATE_DAY on; the last working day's rate holds over the week-end."""

    pounds: Floats
    is_working: np.ndarray

    def on(self, currency: Ints, day: Ints) -> Floats:
        last = np.maximum.accumulate(np.where(self.is_working, np.arange(self.is_working.size), 0))
        return self.pounds[currency, last[np.clip(day, FIRST_RATE_DAY, DAYS - 1) - FIRST_RATE_DAY]]


def wander(rng: np.random.Generator) -> Rates:
    """Daily rates with four digits, as a bank publishes them."""
    days = DAYS - FIRST_RATE_DAY
    weekday = (np.arange(days) + FIRST_RATE_DAY + FIRST_DAY.weekday()) % 7
    steps = np.cumsum(rng.normal(0, 0.0032, (2, days)), axis=1)
    pounds = np.round(np.array([[RATES["EUR"]], [RATES["USD"]]]) * np.exp(steps), 4)
    return Rates(np.vstack([np.ones(days), pounds]), weekday < 5)


def rates_table(rates: Rates) -> pa.Table:
    """Rows of `fx_rates` into pounds, working days only."""
    parts = []
    for index in (1, 2):
        day = np.flatnonzero(rates.is_working)
        scaled = pc.multiply(
            pa.array(np.round(rates.pounds[index, day] * 10_000).astype(np.int64)).cast(pa.decimal128(19, 0)),
            pa.scalar("0.0001").cast(pa.decimal128(5, 4)),
        )
        parts.append(
            dataset(
                "fx_rates",
                {
                    "rate_date": dates(day + FIRST_RATE_DAY),
                    "base_currency": pa.repeat(CURRENCIES[index], day.size),
                    "quote_currency": pa.repeat("GBP", day.size),
                    "rate": scaled,
                },
            )
        )
    return pa.concat_tables(parts).combine_chunks()


@dataclass(frozen=True)
class Billed:
    """value: net money of each person to date in pounds. retainer_currency: of each subscription."""

    transactions: pa.Table
    truth: pa.Table
    lines: pa.Table
    refunds: pa.Table
    retainer_currency: pa.Array
    value: np.ndarray


def currency_of(practice: Practice, person: Ints) -> Ints:
    """Index into CURRENCIES of what each person's firm is billed in."""
    own = np.array([CURRENCIES.index(row[1]) for row in COUNTRIES])
    return own[practice.contacts.country[person]]


def in_currency(rates: Rates, pence: Ints, currency: Ints, day: Ints) -> Ints:
    """Pounds as agreed at the day's rate, in the client's currency, rounded to whole units for foreign clients."""
    foreign = (pence / rates.on(currency, day) / 100).round().astype(np.int64) * 100
    return np.where(currency == 0, pence, foreign)


def bill(
    rng: np.random.Generator, plan: Plan, practice: Practice, rates: Rates, salesforce: System, xero: System
) -> Billed:
    """Won work stands in Salesforce and, when invoiced, in Xero; retainers are invoiced each quarter."""
    sold, retainers = practice.engagements, practice.retainers
    row, boundary = retainers.payments()
    once = sold.person.size
    person = np.concatenate([sold.person, retainers.person[row]])
    at = np.concatenate([sold.agreed_at, retainers.terms[row, boundary] + 40])
    currency = currency_of(practice, person)
    pence = np.concatenate([sold.price, subscribing.paid(retainers, TIERS, row, boundary)])
    signed = np.concatenate([sold.agreed_at, retainers.started_at[row]])
    amount = in_currency(rates, pence, currency, plan.days(signed))
    product = np.concatenate([np.where(sold.package >= 0, 4 + sold.package, sold.service), np.full(row.size, RETAINER)])
    is_retainer = np.arange(person.size) >= once
    deal = np.concatenate([sold.deal, np.full(row.size, -1)])
    invoice_at = at + np.where(is_retainer, 0, rng.integers(3, 12 * 24, person.size) * 3600)
    back_at = invoice_at + rng.integers(4, 20, person.size) * DAY_SECONDS
    goes = (rng.random(person.size) < 0.012) & (back_at < END - 3600)
    refunded = np.where(goes, amount // 4, 0)
    sales = Sales(
        person, amount, refunded, picked(CURRENCIES, currency), billing.numbers("ENG-", person.size),
        {
            "is_renewal": pa.array(is_retainer & (np.concatenate([np.zeros(once, int), boundary]) > 0)),
            "subscription_id": pc.if_else(
                pa.array(is_retainer),
                subscribing.ids("xero:", np.concatenate([np.zeros(once, int), row])),
                pa.scalar(None, pa.string()),
            ),
            "opportunity_id": pipeline.opportunity_ids("salesforce:", np.maximum(deal, 0), deal < 0),
            "lead_id": pipeline.lead_ids("salesforce:", person, deal < 0),
        },
    )  # fmt: skip
    everyone = np.arange(person.size)
    won, invoiced = np.flatnonzero(deal >= 0), np.flatnonzero(invoice_at < END - 3600)
    near = (invoice_at - at < DAY_SECONDS) & billing.lonely(person, amount, at) & (deal >= 0)
    unlinked = near & (rng.random(person.size) < 0.6)
    card = np.flatnonzero((rng.random(person.size) < 0.18) & ~unlinked & (invoice_at < END - 10 * DAY_SECONDS))
    ids = {
        "deal": prefixed("salesforce:006", everyone + 80_001),
        "invoice": prefixed("xero:INV-", everyone + 10_001),
        "payment": prefixed("stripe:pi_", everyone + 60_001),
    }
    copies = [
        Copy("salesforce", "deal", "", won, at[won], salesforce, np.ones(won.size, bool), {},
             ids["deal"].take(pa.array(won))),
        Copy("xero", "invoice", "", invoiced, invoice_at[invoiced], xero, ~unlinked[invoiced], {},
             ids["invoice"].take(pa.array(invoiced))),
        Copy("stripe", "payment", "", card, invoice_at[card] + rng.integers(1, 9, card.size) * DAY_SECONDS, xero,
             np.ones(card.size, bool), {"fee_amount": money(amount[card] // 70)}, ids["payment"].take(pa.array(card))),
    ]  # fmt: skip
    transactions, truth = billing.recorded(sales, copies)
    every_id = pa.concat_arrays(list(ids.values()))
    held = np.flatnonzero(
        pc.is_in(every_id, transactions["transaction_id"].combine_chunks()).to_numpy(zero_copy_only=False)
    )
    line = held % person.size
    lines = billing.lines_table(
        every_id.take(pa.array(held)), picked(PRODUCT_IDS, product[line]), np.ones(held.size, dtype=np.int64),
        amount[line], (amount[line] * COST_SHARE).astype(np.int64),
    )  # fmt: skip
    back = np.flatnonzero(refunded > 0)
    refunds = billing.refunds_table(
        "xero:CN-", ids["invoice"].take(pa.array(back)), back_at[back], refunded[back],
        picked(CURRENCIES, currency[back]), "credit note",
    )  # fmt: skip
    known = (deal >= 0) | (invoice_at < END - 3600)
    pounds = np.where(known, amount - refunded, 0) / 100 * rates.on(currency, plan.days(np.minimum(invoice_at, END)))
    value = np.bincount(person, weights=pounds, minlength=practice.contacts.company.size)
    return Billed(
        transactions, truth, lines, refunds, picked(CURRENCIES, currency_of(practice, retainers.person)), value
    )


def products() -> pa.Table:
    price = np.array([pence for *_, pence in PRODUCTS])
    return dataset(
        "products",
        {
            "product_id": PRODUCT_IDS,
            "product_name": [name for name, *_ in PRODUCTS],
            "category": [category for _, category, _ in PRODUCTS],
            "unit_cost": money((price * COST_SHARE).astype(np.int64)),
            "price": money(price),
            "currency": ["GBP"] * len(PRODUCTS),
        },
    )
