"""What a customer is worth: so far, in the first year, or still to come, by the tense and the time that are said.

Three things make such a question: who (customers, told by how or when they were won, or one of them), what they do
for us (spend, bring, pay, be worth), and when: "so far" and the perfect tense ask for the value to date, "in their
first year" for that of twelve months, "will" for a forecast. Without being told when they were won or that one is
meant, money that customers spend is plain revenue: "how much will customers spend in May".
"""

import re
from collections.abc import Iterator

from roastery.agent.planner.concepts import STOPS, Composed, Part, Said

_WHO = (
    r"(?:customers?|clients?|patients?|guests?|buyers?|shoppers?|diners?|members?|subscribers?|people|persons?|folks"
    r"|someone|somebody|everyone|everybody|ones|one|those|they|them|cohorts?|intakes?|newcomers?)"
)
WHO = (
    rf"(?:(?:new|average|typical|newly won|newly acquired|first time) )*{_WHO}"
    r"(?! (?:segments?|types?|stages?|acquisition))"
)
WON = (
    r"(?:(?:(?:who|that|whom|we|they|were|had|have|has|newly|all|i) )*"
    r"(?:won|acquired|gained|landed|signed(?: up| on)?|sign|joined|joining|started|taken on|took on|recruited"
    r"|came(?: in| to us| on board| aboard)?(?! back)|(?<=we )got"
    r"|first (?:bought|ordered|purchased|booked|came|visited|shopped)"
    r"|(?:bought|ordered|purchased|booked|came) (?:from us )?(?:for the first time|first)"
    r"|became (?:an? |our )?(?:customers?|clients?|members?|patients?))"
    r"|(?<!by )(?:intakes?|cohorts?)(?! by)|first (?:ever )?(?:purchase|order|booking|visit|sale)s?"
    r"(?: (?:fell|was|were|happened|came))?)"
)
GIVES = (
    r"(?:worth|valuable|spen[dt]s?|spending|brought(?: us)?(?: in)?|bring(?:s|ing)?(?: us)?(?: in)?"
    r"|pa(?:id|y|ys|ying)(?: us)?|earn(?:s|ed)?(?: us)?|generate[ds]?"
    r"|left with us|leaves? with us|given us|made us|(?:life ?time )?value(?! for))"
)
HAD_FROM = (
    r"(?:earn(?:ed)?|had|made?|get|got|taken|taking|received?|expect)"
    r"(?=(?: \S+){0,5}? (?:from|out of|off|with)(?![^ ]))"
)
"""What we do with them: "earn from a client"; the other verbs are theirs."""
COST_OF_WINNING = (
    r"(?:what|than|as much as) (?:\S+ ){0,2}?(?:we|it|they|he|she) (?:have |has |had )?"
    r"(?:paid|pay|spent|spend|costs?(?: us)?)"
    r"(?: (?:to (?:get|win|acquire|land|gain|bring in)|for|on))?(?: (?:them|him|her|one|these|those))?"
)
ONE = (
    r"(?:per (?:head|customer|client|patient|guest|person|member|capita|buyer)|apiece|each|on (?:average|avg)"
    r"|average|avg|typical|someone|somebody"
    r"|(?:an?|one|1|every|single) (?:\w+ ){0,2}"
    r"(?:customer|client|patient|guest|buyer|shopper|member|subscriber|person|diner|one))"
)
SO_FAR = (
    r"(?:so far|to date|(?:until|till|up to|up until) (?:now|today)|by now|as of (?:now|today)|to this day"
    r"|ha(?:s|ve)(?=(?: (?!to )\S+){0,12}? (?:spent|brought|paid|been worth|earned|generated|left|given|had)(?![^ ]))"
    r"|already)"
)
FIRST_YEAR = (
    r"(?:(?:in|within|during|over|after|for) )?(?:(?:their|the|his|her|its|your) )?first "
    r"(?:year|(?:12|365) (?:months|days))|(?:after|within) (?:a|one|1|12) (?:full )?(?:year|months)"
    r"|(?:12|1|one) (?:month|year)s?(?= (?:value|worth|spend|revenue))"
)
AHEAD = (
    r"(?:will|would|going to|expect\w*|predict\w*|project(?:s|ed|ion)?|forecast\w*|likely|eventually|ultimately|future"
    r"|in the long (?:run|term)|long (?:run|term)|down the (?:road|line)|ends? up|over (?:time|the years)|some ?day"
    r"|(?:over|in|within|for) the (?:next|coming))"
)
_OURS = frozenset({"we", "i"})
_HELPING = frozenset(
    {"have", "has", "had", "did", "do", "does", "be", "been", "will", "would", "really", "actually", "ever"}
)


