"""Analytics: what a web analytics property counts of all visits, by day and where they came from."""

import numpy as np
import pyarrow as pa

from roastery.evals.world.columns import picked
from roastery.evals.world.companies.contacts import CALL, DIRECT, NAMED, PAID, WAYS, Contacts
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.tables import dataset
from roastery.evals.world.companies.tracking import MEDIUMS, SOURCES
from roastery.evals.world.seasons import DAYS, dates

FREE = {"direct": ("(direct)", "(none)"), "organic_search": ("google", "organic"),
        "organic_social": ("instagram.com", "referral"), "referral": ("localguide.example", "referral"),
        "email": ("newsletter", "email"), "call": ("call", "call"), "paid": ("paid", "paid")}  # fmt: skip
UNDER_THRESHOLD = 3
"""Rows with fewer users than this are withheld by the property."""


def web_performance(rng: np.random.Generator, plan: Plan, contacts: Contacts, pages: list[str]) -> pa.Table:
    """Rows of `web_performance`: visits with consent, and what the property models of the others."""
    counted = np.flatnonzero((contacts.way != CALL) & (contacts.is_granted | (rng.random(contacts.count) < 0.6)))
    paid = (contacts.way[counted] == PAID) & (contacts.link[counted] <= NAMED)
    untagged = (contacts.way[counted] == PAID) & ~paid
    origin = np.where(paid, len(WAYS) + contacts.campaign[counted], np.where(untagged, DIRECT, contacts.way[counted]))
    page = (counted * 7919 >> 5) % len(pages)
    day = np.clip(plan.days(contacts.at[counted]), 0, DAYS - 1)
    origins = len(WAYS) + len(plan.campaigns)
    key = (day * origins + origin) * len(pages) + page
    cells, sessions = np.unique(key, return_counts=True)
    made = np.bincount(np.searchsorted(cells, key), weights=contacts.moment[counted] >= 0, minlength=cells.size)
    shown = (sessions >= UNDER_THRESHOLD) | (made > 0)
    cells, sessions, made = cells[shown], sessions[shown], made[shown].astype(np.int64)
    where = cells // len(pages) % origins
    names = [*(FREE[way] for way in WAYS), *((SOURCES[c.platform], MEDIUMS[c.platform]) for c in plan.campaigns)]
    campaigns = [*["(not set)"] * len(WAYS), *(c.name for c in plan.campaigns)]
    return dataset(
        "web_performance",
        {
            "report_date": dates(cells // (len(pages) * origins)),
            "property_id": pa.repeat(f"ga4:{plan.organization.id}", cells.size),
            "source": picked([source for source, _ in names], where),
            "medium": picked([medium for _, medium in names], where),
            "campaign": picked(campaigns, where),
            "landing_page": picked(pages, cells % len(pages)),
            "sessions": pa.array(sessions),
            "users": pa.array(np.maximum((sessions * 0.93).astype(np.int64), 1)),
            "key_events": pa.array(made),
            "time_zone": pa.repeat(plan.organization.time_zone, cells.size),
            "is_sampled": pa.repeat(pa.scalar(False), cells.size),
            "is_thresholded": pa.repeat(pa.scalar(True), cells.size),
        },
    )
