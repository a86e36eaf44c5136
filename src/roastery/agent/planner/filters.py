"""Filters of a question: names that narrow or are left out, and limits on metrics."""

import re
from dataclasses import replace
from typing import Any

from roastery.agent.planner.assumed import read_as, read_as_not, said_left_out, several_called
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.limits import limits_of, money_limits, with_costs
from roastery.agent.planner.lists import word_set
from roastery.agent.planner.meanings import SEEN_FIRST, Meaning
from roastery.agent.planner.named import (
    EXCLUDING,
    Names,
    all_split_by,
    all_split_credited,
    plural,
    qualifies_customers,
)
from roastery.agent.planner.question import MAILERS, Question, Symbol
from roastery.agent.planner.reading import Filter
from roastery.agent.render import name_text

_LIST = r"(?:(?:[VX]\d+)(?:(?: ,)?(?: and| or| nor| ,| &)? (?:the )?(?:[VX]\d+))*)"


EMAIL = word_set("email_metrics")
ONLINE = frozenset({"conversion_rate", "add_to_cart_rate", "sessions", "page_views", "form_submissions"})


def _is_idle_value(meaning: Meaning, found: Names) -> bool:
    """ "Open rate of emails": the metric is about e-mail already."""
    if meaning.name == "sales_channel" and meaning.value == "online" and ONLINE.issuperset(found.metrics):
        return bool(found.metrics)
    return (
        meaning.name == "channel"
        and meaning.value == "email"
        and bool(found.metrics)
        and EMAIL.issuperset(found.metrics)
    )


def _net_of(question: Question) -> set[str]:
    """ "Revenue net of memberships", where "revenue net" is a name of the metric: the names that are taken off."""
    return {
        n
        for m in question.find(rf"(?P<m>[MA]\d+) of (?:the |our |all |any )*(?P<list>{_LIST})")
        if question.words(question[m["m"]]).lower().endswith(" net")
        for n in re.findall(r"V\d+", m["list"])
    }


