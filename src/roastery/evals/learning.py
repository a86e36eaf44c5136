"""Learns which tool and which metric a question is for from the development cases, for agent/planner/learned.py."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from roastery.agent.planner.learned import REFUSED, Model, features
from roastery.agent.planner.vocabulary import metric_terms
from roastery.evals.grading.cases import Expected, questions
from roastery.warehouse.semantic.catalogue import shipped_catalogue

PENALTY = 0.3
OFTEN = {"w": 3, "b": 3, "c": 6}
"""In how many questions a word, a pair and a piece must stand to be kept."""
FAINT = 0.04
"""Weights below this part of their label's largest are dropped."""
Example = tuple[str, tuple[str, ...]]
"""A text and what it is for: one tool, or the metrics that it asks for together."""


def examples() -> list[Example]:
    """Question and tool of every development case's first turn; what is refused or asked back has no tool."""
    found = []
    for case in questions("dev"):
        turn = case.turns[0]
        way = turn.right[0]
        kept = way.status if way.status == REFUSED or not way.tools else way.tools[0]
        found.append((turn.question, (kept,)))
    return found


def metric_examples() -> list[Example]:
    """Question and metrics of every development case's first turn that asks for any; and what each metric is called."""
    asked = [(case.turns[0].question, metrics_in(case.turns[0].right[0])) for case in questions("dev")]
    found: list[Example] = [(text, metrics) for text, metrics in asked if metrics]
    for term in metric_terms(shipped_catalogue()):
        called = (term.name.replace("_", " "), term.title, *term.synonyms, term.definition.split(".")[0])
        found += [(said, (term.name,)) for said in called if said]
    return found


def metrics_in(way: Expected) -> tuple[str, ...]:
    """The metrics of one way to be right."""
    asked = way.query or way.arguments
    one = asked.get("metric")
    return tuple(asked.get("metrics") or ([one] if one else []))


def fingerprint(learned_from: Sequence[Example]) -> str:
    """Changes with the examples."""
    lines = sorted(f"{' '.join(labels)}\t{text}" for text, labels in learned_from)
    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def fit(learned_from: Sequence[Example]) -> Model:
    """Ridge regression in its dual form, on ±1 for each label, without its mean: scores of a text for each label."""
    from scipy.sparse import csr_matrix

    counted = [features(text) for text, _ in learned_from]
    often = Counter(feature for one in counted for feature in one)
    known = sorted(f for f, n in often.items() if n >= OFTEN[f[0]])
    rarity = np.array([np.log((1 + len(counted)) / (1 + often[f])) + 1 for f in known])
    labels = tuple(sorted({label for _, own in learned_from for label in own}))
    empty = Model({f: i for i, f in enumerate(known)}, rarity, np.zeros((0, 0)), np.zeros(0), labels, "")
    rows = [empty.row(text) for text, _ in learned_from]
    starts = np.cumsum([0, *(len(places) for places, _ in rows)])
    values, places = (np.concatenate([row[part] for row in rows]) for part in (1, 0))
    matrix = csr_matrix((values, places, starts), shape=(len(rows), len(known)))
    wanted = np.array([[1.0 if label in own else -1.0 for label in labels] for _, own in learned_from])
    offset = wanted.mean(axis=0)
    kernel = (matrix @ matrix.T).toarray() + PENALTY * np.eye(len(rows))
    weights = matrix.T @ np.linalg.solve(kernel, wanted - offset)
    return Model(empty.index, rarity, weights, offset, labels, fingerprint(learned_from))


def write(model: Model, path: Path) -> None:
    """Keep a model in a file of its own, its weights in 8 bits."""
    largest = np.abs(model.weights).max(axis=0)
    scale = largest / 127
    weights = np.where(np.abs(model.weights) < FAINT * largest, 0, model.weights)
    arrays: dict[str, Any] = {
        "features": np.array(list(model.index)),
        "rarity": model.rarity.astype(np.float32),
        "weights": np.round(weights / scale).astype(np.int8),
        "scale": scale.astype(np.float32),
        "offset": model.offset.astype(np.float32),
        "labels": np.array(model.labels),
        "cases": np.array(model.cases),
    }
    np.savez_compressed(path, **arrays)
