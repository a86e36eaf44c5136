"""The outbox: sends what was put into it, each thing once, over the channel that it names."""

from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from roastery.api.delivery.errors import NotDeliverable, NotDelivered
from roastery.api.delivery.slack import SlackChannel
from roastery.api.delivery.terminal import TerminalChannel
from roastery.api.settings import Settings
from roastery.api.store.database import Database
from roastery.api.store.deliveries import Deliveries, Delivery
from roastery.warehouse.clock import Clock
from roastery.warehouse.errors import UnknownName

MOST_ATTEMPTS = 12
LONGEST_PAUSE_SECONDS = 900.0

log = structlog.get_logger()


class Channel(Protocol):
    """A way out. One file a channel; `send` gives what the channel calls the message."""

    name: str

    def send(self, delivery: Delivery) -> str: ...


def channels(settings: Settings) -> dict[str, Channel]:
    """Every way out, by its name."""
    made: tuple[Channel, ...] = (SlackChannel(settings), TerminalChannel())
    return {channel.name: channel for channel in made}


class Outbox:
    """Sends deliveries and notes what became of them."""

    def __init__(self, database: Database, ways: Mapping[str, Channel], clock: Clock) -> None:
        self.deliveries = Deliveries(database)
        self._ways = ways
        self._clock = clock

    def attempt(self, delivery_id: str) -> str:
        """Try to send once: `sent`, `failed` for good, or `again`. What was sent before is not sent again."""
        delivery = self.deliveries.begin(delivery_id)
        if delivery is None:
            return "sent"
        try:
            external_id = self._way(delivery.channel).send(delivery)
        except (NotDeliverable, UnknownName) as error:
            return self._not_sent(delivery, error.message, for_good=True)
        except NotDelivered as error:
            return self._not_sent(delivery, error.message, for_good=delivery.attempts + 1 >= MOST_ATTEMPTS)
        except Exception as error:
            log.error("delivery failed", delivery_id=delivery.id, exc_info=error)
            why = f"The message could not be made ({type(error).__name__})."
            return self._not_sent(delivery, why, for_good=delivery.attempts + 1 >= MOST_ATTEMPTS)
        self.deliveries.sent(delivery.id, external_id, self._clock.now())
        return "sent"

    def send(self, delivery_id: str, pause: Callable[[float], None]) -> str:
        """Try until it is sent or failed for good, with growing pauses of seconds in between."""
        for attempt in range(MOST_ATTEMPTS):
            outcome = self.attempt(delivery_id)
            if outcome != "again":
                return outcome
            pause(min(2.0**attempt, LONGEST_PAUSE_SECONDS))
        return "failed"

    def _way(self, name: str) -> Channel:
        if name not in self._ways:
            raise UnknownName("delivery channel", name, self._ways)
        return self._ways[name]

    def _not_sent(self, delivery: Delivery, why: str, *, for_good: bool) -> str:
        log.warning("not delivered", delivery_id=delivery.id, channel=delivery.channel, reason=why, for_good=for_good)
        self.deliveries.not_sent(delivery.id, why, for_good=for_good)
        return "failed" if for_good else "again"
