"""Subscriptions: terms that renew until a churn hazard ends them, payments, failures, upgrades."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from roastery.evals.world.columns import money, picked, prefixed
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.records import System
from roastery.evals.world.companies.tables import dataset, stacked
from roastery.evals.world.company import FIRST_DAY
from roastery.evals.world.seasons import DAY_SECONDS, DAYS, END, Ints, instants_array

TRIAL_DAYS = 14


@dataclass(frozen=True)
class Tier:
    """A plan on offer: cents a month, months a term, and the planted chance a month to leave (at a term's end)."""

    name: str
    mrr: int
    months: int
    hazard: float


@dataclass(frozen=True)
class Subscriptions:
    """One row per subscription; terms: subscriptions × boundaries (instants), the first one the start of paying.

    lived: boundaries that were reached, the start included; ended_at −1 while it runs. upgrade_at −1 for none.
    """

    person: Ints
    tier: Ints
    started_at: Ints
    trial_end: Ints
    terms: Ints
    lived: np.ndarray
    ended_at: Ints
    upgrade: Ints
    upgrade_at: Ints
    failed: np.ndarray

    @property
    def count(self) -> int:
        return self.person.size

    def payments(self) -> tuple[Ints, Ints]:
        """(subscription, boundary) of every payment."""
        return np.nonzero(self.lived & (self.terms < END - 3600))


def subscribe(
    rng: np.random.Generator, plan: Plan, tiers: tuple[Tier, ...], person: Ints, at: Ints, tier: Ints,
    trial_share: float = 0.0, upgrade_cents: int = 1500,
) -> Subscriptions:  # fmt: skip
    """Simulate subscriptions begun at these instants until the end of history."""
    count = person.size
    trial = rng.random(count) < trial_share
    paying_from = at + np.where(trial, TRIAL_DAYS * DAY_SECONDS, 0)
    quits_trial = trial & (rng.random(count) < 0.2)
    months = np.array([t.months for t in tiers])[tier]
    most = DAYS // 30 // int(months.min()) + 2
    terms = _months_later(plan, paying_from, months[:, None] * np.arange(most)[None, :])
    day = np.clip(plan.days(terms.ravel()), 0, DAYS - 1).reshape(terms.shape)
    surge = np.vstack([plan.factor("churned_subscriptions", "plan", t.name) for t in tiers])[tier[:, None], day]
    hazard = 1 - (1 - np.array([t.hazard for t in tiers])[tier]) ** months
    stays = rng.random(terms.shape) >= np.minimum(hazard[:, None] * surge, 0.95)
    stays[:, 0] = ~quits_trial
    lived = np.logical_and.accumulate(stays, axis=1)
    first_lost = np.where(lived.all(axis=1), most - 1, lived.argmin(axis=1))
    end = terms[np.arange(count), first_lost]
    ended = np.where(~lived.all(axis=1) & (end < END - 3600), end, -1)
    upgrades = rng.random(count) < 0.06
    boundary = rng.integers(1, np.maximum(lived.sum(axis=1), 2))
    upgrade_at = terms[np.arange(count), np.minimum(boundary, most - 1)] + 60
    upgrades &= (lived.sum(axis=1) > boundary) & (upgrade_at < END - 3600)
    failing = np.vstack([plan.factor("failed_payments", "plan", t.name) for t in tiers])[tier[:, None], day]
    failed = rng.random(terms.shape) < 0.022 * failing
    return Subscriptions(
        person, tier, at, np.where(trial, paying_from, -1), terms, lived, ended,
        np.where(upgrades, upgrade_cents, 0), np.where(upgrades, upgrade_at, -1), failed,
    )  # fmt: skip


def _months_later(plan: Plan, at: Ints, months: Ints) -> Ints:
    """The same day of a later month (the 28th at most), at the same second of the day."""
    day = plan.days(at)
    second = at - plan.instants(day, np.zeros_like(day))
    calendar = np.datetime64(FIRST_DAY, "D") + day
    month = calendar.astype("datetime64[M]")
    of_month = np.minimum((calendar - month.astype("datetime64[D]")).astype(np.int64), 27)
    later = (month[:, None] + months).astype("datetime64[D]") + of_month[:, None]
    later_day = (later - np.datetime64(FIRST_DAY, "D")).astype(np.int64)
    wall = np.minimum(np.broadcast_to(second[:, None], later_day.shape), DAY_SECONDS - 1)
    return np.where(months == 0, at[:, None], plan.instants(later_day.ravel(), wall.ravel()).reshape(later_day.shape))


def paid(subs: Subscriptions, tiers: tuple[Tier, ...], row: Ints, boundary: Ints) -> Ints:
    """Cents of each payment: the months of its term at the price of its day."""
    mrr = np.array([t.mrr for t in tiers])[subs.tier[row]]
    upgraded = (subs.upgrade_at[row] >= 0) & (subs.terms[row, boundary] + 120 > subs.upgrade_at[row])
    return (mrr + np.where(upgraded, subs.upgrade[row], 0)) * np.array([t.months for t in tiers])[subs.tier[row]]


def ids(prefix: str, row: Ints) -> pa.Array:
    return prefixed(f"{prefix}sub_", row + 7001)


def table(prefix: str, subs: Subscriptions, tiers: tuple[Tier, ...], records: System, currency: pa.Array) -> pa.Table:
    """Rows of `subscriptions`, as they stand today. currency: by subscription."""
    row = np.arange(subs.count)
    mrr = np.array([t.mrr for t in tiers])[subs.tier] + subs.upgrade
    running = np.where((subs.terms <= END) & subs.lived, subs.terms, 0).max(axis=1)
    position = np.clip(
        (subs.terms <= np.maximum(running, subs.started_at)[:, None]).sum(axis=1), 1, subs.terms.shape[1] - 1
    )
    term_end = np.where(subs.ended_at >= 0, subs.ended_at, subs.terms[row, position])
    trialing = (subs.trial_end > END) & (subs.ended_at < 0)
    status = np.where(subs.ended_at >= 0, "canceled", np.where(trialing, "trialing", "active"))
    return dataset(
        "subscriptions",
        {
            "subscription_id": ids(prefix, row),
            "customer_id": records.of(subs.person),
            "plan": picked([t.name for t in tiers], subs.tier),
            "status": pa.array(status),
            "started_at": instants_array(subs.started_at),
            "canceled_at": instants_array(subs.ended_at, subs.ended_at < 0),
            "trial_end": instants_array(subs.trial_end, subs.trial_end < 0),
            "term_end": instants_array(term_end),
            "mrr": money(mrr),
            "currency": currency,
        },
    )


def events(prefix: str, subs: Subscriptions, tiers: tuple[Tier, ...], currency: pa.Array) -> pa.Table:
    """Rows of `subscription_events`, by time."""
    base = np.array([t.mrr for t in tiers])[subs.tier]
    paid_row, boundary = subs.payments()
    renewed = boundary > 0
    ended, upgraded = np.flatnonzero(subs.ended_at >= 0), np.flatnonzero(subs.upgrade_at >= 0)
    fail_row, fail_at = np.nonzero(subs.failed & subs.lived & (subs.terms < END - 3600))
    parts = [
        (np.arange(subs.count), subs.started_at, "start", base, None),
        (paid_row[renewed], subs.terms[paid_row[renewed], boundary[renewed]], "renewal", None, None),
        (upgraded, subs.upgrade_at[upgraded], "expansion", subs.upgrade[upgraded], None),
        (ended, subs.ended_at[ended], "churn", -(base + subs.upgrade)[ended], "cancelled"),
        (fail_row, subs.terms[fail_row, fail_at] + 30, "payment_failed", None, "card declined"),
    ]
    tables = []
    for row, at, kind, delta, reason in parts:
        tables.append(
            dataset(
                "subscription_events",
                {
                    "event_id": prefixed(f"{prefix}evt_{kind}_", np.arange(row.size) + 1),
                    "subscription_id": ids(prefix, row),
                    "occurred_at": instants_array(at),
                    "kind": pa.repeat(kind, row.size),
                    "mrr_delta": money(
                        np.zeros(row.size, int) if delta is None else delta, np.full(row.size, delta is None)
                    ),
                    "currency": currency.take(pa.array(row)),
                    "reason": pa.array([reason] * row.size, pa.string()),
                },
            )
        )
    return stacked(*tables).sort_by([("occurred_at", "ascending"), ("event_id", "ascending")]).combine_chunks()
