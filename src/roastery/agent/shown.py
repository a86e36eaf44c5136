"""What an answer shows of its evidence: one table per result with readable titles, and every fact behind it."""

from roastery.agent.evidence import Evidence
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.render import NO_NAMES
from roastery.tools.base import Fact, Table

SHOWN_ROWS = 200
MOST_POINTED_AT = 50
ENDINGS = {
    "__previous": "{}, before",
    "__change": "{}, change",
    "__change_ratio": "{}, change in %",
    "__contribution": "{}, contribution",
    "__share_of_change": "Share of the change",
}


def shown_tables(evidence: Evidence, lexicon: Lexicon) -> tuple[Table, ...]:
    """The first table of each result; a single row is already in the text."""
    shown = []
    for finding in evidence.findings:
        for table in finding.result.tables[:1]:
            if len(table.rows) > 1 or (table.rows and not table.fact_ids):
                shown.append(_titled(table, lexicon))
    return tuple(shown)


def _titled(table: Table, lexicon: Lexicon) -> Table:
    columns = tuple({**column, "title": column_title(str(column["name"]), lexicon)} for column in table.columns)
    rows = tuple(
        {k: NO_NAMES.get(str(v), v) if str(k).endswith("_name") else v for k, v in row.items()} for row in table.rows
    )
    return table.model_copy(
        update={"columns": columns, "rows": rows[:SHOWN_ROWS], "fact_ids": table.fact_ids[:SHOWN_ROWS]}
    )


def column_title(name: str, lexicon: Lexicon) -> str:
    """A column's heading: the metric's title, the dimension's, or its name in words."""
    vocabulary = lexicon.vocabulary
    for ending, form in ENDINGS.items():
        if name.endswith(ending):
            return form.format(column_title(name.removesuffix(ending), lexicon))
    if name in vocabulary.metrics:
        return vocabulary.metrics[name].title
    if name in vocabulary.dimensions:
        return vocabulary.dimensions[name].title
    return name.removesuffix("_name").replace("_", " ").capitalize()


TIMES = frozenset({"date", "day", "week", "month", "quarter", "year", "hour"})


def rows_in_order(evidence: Evidence) -> list[list[str]]:
    """Ids of the rows of the first table, as [dimension, value]: what "the second one" of the next question is.

    Only where the rows are told apart by one dimension other than time.
    """
    table = next((t for finding in evidence.findings for t in finding.result.tables[:1]), None)
    split_by = [str(c["name"]) for c in table.columns if c.get("kind") == "dimension"] if table else []
    if table is None or len(split_by) != 1 or split_by[0] in TIMES:
        return []
    return [[split_by[0], str(row[split_by[0]])] for row in table.rows[:MOST_POINTED_AT] if row.get(split_by[0])]


def shown_facts(evidence: Evidence) -> tuple[Fact, ...]:
    """All facts of the shown rows and totals, with every fact that one of them is computed from."""
    kept: dict[str, None] = {}
    cut: set[str] = set()
    for finding in evidence.findings:
        for table in finding.result.tables[:1]:
            for row in table.fact_ids[SHOWN_ROWS:]:
                cut.update(row.values())
    for fact in evidence.facts.values():
        if fact.id not in cut and not (fact.inputs and cut.intersection(fact.inputs[:1])):
            kept[fact.id] = None
    for id in list(kept):
        kept.update(dict.fromkeys(evidence.facts[id].inputs))
    return tuple(fact for fact in evidence.facts.values() if fact.id in kept)
