"""Learns which tool a question is for from the development cases, for agent/planner/learned.py."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from roastery.agent.planner.learned import REFUSED, Model, features
from roastery.evals.grading.cases import questions

PENALTY = 0.3
OFTEN = {"w": 3, "b": 3, "c": 6}
"""In how many questions a word, a pair and a piece must stand to be kept."""
Example = tuple[str, str]


def examples() -> list[Example]:
    """Question and tool of every development case's first turn; what is refused or asked back has no tool."""
    found = []
    for case in questions("dev"):
        turn = case.turns[0]
        way = turn.right[0]
        kept = way.status if way.status == REFUSED or not way.tools else way.tools[0]
        found.append((turn.question, kept))
    return found


def fingerprint(learned_from: Sequence[Example]) -> str:
    """Changes with the examples."""
    return sha256("\n".join(f"{tool}\t{text}" for text, tool in sorted(learned_from)).encode()).hexdigest()[:16]


def fit(learned_from: Sequence[Example]) -> Model:
    """Ridge regression in its dual form, on ±1 for each tool, without its mean: scores of a question for each tool."""
    from scipy.sparse import csr_matrix

    counted = [features(text) for text, _ in learned_from]
    often = Counter(feature for one in counted for feature in one)
    known = sorted(f for f, n in often.items() if n >= OFTEN[f[0]])
    rarity = np.array([np.log((1 + len(counted)) / (1 + often[f])) + 1 for f in known])
    tools = tuple(sorted({tool for _, tool in learned_from}))
    empty = Model({f: i for i, f in enumerate(known)}, rarity, np.zeros((0, 0)), np.zeros(0), tools, "")
    rows = [empty.row(text) for text, _ in learned_from]
    starts = np.cumsum([0, *(len(places) for places, _ in rows)])
    values, places = (np.concatenate([row[part] for row in rows]) for part in (1, 0))
    matrix = csr_matrix((values, places, starts), shape=(len(rows), len(known)))
    wanted = np.array([[1.0 if tool == other else -1.0 for other in tools] for _, tool in learned_from])
    offset = wanted.mean(axis=0)
    kernel = (matrix @ matrix.T).toarray() + PENALTY * np.eye(len(rows))
    weights = matrix.T @ np.linalg.solve(kernel, wanted - offset)
    return Model(empty.index, rarity, weights, offset, tools, fingerprint(learned_from))


def write(model: Model, path: Path) -> None:
    """Keep a model in a file of its own, its weights in 8 bits."""
    scale = np.abs(model.weights).max(axis=0) / 127
    arrays: dict[str, Any] = {
        "features": np.array(list(model.index)),
        "rarity": model.rarity.astype(np.float32),
        "weights": np.round(model.weights / scale).astype(np.int8),
        "scale": scale.astype(np.float32),
        "offset": model.offset.astype(np.float32),
        "tools": np.array(model.tools),
        "cases": np.array(model.cases),
    }
    np.savez_compressed(path, **arrays)
