"""How many examples a law is held against: a third of them in `make test`, all in `make prove`."""

import os


def examples(all_of_them: int) -> int:
    return all_of_them if os.environ.get("ROASTERY_TESTS_EXAMPLES") == "all" else max(2, all_of_them // 3)
