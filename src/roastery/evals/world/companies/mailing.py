"""E-mail and automation: letters every other week, flows by day, and each person's steps through a workflow."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa

from roastery.evals.world.columns import picked, prefixed
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.records import System
from roastery.evals.world.companies.tables import dataset, stacked
from roastery.evals.world.company import FIRST_DAY
from roastery.evals.world.seasons import DAY_SECONDS, DAYS, END, Ints, dates, instants_array

WINDOW_DAYS = 7
"""E-mail campaigns' own attribution window."""


@dataclass(frozen=True)
class Mailing:
    """platform writes a letter every `every` days from `first` on, and runs flows (id, name)."""

    platform: str
    topics: tuple[str, ...]
    flows: tuple[tuple[str, str], ...]
    first: int = 5
    every: int = 14

    @property
    def days(self) -> Ints:
        return np.arange(self.first, DAYS, self.every)

    @property
    def letters(self) -> list[tuple[str, str]]:
        """(id, name) of each letter, in order."""
        days = [FIRST_DAY + timedelta(days=int(day)) for day in self.days]
        return [
            (f"{self.platform}:{day:%Y%m%d}", f"{self.topics[i % len(self.topics)]} – {day:%Y-%m-%d}")
            for i, day in enumerate(days)
        ]


def report(rng: np.random.Generator, plan: Plan, mailing: Mailing, joined: Ints) -> pa.Table:
    """Rows of `email_performance`. joined: the day each person became known."""
    new = np.bincount(joined, minlength=DAYS)[:DAYS]
    readers = np.cumsum(new) * 0.7 + 20
    days, letters = mailing.days, mailing.letters
    opened = 0.38 * plan.factor("open_rate", "platform", mailing.platform)
    sends = np.ceil(readers[days]).astype(np.int64)
    parts = [_block(mailing, days, letters, "campaign", _counts(rng, sends, opened[days], 0.032))]
    for number, flow in enumerate(mailing.flows):
        sent = rng.poisson((new * 1.4, readers / 260, new * 0.6)[number % 3])
        block = _block(mailing, np.arange(DAYS), [flow] * DAYS, "flow", _counts(rng, sent, opened * 1.25, 0.08))
        parts.append(block.take(pa.array(np.flatnonzero(sent))))
    return stacked(*parts).sort_by([("report_date", "ascending"), ("campaign_id", "ascending")])


def _counts(rng: np.random.Generator, sends: Ints, opened: np.ndarray, clicked: float) -> dict[str, Ints]:
    bounces = rng.binomial(sends, 0.012)
    deliveries = sends - bounces
    unique = rng.binomial(deliveries, opened)
    clicks = np.minimum(rng.binomial(deliveries, clicked), unique)
    return {
        "sends": sends,
        "deliveries": deliveries,
        "opens": unique + rng.poisson(unique * 0.3),
        "unique_opens": unique,
        "proxy_opens": rng.binomial(unique, 0.45),
        "clicks": clicks + rng.poisson(clicks * 0.2),
        "unique_clicks": clicks,
        "bounces": bounces,
        "unsubscribes": rng.binomial(deliveries, 0.0015),
    }


def _block(mailing: Mailing, days: Ints, names: list[tuple[str, str]], kind: str, counts: dict[str, Ints]) -> pa.Table:
    columns = {
        "report_date": dates(days),
        "platform": [mailing.platform] * days.size,
        "campaign_id": [key for key, _ in names],
        "campaign_name": [name for _, name in names],
        "kind": [kind] * days.size,
        **{name: pa.array(values) for name, values in counts.items()},
    }
    return dataset("email_performance", columns)


def campaigns_table(mailing: Mailing) -> pa.Table:
    """Letters and flows as rows of `campaigns`, with a window of their own."""
    rows = [*mailing.letters, *mailing.flows]
    sent = [FIRST_DAY + timedelta(days=int(day)) for day in mailing.days]
    return dataset(
        "campaigns",
        {
            "campaign_id": [key for key, _ in rows],
            "campaign_name": [name for _, name in rows],
            "platform": [mailing.platform] * len(rows),
            "channel": ["email"] * len(rows),
            "status": ["sent"] * len(sent) + ["active"] * len(mailing.flows),
            "start_date": pa.array([*sent, *[FIRST_DAY] * len(mailing.flows)], pa.date32()),
            "attribution_window_days": pa.array([WINDOW_DAYS] * len(rows), pa.int64()),
        },
    )


def automation(
    rng: np.random.Generator, mailing: Mailing, records: System, started_at: Ints, steps: int = 3
) -> pa.Table:
    """Rows of `automation_events`: each record enters the first flow when it is known, most complete it."""
    count = records.person.size
    entered = started_at[records.person] + 1800
    reached = rng.choice(steps + 1, size=count, p=_drop_off(steps))
    finished = reached == steps
    rows, step = np.nonzero(np.arange(steps)[None, :] < reached[:, None])
    at = np.concatenate(
        [entered, entered[rows] + (step + 1) * 3 * DAY_SECONDS, entered + (reached + 1) * 3 * DAY_SECONDS]
    )
    who = np.concatenate([np.arange(count), rows, np.arange(count)])
    kind = np.concatenate([np.zeros(count, int), np.ones(rows.size, int), np.where(finished, 2, 3)])
    label = np.concatenate([np.zeros(count, int), step + 1, np.full(count, steps + 1)])
    order = np.flatnonzero(at < END)
    order = order[np.lexsort((label[order], who[order], at[order]))]
    flow, name = mailing.flows[0]
    return dataset(
        "automation_events",
        {
            "event_id": prefixed(f"{mailing.platform}:wf-", np.arange(order.size) + 1),
            "customer_id": records.ids.take(pa.array(who[order])),
            "workflow_id": pa.repeat(flow, order.size),
            "workflow_name": pa.repeat(name, order.size),
            "step": picked(["entry", *[f"message {n + 1}" for n in range(steps)], "end"], label[order]),
            "kind": picked(["entered", "step", "completed", "exited"], kind[order]),
            "occurred_at": instants_array(at[order]),
        },
    )


def _drop_off(steps: int) -> np.ndarray:
    share = np.array([0.08] + [0.1] * (steps - 1) + [0.0])
    share[-1] = 1 - share.sum()
    return share
