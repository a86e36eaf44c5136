"""Law 1, sentence by sentence: what the facts do not say does not go out."""

from typing import Any

import pytest

from roastery.agent.evidence import Evidence
from roastery.agent.narrate import Narrator
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.verify import Verifier
from roastery.tools.base import ToolContext
from tests.agent.conftest import found

LAST_MONTH = {"name": "last_month"}
PLATFORMS = ("query_metrics", {"metrics": ["roas", "spend"], "dimensions": ["platform"], "period": LAST_MONTH})
COMPARED = ("compare_periods", {"metrics": ["revenue", "spend"], "period": LAST_MONTH})
WEEKS = (
    "query_metrics",
    {
        "metrics": ["revenue"],
        "grain": "week",
        "period": {"start": "2026-09-21", "end": "2026-11-16"},
        "compare_to": "previous_period",
    },
)
TOP = (
    "query_metrics",
    {
        "metrics": ["attributed_revenue", "spend", "cac"],
        "dimensions": ["campaign"],
        "period": LAST_MONTH,
        "filters": [{"dimension": "campaign", "op": "not_in", "values": ["none", "unattributed", "unknown"]}],
        "order_by": [{"field": "attributed_revenue", "direction": "desc"}],
        "limit": 5,
    },
)
META = (
    "query_metrics",
    {"metrics": ["spend"], "period": LAST_MONTH, "filters": [{"dimension": "platform", "values": ["meta_ads"]}]},
)


class Case:
    """Evidence with its facts by name: `fact("roas", platform="meta_ads")`."""

    def __init__(self, context: ToolContext, lexicon: Lexicon, *asked: tuple[str, dict[str, Any]]) -> None:
        self.evidence: Evidence = found(context, *asked)
        self.verifier = Verifier(self.evidence, lexicon)

    def fact(self, metric: str, kind: str = "measured", *, before: bool = False, **entity: str) -> str:
        compared = {i for f in self.evidence.facts.values() if f.kind == "change" for i in f.inputs[1:]}
        for f in self.evidence.facts.values():
            same = {d: v for d, v in f.dimensions.items() if not v.startswith("not in")} == entity
            if f.metric == metric and f.kind == kind and same and (f.id in compared) == before:
                return f"[[{f.id}]]"
        raise KeyError((metric, kind, entity))

    def label(self, value: str) -> str:
        return next(f"[[{x.id}]]" for x in self.evidence.labels.values() if x.value == value)

    def kinds(self, text: str) -> set[str]:
        return {p.kind for p in self.verifier.problems(text)}


@pytest.fixture(scope="module")
def platforms(context: ToolContext, lexicon: Lexicon) -> Case:
    return Case(context, lexicon, PLATFORMS)


@pytest.fixture(scope="module")
def compared(context: ToolContext, lexicon: Lexicon) -> Case:
    return Case(context, lexicon, COMPARED)


@pytest.fixture(scope="module")
def weeks(context: ToolContext, lexicon: Lexicon) -> Case:
    return Case(context, lexicon, WEEKS)


@pytest.fixture(scope="module")
def top(context: ToolContext, lexicon: Lexicon) -> Case:
    return Case(context, lexicon, TOP)


def filled(case: Case, text: str) -> str:
    """{m}, {g}: ROAS of Meta and Google; {ms}, {gs}: their spend; {M}, {G}: labels; {all}: total ROAS."""
    meta, google = {"platform": "meta_ads"}, {"platform": "google_ads"}
    return text.format(
        m=case.fact("roas", **meta),
        g=case.fact("roas", **google),
        ms=case.fact("spend", **meta),
        gs=case.fact("spend", **google),
        M=case.label("meta_ads"),
        G=case.label("google_ads"),
        all=case.fact("roas"),
        share=case.fact("spend", "share", **meta),
    )


