"""How Northgate's jobs are recorded: HubSpot's deal, QuickBooks' invoice, the card payment of some."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import money, picked, prefixed
from roastery.evals.world.companies import billing, pipeline
from roastery.evals.world.companies.billing import Copy, Sales
from roastery.evals.world.companies.northgate.jobs import AREA_NAMES, Work
from roastery.evals.world.companies.northgate.plan import SERVICES
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.records import System
from roastery.evals.world.companies.slices import boosted
from roastery.evals.world.companies.tables import dataset
from roastery.evals.world.seasons import DAY_SECONDS, END, Ints

PRODUCT_IDS = [f"service-{n + 1}" for n in range(len(SERVICES))]
COST_SHARE = np.array([0.58, 0.46, 0.50, 0.66])
CARD_SHARE = 0.45


@dataclass(frozen=True)
class Billed:
    """value: net money of each person to date, major units."""

    transactions: pa.Table
    truth: pa.Table
    lines: pa.Table
    refunds: pa.Table
    value: np.ndarray


def bill(rng: np.random.Generator, plan: Plan, work: Work, hubspot: System, books: System) -> Billed:
    """Won deals stand in HubSpot, done jobs in QuickBooks, some were paid by card; a few invoices name no job."""
    jobs, households = work.jobs, work.households
    everyone = np.arange(jobs.person.size)
    has_deal, done = jobs.deal >= 0, jobs.done_at < END - 3600
    deal = np.maximum(jobs.deal, 0)
    lead_number = np.cumsum(households.asks) - 1
    back_at, refunded = _refunded(rng, plan, work)
    sales = Sales(
        jobs.person, jobs.amount, refunded, pa.repeat("USD", everyone.size), billing.numbers("JOB-", everyone.size),
        {
            "service_area": picked(AREA_NAMES, households.area[jobs.person]),
            "location_id": picked([f"northgate:{n + 1}" for n in range(len(AREA_NAMES))], households.area[jobs.person]),
            "lead_id": pipeline.lead_ids("hubspot:", lead_number[jobs.person], ~has_deal),
            "opportunity_id": pipeline.opportunity_ids("hubspot:", deal, ~has_deal),
            "sales_channel": pa.repeat("phone", everyone.size),
        },
    )  # fmt: skip
    won, invoiced = np.flatnonzero(has_deal), np.flatnonzero(done)
    card = np.flatnonzero(done & (rng.random(everyone.size) < CARD_SHARE))
    same_day = (jobs.done_at - jobs.agreed_at < DAY_SECONDS) & billing.lonely(jobs.person, jobs.amount, jobs.agreed_at)
    unlinked = same_day & has_deal & ~np.isin(everyone, card) & (rng.random(everyone.size) < 0.5)
    ids = {
        "deal": prefixed("hubspot:deal-", everyone + 70_001),
        "invoice": prefixed("quickbooks:inv-", everyone + 20_001),
        "payment": prefixed("stripe:pi_", everyone + 30_001),
    }
    paid_at = jobs.done_at + rng.integers(300, 5 * DAY_SECONDS, everyone.size)
    card = card[paid_at[card] < END - 3600]
    copies = [
        Copy("hubspot", "deal", "", won, jobs.agreed_at[won], hubspot, np.ones(won.size, bool), {},
             ids["deal"].take(pa.array(won))),
        Copy("quickbooks", "invoice", "", invoiced, jobs.done_at[invoiced], books, ~unlinked[invoiced], {},
             ids["invoice"].take(pa.array(invoiced))),
        Copy("stripe", "payment", "", card, paid_at[card], hubspot, np.ones(card.size, bool),
             {"fee_amount": money(jobs.amount[card] * 29 // 1000 + 30)}, ids["payment"].take(pa.array(card))),
    ]  # fmt: skip
    transactions, truth = billing.recorded(sales, copies)
    every_id = pa.concat_arrays(list(ids.values()))
    held = pc.is_in(every_id, transactions["transaction_id"].combine_chunks())
    row = np.flatnonzero(held.to_numpy(zero_copy_only=False))
    job = row % everyone.size
    lines = billing.lines_table(
        every_id.take(pa.array(row)), picked(PRODUCT_IDS, jobs.service[job]), np.ones(row.size, dtype=np.int64),
        jobs.amount[job], (jobs.amount[job] * COST_SHARE[jobs.service[job]]).astype(np.int64),
    )  # fmt: skip
    back = np.flatnonzero(refunded > 0)
    refunds = billing.refunds_table(
        "quickbooks:cm-", ids["invoice"].take(pa.array(back)), back_at[back], refunded[back],
        pa.repeat("USD", back.size), "workmanship",
    )  # fmt: skip
    known = has_deal | done
    value = np.bincount(
        jobs.person, weights=np.where(known, jobs.amount - refunded, 0) / 100, minlength=households.area.size
    )
    return Billed(transactions, truth, lines, refunds, value)


def _refunded(rng: np.random.Generator, plan: Plan, work: Work) -> tuple[Ints, Ints]:
    """When and how much of each job went back; an anomaly multiplies the chance by the day of the refund."""
    jobs = work.jobs
    back_at = jobs.done_at + rng.integers(1, 15, jobs.person.size) * DAY_SECONDS
    labels = {
        "service": ([row[0] for row in SERVICES], jobs.service),
        "service_area": (AREA_NAMES, work.households.area[jobs.person]),
    }
    factor = boosted(plan, "refunds", np.minimum(plan.days(back_at), plan.days(np.array([END]))[0]), labels)
    goes = (rng.random(back_at.size) < 0.012 * factor) & (back_at < END - 3600)
    return back_at, np.where(goes, np.where(rng.random(back_at.size) < 0.5, jobs.amount, jobs.amount // 3), 0)


def products() -> pa.Table:
    price = np.array([int(row[2] * 100) for row in SERVICES])
    return dataset(
        "products",
        {
            "product_id": PRODUCT_IDS,
            "product_name": [row[0] for row in SERVICES],
            "category": ["Services"] * len(SERVICES),
            "unit_cost": money((price * COST_SHARE).astype(np.int64)),
            "price": money(price),
            "currency": ["USD"] * len(SERVICES),
        },
    )
