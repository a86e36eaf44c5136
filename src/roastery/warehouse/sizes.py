"""From how many rows on a build works otherwise; what is quicker changes with size, what comes out does not."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """large_from: raw records from which on tables are brought up to date by affected keys instead of made anew.
    anew_until: raw records up to which everything is made anew where most of them have just arrived; more would take
    too much memory in one transaction.
    huge_from: touches from which on facts are committed first and the rest is derived in a second transaction.
    fold_share: a contract is folded whole when changed records times this are more than its rows.
    most_keys: more affected keys than this, and a table is made anew. compared_rows: a table up to this size that is
    made anew is compared with what it was, so that what follows stays small.
    """

    large_from: int = 50_000
    anew_until: int = 5_000_000
    huge_from: int = 500_000
    fold_share: int = 4
    most_keys: int = 200_000
    compared_rows: int = 2_000_000
