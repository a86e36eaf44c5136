"""Words that claim something: directions, ranks, multiples, shares, causes. Each needs a computed fact (law 1)."""

import re
from decimal import Decimal

from roastery.agent.planner.lists import word_set
from roastery.agent.planner.patterns import words_of

UP = word_set("says_up")
DOWN = word_set("says_down")
FLAT = word_set("says_flat")
BETTER = word_set("says_better")
WORSE = word_set("says_worse")

HIGHEST = word_set("says_highest")
LOWEST = word_set("says_lowest")
BEST = word_set("says_best")
WORST = word_set("says_worst")

TIMES: dict[str, tuple[Decimal, Decimal]] = {
    **dict.fromkeys(
        ("doubled", "doubling", "double", "doubles", "twice", "twofold"), (Decimal("1.9"), Decimal("2.15"))
    ),
    **dict.fromkeys(
        ("tripled", "tripling", "triple", "triples", "thrice", "threefold", "trebled"),
        (Decimal("2.85"), Decimal("3.2")),
    ),
    **dict.fromkeys(("quadrupled", "quadruple", "fourfold"), (Decimal("3.8"), Decimal("4.25"))),
    **dict.fromkeys(("halved", "halving", "halves"), (Decimal("0.45"), Decimal("0.55"))),
    **dict.fromkeys(("tenfold",), (Decimal("9.5"), Decimal("10.5"))),
}
"""A word that says how many times, and the multiples (now / before, or a / b) that it may be said of."""

SHARES: tuple[tuple[re.Pattern[str], Decimal, Decimal], ...] = tuple(
    (re.compile(rf"(?<![^ ])(?:{pattern})(?![^ ])"), Decimal(low), Decimal(high))
    for pattern, low, high in (
        (r"(?:2|two) thirds", "0.63", "0.70"),
        (r"(?:3|three) quarters", "0.72", "0.78"),
        (r"(?:a|1|one) third(?! party)", "0.30", "0.36"),
        (r"(?:a|1|one) quarter of", "0.22", "0.28"),
        (r"(?:a|1|one) fifth", "0.18", "0.22"),
        (r"(?:a|1|one) tenth", "0.08", "0.12"),
        (r"half", "0.45", "0.55"),
        (r"majority|bulk|most of|mostly|mainly|predominantly|lion share", "0.5", "1"),
        (r"minority", "0", "0.5"),
        (r"(?:almost|nearly|virtually|practically) (?:all|everything|entirely)", "0.9", "1"),
    )
)
CAUSES = words_of("says_causes")
FUTURE = words_of("says_future")
STATISTICAL = words_of("says_statistical")
UNIVERSAL = words_of("says_universal")
VAGUE_NUMBERS = word_set("says_vague_numbers")
"""Words of quantity that stand for a number; `zero` and `single` too."""
EARLIER = words_of("says_earlier")
LATER_FORBIDS = re.compile(
    r"(?<![^ ])(?:from|against|versus|vs|compared (?:to|with)|than|up on|down on)(?: \w+){0,3} $"
)
OVERALL = words_of("says_overall")
LINKS = re.compile(r"https?:|www\.|\]\(|<[!@#a-z/]|javascript:|!\[", re.IGNORECASE)
