"""The demo's three answers against the planted truth, to the cent, through connectors, warehouse, tools and agent."""

import tempfile
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from roastery.agent.answer import Answer
from roastery.api.app import OPERATOR, Roastery
from roastery.api.asking import ask
from roastery.api.settings import Settings
from roastery.evals import loading
from roastery.evals.sets import Grade
from roastery.evals.twins import serve
from roastery.evals.twins.email_truth import email_tables
from roastery.evals.world import World
from roastery.evals.world.truth import Truth

CUSTOMERS = 2_000

QUESTIONS = (
    "What was ROAS by platform last month?",
    "How did revenue by week over the last eight weeks compare with the eight weeks before?",
    "What were the top five campaigns by attributed revenue last month, with spend and CAC?",
)


def run() -> Iterator[Grade]:
    world = World.make(customers=CUSTOMERS)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_environment(home=Path(folder), database_url=None, secret_key="evaluation")
        with Roastery.open(settings) as roastery, serve(world) as twins:
            organization = loading.make_organization(roastery, world)
            loading.import_windows(roastery, organization, world)
            list(loading.pull_all(roastery, organization, loading.connect_twins(roastery, organization, twins)))
            loading.push_events(roastery, organization, world)
            answers = [ask(roastery, organization, OPERATOR, question) for question in QUESTIONS]
    for question, said in zip(QUESTIONS, faults(answers, connected_truth(world)), strict=True):
        yield Grade("truth", question, said)


def connected_truth(world: World) -> Truth:
    """What is true of the company with all of its providers connected."""
    return Truth(world, email_tables(world)["email_clicks"])


def faults(answers: list[Answer], truth: Truth) -> list[str]:
    """For each of the three answers what is not true in it, '' when all is."""
    return [_roas(answers[0], truth), _weeks(answers[1], truth), _campaigns(answers[2], truth)]


def _roas(answer: Answer, truth: Truth) -> str:
    told = measured(answer, "roas", "platform")
    true = {key: credit.roas for key, credit in truth.roas_by_platform().items()}
    return differences(told, true, "0.0001")


def _weeks(answer: Answer, truth: Truth) -> str:
    rows = answer.tables[0].rows if answer.tables else ()
    told = [(row.get("date"), *_money(row, "revenue", "revenue__previous")) for row in rows]
    true = [(day.isoformat(), now, before) for day, now, before in truth.weekly_revenue()]
    return "" if told == true else f"told {told}, true {true}"


def _campaigns(answer: Answer, truth: Truth) -> str:
    true = truth.top_campaigns()
    rows = answer.tables[0].rows if answer.tables else ()
    if [row.get("campaign") for row in rows] != [credit.key for credit in true]:
        return f"the five are {[credit.key for credit in true]}"
    revenue = {c.key: c.attributed_revenue for c in true}
    found = [differences(measured(answer, "attributed_revenue", "campaign"), revenue, "0.01")]
    for metric in ("spend", "cac"):
        told = measured(answer, metric, "campaign")
        found.append(differences(told, {c.key: getattr(c, metric) for c in true if c.spend}, "0.01"))
        # What no ad platform ran, such as a newsletter, has no spend that anybody told: nothing, or zero.
        found += [f"{c.key}: told {metric} {told[c.key]}, true none" for c in true if not c.spend and told.get(c.key)]
    return " ".join(said for said in found if said)


def _money(row: Mapping[str, Any], *columns: str) -> list[Decimal | None]:
    return [None if row.get(column) is None else Decimal(str(row[column])) for column in columns]


def measured(answer: Answer, metric: str, dimension: str) -> dict[str, Decimal | None]:
    """Measured values of a metric by the value of a dimension."""
    return {
        fact.dimensions[dimension]: fact.value
        for fact in answer.facts
        if fact.metric == metric and fact.kind == "measured" and dimension in fact.dimensions
    }


def differences(told: Mapping[str, Any], true: Mapping[str, Any], places: str) -> str:
    """Where told and true values differ when both are rounded."""
    wrong = [
        f"{key}: told {told.get(key)}, true {value}"
        for key, value in true.items()
        if _rounded(told.get(key), places) != _rounded(value, places)
    ]
    return "; ".join(wrong)


def _rounded(value: Decimal | None, places: str) -> Decimal | None:
    return None if value is None else value.quantize(Decimal(places))
