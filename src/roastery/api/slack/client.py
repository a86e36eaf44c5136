"""Slack's Web API: one client a message, failures told apart by whether trying again can help."""

from typing import TYPE_CHECKING, Any

from roastery.api.delivery.errors import NotDeliverable, NotDelivered
from roastery.api.settings import Settings

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

TIMEOUT_SECONDS = 20
TRY_AGAIN = frozenset({"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"})
SENTENCES = {
    "channel_not_found": "Slack does not know that channel, or Roastery may not see it. Invite it to the channel.",
    "not_in_channel": "Roastery is not in that Slack channel. Invite it with /invite.",
    "is_archived": "That Slack channel is archived.",
    "invalid_auth": "Slack refuses the bot token. Set SLACK_BOT_TOKEN to a valid one.",
    "not_authed": "There is no Slack bot token. Set SLACK_BOT_TOKEN.",
    "token_revoked": "The Slack bot token was revoked. Install the app again and set SLACK_BOT_TOKEN.",
    "missing_scope": "The Slack app lacks a permission. It needs chat:write, files:write and channels:history.",
}


def slack_client(settings: Settings, token: str | None = None) -> "AsyncWebClient":
    """A client on SLACK_API_URL. Errors: NotDeliverable when there is no token."""
    from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
    from slack_sdk.web.async_client import AsyncWebClient

    token = token or (settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else None)
    if not token:
        raise NotDeliverable(SENTENCES["not_authed"])
    return AsyncWebClient(
        token=token,
        base_url=settings.slack_api_url or AsyncWebClient.BASE_URL,
        timeout=TIMEOUT_SECONDS,
        # Not on a lost connection: the message may have got through, which only the outbox looks up.
        retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=2)],
    )


def failure(error: Exception) -> NotDelivered:
    """What a failed call of the Web API means; the message never contains the token."""
    from slack_sdk.errors import SlackApiError

    if isinstance(error, SlackApiError):
        code = _code(error.response)
        sentence = SENTENCES.get(code, f"Slack answered '{code}'.")
        if code in TRY_AGAIN or _status(error.response) >= 500:
            return NotDelivered(sentence)
        return NotDeliverable(sentence)
    return NotDelivered(f"Slack could not be reached ({type(error).__name__}).")


def _code(response: Any) -> str:
    try:
        return str(response.get("error") or "unknown_error")
    except (AttributeError, ValueError):
        return "unreadable_answer"


def _status(response: Any) -> int:
    return int(getattr(response, "status_code", 0) or 0)
