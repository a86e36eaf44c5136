"""Which name, metric or period a reference in a sentence belongs to, read from where they stand."""

from collections.abc import Sequence

from roastery.agent.verify.sentences import COMMA, Mention, Reference, Sentence

AMBIGUOUS = "ambiguous"


def bind(sentence: Sentence, refs: Sequence[Reference], mentions: Sequence[Mention]) -> dict[str, Mention | str | None]:
    """For each reference its nearest mention; AMBIGUOUS where a list of names does not tell which is meant.

    "Meta and Google had [[f1]] and [[f2]]" binds in order, "Meta [[f1]], Google [[f2]]" by nearness. A reference that
    stands twice is bound by its worse place.
    """
    if not mentions:
        return {ref.id: None for ref in refs}
    paired = _paired(sentence, refs, mentions)
    if paired is not None:
        return paired
    bound: dict[str, Mention | str | None] = {}
    for ref in refs:
        found = _nearest(sentence, ref, mentions)
        if ref.id in bound and bound[ref.id] != found:
            found = AMBIGUOUS
        bound[ref.id] = found
    return bound


def _places(mentions: Sequence[Mention]) -> list[Mention]:
    """One mention per place, since a name may stand for several values."""
    return list({m.at: m for m in mentions}.values())


def _paired(
    sentence: Sentence, refs: Sequence[Reference], mentions: Sequence[Mention]
) -> dict[str, Mention | str | None] | None:
    """A list of names before (or after) a list of as many references: bound in order."""
    places = sorted(_places(mentions), key=lambda m: m.at)
    if len(places) < 2 or len(refs) < 2 or len(places) != len(refs):
        return None
    ordered = sorted(refs, key=lambda r: r.at)
    before = places[-1].at < ordered[0].at and _is_list(sentence, places[0].at, places[-1].end)
    after = ordered[-1].at < places[0].at and _is_list(sentence, places[0].at, places[-1].end)
    if not before and not after:
        return None
    return {ref.id: mention for ref, mention in zip(ordered, places, strict=True)}


def _is_list(sentence: Sentence, start: int, end: int) -> bool:
    """Only names, commas, "and" and articles stand between."""
    named = {i for m in (*sentence.names, *sentence.metrics) for i in range(m.at, m.end)} | {
        r.at for r in sentence.labels
    }
    return all(i in named or sentence.tokens[i].word in (*COMMA, "the", "of", "in") for i in range(start, end))


def _nearest(sentence: Sentence, ref: Reference, mentions: Sequence[Mention]) -> Mention | str | None:
    places = _places(mentions)
    scored = sorted(
        (
            (sentence.distance(ref.at, m.end - 1 if m.end - 1 < ref.at else m.at), m.at > ref.at, m.at, m)
            for m in places
        ),
        key=lambda s: s[:3],
    )
    best = scored[0][3]
    if best.at < ref.at:
        # Two names in one list right before one number: it is not said whose it is.
        others = [m for m in places if m is not best and m.at < best.at and _is_list(sentence, m.at, best.end)]
        if others and not _same(best, others[0]):
            return AMBIGUOUS
        rival = [
            m
            for m in places
            if m.at < best.at and _no_reference_between(sentence, m, best) and not _breaks(sentence, m, best)
        ]
        if rival and best.kind in ("name", "label") and not _same(best, rival[-1]):
            return AMBIGUOUS
    return best


def _same(a: Mention, b: Mention) -> bool:
    return (a.name, a.value) == (b.name, b.value)


def _no_reference_between(sentence: Sentence, a: Mention, b: Mention) -> bool:
    return not any(a.at < r.at < b.at for r in sentence.facts)


def _breaks(sentence: Sentence, a: Mention, b: Mention) -> bool:
    return sentence.distance(a.end - 1, b.at) >= 30
