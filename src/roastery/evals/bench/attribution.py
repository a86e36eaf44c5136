"""Crediting a million conversions over ten million touches in SQL; Markov and Shapley on a million paths.

ChannelAttribution (a dependency of benchmarks only: `uv pip install --group bench`) runs on the same paths; without it
our own times stand alone.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from roastery.evals.bench.measure import Measure
from roastery.tools.analysis.attribution import credited
from roastery.tools.analysis.markov import fit_markov, transition_counts
from roastery.tools.analysis.paths import Paths
from roastery.warehouse.attribution import CLOSED_FORM, credits_select

CONVERSIONS, TOUCHES, PATHS, CHANNELS = 1_000_000, 10_000_000, 1_000_000, 10
AIM_RATIO = 0.25
"""At most a quarter of ChannelAttribution's time."""

# A sale an hour apart; ten touches before each, on ten channels, some of them direct and some views.
FILL = f"""
CREATE TABLE paths AS
SELECT 's' || (i // 10) AS sale_id, 't' || i AS touchpoint_id,
    TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL 1 MINUTE * (i // 10) - INTERVAL 1 HOUR * (1 + hash(i) % 800)
        AS occurred_at,
    (1 + hash(i) % 800)::DOUBLE AS hours_before, 30 AS campaign_window_days, 1 AS campaign_view_window_days,
    'c' || (hash(i + 1) % {CHANNELS}) AS channel, 'p' AS platform, 'k' || (hash(i + 2) % 50) AS campaign_id,
    '' AS ad_id, '' AS asset_id, CASE WHEN hash(i + 3) % 20 = 0 THEN 'view' ELSE 'click' END AS kind,
    hash(i + 1) % {CHANNELS} = 0 AS is_direct, hash(i + 2) % 50 < 30 AS is_paid, DATE '2026-01-01' AS touch_date,
    DATE '2026-01-01' AS sale_date, (10 + hash(i // 10) % 9000 / 100)::DECIMAL(18,6) AS net_amount,
    (10 + hash(i // 10) % 9000 / 100)::DECIMAL(18,6) AS amount, 'USD' AS currency, true AS is_first_sale,
    true AS is_order, false AS is_renewal, NULL::TIMESTAMPTZ AS lead_created_at,
    NULL::TIMESTAMPTZ AS opportunity_created_at
FROM range({TOUCHES}) t(i);
CREATE TABLE sales AS
SELECT DISTINCT ON (sale_id) sale_id, sale_date, net_amount, amount, currency, is_first_sale, is_order, is_renewal,
    sale_id AS customer_id
FROM paths;"""


def run() -> Iterator[Measure]:
    """Seconds of each; ratios against the rival in the same run where it is installed."""
    yield from _rules()
    yield from _fitted()


def _rules() -> Iterator[Measure]:
    with tempfile.TemporaryDirectory() as folder:
        db = duckdb.connect(str(Path(folder) / "bench.duckdb"))
        db.execute("SET TimeZone = 'UTC'")
        db.execute(FILL)
        for models in (("last_non_direct",), ("linear",), CLOSED_FORM):
            sql = credits_select(models, sales="sales", paths="paths")
            total = f"SELECT model, channel, sum(credited_net) FROM ({sql}) GROUP BY ALL"
            seconds = _taken(lambda total=total: db.execute(total).fetchall())
            what = models[0] if len(models) == 1 else f"all {len(models)} rules"
            yield Measure("attribution", f"{what}, {CONVERSIONS:,} conversions, {TOUCHES:,} touches", seconds, "s")
        db.close()


def made_paths(count: int = PATHS, seed: int = 7) -> Paths:
    """Random paths of mean length 4 over ten channels, a tenth of which converted."""
    g = np.random.default_rng(seed)
    sizes = g.geometric(0.25, count)
    won = g.random(count) < 0.1
    return Paths(
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        channels=g.choice(CHANNELS, sizes.sum(), p=_weights()).astype(np.int64),
        names=tuple(f"c{n}" for n in range(CHANNELS)),
        conversions=won.astype(np.int64),
        nulls=(~won).astype(np.int64),
        direct=np.zeros(sizes.sum(), dtype=np.bool_),
    )


def _weights() -> Any:
    weights = 1 / np.arange(1, CHANNELS + 1)
    return weights / weights.sum()


def _fitted() -> Iterator[Measure]:
    paths = made_paths()
    rival = _rival(paths)
    ours: dict[str, Callable[[], object]] = {
        "markov": lambda: fit_markov(transition_counts(paths)),
        "shapley": lambda: credited("shapley", paths),
    }
    for name, work in ours.items():
        seconds = _taken(work)
        what = f"{name}, {PATHS:,} paths"
        if rival is None:
            yield Measure("attribution", f"{what} (ChannelAttribution is not installed)", seconds, "s")
            continue
        other = "its Markov" if name == "markov" else "its first, last and linear"
        baseline = _taken(rival[name], times=1)
        yield Measure("attribution", what, seconds, "s", baseline, f"ChannelAttribution, {other}", AIM_RATIO, "ratio")


def _rival(paths: Paths) -> dict[str, Callable[[], object]] | None:
    """The same paths as text for ChannelAttribution; it has no Shapley, so its heuristics stand beside ours."""
    try:
        import ChannelAttribution as channels  # type: ignore[import-not-found]
        import pandas as pd
    except ImportError:
        return None
    names = np.array(paths.names)[paths.channels]
    ends = paths.offsets
    text = [" > ".join(names[a:b]) for a, b in pairwise(ends)]
    frame = pd.DataFrame({"path": text, "conversions": paths.conversions, "nulls": paths.nulls})
    common = {"var_path": "path", "var_conv": "conversions"}
    return {
        "markov": lambda: channels.markov_model(
            frame, **common, var_null="nulls", out_more=False, flg_pro=False, verbose=False
        ),
        "shapley": lambda: channels.heuristic_models(frame, **common, flg_pro=False),
    }


def _taken(work: Callable[[], object], times: int = 3) -> float:
    """The fastest of some runs: what the machine can do when nothing is in the way."""
    best = float("inf")
    for _ in range(times):
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
    return best