def filters_of(question: Question, lexicon: Lexicon, found: Names) -> Names:
    thresholds = limits_of(question, found, lexicon)
    found = with_costs(found, thresholds)
    excluded = {
        n
        for said in (
            rf"{EXCLUDING} (?:(?:\.|for|from|in|on|via|at|of|with|to|the|all|our|any|counting|what|that|which|those"
            rf"|comes?|came|coming|goes|went|stuff|things|anything|everything|whatever|is|was|are|were|sold|bought|made"
            rf"|including|via|through|by) )*(?:D\d+ )?(?P<list>{_LIST})",
            rf"(?P<list>{_LIST}) (?:[DMA]\d+ )?(?:is |are |was |were )?(?:excluded|left out|aside|not included"
            rf"|not counted|not wanted|removed)",
            rf"D\d+ ,? ?but (?:not )?(?:the |our |all )*(?P<list>{_LIST})",
            rf"(?:with )?(?:the |our |all )*(?P<list>{_LIST}) (?:stripped|taken|carved|filtered|thrown|cut) (?:out"
            rf"|off|away)",
            rf"net of (?:the |our |all )*(?P<list>{_LIST})",
            rf"(?:leave|leaving|take|taking|keep|keeping|set|throw|cut) (?:the |our |all |any )*(?:D\d+ )?"
            rf"(?P<list>{_LIST}) (?:D\d+ )?(?:out|off|aside)",
        )
        for m in question.find(said)
        for n in re.findall(r"V\d+", m["list"])
    } | _net_of(question)
    examples = {
        n
        for m in question.find(
            r"(?:(?:[VDXM]\d+|our|the|ads?) ?,? ?(?:and |or )?){1,6}(?:and so on|etc|and such|and the like|or whatever)"
        )
        for n in re.findall(r"V\d+", m[0])
    }
    values: dict[tuple[str, str], list[Meaning]] = {}
    named: dict[tuple[str, str], set[int]] = {}
    assumptions = list(found.assumptions)
    focus: list[tuple[str, str]] = []
    replaced = {
        n
        for m in question.find(rf"(?:instead of|rather than|in place of) (?:the |our )*(?P<list>{_LIST})")
        for n in re.findall(r"V\d+", m["list"])
    }
    for symbol in question.of_kind("V"):
        lost = "deals_closed" in found.metrics and question.words(symbol).lower() in ("lost", "won")
        if symbol.name in replaced | examples or lost:
            question.used.add(symbol.index)
            continue
        if _is_a_chance_word(question, symbol, found, lexicon):
            question.used.add(symbol.index)
            assumptions.append(said_left_out([f"“{name_text(question.words(symbol))}”"]))
            continue
        meanings, note = _where_spent(found, *_which(question, symbol, found, lexicon))
        if note:
            assumptions.append(note)
        question.meant[symbol.index] = frozenset((m.name, m.value) for m in meanings)
        op = "not_in" if symbol.name in excluded else "in"
        named.setdefault((meanings[0].name, op), set()).add(symbol.index)
        for meaning in meanings:
            if _is_idle_value(meaning, found):
                question.used.add(symbol.index)
                continue
            values.setdefault((meaning.name, op), []).append(meaning)
            if op == "in":
                focus.append((meaning.name, meaning.value))
    for symbol in question.of_kind("M"):
        if "online" in question.words(symbol).lower() and found.metrics == ("orders",):
            values.setdefault(("sales_channel", "in"), []).append(Meaning("value", "sales_channel", "online", "online"))
        if (
            symbol.of.first.name == "new_customers"
            and qualifies_customers(question, symbol)
            and all_split_by(lexicon, found, "customer_type")
        ):
            question.used.add(symbol.index)
            values.setdefault(("customer_type", "in"), []).append(
                Meaning("value", "customer_type", "new", "new customers")
            )
    if "creative_roi" in found.metrics and not thresholds and question.says(NOT_BACK):
        thresholds = [Filter("creative_roi", "lt", ("1",), True)]
        question.understood("not|never|yet")
    dims = list(found.dimensions)
    filters: list[Filter] = [*_with_any(question, found, lexicon)]
    for (dimension, op), meant in values.items():
        unique = {m.value: m for m in meant}
        beside_new = dimension == "customer_type" and question.has(NEW_BESIDE)
        if beside_new:
            question.understood("new")
            question.used.update(s.index for s in question.of_kind("M") if s.of.first.name == "new_customers")
        if beside_new or (dimension == "customer_type" and op == "in" and {"new", "returning"} <= unique.keys()):
            # "Regulars or newbies": that is everybody, side by side.
            dims += [dimension] if dimension not in dims and all_split_by(lexicon, found, dimension) else []
            continue
        filters.append(Filter(dimension, op, tuple(unique), False, tuple(m.label for m in unique.values())))
        twins = op == "in" and dimension == "campaign" and len(unique) > 1 and len({m.label for m in meant}) == 1
        if twins and not dims and all_split_by(lexicon, found, "platform"):
            # Two campaigns of one name are told apart by platform (CONTRACTS section 8).
            dims.append("platform")
        side_by_side = op == "in" and len(named.get((dimension, op), ())) > 1 and _side_by_side(question)
        if side_by_side and dimension not in dims:
            dims.append(dimension)
    included = {f.field: set(f.values) for f in filters if f.op == "in"}
    # "New business only, no renewals": what is not among those that are kept need not be left out.
    for field, kept in included.items():
        if any(f.op == "not_in" and f.field == field and kept - set(f.values) for f in filters):
            question.used.update(named.get((field, "not_in"), ()))
    if any(f.field == "promotion" for f in filters):
        question.understood("vouchers?|codes?|coupons?")
    filters = [f for f in filters if f.op != "not_in" or not included.get(f.field, set(f.values)) - set(f.values)]
    return replace(
        found,
        dimensions=tuple(dims),
        filters=(*filters, *thresholds),
        focus=tuple(focus),
        assumptions=tuple(assumptions),
    )


NOT_BACK = r"(?:not|never)(?: yet)? (?:\S+ )?(?:earn|pa(?:y|id)|recoup|recover|made?|br(?:ing|ought|oke))\w*(?: .*)?"
"""What has not earned its cost back has returned less than one time of it."""


NEW_BESIDE = r"(?:new|M\d+) (?:ones )?(?:vs|versus|and|or|against|compared (?:to|with)) (?:the |our )?V\d+"
"""New ones beside those who bought before: "from new versus old customers"."""


def _is_a_chance_word(question: Question, symbol: Symbol, found: Names, lexicon: Lexicon) -> bool:
    """ "Because of the hail", "how long is a box on the road": one everyday word that also stands in a name, where this
    number is not kept by such names."""
    said = question.tokens[symbol.start : symbol.end]
    if len(said) > 1 or said[0].capital or said[0].quoted or not found.metrics:
        return False
    meanings = [m for m in symbol.of.meanings if m.kind == "value"]
    known = any(all_split_by(lexicon, found, m.name) or all_split_credited(lexicon, found, m.name) for m in meanings)
    if known:
        return False
    because = rf"(?:because|due to|thanks to|since|as|with all)(?: \S+){{0,4}}? {symbol.name}"
    one = rf"(?<!for )(?<!of )(?<!from )(?<!in )(?<!by )(?<!on )an? {symbol.name}(?! [DV]\d+)"
    within = rf"M\d+ {symbol.name} M\d+"
    return question.has(because) or (symbol.of.partial and question.has(rf"{one}|{within}"))


