"""Offers: promotions and targets as the company's own tables hold them."""

import json

import numpy as np
import pyarrow as pa

from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.tables import dataset
from roastery.evals.world.seasons import day_index, instants_array


def promotions_table(plan: Plan) -> pa.Table:
    """Rows of `promotions`."""
    days = np.array([[day_index(p.start), day_index(p.end)] for p in plan.promotions]).T
    starts, ends = (instants_array(plan.instants(day, np.zeros_like(day))) for day in days)
    return dataset(
        "promotions",
        {
            "promotion_id": [p.promotion_id for p in plan.promotions],
            "promotion_name": [p.name for p in plan.promotions],
            "kind": [p.kind for p in plan.promotions],
            "starts_at": starts,
            "ends_at": ends,
        },
    )


def targets_table(plan: Plan, rows: list[tuple[str, dict[str, str], str, str, float]]) -> pa.Table:
    """Rows of `targets`: (metric, filters by dimension, first day, day after the last, value)."""
    return dataset(
        "targets",
        {
            "target_id": [f"target-{n + 1}" for n in range(len(rows))],
            "metric": [row[0] for row in rows],
            "filters": [json.dumps(row[1]) for row in rows],
            "period_start": [row[2] for row in rows],
            "period_end": [row[3] for row in rows],
            "value": [str(row[4]) for row in rows],
            "currency": [plan.organization.currency] * len(rows),
        },
    )
