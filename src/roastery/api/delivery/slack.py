"""Delivery to Slack: a message in a channel or thread, then its chart as an image in the same thread."""

import asyncio
from typing import TYPE_CHECKING, Any

from roastery.agent.charts import png
from roastery.api.delivery.errors import NotDeliverable
from roastery.api.delivery.message import Message
from roastery.api.settings import Settings
from roastery.api.slack.client import failure, slack_client
from roastery.api.slack.mrkdwn import SECTION_LIMIT, blocks, mrkdwn
from roastery.api.store.deliveries import Delivery

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

EVENT_TYPE = "roastery_delivery"
LOOKED_BACK_MESSAGES = 200


class SlackChannel:
    """Posts with the process's bot token. destination: a Slack channel or user id; thread: the message's ts."""

    name = "slack"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, delivery: Delivery) -> str:
        """Post once and give Slack's ts. Errors: NotDelivered (try again), NotDeliverable."""
        from slack_sdk.errors import SlackClientError

        try:
            return asyncio.run(self._send(delivery, Message.of_payload(delivery.payload)))
        except (TimeoutError, SlackClientError, OSError) as error:
            raise failure(error) from error
        except Exception as error:
            if type(error).__module__.split(".")[0] == "aiohttp":
                raise failure(error) from error
            raise

    async def _send(self, delivery: Delivery, message: Message) -> str:
        client = slack_client(self._settings)
        posted = await self._posted_before(client, delivery, message) if delivery.attempts else None
        if posted is None:
            posted = await self._post(client, delivery, message)
        for number, chart in enumerate(message.charts[:1], 1):
            if not (delivery.attempts and await self._has_picture(client, delivery, message, posted)):
                await self._upload(client, delivery, message, chart, number, message.thread or posted)
        return posted

    async def _post(self, client: "AsyncWebClient", delivery: Delivery, message: Message) -> str:
        shown = f"**{message.title}**\n\n{message.text}" if message.title and not message.thread else message.text
        answer = await client.chat_postMessage(
            channel=delivery.destination,
            text=mrkdwn(shown)[:SECTION_LIMIT],
            blocks=blocks(shown, message.tables, message.footnote, message.asks),
            thread_ts=message.thread or None,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"delivery_id": delivery.id}},
        )
        return str(answer["ts"])

    async def _upload(
        self,
        client: "AsyncWebClient",
        delivery: Delivery,
        message: Message,
        chart: dict[str, Any],
        number: int,
        thread: str,
    ) -> None:
        title = str(chart.get("description") or message.title or "Chart")
        channel = delivery.destination
        await client.files_upload_v2(
            file=png(chart),
            filename=_file_name(delivery, number),
            title=title,
            alt_txt=title,
            channel=channel,
            thread_ts=thread,
        )

    async def _posted_before(self, client: "AsyncWebClient", delivery: Delivery, message: Message) -> str | None:
        """The ts of this delivery's message when an earlier attempt got through before the process died.

        Slack has no idempotency key; each message carries its delivery's id as metadata instead.
        """
        for posted in await self._messages(client, delivery, message.thread):
            metadata = posted.get("metadata") or {}
            if (metadata.get("event_payload") or {}).get("delivery_id") == delivery.id:
                return str(posted["ts"])
        return None

    async def _has_picture(self, client: "AsyncWebClient", delivery: Delivery, message: Message, posted: str) -> bool:
        names = {_file_name(delivery, 1)}
        found = await self._messages(client, delivery, message.thread or posted)
        return any(file.get("name") in names for one in found for file in one.get("files") or ())

    async def _messages(self, client: "AsyncWebClient", delivery: Delivery, thread: str) -> list[dict[str, Any]]:
        from slack_sdk.errors import SlackApiError

        asked: dict[str, Any] = {"channel": delivery.destination, "limit": LOOKED_BACK_MESSAGES}
        try:
            if thread:
                answer = await client.conversations_replies(ts=thread, include_all_metadata=True, **asked)
            else:
                answer = await client.conversations_history(include_all_metadata=True, **asked)
        except SlackApiError as error:
            if isinstance(failure(error), NotDeliverable):
                # Without the permission to read the channel nobody can tell; a second message beats none.
                return []
            raise
        found: list[dict[str, Any]] = answer.get("messages") or []
        return found


def _file_name(delivery: Delivery, number: int) -> str:
    return f"{delivery.id}-{number}.png"
