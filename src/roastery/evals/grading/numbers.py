"""Numbers of an answer: each stands behind a fact, receipts run to the same, and an independent oracle agrees."""

import re

from roastery.agent.answer import Answer
from roastery.agent.render import REFERENCE
from roastery.tools import registry
from roastery.tools.base import ToolContext
from roastery.warehouse.errors import RoasteryError


def number_faults(answer: Answer, context: ToolContext) -> list[str]:
    """What is wrong with an answer's numbers, in sentences."""
    faults = []
    if left := REFERENCE.search(answer.text):
        faults.append(f"an unwritten reference {left[0]}")
    if unproven := [f for f in answer.notes.get("failures", ()) if f.startswith("narration")]:
        faults.append(f"unproven narration: {unproven[0]}")
    return faults + rerun_faults(answer, context)


def rerun_faults(answer: Answer, context: ToolContext) -> list[str]:
    """Receipts that do not run again to the same result."""
    faults = []
    for receipt in answer.receipts:
        try:
            again = registry.run(receipt.tool, receipt.arguments, context, keep=False).receipt
        except RoasteryError as error:
            faults.append(f"receipt of {receipt.tool} does not run again: {error.message}")
            continue
        if again is None or again.result_hash != receipt.result_hash:
            faults.append(f"receipt of {receipt.tool} gives another result")
    return faults


DIGITS = re.compile(r"\d")
