"""Words that claim something: directions, ranks, multiples, shares, causes. Each needs a computed fact (law 1)."""

import re
from decimal import Decimal

UP = frozenset(
    ["rose", "rise", "rises", "risen", "rising", "raised", "increased", "increase", "increases", "increasing", "grew", "grow", "grows", "grown", "growing", "growth", "up", "higher", "gained", "gain", "gains", "climbed", "climb", "climbs", "climbing", "jumped", "jump", "jumps", "surged", "surge", "surges", "soared", "soar", "more", "greater", "larger", "bigger", "added", "adds", "advanced", "rebounded", "recovered", "accelerated", "expanded", "exceeded", "exceeds", "exceed", "above", "upward", "uptick", "uplift", "upswing", "spiked", "spike", "ahead", "strengthened", "boosted", "boost", "lifted"]
)
DOWN = frozenset(
    ["fell", "fall", "falls", "fallen", "falling", "dropped", "drop", "drops", "dropping", "declined", "decline", "declines", "declining", "decreased", "decrease", "decreases", "decreasing", "down", "lower", "lost", "loses", "losing", "slipped", "slip", "slips", "slid", "slumped", "slump", "plunged", "plunge", "plummeted", "shrank", "shrink", "shrunk", "shrinking", "dipped", "dip", "dips", "less", "fewer", "smaller", "reduced", "reduction", "contracted", "eased", "slowed", "below", "downward", "downturn", "collapsed", "crashed", "sank", "sunk", "tumbled", "trailed", "trails", "behind", "weakened"]
)
FLAT = frozenset(["flat", "unchanged", "stable", "steady", "constant", "level", "stagnant", "static"])
BETTER = frozenset(["improved", "improve", "improves", "improving", "improvement", "better"])
WORSE = frozenset(["worsened", "worsen", "worsens", "worsening", "deteriorated", "deteriorate", "worse"])

HIGHEST = frozenset(
    ["highest", "largest", "biggest", "most", "top", "leading", "led", "leads", "leader", "greatest", "maximum", "peak", "peaked", "first", "strongest"]
)
LOWEST = frozenset(["lowest", "smallest", "least", "minimum", "cheapest", "fewest", "weakest", "last", "bottom", "trough"])
BEST = frozenset(
    ["best", "outperformed", "outperforms", "outperforming", "beat", "beats", "beating", "won", "winner", "wins", "dominated", "dominates"]
)
WORST = frozenset(["worst", "underperformed", "underperforms", "underperforming", "poorest", "lagged", "lags", "laggard"])

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
CAUSES = re.compile(
    r"(?<![^ ])(?:because(?: of)?|due to|caused?(?: by)?|causing|thanks to|as a result|results? of|resulted (?:in|from)|led to|leading to"
    r"|driven by|drove|drives|driving|owing to|attributable to|stem(?:s|med) from|explained by|responsible for|impact of|thereby|hence)(?![^ ])"
)
EFFECT_KINDS = frozenset({"effect", "share", "change", "difference"})
FUTURE = re.compile(
    r"(?<![^ ])(?:will(?! not be)|is (?:going|set|expected|likely|projected) to|are (?:going|set|expected|likely|projected) to|forecast\w*|predict\w*|projected|next (?:week|month|quarter|year))(?![^ ])"
)
STATISTICAL = re.compile(
    r"(?<![^ ])(?:statistically|significan(?:t|tly|ce)|insignificant\w*|confidence|probab(?:ly|le|ility)|correlat\w+)(?![^ ])"
)
UNIVERSAL = re.compile(
    r"(?<![^ ])(?:all|every|each|none|neither|both|nobody|everything|always|never|no (?:platform|channel|campaign|other)|across the board|only)(?![^ ])"
)
VAGUE_NUMBERS = frozenset(
    ["dozen", "dozens", "hundred", "hundreds", "thousand", "thousands", "million", "millions", "billion", "billions", "percent", "percentage", "fifth", "tenth", "several", "couple", "few", "many", "numerous", "single", "sole", "zero", "nil"]
)
"""Words of quantity that stand for a number; `zero` and `single` too."""
EARLIER = re.compile(
    r"(?<![^ ])(?:before|earlier|previous(?:ly)?|prior|preceding|ago|last year|year before|against|versus|vs|compared (?:to|with)|from|than)(?![^ ])"
)
LATER_FORBIDS = re.compile(
    r"(?<![^ ])(?:from|against|versus|vs|compared (?:to|with)|than|up on|down on)(?: an?| the| its| their| total| overall| previous| prior| earlier| \w+){0,3} $"
)
OVERALL = re.compile(
    r"(?<![^ ])(?:overall|total|totals|totalled|totaled|together|combined|blended|altogether|in all|as a whole|sum|account wide)(?![^ ])"
)
LINKS = re.compile(r"https?:|www\.|\]\(|<[!@#a-z/]|javascript:|!\[", re.IGNORECASE)
