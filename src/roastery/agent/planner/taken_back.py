"""What a question takes back of the numbers and the splits: "revenue, not units", "not by month, by segment"."""

from dataclasses import replace

from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading

NOT = r"(?:(?<!if )(?<!or )(?<!why )not|instead of|rather than)"
NOT_BY = (
    rf"(?:{NOT}|no) (?:by |per |in |on |the |a |an |each |every |any |split by |for |more )*(?P<s>[DG]\d+)"
    r"(?! (?:but|on|is|are|was|were|[VN]))"
)


def metrics_taken_back(question: Question, heard: Reading, before: Reading) -> Reading:
    """ "Revenue, not units": the number that is not wanted goes."""
    gone = {
        question[found["m"]].of.first.name
        for found in question.find(rf"{NOT} (?:the |our |in |by |as )*(?P<m>M\d+)(?! only)")
    }
    metrics = tuple(m for m in heard.metrics if m not in gone)
    if gone and not metrics:
        # "Not revenue", of revenue and orders: the others stay.
        metrics = tuple(m for m in before.metrics if m not in gone)
    if not gone or not metrics or metrics == heard.metrics:
        return heard
    question.used.update(s.index for s in question.of_kind("M") if s.of.first.name in gone)
    return replace(heard, metrics=metrics)


def splits_taken_back(question: Question, heard: Reading, before: Reading) -> tuple[Reading, Reading]:
    """ "Not by month, by segment", "weekly instead of daily": what was heard and the thread, without that split."""
    gone = {question[found["s"]].index: question[found["s"]] for found in question.find(NOT_BY)}
    dims = {m.name for s in gone.values() if s.kind == "D" for m in s.of.meanings}
    grains = {s.of.grain for s in gone.values() if s.kind == "G"}
    there = dims & {*heard.dimensions, *before.dimensions} or grains & {heard.grain, before.grain}
    if not there:
        return heard, before
    question.used |= gone.keys()
    question.carried.append(NOT_BY)
    steps = [s.of.grain for s in question.of_kind("G") if s.index not in gone]
    grain = steps[0] if steps else (None if heard.grain in grains else heard.grain)
    left = tuple(d for d in heard.dimensions if d not in dims)
    said = heard.said - ({"dimensions"} if not left else set()) - {"grain"} | ({"grain"} if grain else set())
    kept = tuple(d for d in before.dimensions if d not in dims)
    before = replace(before, dimensions=kept, grain=None if before.grain in grains else before.grain)
    return replace(heard, dimensions=left, grain=grain, said=frozenset(said)), before
