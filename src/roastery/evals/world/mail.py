"""E-mail: one newsletter a week and three flows, by day, with privacy proxies that open everything."""

from datetime import timedelta

import numpy as np
import pyarrow as pa

from roastery.evals.world.columns import picked
from roastery.evals.world.company import EMAIL_WINDOW_DAYS, FIRST_DAY, FLOWS, anomaly
from roastery.evals.world.people import People
from roastery.evals.world.seasons import DAYS, Ints, dates, day_index, days_of
from roastery.evals.world.visits import newsletter_days

TOPICS = ("New crop", "Brew better", "This week's roast", "Gear notes", "From the farm")
PLATFORM = "klaviyo"


def newsletters() -> list[tuple[str, str]]:
    """(id, name) of each newsletter, in order."""
    days = [FIRST_DAY + timedelta(days=int(day)) for day in newsletter_days()]
    return [(f"klaviyo-{d:%Y%m%d}", f"Newsletter {d:%Y-%m-%d} – {TOPICS[i % len(TOPICS)]}") for i, d in enumerate(days)]


def report(rng: np.random.Generator, people: People) -> pa.Table:
    """Rows in the columns of `email_performance`."""
    joined = np.bincount(days_of(people.first_order_at), minlength=DAYS)
    readers = np.cumsum(joined) * 0.72 + people.count * 0.03
    days, names = newsletter_days(), newsletters()
    letters = _rows(rng, rounded_up(readers[days]), opened=0.41, clicked=0.034, spam=days == _spam_day())
    flow_days = np.arange(DAYS)
    parts = [_block(days, names, "campaign", letters)]
    for number, flow in enumerate(FLOWS):
        base = (joined * 0.9, joined * 1.6, readers / 400)[number]
        sent = rng.poisson(base)
        rows = _rows(rng, sent, opened=0.52, clicked=0.09, spam=np.zeros(DAYS, dtype=bool))
        kept = np.flatnonzero(sent)
        block = _block(flow_days, [flow] * DAYS, "flow", rows)
        parts.append(block.take(pa.array(kept)))
    return pa.concat_tables(parts).sort_by([("report_date", "ascending"), ("campaign_id", "ascending")])


def rounded_up(values: np.ndarray) -> Ints:
    return np.ceil(values).astype(np.int64)


def _spam_day() -> int:
    return day_index(anomaly("spam-folder").start)


def _rows(rng: np.random.Generator, sends: Ints, opened: float, clicked: float, spam: np.ndarray) -> dict[str, Ints]:
    bounces = rng.binomial(sends, np.where(spam, 0.09, 0.011))
    deliveries = sends - bounces
    people_opened = rng.binomial(deliveries, np.where(spam, opened * 0.3, opened))
    proxied = rng.binomial(people_opened, 0.46)
    people_clicked = rng.binomial(deliveries, np.where(spam, clicked * 0.3, clicked))
    people_clicked = np.minimum(people_clicked, people_opened)
    return {
        "sends": sends,
        "deliveries": deliveries,
        "opens": people_opened + rng.poisson(people_opened * 0.35),
        "unique_opens": people_opened,
        "proxy_opens": proxied,
        "clicks": people_clicked + rng.poisson(people_clicked * 0.2),
        "unique_clicks": people_clicked,
        "bounces": bounces,
        "unsubscribes": rng.binomial(deliveries, 0.0016),
    }


def _block(days: Ints, names: list[tuple[str, str]], kind: str, counts: dict[str, Ints]) -> pa.Table:
    size = days.size
    index = np.arange(size)
    return pa.table(
        {
            "report_date": dates(days),
            "platform": pa.repeat(PLATFORM, size),
            "campaign_id": picked([identity for identity, _ in names], index),
            "campaign_name": picked([name for _, name in names], index),
            "kind": pa.repeat(kind, size),
            **{name: pa.array(values) for name, values in counts.items()},
        }
    )


def campaigns() -> pa.Table:
    """Newsletters and flows as rows of the `campaigns` dataset, with a window of their own."""
    rows = [*newsletters(), *FLOWS]
    sent = [FIRST_DAY + timedelta(days=int(day)) for day in newsletter_days()]
    return pa.table(
        {
            "campaign_id": [identity for identity, _ in rows],
            "campaign_name": [name for _, name in rows],
            "platform": [PLATFORM] * len(rows),
            "channel": ["email"] * len(rows),
            "status": ["sent"] * len(sent) + ["active"] * len(FLOWS),
            "start_date": pa.array([*sent, *[FIRST_DAY] * len(FLOWS)], pa.date32()),
            "attribution_window_days": pa.array([EMAIL_WINDOW_DAYS] * len(rows), pa.int64()),
        }
    )


def windows() -> pa.Table:
    """How long newsletters and flows may earn, by the ids that their connector gives them."""
    ids = [f"{PLATFORM}:{identity}" for identity, _ in (*newsletters(), *FLOWS)]
    days = pa.array([EMAIL_WINDOW_DAYS] * len(ids), pa.int64())
    return pa.table({"campaign_id": ids, "attribution_window_days": days})
