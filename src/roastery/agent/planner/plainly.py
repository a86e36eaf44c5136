"""Turns of phrase that speak of time, of what is left out, of credit and of a comparison, in the words that carry them.

Like rewording.py, but over the whole message, before it is parted into questions.
"""

import itertools
import re
from collections.abc import Callable

from roastery.agent.planner.dates import MONTHS

_M = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_UNIT = r"(?:day|week|month|quarter|year)"
_KIND = (
    r"(?:platform|channel|campaign|product|location|store|region|plan|owner|category|country|segment|service|ad"
    r"|asset|audience"
    r"|franchise|brand)"
)
_NUMBER = r"(?:\d+|seven|ten|fourteen|thirty|sixty|ninety)"
_MOVE = r"(?:move|shift|swing|change|drop|dip|jump|fall|rise|decline|increase|decrease|surge|slump|spike|difference)"


_COSTS_MORE = (
    r"(?:is |are )?cost(?:s|ing)?(?: us| me)? more (?:money )?than (?:it|they|what (?:it|they)) "
    r"(?:(?:makes?|made|earn(?:s|ed)?|return(?:s|ed)?)(?: us)?|(?:brings?|brought)(?: us)?(?: in| back)?)"
)
_ASKING = r"(?:what|how|which|who|the|our|when|where|why|is|are|did|do)\b"
_HOURS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_HOUR = rf"(?:{'|'.join(_HOURS)}|\d{{1,2}})"


def _clock(found: re.Match[str]) -> str:
    """ "Nine o'clock in the morning" is 9am."""
    said = found[1].lower()
    hour = int(said) if said.isdigit() else _HOURS.index(said) + 1
    half = (found["half"] or "").lower()
    return f"at {hour}{'pm' if half in ('afternoon', 'evening', 'pm') else 'am' if half else ':00'}"


def _nth(month: str) -> int:
    return next(n for n, name in enumerate(MONTHS) if name.startswith(month[:3].lower()))


def _in_a_row(found: re.Match[str]) -> str:
    """ "June july and august": said without commas, a stretch where they follow each other."""
    months = re.findall(_M, found[0], re.IGNORECASE)
    at = [_nth(m) for m in months]
    if all(b == a + 1 for a, b in itertools.pairwise(at)):
        return f"{months[0]} to {months[-1]}"
    return f"{', '.join(months[:-1])} and {months[-1]}"


def _half(found: re.Match[str]) -> str:
    first, year = found["half"].lower() in ("first", "1st", "h1"), found["year"]
    return f"{'January to June' if first else 'July to December'} {year}"


def _each(found: re.Match[str]) -> str:
    unit = "quarter" if found["first"].lower().startswith("q") else "month"
    return f"{found['first']} and {found['last']} by {unit}"


def _came_back(found: re.Match[str]) -> str:
    follows = _nth(found["then"]) == (_nth(found["first"]) + 1) % 12
    return f"retention rate in {found['then']}" if follows else found[0]


def _last_of_that_name(found: re.Match[str]) -> str:
    """ "In October, and how much was it last October": the same month, a year before."""
    if _nth(found["now"]) != _nth(found["then"]):
        return f"{found['head']} compared with {found['then']}"
    return f"{found['head']} compared with the same month last year"


def _kept(found: re.Match[str]) -> str:
    """ "Drop anything that spent under 500" keeps what spent at least that."""
    low = found["how"].lower() in ("under", "below", "less than", "fewer than", "beneath")
    return f"only with spend {'at least' if low else 'at most'} {found['limit']}"