@pytest.mark.parametrize(
    "text",
    [
        "ROAS of {M} was {m} in October 2026.",
        "In October 2026, ROAS of {M} was {m} and ROAS of {G} was {g}.",
        "{M} had a ROAS of {m}; {G} had a ROAS of {g}.",
        "{M} and {G} had a ROAS of {m} and {g} respectively.",
        "ROAS was {m} for {M} and {g} for {G} last month.",
        "{M} had the highest ROAS in October, {m}.",
        "Meta Ads led on ROAS with {m} last month.",
        "{G} had the lowest ROAS, {g}.",
        "Overall ROAS was {all}. {M} came to a ROAS of {m} on {ms} of spend.",
        "{M} took {share} of spend.",
        "Spend on {M} was {ms}, and ROAS there was {m}.",
        "- {M}: ROAS {m}, spend {ms}\n- {G}: ROAS {g}, spend {gs}",
        "**Facebook returned a ROAS of {m} in October 2026.**",
    ],
)
def test_a_backed_sentence_passes(platforms: Case, text: str) -> None:
    assert platforms.verifier.problems(filled(platforms, text)) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        # numbers that nobody computed
        ("ROAS of {M} was 3.2 in October 2026.", "number"),
        ("ROAS of {M} was about three in October 2026.", "number"),
        ("ROAS of {M} was {m}, against a benchmark of 2.5.", "number"),
        ("ROAS of {M} was {m}, with thousands of clicks.", "number"),
        ("ROAS of {M} was {m}, 12 percent of it new.", "number"),
        ("ROAS of {M} was {m}, a dozen times {g}.", "number"),
        ("ROAS of {M} was {m} (5).", "number"),
        ("ROAS of {M} was {m} after 14 days.", "number"),
        ("ROAS of {M} was [[f99]].", "reference"),
        ("ROAS of [[d9]] was {m}.", "reference"),
        ("ROAS of {M} was [[m1]].", "reference"),
        ("ROAS was great.", "unreferenced"),
        # the wrong owner of a number
        ("ROAS of {M} was {g} and ROAS of {G} was {m}.", "entity"),
        ("ROAS of {M} was {g}.", "entity"),
        ("Meta Ads had a ROAS of {g}.", "entity"),
        ("{M} and {G} had a ROAS of {g} and {m} respectively.", "entity"),
        ("ROAS was {g} for {M} and {m} for {G} last month.", "entity"),
        ("ROAS of {M} was {all}.", "entity"),
        ("ROAS was {m} in October.", "entity"),
        ("TikTok had a ROAS of {m}.", "entity"),
        ("{M} beat {G} with a ROAS of {g}.", "entity"),
        # the wrong metric
        ("CAC of {M} was {m}.", "metric"),
        ("Spend on {M} was {m} and ROAS was {ms}.", "metric"),
        ("{M} came to {m} in October 2026.", "metric"),
        ("Revenue of {M} was {ms}.", "metric"),
        ("Reported ROAS of {M} was {m}.", "metric"),
        # the wrong period
        ("ROAS of {M} was {m} in September 2026.", "period"),
        ("ROAS of {M} was {m} last week.", "period"),
        ("ROAS of {M} was {m} in 2026.", "period"),
        ("ROAS of {M} was {m} on 3 October 2026.", "period"),
        # claims
        ("ROAS of {M} rose to {m}.", "direction"),
        ("ROAS of {M} was up at {m}.", "direction"),
        ("ROAS of {M} was {m}, higher than {G}.", "direction"),
        ("ROAS of {M} improved to {m}.", "direction"),
        ("{G} had the highest ROAS, {g}.", "rank"),
        ("{M} had the lowest ROAS, {m}.", "rank"),
        ("{G} performed best on ROAS, with {g}.", "rank"),
        ("{G} led with a ROAS of {g}.", "rank"),
        ("{G} had the most spend, {gs}, and the best ROAS, {g}.", "rank"),
        ("ROAS of {M} doubled to {m}.", "multiple"),
        ("ROAS of {M}, {m}, is twice that of others.", "multiple"),
        ("{M} took half of spend, {ms}.", "share"),
        ("{M} took most of spend, {ms}.", "share"),
        ("A third of spend, {ms}, went to {M}.", "share"),
        ("ROAS of {M} was {m} because of better creatives.", "cause"),
        ("ROAS of {M} was {m} thanks to video.", "cause"),
        ("ROAS of {M} was {m} and will hold.", "future"),
        ("ROAS of {M} was {m}, significantly above target.", "statistics"),
        ("Every platform did best: ROAS of {M} was {m}.", "universal"),
        # things that do not belong into an answer
        ("ROAS of {M} was {m}, see https://example.com.", "markup"),
        ("ROAS of {M} was {m} <!channel>.", "markup"),
        ("[Click](x) ROAS of {M} was {m}.", "markup"),
        ("ROAS of the Zebra launch was {m}.", "name"),
        ("Zebra's ROAS was {all}.", "name"),
    ],
)
def test_an_unbacked_sentence_is_caught(platforms: Case, text: str, kind: str) -> None:
    assert kind in platforms.kinds(filled(platforms, text))


def moved(case: Case, text: str) -> str:
    """{now}, {was}, {up}, {by}: revenue now, before, its change ratio and change; {s…} the same of spend."""
    return text.format(
        now=case.fact("revenue"),
        was=case.fact("revenue", before=True),
        up=case.fact("revenue", "change_ratio"),
        by=case.fact("revenue", "change"),
        snow=case.fact("spend"),
        sup=case.fact("spend", "change_ratio"),
    )


