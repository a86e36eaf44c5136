"""Nothing that is typed, and nothing that a model writes, breaks the reading, the checking or the rendering."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roastery.agent.evidence import Evidence
from roastery.agent.planner.calls import tool_calls
from roastery.agent.planner.guard import refusal
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.reading import Reading, reading_json, reading_of
from roastery.agent.planner.several import questions_in
from roastery.agent.planner.understand import understand
from roastery.agent.render import name_text, render
from roastery.agent.verify import Verifier
from roastery.tools.base import ToolContext
from roastery.tools.registry import TOOLS, read_arguments
from tests.agent.conftest import found
from tests.examples import examples

SAID = """
what was how did show compare top bottom best worst highest five 5 10 $80 80% 2x revenue spend roas cac orders
clicks ctr conversions sales profit platform platforms campaign campaigns channel country product by per over under
between and or not excluding without only last this previous week weeks month months year quarter day days yesterday
today october may 2025 q3 mtd ytd since until before after vs versus than to from of in on for meta google "spring
sale" brand search new returning customers first touch linear window 7 why forecast alert share percentage trend
weekly the a our is it same instead also ? , ; snapchat zxqv Wombat <!channel> [[f1]] -- 1-15 10/05/2026 2026-10-05
w/c e-mail
"""
WORDS = st.sampled_from(SAID.split())
QUESTIONS = st.one_of(st.lists(WORDS, max_size=14).map(" ".join), st.text(max_size=120))
FEW = settings(
    max_examples=examples(200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def whole(reading: Reading) -> bool:
    """Whether a reading is one that can be acted on: a call of its tool's form, or a sentence."""
    if reading.intent in ("clarify", "refuse"):
        return bool(reading.message.strip())
    return all(read_arguments(TOOLS[name], arguments) for name, arguments in tool_calls(reading))


@FEW
@given(question=QUESTIONS, follow_up=QUESTIONS)
def test_every_question_ends_in_a_call_or_a_sentence(lexicon: Lexicon, question: str, follow_up: str) -> None:
    reading = understand(question, lexicon, [], frozenset(TOOLS))
    assert whole(reading)
    kept = reading_of(reading_json(reading))
    assert whole(understand(follow_up, lexicon, [kept], frozenset(TOOLS)))


@FEW
@given(text=QUESTIONS)
def test_the_guard_and_the_splitter_take_anything(text: str) -> None:
    refusal(text)
    assert questions_in(text)


WRITTEN = """
ROAS spend revenue of [[d1]] [[d2]] was [[f1]] [[f2]] [[f3]] [[f9]] and , ; . in October 2026 last month rose fell
highest doubled half Meta Ads Google 5 3.2 **bold** while from to against Zebra's [[ x ]] all because
"""
_EVIDENCE: dict[str, Evidence] = {}
PROSE = st.lists(st.sampled_from(WRITTEN.split()), max_size=20).map(" ".join)


@FEW
@given(draft=st.one_of(PROSE, st.text(max_size=200)))
def test_a_draft_without_problems_can_be_rendered(context: ToolContext, lexicon: Lexicon, draft: str) -> None:
    arguments = {"metrics": ["roas"], "dimensions": ["platform"], "period": {"name": "last_month"}}
    evidence = _EVIDENCE.setdefault("platforms", found(context, ("query_metrics", arguments)))
    if not Verifier(evidence, lexicon).problems(draft):
        assert "[[" not in render(draft, evidence.facts, evidence.labels)


@given(text=st.text(max_size=300))
def test_names_stay_on_one_line_and_short(text: str) -> None:
    shown = name_text(text)
    assert "\n" not in shown
    assert len(shown) <= 2 * 80
