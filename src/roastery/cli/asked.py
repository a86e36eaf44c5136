"""docs/questions.md: what can be asked, two and more phrasings a tool, out of the development cases."""

from collections.abc import Iterator

from roastery.evals.grading.answering import CONTRACT_TOOLS
from roastery.evals.grading.cases import Case, questions

SHOWN = 6
INTRODUCTION = (
    "What can be asked without any language model, by the tool that answers. The questions are those of the "
    "development part of the evaluation (`src/roastery/evals/cases/dev`), asked of synthetic companies; a test asks "
    "each of them."
)


def by_tool() -> dict[str, list[str]]:
    """Questions that expect each tool, in the order of the cases."""
    found: dict[str, list[str]] = {tool: [] for tool in sorted(CONTRACT_TOOLS)}
    for tool, question in _asked(questions("dev")):
        if question not in found[tool]:
            found[tool].append(question)
    return found


def _asked(cases: list[Case]) -> Iterator[tuple[str, str]]:
    for case in cases:
        if len(case.turns) > 1 or "typo" in case.tags or case.blind:
            continue
        for tool in case.turns[0].right[0].tools:
            yield tool, case.turns[0].question


def document(made_by: str) -> str:
    parts = ["# Questions", made_by, INTRODUCTION]
    for tool, asked in by_tool().items():
        if asked:
            parts += [f"## `{tool}`", "\n".join(f"- {question}" for question in asked[:SHOWN])]
    return "\n\n".join(parts) + "\n"
