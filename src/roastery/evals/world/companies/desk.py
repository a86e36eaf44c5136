"""Desk: tickets to customer service, their answers and scores."""

import numpy as np
import pyarrow as pa

from roastery.evals.world.columns import prefixed
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.tables import dataset, when
from roastery.evals.world.seasons import DAY_SECONDS, END, Ints, instants_array


def tickets(rng: np.random.Generator, plan: Plan, system: str, record: pa.Array, at: Ints, share: float) -> pa.Table:
    """A share of moments is followed by a ticket; slow replies lower the score; some are still open."""
    row = np.flatnonzero(rng.random(at.size) < share)
    opened = at[row] + (rng.exponential(1.2, row.size) * DAY_SECONDS).astype(np.int64) + 600
    row, opened = row[opened < END - 3600], opened[opened < END - 3600]
    slow = plan.factor("first_reply_hours", "all", "all")[plan.days(opened)]
    reply = opened + (np.exp(rng.normal(np.log(2.2), 0.9, row.size)) * 3600 * slow).astype(np.int64) + 60
    solved = reply + (np.exp(rng.normal(np.log(9.0), 1.0, row.size)) * 3600).astype(np.int64) + 60
    hours = (reply - opened) / 3600
    score = np.clip(np.round(4.7 - 0.35 * np.log1p(hours) + rng.normal(0, 0.6, row.size)), 1, 5)
    order = np.lexsort((row, opened))
    row, opened, reply, solved, score = (x[order] for x in (row, opened, reply, solved, score))
    replied, is_solved = reply < END - 60, (solved < END - 60) & (rng.random(row.size) < 0.96)
    scored = is_solved & (rng.random(row.size) < 0.42)
    return dataset(
        "tickets",
        {
            "ticket_id": prefixed(f"{system}:tk-", np.arange(row.size) + 1),
            "customer_id": record.take(pa.array(row)),
            "opened_at": instants_array(opened),
            "first_reply_at": instants_array(reply, ~replied),
            "resolved_at": instants_array(solved, ~is_solved),
            "status": pa.array(np.where(is_solved, "solved", np.where(replied, "pending", "open"))),
            "satisfaction_score": when(scored, pa.array(score)),
        },
    )
