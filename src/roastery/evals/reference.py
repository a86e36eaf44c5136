"""The analyses scored on the reference sets that may stand beside the repository: figure reached, figure wanted.

Each set comes in parts (`dev`, others kept apart); its own `score.py` does the scoring where it has one.
"""

import csv
import importlib.util
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from roastery.tools.analysis.anomalies import detect_anomalies
from roastery.tools.analysis.attribution import credited
from roastery.tools.analysis.buyers import BUYER_MODELS, fit_buyers
from roastery.tools.analysis.explain import explain_change
from roastery.tools.analysis.forecast import forecast_series
from roastery.tools.analysis.histories import histories_of
from roastery.tools.analysis.ltv import forecast_ltv
from roastery.tools.analysis.paths import paths_of_names

if TYPE_CHECKING:
    import pandas as pd

REFERENCE_DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
FIRST_SCORED_DAY, HORIZON, BOOTSTRAPS = 420, 56, 200
PATHDATA_COLUMNS = {
    "first_touch": "first",
    "last_touch": "last",
    "linear": "linear",
    "position_based": "u_40_20_40",
    "shapley": "shapley_set",
    "markov": "markov1",
}


@dataclass(frozen=True)
class Figure:
    """One figure of one method; `good` is None where there is nothing to reach. `low`, `high`: 95 % by bootstrap."""

    method: str
    figure: str
    reached: float
    wanted: str
    good: bool | None
    low: float | None = None
    high: float | None = None


def reference_figures(data: Path = REFERENCE_DATA, part: str = "dev") -> tuple[Figure, ...]:
    """Every figure whose reference set is there; none where no set is."""
    sets: tuple[tuple[str, Callable[[Path, str], Iterator[Figure]]], ...] = (
        ("attribution/PathData.csv", _attribution),
        ("cdnow/cdnow_calibration_holdout.csv", _lifetime_value),
        (f"root_cause/cases_{part}.csv", _root_cause),
        (f"daily/anomaly_series_{part}.csv", _anomalies),
        (f"daily/nn5_daily_{part}.csv", _forecasts),
    )
    return tuple(figure for file, score in sets if (data / file).is_file() for figure in score(data, part))


def anomaly_flags(series: "pd.DataFrame") -> "pd.DataFrame":
    """Flagged days (unique_id, ds) of daily series (unique_id, ds, y), each judged on the days before it."""
    import pandas as pd

    wide = series.pivot(index="ds", columns="unique_id", values="y").sort_index()
    day, column = np.nonzero(detect_anomalies(wide.to_numpy(), judged_from=FIRST_SCORED_DAY).flags)
    return pd.DataFrame({"unique_id": wide.columns[column], "ds": wide.index[day]})


def forecast_rows(series: "pd.DataFrame") -> "pd.DataFrame":
    """Forecasts of the last 56 days (unique_id, ds, yhat, lo95, hi95, naive) from the days before them."""
    import pandas as pd

    wide = series.pivot(index="ds", columns="unique_id", values="y").sort_index()
    said = forecast_series(wide.to_numpy()[:-HORIZON], HORIZON)
    days, names = np.meshgrid(wide.index[-HORIZON:], wide.columns, indexing="ij")
    columns = {"yhat": said.expected, "lo95": said.low, "hi95": said.high, "naive": said.naive}
    return pd.DataFrame(
        {"unique_id": names.ravel(), "ds": days.ravel(), **{name: values.ravel() for name, values in columns.items()}}
    )


def root_cause_rows(cases: "pd.DataFrame") -> "pd.DataFrame":
    """Ranked slices (case, rank, slice) of incidents, each a fall of a success rate in some slice."""
    import pandas as pd

    figures = ("real_a", "real_b", "predict_a", "predict_b")
    dimensions = [c for c in cases.columns if c not in ("case", *figures)]
    rows = []
    for case, leaves in cases.groupby("case", sort=True):
        columns = {d: leaves[d].to_numpy() for d in dimensions if leaves[d].notna().any()}
        a1, b1, a0, b0 = (leaves[c].to_numpy(dtype=float) for c in figures)
        read = explain_change(columns, a0, a1, b0, b1, kind="share", direction="down", allow_whole=False)
        rows += [(case, rank, cause.name) for rank, cause in enumerate((*read.causes[:1], *read.alternatives), 1)]
    return pd.DataFrame(rows, columns=["case", "rank", "slice"])


def _attribution(data: Path, part: str) -> Iterator[Figure]:
    with (data / "attribution/PathData.csv").open() as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    with (data / "attribution/pathdata_expected_results.csv").open() as file:
        expected = {row[""]: row for row in csv.DictReader(file)}
    names = [row["path"].split(" > ") for row in rows]
    won, lost = ([int(row[column]) for row in rows] for column in ("total_conversions", "total_null"))
    paths = paths_of_names(names, won, lost)
    for model, column in PATHDATA_COLUMNS.items():
        reached = dict(zip(paths.names, credited(model, paths), strict=True))
        off = max(abs(reached[channel] - float(row[column])) for channel, row in expected.items())
        yield Figure(f"attribution {model}", "largest difference from PathData's credits", off, "≤ 0.001", off <= 1e-3)


