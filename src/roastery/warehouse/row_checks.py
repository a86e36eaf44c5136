# ruff: noqa: S608 (names in SQL come from contracts; values are bound or quoted)
"""One SELECT that checks rows against their contract: faults, remarks, the raw key and the payload of each."""

from collections.abc import Mapping, Sequence

from roastery.warehouse.contracts import Column, Contract
from roastery.warehouse.rules import Rule, names_of
from roastery.warehouse.sql import name, quoted


def checked_select(target: Contract, rules: Mapping[str, Rule], present: Sequence[Column], text: str) -> str:
    """SQL: per row its faults, remarks, key and payload, in layers so that nothing is computed twice."""
    rules = {c.name: rules[c.name] for c in present}
    plain = ", ".join(f"{r.plain} AS {names_of(c).plain}" for c, r in rules.items())
    values = ", ".join(f"{r.value} AS {names_of(c).value}" for c, r in rules.items())
    errors = {c: name(f"error_{c}") for c, r in rules.items() if r.error != "NULL"}
    computed = "".join(f", {rules[c].error} AS {error}" for c, error in errors.items())
    faults = [f"CASE WHEN {error} IS NOT NULL THEN {_fault(c, error)} END" for c, error in errors.items()]
    faults += _key_faults(target)
    faults += [
        f"CASE WHEN {name('has_' + c.name)} AND {name(c.name)} IS NULL "
        f"THEN {_fault(c.name, quoted('A value is needed here.'))} END"
        for c in present
        if c.required and not c.is_key
    ]
    remarks = [r.remark for r in rules.values() if r.remark != "NULL"] or ["NULL::VARCHAR"]
    fragments = [
        f"CASE WHEN {name('has_' + c)} THEN {quoted(chr(34) + c + chr(34) + ':')} || coalesce({r.json}, 'null') END"
        for c, r in rules.items()
    ]
    shown = ", ".join(name(c.name) for c in present if not c.personal)
    return f"""SELECT row_number, list_filter([{", ".join(faults)}], lambda f: f IS NOT NULL) AS faults,
        list_filter([{", ".join(remarks)}], lambda r: r IS NOT NULL) AS remarks,
        {key_of(target)} AS key, '{{' || concat_ws(',', {", ".join(fragments)}) || '}}' AS payload,
        CASE WHEN len(faults) > 0 THEN to_json(struct_pack({shown}))::VARCHAR END AS record
        FROM (SELECT *{computed} FROM (SELECT *, {values} FROM (SELECT *, {plain} FROM ({text}))))"""


def key_of(target: Contract) -> str:
    """SQL: the raw key; parts that are missing are ''."""
    parts = [f"coalesce({names_of(k).value}::VARCHAR, '')" for k in target.key]
    return parts[0] if len(parts) == 1 else f"to_json([{', '.join(parts)}])::VARCHAR"


def _key_faults(target: Contract) -> list[str]:
    """A text part of a longer key may be empty; a day, a currency or a whole key may not."""
    columns = [target.by_name[k] for k in target.key]
    needed = [c for c in columns if c.type != "text" or len(columns) == 1]
    missing = quoted("The key is missing.")
    faults = [f"CASE WHEN {name(c.name)} IS NULL THEN {_fault(c.name, missing)} END" for c in needed]
    if not needed:
        empty = " AND ".join(f"{name(c.name)} IS NULL" for c in columns)
        faults.append(f"CASE WHEN {empty} THEN {_fault(', '.join(target.key), missing)} END")
    return faults


def _fault(column: str, message: str) -> str:
    """SQL: a fault of a column, its message an expression."""
    return f"{{'column_name': {quoted(column)}, 'message': {message}}}"
