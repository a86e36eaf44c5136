"""Whether a question goes on with the thread: it points back, corrects, narrows, sorts, or cannot stand alone."""

import re

from roastery.agent.planner.carrying_on import EVERYTHING_AGAIN, OF_ONE_METRIC, SORTING, WHICH_ONE, WIDENED
from roastery.agent.planner.moving_time import tells_time_of_thread
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.pointing import metric_alone
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading
from roastery.agent.planner.thread_limits import only_limits

OPENING = re.compile(rf"^(?:{pattern('opening')}(?: |$|,))+")
SHARE_OF_IT = pattern("share_of_it")
CHART = r"(?:table|charts?|graphs?|plot|list|diagram|curve)"
AS_SHOWN = (
    r"^(?:and |now |ok |please )*(?:can|could|may|might) (?:i|we|you) (?:please )?(?:get|have|see|show|turn"
    r"|make|put|draw|give)"
    rf"(?: me| us)?(?: (?:it|that|this|them|those|the same))?(?: (?:as|in|into|on))? (?:a |an )?(?:\w+ )?{CHART}"
    r"(?: please| pls| too| of (?:it|that|this))* ?\??$"
    r"|^(?:and |now |ok |please |can you |could you )*(?:(?:show|give|put|make|draw|have|turn|do)(?: me| us)?"
    r"(?: (?:it|that|this|them|those))? )?(?:as|in|into|in the form of) (?:a |an )?(?:\w+ )?"
    r"(?:table|chart|graph|plot|list|diagram|curve)(?: please)? ?\??$"
    r"|^(?:and |now |please |can you |could you )*(?:plot|chart|graph|draw|visuali[sz]e|tabulate)"
    r" (?:it|that|this|them|those)(?: please)? ?\??$"
)
"""How the answer is to be shown: the same numbers again; tables and charts are drawn where they suit."""


def lies_within(heard: Reading, before: Reading) -> bool:
    """Whether the days that are asked of lie in those of the thread, or none are named."""
    if heard.period is None or before.period is None:
        return heard.period is None
    return before.period.start <= heard.period.start and heard.period.end <= before.period.end


THEY = (
    r"(?:(?:did|do|does|were|was|have|has|are|is|will|can|could) (?:they|it|those|these)"
    r"|(?:they|those|these) (?:did|do|were|have|are|bring|brought|cost|made|make|sold|sell|got|spent))"
)
"""The thread's own names as the subject."""


CORRECTING = (
    r"(?:no|nope|sorry|oops|ah|oh|wait|hmm|hm|actually|rather|ok|,|\.| )*"
    r"(?:(?:(?:the |our )*[MADVP]\d+ )?i (?:mean|meant|wanted)|meant|make that|correction|not (?:the |that )?[MVDP]\d+)"
    r"(?: |$)"
)
"""How a question begins that mends the one before it: all that it does not mend stays."""


def _names_the_one(question: Question, before: Reading) -> bool:
    """ "That store", "the same campaign", of a thread that is narrowed to one."""
    ones = {f.field for f in before.filters if not f.metric and f.op == "in" and len(f.values) == 1}
    return any(
        ones & {m.name for m in question[found["d"]].of.meanings}
        and not question.words(question[found["d"]]).lower().rstrip("?.!,").endswith("s")
        for found in question.find(r"(?:that|this|the same|said) (?P<d>D\d+)")
    )


def _looks_closer(heard: Reading, before: Reading) -> bool:
    """ "10 and 11 October: how many clicks", of October on TikTok: other days within the thread's, and no names."""
    if before.period is None or heard.period is None or heard.period.name or before.period.name == "all_time":
        return False
    own = heard.said <= {"metrics", "period", "grain"} and (before.period.end - before.period.start).days > 7
    return own and before.period != heard.period and lies_within(heard, before) and bool(before.filters)


def continues(question: Question, heard: Reading, before: Reading) -> bool:
    line = question.line
    if tells_time_of_thread(question) and "metrics" not in heard.said and not question.unknown:
        return True
    if _names_the_one(question, before) or _looks_closer(heard, before) or only_limits(question, heard, before):
        return True
    if question.says(r"how (?:many|much) of (?:them|those|these)"):
        return True
    if question.text.lstrip().startswith("*"):
        return True  # "*refunds": how people mend what they typed.
    if OPENING.match(question.plain) and re.match(r"(?:make|set|change) (?:it|that|them) ", question.plain):
        return True
    if re.fullmatch(pattern("greeting"), question.plain.strip(" !.?,")) and not question.symbols:
        return False
    if "metrics" not in heard.said:
        if question.has(WHICH_ONE) or question.has(r"(?:in )?totals?|overall") or question.has(EVERYTHING_AGAIN):
            return True
        if question.has(AS_SHOWN):
            question.understood(AS_SHOWN)
            question.carried.append(AS_SHOWN)
            return True
        if question.says(pattern("checks_again")) or question.has(WIDENED):
            return True
        if question.has(SHARE_OF_IT) or question.says(pattern("back_to_usual")):
            return True
        if re.search(r"(?<![^ ])(?:perform\w*|overview|overall)(?![^ ])", line) and heard.said - {"period"} == set():
            return bool(OPENING.match(line)) and len(line.split()) <= 6
        return bool(heard.said) or bool(OPENING.match(line))
    if (
        question.has(
            r"(?:of |for |in |with |from |by |did |do |are |were |is |was )?(?:them|those|these|that|it|there)"
            r"|the (?:[VD]\d+ |\w+ )?ones?"
        )
        and "period" not in heard.said
    ):
        return True
    if question.has(THEY) and not {"filters", "dimensions"} & heard.said and not question.has("is it|was it"):
        return True
    if re.match(CORRECTING, line) and not {"period", "filters"} <= heard.said:
        return True
    # A metric is named: it continues only where the words point back, and then the metric is what changes.
    if question.has(r"(?:same|instead|too|also|as well|add|plus|include)") or re.match(
        r"(?:and|what about|how about|now|or) ", line
    ):
        return not ({"period"} <= heard.said and ("dimensions" in heard.said or "filters" in heard.said))
    if question.has(SORTING) and not {"period", "filters"} & heard.said:
        return True
    if metric_alone(question, heard):
        return True
    if before.intent in OF_ONE_METRIC and re.match(r"(?:for|on|of|about) ", line):
        return True
    return len(line.split()) <= 6 and not {"period", "dimensions", "filters"} & heard.said and bool(OPENING.match(line))
