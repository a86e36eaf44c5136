"""The rules of the calendar grammar, in the order in which they are tried."""

from roastery.agent.planner.calendar_comparisons import COMPARISON_RULES
from roastery.agent.planner.calendar_fiscal import FISCAL_RULES
from roastery.agent.planner.calendar_grains import GRAIN_RULES
from roastery.agent.planner.calendar_grammar import Rule
from roastery.agent.planner.calendar_made_of import MADE_OF_RULES
from roastery.agent.planner.calendar_plain import PLAIN_RULES
from roastery.agent.planner.calendar_to_come import TO_COME_RULES

RULES: tuple[Rule, ...] = (
    # Comparisons first: "same period last year" must not be read as "last year".
    *COMPARISON_RULES,
    *MADE_OF_RULES,
    # A fiscal year is named by the calendar year in which it ends.
    *FISCAL_RULES,
    *TO_COME_RULES,
    *PLAIN_RULES,
    *GRAIN_RULES,
)
