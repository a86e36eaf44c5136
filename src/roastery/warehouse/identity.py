# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""Which customer records are one person: records that share an e-mail or a phone, by keyed hash.

A hash on more than SHARED_AT_MOST records is no evidence (a placeholder, a front desk's number) and links nobody.
"""

import duckdb

from roastery.warehouse.scalar import scalar

SHARED_AT_MOST = 20

TOKENS_SEEN = f"""
CREATE OR REPLACE TEMP TABLE token_links AS
WITH tokens AS (
    SELECT customer_id, nullif(split_part(email, ':', 3), '') AS token, 'email' AS kind FROM curated.customers
    UNION ALL
    SELECT customer_id, nullif(split_part(phone, ':', 3), ''), 'phone' FROM curated.customers)
SELECT token, customer_id, min(kind) AS kind FROM tokens WHERE token IS NOT NULL
GROUP BY token, customer_id
QUALIFY count(*) OVER (PARTITION BY token) <= {SHARED_AT_MOST}
"""

# Only records that share something with another take part in the search for components.
START = """
CREATE OR REPLACE TEMP TABLE linked AS
WITH shared AS (SELECT token FROM token_links GROUP BY token HAVING count(*) > 1)
SELECT token, customer_id, kind, customer_id AS label FROM token_links SEMI JOIN shared USING (token)
"""

STEP = """
CREATE OR REPLACE TEMP TABLE linked_next AS
WITH by_token AS (SELECT token, min(label) AS label FROM linked GROUP BY token),
by_customer AS (
    SELECT l.customer_id, least(min(t.label), min(l.label)) AS label
    FROM linked l JOIN by_token t USING (token) GROUP BY l.customer_id)
SELECT l.token, l.customer_id, l.kind, c.label, c.label <> l.label AS moved
FROM linked l JOIN by_customer c USING (customer_id)
"""

# The person is named after the record that was seen first.
LABELS = """
CREATE OR REPLACE TABLE work.labels AS
WITH members AS (SELECT customer_id, min(label) AS label, min(kind) AS linked_by FROM linked GROUP BY customer_id)
SELECT m.customer_id, m.linked_by, first_value(m.customer_id) OVER (
    PARTITION BY m.label ORDER BY c.first_seen_at NULLS LAST, m.customer_id) AS person_id
FROM members m JOIN curated.customers c USING (customer_id)
"""

TOKENS = """
CREATE OR REPLACE TABLE work.tokens AS
SELECT t.token, min(coalesce(l.person_id, t.customer_id)) AS person_id
FROM token_links t LEFT JOIN work.labels l USING (customer_id)
GROUP BY t.token
"""


def label_people(cursor: duckdb.DuckDBPyConnection) -> None:
    """Write work.labels (customer_id, person_id, linked_by) and work.tokens (token, person_id).

    Connected components by passing the smallest label along shared hashes until none moves.
    """
    cursor.execute(TOKENS_SEEN)
    cursor.execute(START)
    moved = True
    while moved:
        cursor.execute(STEP)
        moved = bool(scalar(cursor, "SELECT bool_or(moved) FROM linked_next"))
        cursor.execute("CREATE OR REPLACE TEMP TABLE linked AS SELECT * EXCLUDE (moved) FROM linked_next")
    cursor.execute(LABELS)
    cursor.execute(TOKENS)
    for table in ("linked", "linked_next", "token_links"):
        cursor.execute(f"DROP TABLE {table}")
