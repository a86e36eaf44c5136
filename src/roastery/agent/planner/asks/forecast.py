"""What a metric will be: forecast_metric."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from roastery.agent.planner.asks.base import Ask, filters_json, first_metric, period_json, settings_json
from roastery.agent.planner.assumed import usual_period
from roastery.agent.planner.calendar_relative import named
from roastery.agent.planner.dates import Calendar, Days, add_months
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question, number_value
from roastery.agent.planner.reading import Reading

OF_WHAT_IS = ("ask_detect_anomalies", "why", "ask_analyze_assets", "ask_customer_journeys")
"""Questions about what has happened."""
FORECASTS = "I can forecast a number of your marketing data: name one, such as revenue, orders or leads."
NEXT_MONTH = usual_period("this looks 28 days ahead")


class Forecast(Ask):
    """ "What will revenue be next month?", "are we on track for 200k this quarter"."""

    intent = "forecast"
    tool = "forecast_metric"
    said = "ask_forecast_metric"
    what = "forecasts"
    patterns = ("over", "under", "at_least")
    keeps_doubt = True

    def is_meant(self, question: Question, reading: Reading, lexicon: Lexicon) -> bool:
        if len(reading.models) > 1:
            return False  # "Position based next to Markov, April to September": models side by side, whenever.
        today = lexicon.vocabulary.calendar.today
        period = reading.period
        ahead = period is not None and period.start >= today and "period" in reading.said
        ahead = ahead and period is not None and period.end > today + timedelta(days=1)
        # A running period is weak evidence: "anything odd this week", "why is revenue down this month".
        running = period is not None and period.start <= today
        ahead = ahead and not (running and any(question.says(pattern(name)) for name in OF_WHAT_IS))
        return ahead or question.says(pattern(self.said))

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        calendar = lexicon.vocabulary.calendar
        if not reading.metrics and any(s.of.partial and not s.of.first.weak for s in question.of_kind("V")):
            names = [question.words(s) for s in question.of_kind("V")]
            if all(name.islower() for name in names):
                # "Will we get hail next week": a word out of a name is not what a number is forecast for.
                return Reading("refuse", message=f"I cannot tell what will become of “{names[0]}” itself. {FORECASTS}")
        found = first_metric(reading, "revenue", lexicon)
        details = dict(found.details)
        metric = found.metrics[0] if found.metrics else ""
        longer = next(
            question.find(r"(?:make|set|do|try) (?:it|that|this) (?P<n>\d{1,3})(?: days)?", question.plain), None
        )
        if longer and found.period is not None and found.period.unit == "day" and "target" not in details:
            # "Make it 90", after the next 30 days.
            days = int(longer["n"])
            question.used.update(s.index for s in question.of_kind("N"))
            found = replace(
                found, period=replace(found.period, end=found.period.start + timedelta(days=days), name=None)
            )
        targets = [f.values[0] for f in found.filters if f.metric and f.field == metric] or [
            format(number_value(s.of), "f") for s in question.of_kind("N") if s.index not in question.used
        ]
        if targets:
            details["target"] = targets[0]
            question.used.update(s.index for s in question.of_kind("N"))
        found = replace(
            found,
            intent="forecast",
            metrics=found.metrics[:1],
            period=_ahead(found.period, calendar),
            compare=None,
            order_by=None,
            limit=None,
            share=False,
            dimensions=found.dimensions[:1],
            filters=tuple(f for f in found.filters if not f.metric),
            details=details,
        )
        return found if found.period else found.assuming(NEXT_MONTH)

    def arguments(self, reading: Reading) -> dict[str, Any]:
        return {
            "metric": reading.metrics[0],
            **period_json(reading.period),
            **({"grain": reading.grain} if reading.grain in ("day", "week", "month") else {}),
            **({"dimensions": list(reading.dimensions)} if reading.dimensions else {}),
            **filters_json(reading.filters),
            **({"target": reading.details["target"]} if "target" in reading.details else {}),
            **settings_json(reading, "attribution_model", "attribution_window_days", "currency"),
        }


def _ahead(period: Days | None, calendar: Calendar) -> Days | None:
    """A forecast reaches over what is running or to come: December without a year is the next one."""
    if period is None:
        return None
    if period.name and period.name.endswith("_to_date"):
        return named(calendar, f"this_{period.unit}", period.unit)
    if period.name or period.end > calendar.today + timedelta(days=1):
        return period if period.end > calendar.today else None
    if period.unit not in ("month", "quarter", "year") and (period.end - period.start).days > 7:
        return None
    for years in (1, 2):
        moved = Days(add_months(period.start, 12 * years), add_months(period.end, 12 * years), period.unit)
        if moved.end > calendar.today:
            return moved
    return None
