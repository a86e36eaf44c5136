"""The checks of a draft, sentence by sentence. What is not certainly backed is a problem; a rewrite can be plainer."""

from roastery.agent.evidence import Evidence
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.tokens import phrase
from roastery.agent.render import REFERENCE
from roastery.agent.verify import words as say
from roastery.agent.verify.claims import Claims
from roastery.agent.verify.directions import Directions
from roastery.agent.verify.ground import Ground
from roastery.agent.verify.numbers import Numbers
from roastery.agent.verify.owners import Owners
from roastery.agent.verify.periods import Periods
from roastery.agent.verify.rule import DAYS_OF_DATA, Carried, Problem, Rule
from roastery.agent.verify.sentences import Mention, Sentence, read_sentence, split

RULES: tuple[type[Rule], ...] = (Numbers, Periods, Owners, Directions, Claims)


class Verifier:
    """Checks drafts against the evidence of one run."""

    def __init__(self, evidence: Evidence, lexicon: Lexicon, *, refers: bool = False) -> None:
        """refers: the draft writes every name as a reference, so that a word of it is never a name."""
        self._refers = refers
        self.evidence = evidence
        self.ground = Ground.of(evidence)
        self.lexicon = lexicon
        self._rules = [rule(self.ground, lexicon) for rule in RULES]
        self._label_words = {
            (label.dimension, phrase(label.text)): label
            for label in evidence.labels.values()
            if label.dimension not in DAYS_OF_DATA
        }

    def problems(self, draft: str) -> list[Problem]:
        """Everything in a draft that is not backed; empty when it may go out."""
        found: list[Problem] = []
        carried = Carried({})
        if not REFERENCE.search(draft):
            found.append(Problem("unreferenced", draft[:80], "the answer refers to no fact; cite facts as [[f1]]."))
        for text in split(draft):
            found += self._sentence(text, carried)
        return found

    def _sentence(self, text: str, carried: Carried) -> list[Problem]:
        unknown = [i for i in REFERENCE.findall(text) if i not in self.evidence.facts and i not in self.evidence.labels]
        if unknown:
            return [Problem("reference", text, f"there is no {', '.join(f'[[{i}]]' for i in unknown)}.")]
        if "[[" in REFERENCE.sub("", text) or "xref" in text.lower():
            return [Problem("reference", text, "a reference is not of the form [[f1]] or [[d1]].")]
        if say.LINKS.search(text):
            return [Problem("markup", text, "links, mentions and HTML do not belong into an answer.")]
        sentence = read_sentence(text, self.lexicon)
        names = self._names(sentence)
        found = [problem for rule in self._rules for problem in rule.check(sentence, names, carried)]
        for mention in names:
            if mention.kind != "partial":
                carried.names[mention.name] = mention.value
        if sentence.metrics:
            carried.metrics = tuple(n for m in sentence.metrics for n in m.name.split("|"))
        spans = [s for s in sentence.spans if s.days is not None]
        if spans:
            carried.periods = frozenset((s.days.start, s.days.end) for s in spans if s.days is not None)
        return [Problem(kind, text, detail) for kind, detail in dict.fromkeys(found)]

    def _names(self, sentence: Sentence) -> list[Mention]:
        """Names by label reference and by plain text, those of the evidence's own labels included."""
        found = [] if self._refers else [m for m in sentence.names if not _is_pronoun(sentence, m.at, m.end)]
        for ref in sentence.labels:
            label = self.evidence.labels[ref.id]
            if label.dimension in DAYS_OF_DATA:
                continue
            found.append(Mention(ref.at, ref.at + 1, "label", label.dimension, label.value))
        taken = {i for m in found for i in range(m.at, m.end)}
        stems = [phrase(t.word)[0] if phrase(t.word) else t.word for t in sentence.tokens]
        for (_, key), label in self._label_words.items() if not self._refers else ():
            for at in range(len(stems) - len(key) + 1):
                if _is_pronoun(sentence, at, at + len(key)):
                    continue
                if key and tuple(stems[at : at + len(key)]) == key and taken.isdisjoint(range(at, at + len(key))):
                    found.append(Mention(at, at + len(key), "name", label.dimension, label.value))
        return sorted(found, key=lambda m: m.at)


def _is_pronoun(sentence: Sentence, start: int, end: int) -> bool:
    """ "The others": the rest of a list, also where a channel is called "other"."""
    return end - start == 1 and sentence.words[start] == "others" and sentence.words[start - 1 : start] == ["the"]
