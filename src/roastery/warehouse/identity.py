# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""Which customer records are one person: components of the records that share evidence (curated/evidence.sql).

Strong evidence (e-mail, phone, external customer id, order id) joins records by itself. Helping evidence (a form, a
login, a device, a click) joins two groups only where nothing speaks against it, so that a shared device never makes one
person of two. A component beyond COMPONENT_AT_MOST records falls back to e-mail and external ids, then to nothing. A
link that somebody has taken back (identity_unlinks) keeps its two records apart, whatever else joins them.
"""

from collections import defaultdict
from collections.abc import Iterable

import duckdb

from roastery.warehouse.scalar import count, scalar

SHARED_AT_MOST = 20
"""A token on more records is no evidence: a placeholder, a front desk's number."""
COMPONENT_AT_MOST = 60
PLACEHOLDER_LINKS = 20
"""A record that orders join with more others is a till's walk-in customer and is joined by none."""

STRONG = ("email", "external_customer", "phone", "order")
SUREST = ("email", "external_customer")
HELPING = ("form", "login", "click", "device")
BY_STRENGTH = (*STRONG, *HELPING)

EVIDENCE = """
CREATE OR REPLACE TEMP TABLE evidence_now AS
WITH placeholders AS (
    SELECT a.holder FROM {evidence} a JOIN {evidence} b ON b.kind = 'order' AND b.token = a.token
    WHERE a.kind = 'order' AND b.holder <> a.holder GROUP BY a.holder HAVING count(DISTINCT b.holder) > {most})
SELECT kind, token, holder FROM {evidence} e
WHERE kind <> 'order' OR NOT EXISTS (FROM placeholders p WHERE p.holder = e.holder)
"""

# Components by passing the smallest label along shared tokens until none moves.
SPREAD = """
CREATE OR REPLACE TEMP TABLE spread AS
WITH by_token AS (SELECT kind, token, min(label) AS label FROM linked GROUP BY kind, token),
by_holder AS (
    SELECT l.holder, least(min(t.label), min(l.label)) AS label
    FROM linked l JOIN by_token t USING (kind, token) GROUP BY l.holder)
SELECT l.kind, l.token, l.holder, h.label, h.label <> l.label AS moved FROM linked l JOIN by_holder h USING (holder)
"""

TOO_LARGE = """
SELECT label FROM groups GROUP BY label HAVING count(*) FILTER (NOT starts_with(holder, 'form:')) > {most}
"""

# What is known of each group: who carries which e-mail, phone and full name.
KNOWN = """
CREATE OR REPLACE TEMP TABLE known AS
WITH members AS (
    SELECT e.holder, coalesce(g.label, e.holder) AS label
    FROM (SELECT DISTINCT holder FROM evidence_now) e LEFT JOIN groups g USING (holder))
SELECT
    m.label,
    list(DISTINCT nullif(split_part(c.email, ':', 3), '')) FILTER (c.email IS NOT NULL) AS emails,
    list(DISTINCT nullif(split_part(c.phone, ':', 3), '')) FILTER (c.phone IS NOT NULL) AS phones,
    list(DISTINCT concat_ws('|', split_part(c.first_name, ':', 3), split_part(c.last_name, ':', 3)))
        FILTER (c.first_name IS NOT NULL AND c.last_name IS NOT NULL) AS names
FROM members m LEFT JOIN {customers} c ON c.customer_id = m.holder
GROUP BY m.label
"""

