"""Every error of every room leaves the service as a problem document and as a Slack sentence."""

import ast
from collections import defaultdict
from pathlib import Path

import roastery
from roastery.api.problems import PROBLEMS, problem_document, problem_of, slack_sentence
from roastery.warehouse.errors import RoasteryError, UnknownName


def error_names() -> set[str]:
    """Every class of the family in every room, read from the source so that no room has to be imported."""
    bases: dict[str, set[str]] = defaultdict(set)
    for room in ("warehouse", "connectors", "tools", "agent", "api"):
        for path in (Path(roastery.__file__).parent / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    bases[node.name] |= {base.id for base in node.bases if isinstance(base, ast.Name)}
    family = {"RoasteryError"}
    while more := {name for name, above in bases.items() if above & family} - family:
        family |= more
    return family


def test_the_map_names_every_error_class_of_every_room() -> None:
    assert error_names() == set(PROBLEMS)


def test_problem_types_are_distinct_and_statuses_are_errors() -> None:
    assert len({p.type for p in PROBLEMS.values()}) == len(PROBLEMS)
    assert all(400 <= p.status < 600 and p.title and p.slack.endswith(".") for p in PROBLEMS.values())


def test_an_unknown_name_says_what_was_meant() -> None:
    document = problem_document(UnknownName("metric", "roass", ["roas", "spend"]))
    assert document == {
        "type": "urn:roastery:problem:unknown-name",
        "title": "Unknown name",
        "status": 400,
        "detail": "Unknown metric 'roass'. Did you mean 'roas'?",
        "allowed": ["roas", "spend"],
        "did_you_mean": "roas",
    }


def test_a_class_without_an_entry_takes_the_one_above_it() -> None:
    class Stranger(UnknownName):
        pass

    assert problem_of(Stranger("metric", "x")) is PROBLEMS["UnknownName"]


def test_a_foreign_error_tells_nothing_of_its_inside() -> None:
    document = problem_document(ValueError("password=hunter2"))
    assert document["status"] == 500
    assert "hunter2" not in str(document)
    assert "hunter2" not in slack_sentence(ValueError("password=hunter2"))


def test_slack_reads_the_opening_and_the_sentence() -> None:
    assert slack_sentence(RoasteryError("No such thing.")) == "Something went wrong on my side. No such thing."
