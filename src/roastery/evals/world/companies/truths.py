"""Truth tables that every company has: effects, response curves, fates, anomalies, identity, sales, parameters."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from roastery.evals.world.columns import money, picked, prefixed
from roastery.evals.world.companies.persons import Lifetimes, Persons, expected_12m
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.spending import Spend
from roastery.evals.world.company import Anomaly
from roastery.evals.world.seasons import Floats, Ints, instants_array


def effects(plan: Plan, spend: Spend, persons: Persons, value: Floats) -> pa.Table:
    """What each campaign truly does. value: net money that each person brought to date, major units.

    The response to a day's spend s is effect·κ·ln(1 + s/κ) first conversions; κ is saturation_spend, per day.
    """
    index = np.where(persons.cause >= 0, persons.cause, len(plan.campaigns))
    brought = np.bincount(index, minlength=len(plan.campaigns) + 1)[:-1]
    worth = np.bincount(index, weights=value, minlength=len(plan.campaigns) + 1)[:-1]
    return pa.table(
        {
            "campaign_id": [c.curated_id for c in plan.campaigns],
            "campaign_name": [c.name for c in plan.campaigns],
            "role": [c.role for c in plan.campaigns],
            "effect": pa.array(np.round(spend.effect, 9)),
            "saturation_spend": pa.array(np.round(spend.kappa, 6)),
            "expected_conversions": pa.array(np.round(spend.response.sum(axis=1), 6)),
            "caused_persons": pa.array(brought),
            "caused_revenue": money(np.round(worth * 100).astype(np.int64)),
        }
    )


def fates(plan: Plan, persons: Persons, value: Floats, lifetimes: Lifetimes | None = None) -> pa.Table:
    """Each person's true cause and value; with a buying process also their rates and what is still to come."""
    columns = {
        "person": prefixed("person-", np.arange(persons.count)),
        "caused_by": picked([c.curated_id for c in plan.campaigns], np.maximum(persons.cause, 0), persons.cause < 0),
        "exposed_at": instants_array(persons.exposed_at),
        "first_at": instants_array(persons.first_at),
        "revenue_to_date": money(np.round(value * 100).astype(np.int64)),
    }
    if lifetimes is not None:
        columns |= {
            "orders_per_week": pa.array(np.round(lifetimes.rate, 9)),
            "dropout": pa.array(np.round(lifetimes.dropout, 9)),
            "is_alive": pa.array(lifetimes.is_alive),
            "expected_orders_12m": pa.array(np.round(expected_12m(lifetimes), 9)),
        }
    return pa.table(columns)


def anomalies(plan: Plan) -> pa.Table:
    """What was planted in the last 90 days: slice (dimensions and members joined by '+'), days, factor and cause."""
    names = list(Anomaly.__dataclass_fields__)
    return pa.table({name: pa.array([getattr(a, name) for a in plan.anomalies]) for name in names})


def promotions(plan: Plan) -> pa.Table:
    """Demand moved by promotions, which are no anomalies; on one weekday only where `weekday` stands (Monday 0)."""
    names = ("promotion_id", "name", "start", "end", "uplift", "weekday")
    return pa.table({name: [getattr(p, name) for p in plan.promotions] for name in names})


def sales(transaction_id: pa.Array, sale: Ints, person: Ints, counts: np.ndarray) -> pa.Table:
    """The true sale and person behind each record of `transactions`; counts: whether the sale is real and whole."""
    return pa.table(
        {
            "transaction_id": transaction_id,
            "sale": prefixed("sale-", sale),
            "person": prefixed("person-", np.maximum(person, 0), person < 0),
            "is_real": pa.array(counts),
        }
    )


def parameters(plan: Plan, *groups: tuple[str, Mapping[str, float]]) -> pa.Table:
    """Every planted number that is no table: conversion lag, buying process, hazards, rates."""
    rows = {"conversion_lag.median_days": plan.lag[0], "conversion_lag.sigma": plan.lag[1]}
    rows |= {f"{group}.{name}": float(value) for group, values in groups for name, value in values.items()}
    return pa.table({"parameter": list(rows), "value": list(rows.values())})
