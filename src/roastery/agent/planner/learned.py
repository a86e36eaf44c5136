"""Which tool and which number a question is for, as learned from the development questions: a second reader.

Wordings of one kind of question have more in common than anybody lists ("did spend behave", "was it normal the whole
month"). A linear model over words, pairs of words and pieces of words knows them: ridge regression on one column a tool
(Hoerl and Kennedy, Technometrics 12, 1970), fitted by `roastery learn` (evals/learning.py) and kept in
words/tools.npz, and one on one column a metric in words/metrics.npz. Tools are chosen by likeness.py, numbers by
second_look.py, where the words have none; misgivings.py says where it disagrees. Splits, names and periods stay with
the words. What was chosen is said as an assumption.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

PATH = Path(__file__).parent / "words" / "tools.npz"
METRICS_PATH = Path(__file__).parent / "words" / "metrics.npz"
PIECES = (3, 4, 5)
MONTHS = (
    r"\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b"
)
REFUSED = "refused"
"""What the model says in place of a tool's name of what cannot be answered."""


@dataclass(frozen=True)
class Guess:
    """The tool that a question is most like, and how far the next one is behind, in units of the fit (0 to about 2)."""

    tool: str
    margin: float


def features(text: str) -> Counter[str]:
    """Words, pairs of words and pieces of words, without which number or month it was.

    >>> sorted(features("why 12?"))[:4]
    ['b:0 $', 'b:^ why', 'b:why 0', 'c: 0 ']
    """
    plain = re.sub(MONTHS, "MONTH", re.sub(r"\d+", "0", text.lower()))
    words = re.findall(r"\w+", re.sub(r"\b[qh]0\b", "QUARTER", plain))
    pairs = zip(["^", *words], [*words, "$"], strict=True)
    pieces = (f" {word} "[i : i + n] for word in words for n in PIECES for i in range(len(word) + 3 - n))
    return Counter([*(f"w:{w}" for w in words), *(f"b:{a} {b}" for a, b in pairs), *(f"c:{p}" for p in pieces)])


@dataclass(frozen=True)
class Model:
    """A fitted model. weights: a row for each feature, a column for each label; cases: of what it was learned.

    labels: names of tools, or of metrics.
    """

    index: dict[str, int]
    rarity: "np.ndarray[Any, Any]"
    weights: "np.ndarray[Any, Any]"
    offset: "np.ndarray[Any, Any]"
    labels: tuple[str, ...]
    cases: str

    def row(self, text: str) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
        """A question's features that the model knows, and their weights: rare ones more, words and pieces alike."""
        import numpy as np

        places: list[int] = []
        values: list[Any] = []
        counted = features(text)
        for kinds in ("wb", "c"):
            known = [(self.index[f], n) for f, n in counted.items() if f[0] in kinds and f in self.index]
            if known:
                at = [place for place, _ in known]
                value = (1 + np.log([n for _, n in known])) * self.rarity[at]
                places += at
                values += list(value / np.linalg.norm(value))
        return np.array(places, dtype=np.int64), np.array(values)

    def scores(self, text: str) -> "np.ndarray[Any, Any]":
        """How like each label's questions a text is: 1 for those learned from, -1 for those of other labels."""
        places, values = self.row(text)
        return values @ self.weights[places] + self.offset

    def guess(self, text: str) -> Guess:
        scores = self.scores(text)
        best, second = scores.argsort()[::-1][:2]
        return Guess(self.labels[best], float(scores[best] - scores[second]))

    def likeness(self, text: str) -> dict[str, float]:
        """Each label's likeness, from about 0 (another's) to about 1 (its own), the likest first."""
        scores = self.scores(text)
        return {self.labels[i]: float(1 + scores[i]) / 2 for i in scores.argsort(kind="stable")[::-1]}


def model() -> Model:
    """The model of tools that comes with the program, read at the first question that needs it."""
    return read(PATH)


@lru_cache(maxsize=2)
def read(path: Path) -> Model:
    """A model that was kept."""
    import numpy as np

    with np.load(path) as kept:
        return Model(
            {str(f): i for i, f in enumerate(kept["features"])},
            kept["rarity"].astype(np.float64),
            kept["weights"].astype(np.float64) * kept["scale"],
            kept["offset"].astype(np.float64),
            tuple(map(str, kept["labels"])),
            str(kept["cases"]),
        )


@lru_cache(maxsize=256)
def guess(text: str) -> Guess:
    """The tool that a question reads like."""
    return model().guess(text)


@lru_cache(maxsize=256)
def metrics_like(text: str) -> dict[str, float]:
    """How like a question for each metric it reads, the likest first."""
    return read(METRICS_PATH).likeness(text)