def _whole(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^ ])(?:{text})(?![^ ])")


_PATTERNS = {
    name: _whole(text)
    for name, text in (
        ("who", WHO),
        ("won", WON),
        ("gives", GIVES),
        ("had_from", HAD_FROM),
        ("one", ONE),
        ("cost", COST_OF_WINNING),
        ("so_far", SO_FAR),
        ("first_year", FIRST_YEAR),
        ("ahead", AHEAD),
    )
}
WIDEST = 16
"""Words between who it is and what they do."""


def looks_back(line: str) -> bool:
    """Whether a worth is asked that is known: "so far", and nothing of the future."""
    return bool(_PATTERNS["so_far"].search(line) or _PATTERNS["first_year"].search(line)) and not looks_ahead(line)


def looks_ahead(line: str) -> bool:
    return bool(_PATTERNS["ahead"].search(line))


def worth_to_come(said: Said) -> bool:
    """Whether it is asked what customers of a kind, or one of them, will bring: "a client that we sign today"."""
    return looks_ahead(said.line) and bool(_who_gives(said))


def worths(said: Said) -> Iterator[Composed]:
    """ "What have those we won in May spent so far", "worth of one in the first year", "worth what we paid for"."""
    for cost in said.found("cost", _PATTERNS["cost"]):
        parts = tuple(p for p in _who_gives(said) if p.end <= cost.start or p.start >= cost.end)
        gives = [p for p in parts if p.concept in ("gives", "had_from")]
        if any(p.concept == "who" for p in parts) and gives and gives[0].end <= cost.start <= gives[0].end + 8:
            yield Composed("ltv_cac_ratio", _apart((*parts, cost)))
            return
    if looks_ahead(said.line):
        return
    for name, metric in (("first_year", "ltv_12m"), ("so_far", "ltv")):
        when = tuple(said.found(name, _PATTERNS[name]))
        parts = _who_gives(said, first_year=name == "first_year") if when else ()
        if parts:
            yield Composed(metric, _apart((*parts, *when)))
            return


def _who_gives(said: Said, first_year: bool = False) -> tuple[Part, ...]:
    """The words of who it is and what they do for us, where it is told when they were won or that one is meant."""
    whos, wons = list(said.found("who", _PATTERNS["who"])), list(said.found("won", _PATTERNS["won"]))
    ones = list(said.found("one", _PATTERNS["one"]))
    if not whos or not (wons or ones or first_year):
        return ()
    gives = [g for g in said.found("gives", _PATTERNS["gives"]) if not _is_ours(said, g)]
    gives += list(said.found("had_from", _PATTERNS["had_from"]))
    for give in gives:
        for who in whos:
            if _together(said, who, give) and (
                who.end <= give.start or give.concept == "had_from" or _is_state(said, give)
            ):
                return (who, give, *(p for p in (*wons, *ones) if _together(said, p, give) or _together(said, p, who)))
    return ()


def _is_state(said: Said, give: Part) -> bool:
    """ "The value of a customer": may stand before whom it is of."""
    return said.words[give.start] in ("worth", "value", "valuable")


def _is_ours(said: Said, give: Part) -> bool:
    """ "We spent": our money, not theirs."""
    at = give.start - 1
    while at >= 0 and said.words[at] in _HELPING:
        at -= 1
    return at >= 0 and said.words[at] in _OURS


def _together(said: Said, a: Part, b: Part) -> bool:
    first, last = (a, b) if a.start <= b.start else (b, a)
    between = said.words[first.end : last.start]
    return last.start - first.end <= WIDEST and STOPS.isdisjoint(between)


def _apart(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Parts without those that lie inside another."""
    widest: list[Part] = []
    for part in sorted(parts, key=lambda p: (p.start, -p.end)):
        if not widest or part.end > widest[-1].end:
            widest.append(part)
    return tuple(widest)
