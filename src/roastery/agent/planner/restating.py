"""What was taken to be meant where a question names a number by none of its own words: said, so that it can be"
" objected."""

from collections.abc import Iterator

from roastery.agent.planner.assumed import RESTATED, is_usual_metric, read_as
from roastery.agent.planner.doubts import metric_title
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading
from roastery.agent.planner.tokens import phrase
from roastery.agent.render import name_text

OF_INTENTS = frozenset({"query", "compare", "explain", "forecast", "alert"})
EVERYDAY = frozenset({"cost", "spend", "turnover", "revenue", "sales", "orders", "purchases"})
"""Words that everybody uses for one metric."""


def restated(question: Question, reading: Reading, lexicon: Lexicon, before: Reading | None = None) -> Reading:
    """The reading with a sentence for each metric that was described rather than named."""
    if reading.intent not in OF_INTENTS or is_usual_metric(reading.assumptions):
        return reading
    old = {*before.metrics, *before.pending.get("reading", {}).get("metrics", ())} if before is not None else set()
    return reading.assuming(
        *(note for m in reading.metrics if m not in old and (note := _note(question, m, reading, lexicon)))
    )


def _note(question: Question, metric: str, reading: Reading, lexicon: Lexicon) -> str:
    title = metric_title(metric, lexicon)
    if any(title in assumption for assumption in reading.assumptions):
        return ""
    own = set(_own_words(metric, lexicon))
    said = [
        " ".join(t.word for t in question.tokens[s.start : s.end])
        for s in question.symbols
        if s.kind in "MA" and s.of.first.name == metric
    ]
    if any(own & {*phrase(words)} or {*phrase(words)} & EVERYDAY for words in said):
        return ""
    if said:
        return read_as(name_text(said[0]), title)
    words = {w for s in question.symbols if s.kind in "MA" for w in phrase(question.words(s))}
    return "" if own & words else f"{RESTATED}{title}"


def _own_words(metric: str, lexicon: Lexicon) -> Iterator[str]:
    term = lexicon.vocabulary.metrics.get(metric)
    yield from phrase(metric.replace("_", " "))
    if term is not None:
        for text in (term.title, *term.synonyms):
            yield from phrase(text)