def _with_any(question: Question, found: Names, lexicon: Lexicon) -> list[Filter]:
    """ "Orders with a promotion": any at all; "without a coupon": none."""
    filters = []
    for symbol in question.of_kind("D"):
        name = symbol.of.first.name
        if name != "promotion" or name in found.dimensions or not all_split_by(lexicon, found, name):
            continue
        some = r"(?:a |an |any |some |no )*"
        if question.has(rf"(?:without|with no) {some}{symbol.name}"):
            filters.append(Filter(name, "is_null", ()))
        elif question.has(rf"(?:with|using|used|under|on|via|through) {some}{symbol.name}"):
            filters.append(Filter(name, "not_null", ()))
    return filters or money_limits(question, found)


def _which(
    question: Question, symbol: Symbol, found: Names, lexicon: Lexicon
) -> tuple[tuple[Meaning, ...], str | None]:
    """The values that a name stands for, with a sentence where it could stand for others too."""
    meanings = [m for m in symbol.of.meanings if m.kind == "value"]
    said_as = name_text(question.words(symbol))
    if short := _short_beside(question, symbol, found, lexicon):
        return short
    beside = _named_beside(question, symbol)
    if beside and not any(m.name in beside or m.name == "platform" for m in meanings):
        # "The massage campaign": no campaign is called so, but one has it in its name.
        said = [question.tokens[i].word for i in range(symbol.start, symbol.end)]
        within = [m for kind in sorted(beside) for m in lexicon.containing(said, kind)]
        if within:
            note = read_as(said_as, f"the {len(within)} {plural(within[0].name)} with it")
            return tuple(within), note if len(within) > 1 else None
    others = {
        m.name for s in question.of_kind("V") if s.index != symbol.index for m in s.of.meanings if m.kind == "value"
    }

    def rank(meaning: Meaning) -> tuple[Any, ...]:
        splits = all_split_by(lexicon, found, meaning.name)
        cannot = not splits and not all_split_credited(lexicon, found, meaning.name)
        order = SEEN_FIRST.index(meaning.name) if meaning.name in SEEN_FIRST else len(SEEN_FIRST)
        return cannot, meaning.name not in beside, not splits, meaning.name not in others, order

    ranked = sorted(meanings, key=rank)
    if rank(ranked[0])[0]:
        # The name itself says nothing of these metrics; a longer name that holds it may: "Aurora" of "Aurora Depot".
        said = [question.tokens[i].word for i in range(symbol.start, symbol.end)]
        family = next((f for f in FAMILIES if ranked[0].name in f), frozenset())
        within = sorted((m for m in lexicon.containing(said) if not rank(m)[0] and m.name in family), key=rank)
        same = tuple(m for m in within if m.name == within[0].name)
        if same:
            which = name_text(same[0].label) if len(same) == 1 else "each with it in its name"
            kinds = same[0].name.replace("_", " ") if len(same) == 1 else f"{len(same)} {plural(same[0].name)}"
            return same, read_as(said_as, f"the {kinds} {which}")
    if ranked[0].name == "ad_group" and "ad_group" not in beside:
        # An ad group called like its campaign: people speak of the campaign.
        said_words = [question.tokens[i].word for i in range(symbol.start, symbol.end)]
        campaigns = tuple(m for m in lexicon.containing(said_words, "campaign") if not rank(m)[0])
        if len({m.label for m in campaigns}) == 1:
            whole = name_text(campaigns[0].label)
            return campaigns, read_as(said_as, f"the campaign {whole}")
    if symbol.of.partial:
        first = ranked[0].name
        same = tuple(m for m in ranked if m.name == first)
        if len(same) == 1:
            return same, read_as(said_as, f"the {first.replace('_', ' ')} {name_text(same[0].label)}")
        return same, read_as(said_as, f"the {len(same)} {plural(first)} whose name contains it")
    chosen = ranked[0].name
    if beside and chosen not in beside and not any(chosen in family and beside & family for family in FAMILIES):
        kinds = " or ".join(sorted(d.replace("_", " ") for d in beside))
        note = f"“{said_as}” is no {kinds} here but a {chosen.replace('_', ' ')}"
        return (ranked[0],), note
    same = tuple(m for m in ranked if m.name == ranked[0].name)
    if len(same) > 1 and len({m.label for m in same}) == 1 and same[0].name not in ("platform", "channel"):
        return same, several_called(name_text(same[0].label), plural(same[0].name))
    kinds = list(
        dict.fromkeys(m.name for m in ranked if not rank(m)[0] and m.name not in KINDRED.get(ranked[0].name, ()))
    )
    if len(kinds) > 1 and not beside:
        which, other = ranked[0].name.replace("_", " "), kinds[1].replace("_", " ")
        return (ranked[0],), read_as_not(said_as, which, other)
    return (ranked[0],), None


