"""Carries a stored event to its end: by the durable jobs where they run, else at once in this process."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

from roastery.api.delivery.outbox import Outbox, channels
from roastery.api.slack.answers import answer_event
from roastery.api.store.slack import SlackEvents

if TYPE_CHECKING:
    from roastery.api.app import Roastery

_locks: dict[str, threading.Lock] = defaultdict(threading.Lock)


def handle(roastery: "Roastery", event_id: str) -> None:
    """Have an event answered; returns when that is done, or when the jobs have it in hand."""
    from roastery.api.jobs import running

    jobs = running(roastery)
    if jobs is not None:
        jobs.start_slack(event_id)
    else:
        answer_and_send(roastery, event_id)


def answer_and_send(roastery: "Roastery", event_id: str, pause: Callable[[float], None] = time.sleep) -> None:
    """Answer an event and send what it gave. Twice at once in one process is once."""
    with _locks[event_id]:
        outbox = Outbox(roastery.database, channels(roastery.settings), roastery.wall)
        for delivery_id in answer_event(roastery, event_id):
            outbox.send(delivery_id, pause)
    _locks.pop(event_id, None)


def resume(roastery: "Roastery", pause: Callable[[float], None] = time.sleep) -> int:
    """Answer what was stored and never answered, and send what was answered and never sent, because the process died.

    Gives how many events were answered. Where the jobs run, their tick does the same.
    """
    waiting = SlackEvents(roastery.database).waiting()
    for event_id in waiting:
        answer_and_send(roastery, event_id, pause)
    outbox = Outbox(roastery.database, channels(roastery.settings), roastery.wall)
    for delivery in outbox.deliveries.pending():
        outbox.send(delivery.id, pause)
    return len(waiting)