def _lifetime_value(data: Path, part: str) -> Iterator[Figure]:
    with (data / "cdnow/cdnow_calibration_holdout.csv").open() as file:
        rows = list(csv.DictReader(file))
    x, tx, age, held = (np.array([float(row[c]) for row in rows]) for c in ("x", "tx", "T", "hold"))
    histories = histories_of(x, tx, age)
    for model in BUYER_MODELS:
        fit = fit_buyers(histories, model)
        said = fit.expected(histories, 39)[histories.row]
        yield Figure(f"ltv {model}", "holdout total (actual 1882)", float(said.sum()), "", None)
        yield Figure(f"ltv {model}", "holdout MAE", float(np.abs(said - held).mean()), "", None)
        if model == "bg_nbd":
            near = abs(fit.log_likelihood + 9582.4) < 0.05
            yield Figure("ltv bg_nbd", "CDNOW log-likelihood", fit.log_likelihood, "−9582.4", near)
    with (data / "cdnow/cdnow_sample_transactions.csv").open() as file:
        orders = list(csv.DictReader(file))
    first = date(1997, 1, 1)
    forecast = forecast_ltv(
        [int(row["customer_id"]) for row in orders],
        [(date.fromisoformat(row["date"]) - first).days for row in orders],
        [float(row["spend"]) for row in orders],
        (date(1997, 9, 30) - first).days,
        horizon_days=273,
    )
    off = float(np.abs(forecast.expected_orders - held).mean())
    yield Figure(f"ltv chosen ({forecast.model})", "holdout MAE", off, "≤ 0.7545", off <= 0.75455)
    orders_told, value = forecast.orders(), forecast.value()
    inside = orders_told.low <= held.sum() <= orders_told.high and value.low <= 70_976 <= value.high
    yield Figure("ltv chosen", "holdout orders and value inside the interval", float(inside), "1", inside)


def _root_cause(data: Path, part: str) -> Iterator[Figure]:
    import pandas as pd

    labels = pd.read_csv(data / f"root_cause/labels_{part}.csv")
    cases = pd.read_csv(data / f"root_cause/cases_{part}.csv", dtype=defaultdict(lambda: "str"))
    score, started = _scorer(data), time.process_time()
    rows = root_cause_rows(cases)
    took = time.process_time() - started
    reached = score.root_cause(rows, labels)
    low, high = _bootstrapped(lambda some: score.root_cause(rows, some), labels)
    for name, wanted in (("f1", 0.674), ("hit_at_3", 0.889)):
        good = reached[name] >= wanted
        yield Figure("explain", name, reached[name], f"≥ {wanted}", good, low[name], high[name])
    yield Figure("explain", f"seconds for {len(labels)} cases", took, "< 3 for 45", took < 3 * len(labels) / 45)


def _anomalies(data: Path, part: str) -> Iterator[Figure]:
    import pandas as pd

    series = pd.read_csv(data / f"daily/anomaly_series_{part}.csv")
    labels = pd.read_csv(data / f"daily/anomaly_labels_{part}.csv")
    reached = _scorer(data).anomalies(anomaly_flags(series), series, labels)
    yield Figure("anomalies", "precision", reached["precision"], "", None)
    yield Figure("anomalies", "recall", reached["recall"], "", None)
    yield Figure("anomalies", "f1", reached["f1"], "≥ 0.52", reached["f1"] >= 0.52)
    false = reached["false_episodes_per_series_month"]
    yield Figure("anomalies", "false episodes a series-month", false, "≤ 0.20", false <= 0.20)


def _forecasts(data: Path, part: str) -> Iterator[Figure]:
    import pandas as pd

    series = pd.read_csv(data / f"daily/nn5_daily_{part}.csv")
    score, started = _scorer(data), time.process_time()
    rows = forecast_rows(series)
    took = (time.process_time() - started) / series.unique_id.nunique()
    reached = score.forecasts(rows, series)
    yield Figure("forecast", "MASE", reached["mase"], "≤ 0.815", reached["mase"] <= 0.815)
    near = abs(reached["coverage95"] - 0.95) <= 0.03
    yield Figure("forecast", "coverage of the 95 % interval", reached["coverage95"], "0.92 to 0.98", near)
    yield Figure("forecast", "WAPE of the median series, 56 days", reached["wape_median"], "≤ 18",
                 reached["wape_median"] <= 18)  # fmt: skip
    yield Figure("forecast", "seconds a series", took, "≤ 0.25", took <= 0.25)
    naive = score.forecasts(rows.assign(yhat=rows.naive), series)
    yield Figure("seasonal naive", "MASE", naive["mase"], "", None)


def _bootstrapped(
    score: Callable[["pd.DataFrame"], dict[str, float]], labels: "pd.DataFrame"
) -> tuple[dict[str, float], dict[str, float]]:
    """95 % bounds of scores over resampled cases (seed fixed: the same table twice)."""
    generator = np.random.default_rng(1)
    draws: dict[str, list[float]] = defaultdict(list)
    for _ in range(BOOTSTRAPS):
        for name, value in score(labels.iloc[generator.integers(0, len(labels), len(labels))]).items():
            draws[name].append(value)
    bounds: Any = {name: np.quantile(values, [0.025, 0.975]) for name, values in draws.items()}
    return {name: float(b[0]) for name, b in bounds.items()}, {name: float(b[1]) for name, b in bounds.items()}


def _scorer(data: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_score", data / "score.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{data / 'score.py'} does not stand beside the reference sets")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
