"""Turns of phrase that would be misread, put in plain words before a question is read."""

import itertools
import re
from collections.abc import Callable

_TIME = (
    r"(?:last|this|the (?:week|month|quarter|year|one|day)|yesterday|q[1-4]|20\d\d|jan|feb|mar|apr|may|jun|jul|aug|sep"
    r"|oct|nov|dec)"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*"
_TH, _UNTIL = r"(?:st|nd|rd|th)?", r"(?:to|till|until|-|–|through)"
_DATED = rf"\d{{1,2}}{_TH}\.? ?(?:{_MONTH} ?)?{_UNTIL} ?\d|{_MONTH} \d{{1,2}}{_TH} ?{_UNTIL} ?"
_LENGTH = r"(?:weekend|weeks?|fortnight|days?|month|period|season|promo\w*|sale|holidays?)"
_STEP = r"(day|week|month|quarter)s"
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"


def _was_in(found: re.Match[str]) -> str:
    return f"{found[1]}was " if found[1] else f"{found[2]} was "


_FROM_TWO = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_DIGITS = {word: n for n, word in enumerate(_FROM_TWO, 2)} | {"fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50}


def _in_digits(found: re.Match[str]) -> str:
    return f"{_DIGITS[found[1].lower()]}k"


def _days_in_a_row(found: re.Match[str]) -> str:
    days = [int(n) for n in re.findall(r"\d+", found[0])]
    in_a_row = all(b == a + 1 for a, b in itertools.pairwise(days))
    return f"{days[0]} to {days[-1]} " if in_a_row else found[0]


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_RATED = r"(?:open|click|bounce|unsubscribe|opt[- ]?out|churn|win|renewal|return|no[- ]show)"


def _of_two_years(found: re.Match[str]) -> str:
    """ "apr 25 - mar 26" is a year from April 2025 where it is exactly one; else two days."""
    first, last = (_MONTHS.index(found[n][:3].lower()) for n in (1, 3))
    a_year = int(found[4]) == int(found[2]) + 1 and last == (first - 1) % 12
    return f"{found[1]} 20{found[2]} to {found[3]} 20{found[4]}" if a_year else found[0]


def _each_rate(found: re.Match[str]) -> str:
    """ "Open + click rate" are two rates."""
    said = re.findall(_RATED, found[0], re.IGNORECASE)
    return " and ".join(f"{word} rate" for word in said)


REWORDED: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(said, re.IGNORECASE), meant)
    for said, meant in (
        # What "different from September" holds a number against is no beginning of a period.
        (
            r"\b(differ(?:s|ed|ent)?|deviate[sd]?) from\b(?: (?:that|those|the ones?) (?:of|in|from)\b"
            rf"|(?= {_TIME}))",
            r"\1 than",
        ),
        # A slip of many: "more then 90".
        (
            r"\b(more|less|fewer|higher|lower|bigger|smaller|better|worse|cheaper|greater|rather|other) then\b(?! ,)",
            r"\1 than",
        ),
        # An order whose date "fell in" a month has not fallen; "twelve months earlier" is the same month a year before.
        (
            r"\b(whose (?:\w+ ){1,4}?)(?:fell|falls|fall) (?=(?:in|on|between|within|into|during) )"
            r"|\b(that|which) falls? (?=(?:in|on|between|within|into|during) )",
            _was_in,
        ),
        (r"\b(?:twelve|12) months (earlier|before|prior|previously)\b", r"one year \1"),
        # How it went "over the weeks" is asked by week.
        (rf"\b(?:over|across) the {_STEP}\b", r"by \1"),
        (rf"\b(show|give)( me| us)? the {_STEP}$", r"\1\2 it by \3"),
        (rf"\b(last|past|previous) (\w+) {_STEP},? each(?=\s*(?:[?.!,;]|$))", r"\1 \2 \3s by \3"),
        (
            rf"\b(?:the )?(\w+) {_STEP} (?:ahead(?: of us)?|to come|from (?:now|here)(?: on)?|that lie ahead)\b",
            r"next \1 \2s",
        ),
        (rf"\b(\d+|two|three|four|six) {_STEP} out(?=\s*(?:[?.!,;]|$))", r"next \1 \2s"),
        (r"\b(\d+(?:\.\d+)?)\s?(?:thousand|grand|thou)\b", r"\1k"),
        (
            r"\b(two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|fifty) (?:thousand|grand)\b",
            _in_digits,
        ),
        (r"\b(\d+(?:\.\d+)?)\s?(?:million|mio|mil)\b", r"\1m"),
        (
            r"\b(under|below|over|above) (?:the |our |a |its )?(?:target|goal|plan|benchmark)(?: of)? (?=[$€£]?\d)",
            r"\1 ",
        ),
        # "May I ask" is no month; "less then" a slip; "1.200 €" is written so where the comma parts cents.
        (r"\bmay (?=(?:i|we|you)\b)", "can "),
        (r"\b(less|more|fewer|better|worse|higher|lower|cheaper|bigger|smaller|rather) then\b", r"\1 than"),
        (r"(?<![\d.,])(\d{1,3})\.(\d{3})(?=\s?(?:€|eur\b|euros?\b))", r"\1\2"),
        (r"((?:€|\beur)\s?\d{1,3})\.(\d{3})(?!\d)", r"\1\2"),
        (r"\b(the|this|last|past|previous|that|next) fortnight\b", r"\1 two weeks"),
        (
            rf"\bthe (?:whole|entire|full)(?: month| quarter| year| week)? of (?=the (?:month|quarter|year|week)\b"
            rf"|{_TIME})",
            "",
        ),
        (
            r"\b(the (?:(?:two|three|four|\d+) )?\w+) (?:directly|right|immediately|just|straight) before\b",
            r"\1 before",
        ),
        (r"\bfri(?:day)?s?(?: ?[-–—] ?| (?:to|through|thru|until|till) )sun(?:day)?s?\b", "weekend"),
        (r"\b(the weekend) before that\b", r"\1 before"),
        (r"\blast year,? (?:in |during )?the same (quarter|month|week|period)\b", r"the same \1 last year"),
        (
            r"\bhow (?:is|was|are|were) (?:it|that|this|they) (?:to|against|with)\b",
            "compared to",
        ),
        # Idioms of moving, and a time that is told by its dates: "the promo weeks (5 to 18 May)".
        (
            r"\b(?:went|go|goes|gone|going) (?:right |straight |all )?(?:through the floor|off a cliff|downhill|to zero"
            r"|down the (?:drain|tubes|toilet)|to pieces|to the dogs)"
            r"|\b(?:took|take|takes|taken|taking) (?:a|quite a) (?:\w+ )?(?:nosedive|dive|tumble|plunge|beating"
            r"|dip|slide)",
            "fell",
        ),
        (r"\b(?:make|makes|made|making) up\b(?= (?:of|for|what|\d)|\s*[?.!,]|$)", "stand for"),
        (
            r"\b(\d+|two|three|four|five|six|seven|eight|nine|ten) (?:best|top|strongest|worst)[ -]?sellers\b",
            r"top \1 products",
        ),
        (
            r"\b(?:this|the|that|our|last)(?: (?!(?:of|in|by|vs|and|to|from|than|before)\b)[\w'’-]+){0,3} "
            rf"{_LENGTH} ?\((?=(?:{_DATED})[^()]*\))([^()]*)\)",
            r"\1",
        ),
        (
            rf"\(\d+{_TH} ?{_UNTIL} ?\d+{_TH},? (?:both|each)(?: times| month| of them)?\)",
            "",
        ),
        (r"\bwhat(?:'s|s| is) an order (?:for|to|with) (?:you|us)\b", "how are orders counted"),
        (r"\bout(sell|sold)(?:s|ing)?\b", r"\1 more than"),
        (
            r"\b(up|down|more|less|better|worse|higher|lower|ahead|behind) (?:on|of|from) (?=(?:last|a"
            r"|the (?:last|previous|prior)) (?:year|month|quarter|week)\b)",
            r"\1 than ",
        ),
        (
            r"\bbefore (?:the|this) (year|month|quarter|week) (?:is (?:over|out|up|done)|ends|runs out|closes)\b",
            r"by the end of the \1",
        ),
        # "Since we launched it on 14 May" is since that day; "9, 10 and 11 May" one stretch of days.
        (
            r"\bsince (?:we|they|it|i|you|our|the|its)(?: [\w'’]+){1,5}? (?:on|in) "
            rf"(?=(?:the )?\d{{1,2}}{_TH}\b|{_MONTH}\b)",
            "since ",
        ),
        (
            rf"\b(\d{{1,2}}){_TH}((?:, \d{{1,2}}{_TH})+),? (?:and|&) (\d{{1,2}}){_TH} (?:of )?(?={_MONTH}\b)",
            _days_in_a_row,
        ),
        (r"\b(?:in )?(?:a|one|1) (year|month|quarter) from now\b(?! on)", r"over the next \1"),
        (
            r"\b((?:what|how much) (?:did|does|do|has|have|had) (?:it|they|that|this|these|those))"
            r" (?:bring|earn|return|yield)\b(?! (?:in|us|home|back|to|for|more|less)\b)",
            r"\1 bring in",
        ),
        # A weekday before its date, a month "onwards", months one of which is "or", touches "within" a window.
        (
            rf"\b{_WEEKDAY}\.?,? (?=(?:the )?\d{{1,2}}{_TH}\.? ?(?:(?:of )?{_MONTH}\b|{_UNTIL} ?(?:{_WEEKDAY}\b|\d)))",
            "",
        ),
        (
            r"\b(?:(?:starting )?from |since |as of )?"
            rf"((?:\d{{1,2}}{_TH} (?:of )?)?{_MONTH}(?: \d{{1,2}}{_TH})?(?:,? 20\d\d)?|20\d\d) (?:and )?onwards?\b",
            r"since \1",
        ),
        (rf"\b({_MONTH}, (?:in )?{_MONTH},?) or (?=(?:in )?{_MONTH}\b)", r"\1 and "),
        (r"\b((?:touch|click|contact)(?:es|s)?) within (?:the )?(?:last )?(\d+) days?\b", r"\1, \2 days window,"),
        (rf"\b(?:the )?weekend (?:of |from |around )?(?={_MONTH} \d{{1,2}}{_TH} ?(?:-|–|/|and|to) ?\d)", ""),
        # Where something "is in 90 days" is still to come.
        (
            r"\b((?:where|what|how many|how much)(?: \S+){0,3} (?:is|are|will|would) .{2,60}?) in "
            rf"(\d+|two|three|four|six) {_STEP}"
            r"(?=\s*(?:[?.!,;]|$))",
            r"\1 over the next \2 \3s, forecast",
        ),
        # Money that is freed for something is there to be placed; what is "put down to" a name came from it.
        (r"\bfree(?:d|s|ing)? up (?=(?:another |some |about )?[$€£]?\d\S*(?: \w+)? (?:for|to)\b)", "place additional "),
        (r"\b(?:can|could|do|did|may) (?:we|i|you) (?:put|chalk) (?:it )?(?:down|up) to\b", "came from"),
        (
            r"\bhow (?:big|large|deep) (?:a |an |of a )?(?:bite|chunk|slice|dent|hole) (?:did|do|does|have|has)"
            r" (.{3,30}?)"
            r" (?:take|taken|make|made|eat|eaten|leave|left) (?:out of|from|of|in|into)\b",
            r"what percent is \1 of",
        ),
        (r"\b(web|online|phone|counter|store|pos) (?:orders|sales|purchases) only(?=\s*[:,–-])", r"\1 only"),
        # Superlatives of feeling, and idioms of being low or slow.
        (r"\b(?:fat|juici|beefi|meati|chunki|plump)(?:t?est)\b", "highest"),
        (r"\b(?:junki|lousi|crappi|sloppi|shabbi|ropi|trashi)est\b", "worst"),
        (
            r"\b(is|was|are|were|been) (?:in|down) the (?:toilet|gutter|basement|dumps?|tank|cellar|doldrums)\b",
            r"\1 down",
        ),
        (r"\bnext to (nothing|none|no(?:body| one)?)\b", r"hardly \1"),
        (r"\b(wait(?:ed|ing|s)?|took|takes?|taking) (?:for )?ages\b", r"\1 long"),
        (r"\bmake of (?=that|this|it|these|those|them)", "think of "),
        # One word for two rates; years told by two digits; a week or a part of a month told by its days.
        (rf"\b{_RATED}(?:, {_RATED})*,? ?(?:and|&|\+|/) ?{_RATED}[- ]rates?\b", _each_rate),
        (rf"\b({_MONTH})\.? (2\d) ?(?:to|till|until|through|thru|-|–) ?({_MONTH})\.? (2\d)\b(?! ?20)", _of_two_years),
        (
            r"\b(?:the |our |this |last |previous )*(?:fin|financial|fiscal|business) (?:year|yr) ?"
            rf"\((?={_MONTH} \d)([^()]*)\)",
            r"\1",
        ),
        (rf"\b(?:early|mid|late)[- ]({_MONTH}) \((\d{{1,2}}){_TH}\)", r"\2 \1"),
        (
            rf"\b(?:the )?(?:last|first|second|third) (?:wk|week|days|weekend) (?:of|in) ({_MONTH}),? "
            rf"\((\d{{1,2}}){_TH} ?(?:to|till|until|through|thru|-|–) ?([^()]*)\)",
            r"\1 \2 to \3",
        ),
        (
            r"\b((?:more|less|fewer) than|over|under|above|below|at least"
            r"|at most) (\d+(?:\.\d+)? ?%) of (?:the |our |their |all )*"
            r"(?:units|items|pieces|products|goods|orders) (?:coming|sent|going|being sent|come|came|returned"
            r"|being returned)"
            r"(?: back)?\b",
            r"return rate \1 \2",
        ),
        (r"\bi\.e\.,?\s", "meaning "),
        (r"\be\.g\.,?\s", "for example "),
    )
)


def reworded(text: str) -> str:
    """The text with each turn of phrase in the words that it stands for.

    >>> reworded("less then 1.200 € (the whole of May)")
    'less than 1200 € (May)'
    """
    for said, meant in REWORDED:
        text = said.sub(meant, text)
    return text
