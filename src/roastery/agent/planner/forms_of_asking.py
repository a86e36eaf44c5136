"""How a metric is asked: as a share, a count, a ratio, a price, a length of time, or by what is left after costs."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from roastery.agent.planner.concepts import Composed, Part, Said
from roastery.agent.planner.lists import word_set
from roastery.agent.planner.worth import worths

ONE = word_set("composing_one")
SMALL = ONE | word_set("composing_small")
"""Words between the parts of a metric that say nothing of their own."""
OF_THEM = (["of", "them"], ["of", "those"], ["of", "these"])
TOPIC = frozenset({":", ",", "-", "what", "which"})
"""Between a thing and the share that is asked of it: "Lee's quotes: what share got a yes"."""
RANKING = word_set("ranking_prices")
SPLITTING = frozenset({"which", "by", "per", "each", "every"})
"""After these a thing is what is listed or split by, not what a share is of."""
EACH = frozenset({"which", "each", "every"})
"""Of these, those that may stand before what is counted one by one: "how often was each creative shown"."""
WITHIN = frozenset(["of", "that", "who", "were", "are", "which", "the", "have", "has", "had", "been"])
"""Words between a thing and what became of it where the rate stands behind: "leads that booked rate"."""
STRONG = RANKING | word_set("price_words")


def _pairs(said: Said, entry: Mapping[str, Any], most: int) -> Iterator[tuple[Part, Part]]:
    """A thing and what became of it: "leads … booked", "missed appointments"."""
    for a in said.of(entry["of"]):
        keeps = a.concept in entry.get("keeps", ())
        if not keeps and said.before(a) in (SPLITTING - EACH if entry.get("one_by_one") else SPLITTING):
            continue
        for b in said.of(entry["did"]):
            if said.near(a, b, most) or said.near(b, a, 1) or (said.near(b, a, 3) and _only_small(said, b, a)):
                yield a, b


def _only_small(said: Said, a: Part, b: Part) -> bool:
    """ "Tapped on our ads"."""
    return SMALL.issuperset(said.words[a.end : b.start])


def shares(said: Said) -> Iterator[Composed]:
    """ "What share of A did B", "of A, how many percent did B", "A that did B, in percent", "how often A did B"."""
    found: list[tuple[int, Composed]] = []
    counts = said.of(("count",))
    asking = (
        ("rate", said.of(("share",))),
        ("rate", [p for p in said.of(("rate",)) if said.before(p) not in ("the", "a", "any")]),
        ("rate", [p for p in counts if said.words[p.start : p.end] == ["how", "many"]]),
        ("often", [p for p in counts if said.words[p.start : p.end] == ["how", "often"]]),
        ("rate", said.of(("as_rate",))),
        ("few", said.of(("so_few",))),
        ("which", said.of(("which",))),
    )
    for n, entry in said.fitting("pairs") if any(marks for _, marks in asking) else ():
        for key, marks in asking:
            metric = entry.get(key)
            for a, b in _pairs(said, entry, 14) if metric and marks else ():
                first, last = min(a, b, key=lambda p: p.start), max(a, b, key=lambda p: p.start)
                close = WITHIN.issuperset(said.words[first.end : last.start])
                for s in marks:
                    wide = last.start - first.end > 9
                    reach = 4 if s.concept == "share" else 2
                    counted = s.concept == "count" and said.words[s.end - 1] == "many"
                    ahead = s.concept != "rate" and not counted and not wide and said.near(s, first, 5)
                    of = {said.before(first, k) for k in (1, 2, 3, 4)} & {"of", "among", "from"}
                    of = of or said.words[s.end : s.end + 2] in OF_THEM
                    of = of or (s.end <= last.start and TOPIC.issuperset(said.words[first.end : s.start]))
                    within = s.concept != "rate" and of and said.near(first, s, 12) and said.near(s, last, 5)
                    behind = (
                        not wide
                        and said.near(last, s, reach)
                        and s.concept != "count"
                        and (s.concept != "rate" or close)
                    )
                    if s.concept == "as_rate" or (s.concept in ("so_few", "which") and ahead):
                        parts = (b,) if s.concept == "which" else (s, b) if s.start > last.end + 6 else (s, a, b)
                        found.append((20 + n, Composed(metric, parts)))
                    elif s.concept not in ("so_few", "which") and (ahead or within or behind):
                        width = max(s.end, last.end) - min(s.start, first.start)
                        hundred = [p for p in said.of(("share",)) if "100" in said.words[p.start : p.end]]
                        also = [p for p in said.of(entry.get("also", ())) if near_both(said, (a, b), p)]
                        found.append((width + n, Composed(metric, (s, a, b, *hundred, *also))))
    yield from (c for _, c in sorted(found, key=lambda f: f[0]))
    for _, entry in said.fitting("unary"):
        for b in said.of(entry["did"]):
            for s in said.of(("share",)):
                if said.near(s, b, 4) or said.near(b, s, 2):
                    beside = [p for p in said.of(entry.get("with", ())) if said.near(b, p, 5) or said.near(p, b, 5)]
                    yield Composed(entry["rate"], tuple(p for p in (s, b, *beside[:1]) if not _inside(p, (s, b))))


def near_both(said: Said, parts: Sequence[Part], further: Part) -> bool:
    return any(said.near(p, further, 4) or said.near(further, p, 2) for p in parts)


def counts(said: Said) -> Iterator[Composed]:
    """ "How many A did B", or both side by side: "declined charges", "payments that failed"."""
    for _, entry in said.fitting("pairs"):
        if not (entry.get("count") or entry.get("bare")):
            continue
        for a, b in _pairs(said, entry, 7):
            first, last = min(a, b, key=lambda p: p.start), max(a, b, key=lambda p: p.start)
            a, b = (replace(p, named=p.named or p.concept in entry.get("keeps", ())) for p in (a, b))
            asked = next(
                (s for s in said.of(("count",)) if said.near(s, first, 4) or _between(said, first, s, last)), None
            )
            if asked is not None and entry.get("count"):
                yield Composed(entry["count"], (asked, b) if entry.get("one_by_one") else (asked, a, b))
            elif asked is not None or not (a.end <= b.start or said.near(b, a, 1)):
                continue
            elif SMALL.issuperset(said.words[first.end : last.start]) and last.start - first.end < 5:
                yield Composed(entry.get("bare") or entry["count"], (a, b))


def _between(said: Said, first: Part, asked: Part, last: Part) -> bool:
    """ "October mails: how many did we send": the thing, then the question, then what became of it."""
    return said.near(first, asked, 3) and said.near(asked, last, 3)


def ratios(said: Said) -> Iterator[Composed]:
    """ "Clicks per impression", "orders relative to sessions", "for every dollar of spend how much revenue"."""
    for _, entry in said.fitting("ratios"):
        above, below = (said.of((name,)) for name in entry["over"])
        for x in above:
            for y in below:
                if x.concept == "spend" and _customers_pay(said, x, y):
                    continue
                for over in said.over():
                    if said.words[over.start] in entry.get("not", ()):
                        continue
                    far = said.words[over.start] in ("relative", "measured") or said.words[over.start : over.end] == [
                        "in",
                        "relation",
                        "to",
                    ]
                    if said.near(x, over, 8 if far else 3) and said.near(over, y, 5 if far else 3):
                        yield Composed(entry["is"], (x, over, y))
                each = said.before(y) in ("each", "every") and said.before(y, 2) in ("for", "of", "on")
                if each and said.near(y, x, 6):
                    yield Composed(entry["is"], (y, x))


def costs(said: Said) -> Iterator[Composed]:
    """ "What do we pay for a click", "what does a lead cost us", "how expensive are leads"."""
    for _, entry in said.fitting("costs"):
        for x in said.of(entry["of"]):
            one = _is_one(said, x) or entry["of"] == ["thousand"] or _what_they_cost(said, x)
            for money in said.of(("money_out",)):
                word = said.words[money.start]
                if said.before(money) in ("most", "least", "more", "less", "as") or _customers_pay(said, money, x):
                    continue
                bare = word in ("dollars", "euros", "bucks", "advertising", "ad", "media", "marketing", "ads")
                far = 9 if GETTING.intersection(said.words[money.end : x.start]) else 6
                ahead = one and said.near(money, x, far) and (not bare or _is_per(said, x, money))
                behind = one and not bare and (said.near(x, money, 3) or (_for_each(said, x) and near_by(x, money)))
                plain = word in STRONG and (said.near(money, x, 3) or said.near(x, money, 4))
                if ahead or behind or plain:
                    beside = [p for p in said.of((*entry.get("with", ())[:1], "new")) if p not in (money, x)]
                    near = [p for p in beside if said.near(p, x, 3) or said.near(x, p, 3) or p.concept != "new"]
                    # "The cheapest campaigns per lead": the word ranks as well, and so stays in its place.
                    price = replace(money, named=word in RANKING)
                    yield Composed(entry["is"], (price, x, *near))


GETTING = frozenset({"win", "get", "acquire", "land", "gain", "attract", "bring"})
"""What is paid for, however far off: "what did it cost us on average to win one new customer"."""


def _is_one(said: Said, part: Part) -> bool:
    """ "A click", "one more customer", "each booked appointment", "to win a customer"."""
    return any(said.before(part, k) in ONE for k in (1, 2, 3)) and not said.words[part.end - 1].endswith("ss")


def _what_they_cost(said: Said, part: Part) -> bool:
    """ "What do new patients cost us": of persons it is asked what one of them costs."""
    asks = said.before(part) in ("do", "did", "does") and said.before(part, 2) in ("what", "much")
    return asks and part.concept in ("new_cust", "lead", "customer") and said.words[part.end : part.end + 1] == ["cost"]


def _is_per(said: Said, part: Part, money: Part) -> bool:
    """ "Euros per click", "money behind one booking", "70 bucks a lead"."""
    per = ("per", "each", "every", "for", "behind", "into", "in")
    beside = money.end == part.start - 1 and said.before(part) in ("a", "an")
    return beside or any(said.before(part, k) in per for k in (1, 2, 3))


def _for_each(said: Said, part: Part) -> bool:
    """ "For every conversion that Meta claims, what did we pay": the price may stand far behind."""
    return said.before(part) in ("each", "every", "one") and said.before(part, 2) in ("for", "of", "on")


FAR = 10


def near_by(x: Part, money: Part) -> bool:
    return x.end <= money.start <= x.end + FAR


def _customers_pay(said: Said, money: Part, x: Part) -> bool:
    """ "What do customers pay per order": theirs is no cost of ours."""
    return any(
        p.end <= money.start <= p.end + 2
        and (p != x or (p.end < money.start and WOULD.issuperset(said.words[p.end : money.start])))
        and said.words[p.start] not in ("they", "who")
        for p in said.of(("customer", "person"))
        if said.words[money.start].startswith(("pay", "paid", "spen"))
    )


WOULD = frozenset({"will", "would", "has", "have", "had", "does", "did", "can", "could", "might", "may", "should"})
"""Between a person and the spending, these say that it is theirs: "what a new guest will spend with us"."""


def times(said: Said) -> Iterator[Composed]:
    """ "How long until a ticket is solved": a length of time, and of what."""
    asked = [t for t in said.of(("time",)) if said.before(t) not in ("on", "last", "past", "next", "first")]
    for _, entry in said.fitting("times") if asked else ():
        sets = [said.of(names) for names in entry["all"]]
        first = sets[0]
        chosen = next(
            (
                (a, b)
                for a in first
                for b in (sets[1] if len(sets) > 1 else first)
                if a == b
                or said.near(a, b, 8)
                or (said.near(b, a, 6) and b.concept in ("solve", "sign", "first_answer", "travel"))
            ),
            None,
        )
        if chosen:
            parts = {asked[0], *chosen, *said.of(entry.get("also", ()))}
            yield Composed(entry["is"], tuple(p for p in parts if not _inside(p, parts)))


def _inside(part: Part, others: Collection[Part]) -> bool:
    return any(
        o.start <= part.start and part.end <= o.end and (o.start, o.end) != (part.start, part.end) for o in others
    )


def lefts(said: Said) -> Iterator[Composed]:
    """ "What is left after goods, shipping and ads": which margin it is, the costs say that are taken off."""
    for over in said.found("after", LEFT):
        after = [p for p in said.of(("goods_cost", "other_cost")) if over.end <= p.start <= over.end + 14]
        goods = [p for p in after if p.concept == "goods_cost"]
        other = [p for p in after if p.concept == "other_cost"]
        before = said.words[over.end - 1] == "before"
        money = said.words[over.start] in SUMS
        ends = (Part("left", over.start, over.start + 1), Part("after", over.end - 1, over.end))
        if not after or (money and not goods) or after[0].start > over.end + 5:
            continue
        share = [s for s in said.of(("share",)) if abs(s.start - over.start) < 8]
        if (goods and (not other or before)) or (before and other):
            yield Composed("gross_margin_rate" if share else "gross_margin", (*ends, *after, *share[:1]))
        elif not before:
            yield Composed("contribution_margin", (*ends, *after))


SUMS = frozenset({"revenue", "sales", "turnover", "income", "make", "made", "earn", "earned"})
LEFT = re.compile(
    r"(?<![^ ])(?:left(?: over)?|remains?|remained|remaining|stays?|stayed|keep|profit|(?:gross )?margins?|revenue"
    r"|sales|turnover|income|made?|earn(?:ed)?)(?: \S+){0,5}? (?:after|once|when|minus|less|net of|before|from)"
    r"(?! that)(?![^ ])"
)


def saids(said: Said) -> Iterator[Composed]:
    """ "How happy are people with support", "quality of leads": words that need no form of asking."""
    for _, entry in said.fitting("said"):
        sets = [said.of(names) for names in entry["all"]]
        if chosen := _chain(said, sets):
            also = [
                p
                for p in said.of(entry.get("also", ()))
                if any(said.near(c, p, 3) or said.near(p, c, 3) for c in chosen)
            ]
            parts = [p for p in (*chosen, *also) if p.concept in entry.get("takes", (p.concept,))]
            yield Composed(entry["is"], tuple(p for p in parts if not _inside(p, parts)))


def _chain(said: Said, sets: Sequence[Sequence[Part]]) -> tuple[Part, ...] | None:
    """One part of each set, each near the one before it, whichever comes first."""
    chains: list[tuple[Part, ...]] = [(p,) for p in sets[0]]
    for further in sets[1:]:
        chains = [
            (*chain, p) for chain in chains for p in further if said.near(chain[-1], p, 6) or said.near(p, chain[-1], 5)
        ]
    return chains[0] if chains else None


FORMS = (lefts, times, worths, ratios, shares, saids, costs, counts)
