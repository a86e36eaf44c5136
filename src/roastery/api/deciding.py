"""A yes or no in words: decides what the answer before it proposed."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from roastery.agent.answer import Answer
from roastery.api.approving import decide
from roastery.api.store.identifiers import new_id
from roastery.tools.base import Actor
from roastery.warehouse.errors import RoasteryError
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery

YES = re.compile(
    r"(?:yes|yep|yeah|ok(?:ay)?|sure|approved?|confirm(?:ed)?|go(?: ahead)?|do it|please do|sounds good|set it up)"
    r"(?:[ ,]+(?:please|thanks|thank you|go ahead|do it|approved?|set it up))*",
    re.IGNORECASE,
)
NO = re.compile(
    r"(?:no|nope|declined?|cancel|don'?t|do not|stop|never ?mind|not now)(?:[ ,]+(?:thanks|thank you|do it|please))*",
    re.IGNORECASE,
)


def decision_in(text: str) -> bool | None:
    """True for a yes, False for a no, None for anything else.

    >>> decision_in("Yes please!"), decision_in("no thanks"), decision_in("yes but weekly")
    (True, False, None)
    """
    said = text.strip().strip(".!👍 ").strip()
    return True if YES.fullmatch(said) else False if NO.fullmatch(said) else None


def decided(
    roastery: "Roastery", organization: Organization, actor: Actor, question: str, earlier: Sequence[Answer]
) -> Answer | None:
    """The answer to a yes or no where the last answer proposed something; None where the text is a question itself."""
    approved = decision_in(question)
    waiting = earlier[-1].notes.get("approvals", ()) if earlier else ()
    if approved is None or not waiting:
        return None
    said, failed = [], False
    for one in waiting:
        try:
            made = decide(roastery, organization, actor, one["id"], approved)
            said.append(f"Done: **{made.title}** is set up." if approved else f"Not done: {made.title} was declined.")
        except RoasteryError as error:
            said.append(error.message)
            failed = True
    return Answer(
        answer_id=new_id("ans"),
        conversation_id=earlier[-1].conversation_id,
        question=question,
        status="refused" if failed else "answered",
        text="\n\n".join(said),
        notes={"decided": [one["id"] for one in waiting]},
    )
