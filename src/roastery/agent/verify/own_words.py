"""How numbers are said that no metric of the catalogue names: what analyses count of themselves.

A sentence with such a fact must hold one of its words, so that a chance is not told as a revenue.
"""

import re

OWN_WORDS: dict[str, re.Pattern[str]] = {
    metric: re.compile(rf"(?<![^ ])(?:{words})(?![^ ])")
    for metric, words in {
        "incidents": r"unusual|incidents?|anomal\w+",
        "series_scanned": r"judged|scanned|series",
        "earlier_comparisons": r"comparisons?",
        "changes_as_large": r"differed|as large",
        "interval_coverage": r"held|coverage|covered",
        "forecast_error": r"miss|missed|error|off by",
        "naive_forecast_error": r"repeating|naive",
        "chance_of_target": r"chance",
        "chance_of_best": r"chance|probability",
        "chance_of_gain": r"chance",
        "advised_spend_per_day": r"advised",
        "target": r"targets?|planned|budgets?|goals?",
        "expected_value": r"bring|pay|value|worth",
        "discounted_value": r"discounted",
        "predicted_ltv": r"per (?:customer|subscriber)|predicted|ltv|lifetime value",
        "predicted_margin": r"cac",
        "share_still_customers": r"still|stay|alive",
        "share_still_subscribed": r"still|stay|remain",
        "payback_days": r"payback|pay back|paid back",
        "expected_orders": r"orders?",
        "expected_paid_months": r"months?",
        "forecast_orders": r"forecast said|forecasts? of|predicted",
        "orders_that_came": r"came",
        "forecast_paid_months": r"forecast said|predicted",
        "paid_months_that_came": r"came",
        "hits": r"of|times",
        "trials": r"of",
        "retention_by_age": r"returned|retention|active again|came back",
        "customers_acquired": r"acquired",
        "lift": r"chance|lift",
        "bought_together": r"together|orders?",
    }.items()
}


def is_said(metric: str, line: str) -> bool | None:
    """Whether the sentence names such a number; None where the metric is none of these."""
    pattern = OWN_WORDS.get(metric)
    return None if pattern is None else bool(pattern.search(line))
