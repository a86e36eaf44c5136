"""Lifetime value against each customer's planted future: whether the interval of each cohort holds the truth."""

from collections.abc import Iterator

import numpy as np

from roastery.evals.direct import Studied
from roastery.evals.sets import Grade
from roastery.tools.analysis.ltv import forecast_ltv
from roastery.tools.buying import orders_of
from roastery.warehouse.errors import RoasteryError

HORIZON_DAYS = 364
LEAST_COHORT = 50
LEAST_COVERAGE = 0.8


def grade(company: Studied) -> Iterator[Grade]:
    expected = company.expected_orders
    if expected is None:
        return
    try:
        bought = orders_of(company.context, None)
        said = forecast_ltv(bought.customer, bought.day, bought.amount, bought.end_day, horizon_days=HORIZON_DAYS)
    except RoasteryError as error:
        yield Grade("analyses", f"{company.name}: lifetime value", figures=f"refused: {error.message}")
        return
    truth = np.array([expected.get(customer, 0.0) for customer in bought.ids])
    days = np.datetime64(bought.origin) + bought.first_day.astype("timedelta64[D]")
    months = days.astype("datetime64[M]")
    held, cohorts = 0, 0
    for month in np.unique(months):
        members = months == month
        if members.sum() < LEAST_COHORT:
            continue
        told = said.orders(members)
        cohorts += 1
        held += bool(told.low <= truth[members].sum() <= told.high)
    whole = said.orders()
    inside = whole.low <= truth.sum() <= whole.high
    off = whole.expected / truth.sum() - 1 if truth.sum() else 0.0
    correlation = float(np.corrcoef(said.expected_orders, truth)[0, 1])
    text = (
        f"{said.model}: interval held {held} of {cohorts} cohorts and {'the' if inside else 'not the'} whole (off by "
        f"{off:+.1%} of {truth.sum():.0f} orders); correlation with each customer's true future {correlation:.2f}"
    )
    wrong = "" if cohorts and held / cohorts >= LEAST_COVERAGE else f"{text}; {LEAST_COVERAGE:.0%} are wanted"
    yield Grade("analyses", f"{company.name}: lifetime value", wrong, figures=text)