# Two groups on one helping token, when it is on these two only and nothing known speaks against it. A group without
# e-mail or phone joins the only other one it was ever seen with; two with the same full name join; and two that
# one form names together.
HELPED = """
CREATE OR REPLACE TEMP TABLE helped AS
WITH seen AS (
    SELECT DISTINCT e.kind, e.token, coalesce(g.label, e.holder) AS label
    FROM evidence_now e LEFT JOIN groups g USING (holder) WHERE e.kind IN {helping}),
pairs AS (
    SELECT kind, token, min(label) AS one, max(label) AS other FROM seen GROUP BY kind, token HAVING count(*) = 2),
judged AS (
    SELECT p.*,
        coalesce(len(a.emails) + len(a.phones), len(a.emails), len(a.phones), 0) = 0
            AND NOT starts_with(p.one, 'form:') AS one_is_bare,
        coalesce(len(b.emails) + len(b.phones), len(b.emails), len(b.phones), 0) = 0
            AND NOT starts_with(p.other, 'form:') AS other_is_bare,
        coalesce(list_has_any(a.names, b.names), false) AS is_namesake,
        coalesce(len(a.names) > 0 AND len(b.names) > 0 AND NOT list_has_any(a.names, b.names), false)
        OR coalesce(len(a.emails) > 0 AND len(b.emails) > 0 AND NOT list_has_any(a.emails, b.emails), false)
        OR coalesce(len(a.phones) > 0 AND len(b.phones) > 0 AND NOT list_has_any(a.phones, b.phones), false)
            AS is_contradicted,
        coalesce(len(a.names) > 0 AND len(b.names) > 0 AND NOT list_has_any(a.names, b.names), false) AS is_other_name
    FROM pairs p JOIN known a ON a.label = p.one JOIN known b ON b.label = p.other),
alone AS (
    SELECT bare FROM (
        SELECT one AS bare, other AS with_whom FROM judged WHERE one_is_bare
        UNION ALL SELECT other, one FROM judged WHERE other_is_bare)
    GROUP BY bare HAVING count(DISTINCT with_whom) = 1)
SELECT DISTINCT kind, token, one, other FROM judged
WHERE is_namesake
   OR (kind IN ('form', 'login') AND NOT is_contradicted AND NOT one_is_bare AND NOT other_is_bare)
   OR (one_is_bare AND NOT other_is_bare AND NOT is_other_name AND one IN (FROM alone))
   OR (other_is_bare AND NOT one_is_bare AND NOT is_other_name AND other IN (FROM alone))
"""

# The person is named after the record that was seen first.
LABELS = """
SELECT m.holder AS customer_id, m.linked_by, first_value(m.holder) OVER (
    PARTITION BY m.label ORDER BY c.first_seen_at NULLS LAST, m.holder) AS person_id
FROM (
    SELECT g.holder, g.label, min(e.kind) AS linked_by
    FROM groups g JOIN evidence_now e USING (holder)
    WHERE NOT starts_with(g.holder, 'form:') GROUP BY ALL) m
LEFT JOIN {customers} c ON c.customer_id = m.holder
QUALIFY count(*) OVER (PARTITION BY m.label) > 1
"""


def label_people(
    cursor: duckdb.DuckDBPyConnection,
    into: str = "work.labels",
    evidence: str = "work.evidence",
    customers: str = "curated.customers",
) -> None:
    """Write a table (customer_id, linked_by, person_id) with a row for each record that is joined with another.

    evidence: all of the components to label, whole.
    """
    cursor.execute(EVIDENCE.format(evidence=evidence, most=PLACEHOLDER_LINKS))
    _group(cursor)
    cursor.execute(KNOWN.format(customers=customers))
    cursor.execute(HELPED.format(helping=HELPING))
    _join_helped(cursor)
    _take_back(cursor)
    cursor.execute(
        f"CREATE OR REPLACE {'TEMP ' if '.' not in into else ''}TABLE {into} AS {LABELS.format(customers=customers)}"
    )
    for table in ("linked", "spread", "groups", "known", "helped", "evidence_now"):
        cursor.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _group(cursor: duckdb.DuckDBPyConnection) -> None:
    """Write groups (holder, label) of the strong components, none of them too large."""
    _components(cursor, STRONG, "true")
    for kinds in (SUREST, ()):
        too_large = TOO_LARGE.format(most=COMPONENT_AT_MOST)
        if not count(cursor, f"SELECT count(*) FROM ({too_large})"):
            return
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE large AS SELECT holder FROM groups WHERE label IN ({too_large})")
        cursor.execute("CREATE OR REPLACE TEMP TABLE fitting AS SELECT * FROM groups ANTI JOIN large USING (holder)")
        _components(cursor, kinds, "holder IN (FROM large)")
        # Not an INSERT: groups may have come out empty (see Changes.ensure).
        cursor.execute("CREATE OR REPLACE TEMP TABLE groups AS FROM groups UNION ALL BY NAME FROM fitting")
        cursor.execute("DROP TABLE large; DROP TABLE fitting")


def _components(cursor: duckdb.DuckDBPyConnection, kinds: Iterable[str], condition: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds) or "NULL"
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE linked AS SELECT kind, token, holder, holder AS label FROM evidence_now "
        f"WHERE kind IN ({listed}) AND {condition}"
    )
    _spread(cursor)
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE groups AS SELECT holder, min(label) AS label FROM linked GROUP BY holder"
    )


