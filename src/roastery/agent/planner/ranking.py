"""Top and bottom: what is ranked by what, in which direction, and how many are wanted."""

import re
from dataclasses import dataclass

from roastery.agent.planner.lists import word_set
from roastery.agent.planner.named import AT_LEAST, AT_MOST, OVER, UNDER, Names
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question

BEST = pattern("best")
WORST = pattern("worst")
HIGH = pattern("high")
LOW = pattern("low")
LONG_LISTS = frozenset(
    {"campaign", "ad_group", "ad", "keyword", "asset", "product", "location", "page", "promotion", "owner", "audience"}
)
LESS_IS_BETTER = word_set("less_is_better")


@dataclass(frozen=True)
class Ranking:
    """How rows are ordered and cut; `by` is empty for the first metric."""

    direction: str | None = None
    limit: int | None = None
    by: str = ""
    assumption: str | None = None


def ranking(question: Question, found: Names, grain: str | None, *, assumed: bool = False) -> Ranking:
    """Read superlatives and "top N"; nothing where the question does not rank."""
    limit, side = _counted(question)
    if side == "best" and question.has(r"top N\d+"):
        # "The most money per lead, top 3": the word for size says which end the top is.
        side = _size_beside(question) or side
    side = _on_top(question) or side or _superlative(question, assumed=assumed or bool(found.dimensions))
    by = found.order_metric or _beside_superlative(question) or (found.metrics[0] if found.metrics else "")
    if (
        found.order_metric
        and side is None
        and question.has(
            r"(?:rank(?:ed|ing)?|sort(?:ed)?|order(?:ed)?)(?: \w+)* by (?:\w+ )*[MA]\d+|[DG]\d+(?: \w+)* by [MA]\d+"
        )
    ):
        side = "low" if question.has(r"(?:ascending|asc|low to high|smallest first|lowest first)") else "high"
    if found.metrics and by not in found.metrics:
        by = found.metrics[0]
    if side is None and limit is None:
        return Ranking()
    side = side or "best"
    less = by in LESS_IS_BETTER
    descending = {"best": not less, "worst": less, "high": True, "low": False}[side]
    assumption = None
    if less and side in ("best", "worst") and limit and question.has(r"(?:top|bottom)"):
        assumption = f"for {by.upper() if len(by) < 4 else by.replace('_', ' ')}, lower counts as better"
    listed = question.has(LISTED)
    if nth := next(question.find(NTH), None):
        limit = {"second": 2, "third": 3, "fourth": 4}.get(nth["nth"]) or limit
        assumption = f"the {nth['nth']} is the last of these"
    if limit is None and (found.dimensions or grain) and not listed:
        limit = _implied_limit(question, found)
    return Ranking("desc" if descending else "asc", limit, by, assumption)


LISTED = (
    rf"(?:{BEST}|{WORST}|{HIGH}|{LOW})(?: [MA]\d+)?(?: \w+)? (?:first|on top|at the top)|(?:ones?|offenders?) (?:on top"
    r"|at the top|first)|"
    r"(?:\w+est|best|worst|top|most \w+|least \w+) (?:\w+ )?first|from (?:the )?\w+est to(?: the)? \w+est|(?:low"
    r"|high|small|large)"
    r" to (?:low|high|small|large)|(?:ascending|descending)(?: order)?"
)
"""Every row in order, none left out."""
NTH = rf"(?P<nth>second|third|fourth) (?:{BEST}|{WORST}|{HIGH}|{LOW})"


def _size_beside(question: Question) -> str | None:
    for side, said in (("high", HIGH), ("low", LOW)):
        if question.has(rf"(?:the )?{said} (?:money |of )?(?:per )?[MA]\d+"):
            return side
    return None


ON_TOP = (
    r"(?:the )?(?:most |least )?(?P<adj>\w+)(?: (?:ones?|offenders?|performers?|values?|[DMV]\d+))?"
    r" (?:on top|on the top|at the top|to the top|up top|first|up front|ahead)"
)
SIDES = {
    "high": "expensive costly costliest dear dearest pricey priciest high highest big biggest large largest slow"
    " slowest long longest most",
    "low": "cheap cheapest low lowest small smallest fast fastest quick quickest short shortest least fewest",
    "worst": "worst bad weak weakest poorest",
    "best": "best good strong strongest",
}


def _on_top(question: Question) -> str | None:
    """ "The expensive ones on top", "worst offender first": what comes first says the order of all."""
    for found in question.find(ON_TOP):
        for side, said in SIDES.items():
            if found["adj"] in said.split():
                return side
    return None


