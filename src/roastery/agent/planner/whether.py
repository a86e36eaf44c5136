"""Questions for a yes or a no: "is CAC under 80", "did Meta beat Google", "did orders grow", "any campaign over $5k".

What is claimed is kept beside the reading, in names and signs only; whether it holds, the facts decide
(narrate/whether.py). What cannot be told for certain is left: the answer then begins with the number.
"""

import re
from collections.abc import Mapping
from typing import Any

from roastery.agent.planner.question import Question, Symbol
from roastery.agent.planner.ranking import LESS_IS_BETTER
from roastery.agent.planner.reading import PLAIN, Reading

_BEGINS = r"(?:(?:and|so|but|ok|okay|hey|hi|well|then|also|please|just) )*"
_HELPING = r"(?:is|are|was|were|did|does|do|has|have|had|am|isnt|arent|wasnt|werent|didnt|doesnt|dont|hasnt|havent)"
ASKED = re.compile(
    rf"(?:^|[,.;:?!-] |(?<![^ ])(?:or|if|whether) ){_BEGINS}{_HELPING}(?![^ ])|(?<![^ ])yes (?:or|/) (?:a )?no"
)
OTHERWISE = re.compile(
    r"(?<![^ ])(?:how|what|why|whose|not|never|hardly|no longer)(?![^ ])|^(?:which|who|where|when)(?![^ ])"
    r"|(?<![^ ])do you(?![^ ])"
)
"""What asks for more than a yes or a no, for one that could be taken either way, or of us instead of the numbers."""
UP = re.compile(
    r"(?<![^ ])(?:more(?! (?:or|often))|higher|bigger|larger|greater|up(?! (?:to|until|in|with|for))|gr[eo]w\w*|rose"
    r"|ris(?:e|es|en|ing)|increas\w*|climb\w*|jump\w*|pricier|dearer|costlier|slower|longer|exceed\w*|outsell|outsold)"
    r"(?![^ ])"
)
DOWN = re.compile(
    r"(?<![^ ])(?:less|fewer|lower|smaller|(?<!broken )(?<!break )down|fall\w*|fell|drop\w*|declin\w*|decreas\w*"
    r"|shr[aiu]n?k\w*|sink\w*|sank|dip\w*|cheaper|faster|quicker|shorter)(?![^ ])"
)
BETTER = re.compile(r"(?<![^ ])(?:better|improv\w*|beat\w*|outperform\w*|outdo\w*|outdid|ahead|stronger)(?![^ ])")
WORSE = re.compile(r"(?<![^ ])(?:worse\w*|weaker|poorer|deteriorat\w*|trail\w*|behind)(?![^ ])")
RETURNS = frozenset({"roas", "mer", "creative_roi", "ltv_cac_ratio"})
COST = re.compile(r"(?<![^ ])than (?:\S+ ){1,3}?(?:cost|costs|spent|spend|paid|pay|put in)(?![^ ])")
"""A return over a cost: "did Google bring in more than it cost" is a return of more than one."""
THAN = r"(?:than|beat\w*|outperform\w*|outdo\w*|outdid|outsell\w*|outsold|ahead of|behind|exceed\w*|trail\w*)"


def asked_whether(question: Question, read: Reading, settled: Reading) -> Mapping[str, Any]:
    """What the question claims and wants confirmed, {} where it asks for no yes or no.

    read: the reading with its limits. settled: the one that is carried out. The claim is one of
    {metric, op, values}: the number against a limit; {metric, way}: how it moved; {metric, way, first, second}: one
    name against another; {rows}: whether anything is found within the limits.
    """
    line, asked_of_numbers = question.plain, settled.intent in PLAIN
    if not asked_of_numbers or not ASKED.search(line) or OTHERWISE.search(line):
        return {}
    limits = [f for f in read.filters if f.metric]
    metric = settled.metrics[0] if settled.metrics else ""
    if limits and settled.dimensions and not settled.grain and settled.compare is None:
        return {"rows": True} if re.search(r"(?<![^ ])(?:any|there|have|has)(?![^ ])", question.plain) else {}
    if settled.grain or (limits and settled.dimensions):
        return {}
    if len(limits) == 1 and settled.compare is None and limits[0].field in settled.metrics:
        return {"metric": limits[0].field, "op": limits[0].op, "values": list(limits[0].values)}
    if limits or len(settled.metrics) != 1:
        return {}
    way = _way(question.plain, metric)
    if not way:
        return {}
    if metric in RETURNS and settled.compare is None and not settled.dimensions and COST.search(line):
        return {"metric": metric, "op": "gt" if way > 0 else "lt", "values": ["1"]}
    if settled.compare is not None and not settled.dimensions:
        return {"metric": metric, "way": way}
    named = _two_names(question, settled)
    if settled.compare is None and named:
        return {"metric": metric, "way": way, "first": list(named[0]), "second": list(named[1])}
    return {}


def _way(line: str, metric: str) -> int:
    """1 where more is claimed, -1 where less is, 0 where the words say neither or both."""
    better = -1 if metric in LESS_IS_BETTER else 1
    ways = {
        way
        for said, way in ((UP, 1), (DOWN, -1), (BETTER, better), (WORSE, -better))
        if said.search(re.sub(r"(?<![^ ])(?:more|less) (?:expensive|costly)", _dearer, line))
    }
    return ways.pop() if len(ways) == 1 else 0


def _dearer(found: re.Match[str]) -> str:
    return "pricier" if found[0].startswith("more") else "cheaper"


def _two_names(question: Question, settled: Reading) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """The name that is said to be ahead and the one it is held against, each one value of what is split by."""
    if len(settled.dimensions) != 1:
        return None
    own = [(s, m) for s in question.of_kind("V") if (m := _meant(question, s, settled.dimensions[0]))]
    if len(own) != 2:
        return None
    (a, first), (b, second) = own
    if not question.has(
        rf"{a.name} .*{THAN} .*{b.name}|{a.name} {THAN} {b.name}|{a.name} {THAN} .*{b.name}|{a.name} .*{THAN} {b.name}"
    ):
        return None
    return first, second


def _meant(question: Question, symbol: Symbol, dimension: str) -> tuple[str, str] | None:
    found = [m for m in question.meant.get(symbol.index, ()) if m[0] == dimension]
    return found[0] if len(found) == 1 else None