def _spread(cursor: duckdb.DuckDBPyConnection) -> None:
    moved = True
    while moved:
        cursor.execute(SPREAD)
        moved = bool(scalar(cursor, "SELECT bool_or(moved) FROM spread"))
        cursor.execute("CREATE OR REPLACE TEMP TABLE linked AS SELECT * EXCLUDE (moved) FROM spread")


def _join_helped(cursor: duckdb.DuckDBPyConnection) -> None:
    """Join groups along helped pairs, except where that would make one too large."""
    cursor.execute(
        """CREATE OR REPLACE TEMP TABLE linked AS
        SELECT kind, token, unnest([one, other]) AS holder, unnest([one, other]) AS label FROM helped"""
    )
    _spread(cursor)
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE groups AS
        WITH members AS (
            SELECT e.holder, coalesce(g.label, e.holder) AS label
            FROM (SELECT DISTINCT holder FROM evidence_now) e LEFT JOIN groups g USING (holder)),
        joined AS (
            SELECT m.holder, m.label AS was, coalesce(j.label, m.label) AS label
            FROM members m LEFT JOIN (SELECT holder, min(label) AS label FROM linked GROUP BY holder) j
              ON j.holder = m.label)
        SELECT holder,
            CASE WHEN count(*) OVER (PARTITION BY label) > {COMPONENT_AT_MOST} THEN was ELSE label END AS label
        FROM joined"""
    )


def _take_back(cursor: duckdb.DuckDBPyConnection) -> None:
    """Regroup the components that hold two records that somebody has taken apart."""
    apart = cursor.execute(
        """SELECT a.label, u.customer_id, u.other_customer_id FROM curated.identity_unlinks u
        JOIN groups a ON a.holder = u.customer_id JOIN groups b ON b.holder = u.other_customer_id
        WHERE a.label = b.label ORDER BY ALL"""
    ).fetchall()
    if not apart:
        return
    labels = sorted({label for label, _, _ in apart})
    cursor.execute("CREATE OR REPLACE TEMP TABLE cut AS SELECT unnest($labels) AS label", {"labels": labels})
    edges = cursor.execute(
        """SELECT kind, token, holder FROM evidence_now
        WHERE holder IN (SELECT holder FROM groups SEMI JOIN cut USING (label)) ORDER BY ALL"""
    ).fetchall()
    regrouped = kept_apart(edges, [(one, other) for _, one, other in apart])
    cursor.execute("CREATE OR REPLACE TEMP TABLE regrouped (holder VARCHAR, label VARCHAR)")
    cursor.executemany("INSERT INTO regrouped VALUES (?, ?)", [list(row) for row in sorted(regrouped.items())])
    cursor.execute("UPDATE groups SET label = r.label FROM regrouped r WHERE r.holder = groups.holder")
    cursor.execute("DROP TABLE regrouped; DROP TABLE cut")


def kept_apart(edges: Iterable[tuple[str, str, str]], apart: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Label holders again, strongest evidence first, leaving out what would join two that are to stay apart.

    edges: (kind, token, holder). The few components that a person has corrected are small, so this is plain Python.

    >>> kept_apart([("email", "x", "a"), ("email", "x", "b"), ("phone", "y", "b"), ("phone", "y", "c")], [("a", "b")])
    {'a': 'a', 'b': 'b', 'c': 'b'}
    """
    carriers: dict[tuple[int, str], list[str]] = defaultdict(list)
    for kind, token, holder in sorted(edges, key=lambda edge: edge[2]):
        carriers[BY_STRENGTH.index(kind), token].append(holder)
    group = {holder: {holder} for holders in carriers.values() for holder in holders}
    forbidden: dict[str, set[str]] = defaultdict(set)
    for one, other in apart:
        forbidden[one].add(other)
        forbidden[other].add(one)
    for _, holders in sorted(carriers.items()):
        for index, one in enumerate(holders):
            for other in holders[index + 1 :]:
                mine, theirs = group[one], group[other]
                if mine is theirs or any(forbidden[holder] & theirs for holder in mine):
                    continue
                mine |= theirs
                group.update(dict.fromkeys(theirs, mine))
    return {holder: min(members) for holder, members in sorted(group.items())}
