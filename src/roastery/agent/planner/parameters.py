"""Parameters in words: attribution models, windows, the day of credit, the currency."""

import re
from collections.abc import Sequence
from typing import Any

from roastery.agent.planner.patterns import pattern

_BESIDE = r"(?: (?:and|or|vs|versus|against|with|to|than|,|who was|the))+"
_TOUCHES = r"(?:touch|click|interaction)"
MODELS = {
    "first_touch": rf"first {_TOUCHES}|first(?={_BESIDE} last(?: {_TOUCHES}|$))"
    rf"|who(?: -)? was(?: -)? first|{pattern('credit_to_first')}",
    "last_non_direct": r"last non direct(?: touch| click| interaction)?",
    "last_touch": rf"last {_TOUCHES}|last(?={_BESIDE} first(?: {_TOUCHES}|$))|who(?: -)? was(?: -)? last"
    rf"|{pattern('credit_to_last')}",
    "linear": rf"linear|{pattern('credit_evenly')}",
    "time_decay": rf"time decay(?:ing)?|{pattern('credit_to_recent')}",
    "position_based": rf"position based|(?:u|you) shaped|ushaped|bathtub|40 20 40|{pattern('credit_to_ends')}",
    "w_shaped": r"w shaped|wshaped",
    "markov": r"markov(?: chain)?|data driven",
    "shapley": r"shapley(?: value)?",
}
_OF_TIME = (
    r"(?:(?:full |business |calendar |fiscal )?(?:days?|weeks?|weekends?|months?|quarters?|years?|half|night"
    r"|evening|spring"
    r"|summer|autumn|fall|winter|season|mon\w*|tue\w*|wed\w*|thu\w*|fri\w*|sat\w*|sun\w*|jan\w*|feb\w*|mar(?:ch)?"
    r"|apr\w*|may|june?|july?|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*|christmas|easter)|\d+|few|couple)"
)
"""After "last" or "first" it is a time: "and what was it last month" speaks of no touch."""
_TAIL = r"(?: (?:attribution|model|basis|attributed(?! (?:revenue|orders|sales))|attribution model))*"
_WINDOW = re.compile(
    r"(?<![^ ])(?:(?:with|on|in|using|under|and)? ?(?:a|an|the)? ?(?P<n>\d+) ?days? (?:(?:click|attribution|lookback"
    r"|look back"
    r"|conversion|touch) )*(?:window|lookback|look back|click window|attribution)"
    r"|(?:attribution |lookback |click )?window of (?P<m>\d+) days?|(?P<k>\d+) ?days? clicks?(?: through)?(?! rate)"
    r"|(?P<h>\d+)d (?:click|window|lookback|attribution)(?: window)?"
    r"|(?:looks?|looking|count|counting|going|go) (?:only )?(?:back )?(?P<b>\d+) days?(?: back)?"
    r" (?:from|before) (?:the|an?|each|every) (?:order|sale|purchase|conversion|booking|deal)"
    r"|(?:give|giving|gives|allow|allowing) (?:the |all |every )?(?:touches|clicks|contacts|ads) (?P<g>\d+) days?"
    r"|(?P<wn>\d+) weeks? (?:click |attribution )?(?:window|lookback|look back))(?![^ ])"
)
_OLDER = re.compile(
    r"(?<![^ ])(?:clicks|touches|anything|contacts|ads)(?: that (?:are|were|is))? older than (?P<n>\d+) days?"
    r"(?: (?:do|does|should|did) not count| (?:is|are) ignored| excluded| out)?(?![^ ])"
)
_VIEW = re.compile(
    r"(?<![^ ])(?P<n>\d+) ?(?:days?|d) view(?: through)?(?: window)?(?![^ ])"
    r"|(?<![^ ])view(?: through)?s?(?: \w+){0,3}? (?:of|for|within|at) (?P<m>\d+) days?(?![^ ])"
)
_TOUCH_DATE = re.compile(
    r"(?<![^ ])(?:(?:by|on|per|using|with) (?:the )?(?:touch|click|interaction) (?:date|day)|touch date"
    r"|date of (?:the )?touch|touch dated)(?![^ ])"
)
_CURRENCIES = {
    "EUR": r"eur|euros?",
    "USD": r"usd|us dollars?|dollars?|american dollars",
    "GBP": r"gbp|(?:british )?pounds?(?: sterling)?",
    "CAD": r"cad|canadian dollars?",
    "AUD": r"aud|australian dollars?",
    "CHF": r"chf|swiss francs?|francs?",
    "JPY": r"jpy|yen",
    "SEK": r"sek|swedish krona",
    "MXN": r"mxn|mexican pesos?",
    "NZD": r"nzd",
    "INR": r"inr|rupees?",
}
_CURRENCY = re.compile(
    r"(?<![^ ])(?:in|as|to|into|converted to) (?:"
    + "|".join(f"(?P<{code}>{said})" for code, said in _CURRENCIES.items())
    + r")(?![^ ])"
)


def parameters(words: Sequence[str]) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """What was asked, and the words that say it. `models` holds every model named; the first is `attribution_model`."""
    line = " ".join(words)
    found: dict[str, Any] = {}
    taken: list[tuple[int, int]] = []

    def take(start: int, text: str) -> None:
        first = len(line[:start].split())
        taken.append((first, first + len(text.split())))

    models: list[tuple[int, str]] = []
    ends = [m.span() for m in re.finditer(rf"(?<![^ ])(?:{pattern('credit_to_ends')})(?![^ ])", line)]
    for model, said in MODELS.items():
        if match := re.search(rf"(?<![^ ])(?:{said}){_TAIL}(?![^ ])(?! {_OF_TIME}(?![^ ]))", line):
            if model in ("first_touch", "last_touch") and any(a <= match.start() < b for a, b in ends):
                continue  # "The first and the last get most of it" is one model, not two.
            models.append((match.start(), model))
            take(match.start(), match[0])
            for again in re.finditer(rf"(?<![^ ])(?:{said}){_TAIL}(?![^ ])", line[match.end() :]):
                take(match.end() + again.start(), again[0])
            after = re.match(r" (?:, |with |and |a |an )*(?P<n>\d+) days?(?![^ ])", line[match.end() :])
            if after and not _WINDOW.search(line):
                found["attribution_window_days"] = int(after["n"])
                take(match.end() + 1, after[0])
    if models:
        named = tuple(model for _, model in sorted(models))
        found |= {"attribution_model": named[0], "models": named}
    if match := _WINDOW.search(line):
        days = next((n for n in match.group("n", "m", "h", "k", "b", "g") if n), None)
        found["attribution_window_days"] = int(days) if days else 7 * int(match["wn"])
        take(match.start(), match[0].strip())
    elif match := _OLDER.search(line):
        found["attribution_window_days"] = int(match["n"])
        take(match.start(), match[0])
    if match := _VIEW.search(line):
        found["view_window_days"] = int(match["n"] or match["m"])
        take(match.start(), match[0])
    if match := _TOUCH_DATE.search(line):
        found["attribution_date"] = "touch"
        take(match.start(), match[0])
    if match := _CURRENCY.search(line):
        found["currency"] = next(code for code in _CURRENCIES if match[code])
        take(match.start(), match[0])
    return found, taken