def test_the_changes_of_the_example_have_known_signs(compared: Case) -> None:
    facts = compared.evidence.facts
    values = {f.metric: f.value for f in facts.values() if f.kind == "change_ratio"}
    assert values["revenue"] is not None
    assert values["revenue"] > 0
    assert values["spend"] is not None
    assert values["spend"] > 0


@pytest.mark.parametrize(
    "text",
    [
        "Revenue rose {up} to {now} in October 2026, from {was} in September 2026.",
        "Revenue was {now} in October 2026, {up} more than the {was} of the month before.",
        "Revenue grew by {by} ({up}) to {now}.",
        "Revenue was {now}, against {was} in the month before, an increase of {up}.",
        "Revenue improved {up} and spend rose {sup}.",
        "Revenue in September was {was}.",
    ],
)
def test_a_backed_change_passes(compared: Case, text: str) -> None:
    assert compared.verifier.problems(moved(compared, text)) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Revenue fell {up} to {now}.", "direction"),
        ("Revenue was flat, with a change of {up}.", "direction"),
        ("Revenue worsened by {up}.", "direction"),
        ("Revenue rose to {now} in October 2026.", "direction"),
        ("Revenue changed by {up}.", "direction"),
        ("Revenue rose {up} while spend fell {sup}.", "direction"),
        ("Spend rose {up}.", "metric"),
        ("Revenue rose {sup}.", "metric"),
        ("Revenue doubled, up {up}.", "multiple"),
        ("Revenue more than tripled, up {up} to {now}.", "multiple"),
        ("Revenue was {was} in October 2026.", "period"),
        ("Revenue was {was}, up {up} from {now}.", "period"),
        ("Revenue rose {up} to {was} in October 2026, from {now} in September 2026.", "period"),
        ("Revenue was {was}.", "period"),
        ("Revenue rose {up} in August 2026.", "period"),
        ("Revenue rose {up} because spend rose {sup}.", "cause"),
        ("Revenue rose {up}, driven by spend, up {sup}.", "cause"),
    ],
)
def test_an_unbacked_change_is_caught(compared: Case, text: str, kind: str) -> None:
    assert kind in compared.kinds(moved(compared, text))


def test_a_week_is_named_with_its_number(weeks: Case) -> None:
    week = weeks.fact("revenue", date="2026-11-09")
    assert weeks.kinds(f"Revenue was {week} in the week of 9 November 2026.") == set()
    assert "period" in weeks.kinds(f"Revenue was {week} over the last eight weeks.")
    assert "period" in weeks.kinds(f"Revenue was {week} in the week of 2 November 2026.")


def test_eight_weeks_may_be_said_where_they_were_asked(weeks: Case) -> None:
    total = weeks.fact("revenue")
    before = weeks.fact("revenue", before=True)
    up = weeks.fact("revenue", "change_ratio")
    assert (
        weeks.kinds(f"Revenue over the last eight weeks rose {up} to {total}, from {before} in the 8 weeks before.")
        == set()
    )
    assert "number" in weeks.kinds(f"Revenue over the period rose {up} to {total}, in 6 of 8 stores.")
    assert "period" in weeks.kinds(f"Revenue rose {up} to {total} in seven weeks.")


def test_the_highest_week_is_the_one_that_was_ranked_first(weeks: Case) -> None:
    ranks = {f.value: f for f in weeks.evidence.facts.values() if f.kind == "rank"}
    highest = next(
        f for f in weeks.evidence.facts.values() if f.kind == "measured" and f.dimensions == ranks[1].dimensions
    )
    second = next(
        f for f in weeks.evidence.facts.values() if f.kind == "measured" and f.dimensions == ranks[2].dimensions
    )
    text = "By week, the highest revenue was [[{}]] in the week of {:%-d %B %Y}."
    assert weeks.kinds(text.format(highest.id, highest.period.start)) == set()
    assert "rank" in weeks.kinds(text.format(second.id, second.period.start))


def test_a_list_may_be_called_what_was_asked_for(top: Case) -> None:
    first = next(f for f in top.evidence.facts.values() if f.kind == "measured")
    name = top.label(first.dimensions["campaign"])
    assert (
        top.kinds(
            f"Among the top five campaigns by attributed revenue, {name} had attributed revenue of [[{first.id}]]."
        )
        == set()
    )
    assert "number" in top.kinds(
        f"Among the top seven campaigns by attributed revenue, {name} had attributed revenue of [[{first.id}]]."
    )
    assert "rank" in top.kinds(f"Among the top campaigns by spend, {name} had attributed revenue of [[{first.id}]].")


