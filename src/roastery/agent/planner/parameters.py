"""Parameters in words: attribution models, windows, the day of credit, the currency."""

import re
from collections.abc import Sequence
from typing import Any

MODELS = {
    "first_touch": r"first (?:touch|click|interaction)|(?:all (?:of )?)?(?:the )?credit (?:goes |going |go |is given )?to (?:the first|whatever (?:\w+ ){0,3}first|whoever (?:\w+ ){0,3}first|what came first)(?: \w+){0,2}?(?= ,|$| \?)|(?:all (?:of )?)?(?:the )?credit (?:goes |going |go )?to (?:what|whatever|whoever)(?: \S+){1,6}? (?:very )?first time",
    "last_non_direct": r"last non direct(?: touch| click| interaction)?",
    "last_touch": r"last (?:touch|click|interaction)|only the last (?:thing|ad|step|contact)(?: \S+){0,4}? counts?|(?:all (?:of )?)?(?:the )?credit (?:goes |going |go |is given )?to (?:the |whatever (?:\w+ ){0,3})last(?: (?:thing|ad|step|contact|touchpoint))?",
    "linear": r"linear|(?:credit|revenue|it) (?:is |be |was )?(?:spread|shared|split|divided) (?:evenly|equally)|(?:every|each|all) (?:step|touch|touchpoint|contact|channel|stop)s?(?: \S+){0,4}? (?:the )?(?:same|equal) (?:credit|share|weight)|equal (?:credit|weight|share)s?(?: (?:to|for) (?:every|each|all)(?: \w+){0,2})?",
    "time_decay": r"time decay(?:ing)?|(?:more|most|extra|higher) (?:weight|credit) (?:to|on|for) (?:the )?(?:recent|later|latest|newer)(?: \w+)?",
    "position_based": r"(?:first and last|last and first)(?: \w+)? (?:\w+ ){0,2}?(?:more|most|extra|higher)(?: (?:than|weight|credit)(?: \S+){0,3}? middle)?|(?:more|most|extra) (?:weight|credit) (?:to|on|for) (?:the )?first and (?:the )?last|position based|u shaped|ushaped|bathtub",
    "w_shaped": r"w shaped|wshaped",
    "markov": r"markov(?: chain)?|data driven",
    "shapley": r"shapley(?: value)?",
}
_TAIL = r"(?: (?:attribution|model|basis|attributed(?! (?:revenue|orders|sales))|attribution model))*"
_WINDOW = re.compile(
    r"(?<![^ ])(?:(?:with|on|in|using|under|and)? ?(?:a|an|the)? ?(?P<n>\d+) ?days? (?:(?:click|attribution|lookback"
    r"|look back"
    r"|conversion|touch) )*(?:window|lookback|look back|click window|attribution)"
    r"|(?:attribution |lookback |click )?window of (?P<m>\d+) days?|(?P<k>\d+) ?days? clicks?(?: through)?(?! rate)"
    r"|(?P<h>\d+)d (?:click|window|lookback|attribution)(?: window)?)(?![^ ])"
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
    for model, said in MODELS.items():
        if match := re.search(rf"(?<![^ ])(?:{said}){_TAIL}(?![^ ])", line):
            models.append((match.start(), model))
            take(match.start(), match[0])
            after = re.match(r" (?:, |with |and |a |an )*(?P<n>\d+) days?(?![^ ])", line[match.end() :])
            if after and not _WINDOW.search(line):
                found["attribution_window_days"] = int(after["n"])
                take(match.end() + 1, after[0])
    if models:
        named = tuple(model for _, model in sorted(models))
        found |= {"attribution_model": named[0], "models": named}
    if match := _WINDOW.search(line):
        found["attribution_window_days"] = int(next(n for n in match.group("n", "m", "h", "k") if n))
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