PLAINLY: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(said, re.IGNORECASE), meant)
    for said, meant in (
        # Politeness, feeling and the hour.
        (r"^(?:(?:so|and|hi|hey|ok|also|please)[, ]+)*(?:could|would) (you|i|we)\b", r"can \1"),
        (r"^can (?:i|we) (?:please |quickly |just )?(?:get|have|see)\b(?! (?:(?:a|an|the) (?:look|alert|reminder"
         r"|report)|that|it|this|them|one)\b)", "show me"),
        (r"^can you (?:please |quickly |just )?(?:get|pull|give|show)(?: up)?(?: me| us)?\b", "show me"),
        (r"^(?:amazing|awesome|brilliant|fantastic|fab|superb|lovely|neat|sweet|wow|yay|legend|ace|magic|wicked"
         r"|love (?:it|that|this))[!,. ]+"
         r"(?=\S+ \S)", ""),
        (r"\bclick[- ]?through\b(?=\s*(?:,|and\b|[?.!]|$))", "CTR"),
        (rf"\b(?:at )?({_HOUR}) o['’]? ?clock(?: sharp)?(?: (?:in the )?(?P<half>morning|afternoon|evening|am"
         rf"|pm))?", _clock),
        (rf",? and separately,? (?={_ASKING})", "? Separately, "),
        (r"\badspend\b", "ad spend"),
        (r"\b(?:divided|parted|separated|broken|cut) (?:up |down )?(?:in|into|to)(?: to)? (?:the |our |its "
         r"|single )*(\w+)(?=\s*[?.!]|$)", r"split by \1"),
        (r"\bbut (?:in|for|at|over|across) all (?:of )?(?:the |our )?(regions|stores|locations|countries|areas"
         r"|platforms|channels|plans)\b", r"but by \1"),
        (r",? and which (\w+) (?:was|were|is|are) (?:it|that|they|those) (?:mostly|mainly|most"
         r"(?: often)?|usually)\b", r" by \1"),
        (r"\b(?:was|were|is|are|got|gets) clicked (?:on )?(more|most|less|least)(?: often)?\b", r"had the \1 clicks"),
        # Numbers said by what happens.
        (rf"\b(campaigns?|ads?|platforms?|channels?|creatives?)(?: \w+)?,? (?:that|which|who)? ?{_COSTS_MORE}",
         r"\1 with ROAS below 1"),
        (rf"^(?:did|does|do) (.{{2,40}}?) {_COSTS_MORE}", r"what was the ROAS of \1"),
        (r"\bcost per (?:sale|order|purchase|conversion),? (?:i mean )?(?:the ones |the sales |those |that "
         r"|which |as )*(?:they|it|each|the platforms?|meta|google)"
         r" (?:each )?(?:claims?|reports?|says?)(?: for (?:itself|themselves))?(?: i mean)?",
         "cost per reported conversion"),
        (r"\bwhat (?:portion|share|percentage|percent|part|proportion) of (?:our |the )?(.{0,25}?) ?(?:sales"
         r"|revenue|turnover) (?:did|do|have) (?:we|you)"
         r" (?:give|gave|given) (?:away|up) (?:in|as|through|by|with) discounts\b", r"what was our discount rate \1"),
        (r"\band what (?:did|has|have) (it|they|that) (?:bring|brought)(?: us)? back\b", r"and what did \1 bring in"),
        (r"\band (?:has|have|did) (?:it|they) (?:earn(?:ed)?|paid?|made?|bring|brought) (?:that|it|its cost|this"
         r"|the money) back(?: yet| already)?",
         "and its creative ROI"),
        (r"(\bnew (?:guests|customers|clients|patients|members|buyers)\b[^?]*?),? and (?:how much|what) (?:has"
         r"|have|did|does|do) (?:it |they )?(?:cost )?"
         r"(?:us )?(?:each|one)(?: of them)?(?: cost)?(?: us)?", r"\1 and the customer acquisition cost"),
        (r"\b(\w+) (?:is |keeps |are )?(?:claim|report|say|show)(?:s|ing)? (?:way |far |a lot |much "
         r"|many )?(?:more|fewer|less|higher|other|different)"
         r" (sales|orders|revenue|conversions|purchases) than (\w+) (?:shows?|says?|has"
         r"|reports?|records?|counts?|does)\b(?=[^?]*\b(?:how come|why)\b)", r"reconcile \2 of \1 with \3"),
        (r"\b((?:e-?)?mails?|newsletters?|mailings?)\b([^?]{0,40}?)\b(?<!e-mail )"
         r"(?<!email )click rate\b", r"\1\2email click rate"),
        # Time.
        (rf"\b{_M}(?:,? {_M})+,? (?:and )?{_M}\b(?! \d)", _in_a_row),
        (rf"\b(?P<first>{_M}|q[1-4]) (?:and|&) (?P<last>{_M}|q[1-4])\b,? (?:separately|individually|apart"
         rf"|one by one|each on its"
         r" own)", _each),
        (rf"\b(?:the|this|our) ({_UNIT}) (?:(?:that|which) (?:has |have )?)?(?:just )?(?:closed|ended|finished"
         rf"|gone|completed|behind us"
         r"|over)\b", r"last \1"),
        (r"\b(?:the )?(?P<half>first|1st|second|2nd|h1|h2)(?: half)? of calendar(?: year)? (?P<year>20\d\d)\b", _half),
        (r"\bcalendar(?: year)? (20\d\d)\b", r"January to December \1"),
        (r"\b(until|till|by|to|through) (?:the )?new year(?:'s|’s)?(?: eve| day)?\b", r"\1 the end of the year"),
        (rf"\b((?:expect|predict|project|forecast|foresee|see|think)\b.{{2,60}}?) in ({_NUMBER}) "
         rf"({_UNIT})s?(?=\s*[?.!]|$)",
         r"\1 over the next \2 \3s, forecast"),
        (rf"\bhow far (?:will|would|do|can) (?:we|i) (?:get|come|make it) with ([\w ]+?) (?={_UNIT}|until|till"
         rf"|by|this|in)",
         r"forecast \1 "),
        (r"\bwhat ([\w -]{3,30}?) will (?:we|i) (?:close|end|finish|wind up) (?!with\b|at\b)(.{3,40}?) (?:with"
         r"|at|on)(?=\s*[?.!]|$)",
         r"forecast \1 for \2"),
        (r"\bwhere will ([\w ]{3,30}?) (?:stand|be|land|end up) (?:until|by|at) (?=the end)", r"forecast \1 until "),
        # A comparison asked as a second count.
        (rf"(?P<head>\b(?:in |during |for )?(?P<now>{_M})\b),? and (?:how (?:many|much)|what)(?: (?:was|were|is"
         rf"|did))?(?: (?:it|that|they"
         rf"|there|we))?(?: (?:be|have|get|in))? last (?P<then>{_M})\b", _last_of_that_name),
        (rf",? and how (?:many|much)(?: (?:was|were|is))?(?: (?:it|that|they|there))? (?:in |on )?(the "
         rf"(?:{_UNIT}|one) before(?: that)?"
         rf"|(?:a|one) year (?:ago|earlier|before)|the previous {_UNIT})(?=\s*[?.!]|$)", r" compared with \1"),
        # What is split by, left out, kept, or not split at all.
        (rf"\b({_KIND})[- ]level ((?:[\w%-]+ ){{0,2}}?[\w%-]+)(?=,| (?:for|in|from|since|over|during|last|this"
         rf"|on|by)\b|\s*[?.!]|$)",
         r"\2 by \1"),
        (r"\bif (?:you|we|i) (?:leave|take|strip|filter|keep) out (?:all |both |the )*"
         r"(?:kinds?|types?|sorts?)? ?(?:of )?", "without "),
        (r"\bif (?:you|we|i) (?:leave|take|strip|keep) ([\w' -]{3,40}?) out\b", r"without \1"),
        (r"(?:^|(?<=[\s,(]))ex\.? (?=[A-Za-z])", "excluding "),
        (r"\b(total\b[^?]{3,60}?),? (?:across |over |on |for )?all (?:the |our )?(?:platforms|channels|campaigns"
         r"|locations|stores"
         r"|products|regions)\b", r"\1"),
        (r"\b(?:lose|drop|remove|hide|skip|cut|leave out|kick out|take out|get rid of) (?:anything|everything"
         r"|all|those|the ones|any|the"
         r" rows|ones)(?: (?:that|which|who|with))?(?: has| have| had)? (?:spent|spend|spending|cost|costing|costs)"
         r" (?:of )?(?P<how>under|below|less than|fewer than|beneath|over|above|more than) "
         r"(?P<limit>[$€£]?\d[\d.,]*k?)", _kept),
        # Credit.
        (rf"\b(?:if (?:we|you|i) )?(?:only )?(?:count|counting|take|taking|look at)(?: only)? (?:the )?(?:sales"
         rf"|orders|conversions|purchases"
         rf"|bookings|leads)(?: that came| made)? within ({_NUMBER}) days (?:of|after) (?:the |a "
         rf"|an )?(?:ad )?(?:click|touch|visit)\b",
         r"with a \1 days window"),
        (r"\b(?:if|suppose|assuming) (?:all |all of )?(?:the )?credit (?:went|goes|is given|was given"
         r"|belongs) to the (?:very )?"
         r"(first|last) (?:contact|touch|click|touchpoint|visit)\b", r"with \1 touch"),
        (r"^(?:(?:ok|now|and|please|can you|could you) )*(?:do|run|show|repeat|give me) (?:that|it|this) "
         r"(?:again )?with (?:the )?"
         r"(?=(?:first|last|linear|time|position|markov|shapley|w[- ]shaped))", "the same with "),
        # Causes, returns, money that brought nothing.
        (rf"\bwhat(?:'s|’s| is| was| lies| lay| were)? behind (?:the|this|that|our) (?:\w+ )?{_MOVE} (?:in|of) "
         rf"(.{{3,50}}?)"
         r"(?= from | between | in | over | last | this |\s*[?.!]|$)", r"why did \1 change"),
        (rf"\bof (?:the |those |all )?(?:people|customers|guests|clients|patients|members|buyers|shoppers) "
         rf"(?:who|that) .{{3,40}}? in"
         rf" (?P<first>{_M}),? (?:how many percent|how many|what (?:percentage|percent|share)|which (?:share"
         rf"|percentage)) .{{0,20}}?"
         rf"(?:back|again|return\w*|rebook\w*|reorder\w*).{{0,15}}? in (?P<then>{_M})\b", _came_back),
        (r"\bhow much (?:money |cash |budget )?(?:did|do|have|are|were) (?:we|i) (?:wast(?:e|ed|ing)|burn(?:ed|t"
         r"|ing)?|throw(?:n|ing)? away"
         r"|lo(?:se|st|sing)) on ((?:campaigns?|ads?|channels?|platforms?)) (?:with|whose|where)"
         r"(?: an?| the)? roas (?:is |was |of )?"
         r"(?=below|under|less)", r"spend and roas by \1 with roas "),
        (r"((?:which|what) (?:campaigns?|ads?|channels?|platforms?|ad groups?) (?:should|would|could|can|do) "
         r"(?:i|we|you)"
         r" (?:kill|cut|stop|pause|drop|axe|end|(?:switch|turn|shut) off)\b[^?]{0,40}?)[,;.?–-]*\s*"
         r"(?:and )?why\b(?: (?:that one|so))?",
         r"\1"),
        (r"\b(what (?:share|percentage|percent|proportion|portion) [^?]{5,80}?),? and (?:is|has|does) (?:it|that"
         r"|this)(?: been)?"
         r" (?:grow\w*|ris\w+|fall\w*|going (?:up|down)|shrink\w*|improv\w+|increas\w+|declin\w+"
         r"|getting \w+)", r"\1 by month"),
        # A thread goes on.
        (r"^(?:(?:so|and|ok|okay|now|then|well)[, ]+)*what (?:do|should|can|would) (?:i|we|you) (?:do|change|try)"
         r"(?: (?:now|then|next|about (?:it|that|this)|differently|with (?:it|that|this)))*\s*\??$",
         "where should we move budget?"),
        (r"^(?:(?:no|wait|sorry|ah|oh|oops|actually|hm)[,! ]+)*(?:i )?mean(?:t)? ([^?]+?),? "
         r"(?:and )?not [^?,]+$", r"\1"),
        (r"^(?:(?:no|wait|sorry|ah|oh|oops|actually|hm)[,! ]+)+(?:i )?mean(?:t)? (?=\S)", ""),
        (r"^((?:by|the|for|in|per) [\w ]{2,30}?),? i mean(?:t)?\s*[!,.:]\s*(?=\S)", r"\1, "),
        (r"^(?:(?:now|and|please|ok|can you|could you) )*(?:swap|replace|exchange|switch|trade) ([\w ]{2,30}?) "
         r"(?:for|with|by) "
         r"([\w ]{2,30}?)(?: please)?[.!?]*$", r"\2 instead of \1"),
        (rf"\b({_M}(?: 20\d\d)?) (?:instead of|rather than) (?:in )?{_M}\b", r"\1"),
        (r"\b(?:put|pop|place|slot|stick|throw) ([\w ]{2,30}?) (?:in |in there |into it )?(?:next to|beside"
         r"|alongside|besides|on top of)"
         r" (?:that|it|this|them|those)\b", r"add \1"),
        (r"\b(?:turn|make|put) (?:that|it|this|the)(?: last)?(?: one)? (?:in)?to (?=an? (?:\w+ )?(?:chart|graph"
         r"|table|plot))", "show it as "),
        (r"(\bas an? (?:\w+ )?(?:chart|graph|table|plot)) for (?:me|us)\b", r"\1"),
        (rf"^((?:and )?(?:vs|versus|against|compared (?:to|with))) last ({_M})\s*\??$", r"\1 the same month last year"),
    )
)  # fmt: skip


def plainly(text: str) -> str:
    """The text with each such turn in plain words.

    >>> plainly("Region-level AOV for june july and august"), plainly("drop anything that spent under $300")
    ('AOV by Region for june to august', 'only with spend at least $300')
    """
    for said, meant in PLAINLY:
        text = said.sub(meant, text)
    return text