def test_a_campaign_name_with_digits_is_written_by_reference_only(top: Case) -> None:
    fact = top.fact("spend", campaign="c5")
    assert top.kinds(f"Spend on {top.label('c5')} was {fact}.") == set()
    assert top.kinds(f"Spend on Gift Guide 2026 was {fact}.") <= {"number", "period"}


def test_a_filtered_total_belongs_to_its_filter(context: ToolContext, lexicon: Lexicon) -> None:
    case = Case(context, lexicon, META)
    fact = case.fact("spend", platform="meta_ads")
    assert case.kinds(f"Spend on Meta Ads was {fact} in October 2026.") == set()
    assert "entity" in case.kinds(f"Spend on Google Ads was {fact} in October 2026.")


def test_two_periods_are_not_mixed_up(context: ToolContext, lexicon: Lexicon) -> None:
    october = ("query_metrics", {"metrics": ["orders"], "period": {"start": "2026-10-01", "end": "2026-11-01"}})
    august = ("query_metrics", {"metrics": ["orders"], "period": {"start": "2026-08-01", "end": "2026-09-01"}})
    case = Case(context, lexicon, october, august)
    first, second = list(case.evidence.facts)
    assert case.kinds(f"Orders were [[{first}]] in October 2026 and [[{second}]] in August 2026.") == set()
    assert "period" in case.kinds(f"Orders were [[{second}]] in October 2026 and [[{first}]] in August 2026.")
    assert "period" in case.kinds(f"Orders were [[{first}]].")


BEST_DAY = {"limit": 1, "order_by": [{"field": "revenue", "direction": "desc"}]}
DEAR = [{"metric": "cac", "op": "gt", "values": ["8"]}]
COMPARE = {"compare_to": "previous_period"}
NO_GOOGLE = {"dimension": "platform", "op": "not_in", "values": ["google_ads"]}
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    PLATFORMS,
    COMPARED,
    WEEKS,
    TOP,
    META,
    ("query_metrics", {"metrics": ["revenue"], "period": LAST_MONTH}),
    ("query_metrics", {"metrics": ["spend"], "grain": "day", "period": LAST_MONTH}),
    ("query_metrics", {"metrics": ["revenue"], "dimensions": ["product"], "period": LAST_MONTH}),
    ("query_metrics", {"metrics": ["revenue", "orders"], "dimensions": ["customer_type"], "period": LAST_MONTH}),
    ("query_metrics", {"metrics": ["roas"], "dimensions": ["platform"], "grain": "week", "period": LAST_MONTH}),
    ("query_metrics", {"metrics": ["revenue"], "grain": "day", "period": LAST_MONTH, **BEST_DAY}),
    ("query_metrics", {"metrics": ["cac"], "dimensions": ["campaign"], "period": LAST_MONTH, "filters": DEAR}),
    ("query_metrics", {"metrics": ["spend"], "dimensions": ["campaign"], "period": LAST_MONTH, **COMPARE}),
    ("query_metrics", {"metrics": ["roas"], "dimensions": ["channel"], "period": LAST_MONTH, "filters": [NO_GOOGLE]}),
    ("query_metrics", {"metrics": ["spend"], "grain": "week", "period": LAST_MONTH, "filters": [NO_GOOGLE]}),
    ("compare_periods", {"metrics": ["roas", "revenue"], "period": LAST_MONTH}),
    ("compare_periods", {"metrics": ["spend", "roas"], "dimensions": ["platform"], "period": {"name": "last_week"}}),
    ("compare_periods", {"metrics": ["revenue"], "period": LAST_MONTH, "compare_to": "previous_year"}),
    ("query_metrics", {"metrics": ["revenue"], "period": {"start": "2020-01-01", "end": "2020-02-01"}}),
    ("data_health", {}),
    ("search_dimension_values", {"dimension": "campaign"}),
)  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    ASKED,
    ids=lambda a: f"{a[0]} {a[1].get('metrics', '')} {a[1].get('dimensions', '')} {a[1].get('grain', '')}",
)
def test_the_deterministic_narration_passes_its_own_check(
    context: ToolContext, lexicon: Lexicon, asked: tuple[str, dict[str, Any]]
) -> None:
    evidence = found(context, asked)
    narration = Narrator(evidence, lexicon.vocabulary).narrate()
    assert narration.answer
    problems = [p for p in Verifier(evidence, lexicon).problems(narration.answer) if p.kind != "unreferenced"]
    assert problems == []