OF_THEM = r"(?:which|what|who) (?:ones?|of (?:them|these|those))"
MOST_MOVED = pattern("most_moved")
DOWNWARD = r"(?:fell|fall|drop|declin|decreas|lost|los[es]|shr|worsen)"


def most_moved(question: Question) -> str | None:
    """ "Which campaign grew the most": asc or desc by change, or None."""
    found = next(question.find(MOST_MOVED), None)
    if found is None or not (question.of_kind("D") or question.has(OF_THEM)):
        return None
    if found["verb"] and found["verb"].startswith(("mov", "gain")) and question.has(rf"{re.escape(found[0])} [MA]\d+"):
        # "Moved the most units" ranks by units, not by how they changed.
        return None
    word = found["verb"] or found["noun"] or found["way"] or ""
    down = bool(re.match(DOWNWARD, word))
    return "asc" if down != (found["most"] == "least") else "desc"


THERE_ARE = r"(?:of|among|between|across|in|at) (?:all |all of )?(?:our|the|my|these|those) (?P<n>N\d+) (?:\w+ )?D\d+"


def _counted(question: Question) -> tuple[int | None, str | None]:
    line = re.sub(r"(?<![^ ])at (?:most|least)(?![^ ])", "_", question.line)
    line = re.sub(rf"(?<![^ ])(?:{OVER}|{UNDER}|{AT_LEAST}|{AT_MOST}) N\d+(?![^ ])", "_", line)
    for m in question.find(THERE_ARE, line):
        # "Which of our three shops": how many there are, and no number to show.
        question.used.add(question[m["n"]].index)
        line = line.replace(m[0], "_")
    doing = r"(?:performing |converting |selling |spending |grossing |\w+ing )?"
    for side, said in (("best", BEST), ("worst", WORST), ("high", HIGH), ("low", LOW)):
        for m in question.find(rf"(?:{said} {doing}(?P<n>N\d+)|(?P<k>N\d+) {said})", line):
            if count := _count(question, m["n"] or m["k"]):
                return count, side
    plain = [r"(?:first|limit(?: to)?|limited to|only|show|list|just) (?P<n>N\d+)(?: [DM]\d+| rows| results)"]
    plain.append(r"(?P<n>N\d+) (?:\w+ )?D\d+" + ("" if _superlative(question) else " (?:with|by|that|which|having|in)"))
    for counted in plain:
        for m in question.find(counted, line):
            if count := _count(question, m["n"]):
                return count, None
    return None, None


def _count(question: Question, symbol: str) -> int | None:
    text = str(question[symbol].of)
    question.used.add(question[symbol].index)
    return int(text) if text.isdigit() and 1 <= int(text) <= 1000 else None


def _superlative(question: Question, *, assumed: bool = False) -> str | None:
    """The first ranking word that is about a name or a metric; "at most 5" and "at least 3" are no ranking."""
    line = re.sub(
        r"(?<![^ ])(?:at (?:most|least)|most of|most recent|no less|better or worse|higher or lower|(?:higher|lower"
        r"|larger|smaller|bigger|better|worse) than)(?![^ ])",
        "_",
        question.line,
    )
    places = []
    for side, said in (("worst", WORST), ("best", BEST), ("high", HIGH), ("low", LOW)):
        if m := re.search(rf"(?<![^ ]){said}(?![^ ])", line):
            places.append((m.start(), side))
    if not places or not (
        assumed
        or question.of_kind("D")
        or question.has(r"(?:which|what|best|worst|top) (?:\w+ )?(?:day|week|month|quarter)s?|V\d+ or V\d+")
    ):
        return None
    return min(places)[1]


def _beside_superlative(question: Question) -> str:
    """ "The platform with the highest ROAS": the metric that the superlative stands before is the one ranked by."""
    for m in question.find(
        rf"(?:{BEST}|{WORST}|{HIGH}|{LOW}) (?:total |overall |average |amount of |number of |on |in |the "
        rf")*(?P<m>[MA]\d+)"
    ):
        return str(question[m["m"]].of.first.name)
    for m in question.find(r"(?P<m>[MA]\d+) (?:the )?(?:most|least|best|worst)"):
        return str(question[m["m"]].of.first.name)
    return ""


def _implied_limit(question: Question, found: Names) -> int | None:
    """One for "the best campaign" or "the best day"; where several are asked for, all are shown in order."""
    if not found.dimensions:
        return 1 if not question.has(r"(?:days|weeks|months|quarters)") else None
    long = any(d in LONG_LISTS for d in found.dimensions)
    singular = any(not question.words(s).lower().rstrip("?").endswith("s") for s in found.several)
    return 1 if long and singular else None