def _seen(dimension: str) -> int:
    return SEEN_FIRST.index(dimension) if dimension in SEEN_FIRST else len(SEEN_FIRST)


def _short_beside(
    question: Question, symbol: Symbol, found: Names, lexicon: Lexicon
) -> tuple[tuple[Meaning, ...], str] | None:
    """ "Massage or physio": beside a service, the beginning of another service's name is that one."""
    said = question.words(symbol).lower()
    if not symbol.of.partial or len(said) < 4 or " " in said:
        return None
    joint = r"(?:or|vs|versus|against|and|compared (?:to|with)) (?:the |our )?"
    near = [
        s
        for s in question.of_kind("V")
        if s is not symbol
        and not s.of.partial
        and question.has(rf"{s.name} {joint}{symbol.name}|{symbol.name} {joint}{s.name}")
    ]
    named = {m.name for s in near for m in s.of.meanings if m.kind == "value"} - {m.name for m in symbol.of.meanings}
    kinds = sorted((k for k in named if all_split_by(lexicon, found, k)), key=_seen)
    values = [
        v for k in kinds for v in lexicon.vocabulary.values if v.dimension == k and v.label.lower().startswith(said)
    ]
    values = [v for v in values if v.dimension == values[0].dimension]
    if len(values) != 1 or not found.metrics:
        return None
    one = values[0]
    note = read_as(name_text(said), f"the {one.dimension.replace('_', ' ')} {name_text(one.label)}")
    return (Meaning("value", one.dimension, one.value, one.label),), note


SPENT = frozenset(["spend", "roas", "cpc", "cpm", "cac", "paid_cac", "cost_per_lead", "cost_per_booking"])


def _where_spent(
    found: Names, meanings: tuple[Meaning, ...], note: str | None
) -> tuple[tuple[Meaning, ...], str | None]:
    """ "Did the webinar earn back its cost": of campaigns that share a word, no mailing, for which nothing is paid."""
    bought = tuple(m for m in meanings if not (m.name == "campaign" and m.value.startswith(MAILERS)))
    if not bought or len(bought) == len(meanings) or SPENT.isdisjoint(found.metrics):
        return meanings, note
    names = " and ".join(dict.fromkeys(name_text(m.label) for m in bought[:3]))
    return bought, f"only campaigns on which money is spent are meant: {names}"


KINDRED = {
    "platform": ("source_system", "channel"),
    "channel": ("platform",),
    "source_system": ("platform",),
    "service": ("product", "category"),
    "product": ("service", "category"),
    "country": ("region",),
    "region": ("country",),
}
"""Kinds that a name means alike."""
FAMILIES = (
    frozenset({"location", "region", "service_area", "franchise", "country"}),
    frozenset({"category", "product", "service", "plan", "promotion"}),
    frozenset({"ad_group", "campaign", "asset", "audience", "product", "workflow"}),
)
"""Kinds that may share a name: where the one said says nothing of a metric, another of its family may be meant."""


def _named_beside(question: Question, symbol: Symbol) -> set[str]:
    """Kinds said right before or after a name: "the Plus plan", "campaign Winter Ready"."""
    found = set()
    for kind in question.of_kind("D"):
        if question.has(rf"{symbol.name} {kind.name}|{kind.name} (?:called |named |of |in |for )?{symbol.name}"):
            found.update(m.name for m in kind.of.meanings)
    return found


def _side_by_side(question: Question) -> bool:
    """Several names of one kind stand beside each other unless they are to be added up."""
    if question.has(r"V\d+ (?:vs|versus|against|compared (?:to|with)) (?:the |our )?V\d+"):
        return True
    return not question.has(r"(?:combined|together|in total|altogether|sum|summed|added up|overall|total)")
