"""How long the agent itself takes to answer, offline: reading, planning, facts, narration, verification, advice.

What the semantic layer takes for the queries is measured and left out. Every kind of question, each in a thread of its
own, so that nothing of an earlier answer helps.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

from roastery.evals.bench.asking import service
from roastery.evals.bench.measure import Measure, percentile

AIM_SECONDS = 0.100
TIMES = 8
QUESTIONS = (
    "What was ROAS by platform last month?",
    "revenue last week vs the week before",
    "How did revenue by week over the last four weeks compare with the four weeks before?",
    "What were the top five campaigns by spend last month, with clicks and CTR?",
    "campaigns with spend over $500 last month",
    "what share of spend went to Meta last month?",
    "cac by campaign in October, without Campaign 3",
    "attributed revenue by channel last month on first touch, 7 days",
    "spend by day in the last two weeks",
    "how do you compute ROAS?",
    "which campaigns do we have?",
    "how fresh is the data?",
    "e-mail addresses of our best customers",
    "how is it going?",
)


def run() -> list[Measure]:
    """Median and p95 over all questions, warm; the query beside."""
    from roastery.api.app import OPERATOR

    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as (app, _, querying):
        roastery = app.state.roastery
        organization = roastery.organization("org_bench")
        analyst, context = roastery.analyst, roastery.context(organization, OPERATOR)
        beside: list[float] = []
        queries: list[float] = []
        for question in QUESTIONS:
            for n in range(TIMES + 1):
                querying.clear()
                begun = time.perf_counter()
                answer = analyst.ask(question, context)
                whole = time.perf_counter() - begun
                if answer.status == "failed":
                    raise RuntimeError(f"The benchmark's question failed: {answer.text}")
                if n:
                    beside.append(whole - sum(querying))
                    queries.append(sum(querying))
    query, aim = median(queries) * 1e3, AIM_SECONDS * 1e3
    return [
        Measure("answering", "p50 of an answer, query left out", median(beside) * 1e3, "ms", query, "the query", aim),
        Measure(
            "answering", "p95 of an answer, query left out", percentile(beside, 95) * 1e3, "ms", query, "the query", aim
        ),
    ]
