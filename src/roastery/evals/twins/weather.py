"""What happens around any provider's server, whatever it serves: gateways, broken connections, clocks, changed fields.

A layer around each twin. It plays the faults that the twin does not play in its provider's own form, and changes the
shape of JSON answers when told to.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roastery.evals.twins.control import Control, Met, Shape

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
SIGN_IN = b"<!doctype html><html><body>Please sign in to the network to go on.</body></html>"
SKEW = timedelta(hours=-7)
"""A provider's clock that is this far from ours."""
UNKNOWN_FIELD = "field_of_2031"


class Weather:
    """An ASGI layer around one twin."""

    def __init__(self, app: ASGIApp, provider: str, control: Control) -> None:
        self.app, self.provider, self.control = app, provider, control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        what = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        met, shape = self.control.meet_weather(self.provider, what), self.control.shape(self.provider)
        if met is not None and met.fault in STORMS:
            await STORMS[met.fault](send, met)
            return
        if met is None and shape is None:
            await self.app(scope, receive, _dated(send))
            return
        if shape is not None and shape.kind == "renamed":
            scope, receive = _asked_by_old_name(scope, receive, shape.field)
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        await self.app(scope, receive, hold)
        start, body = held[0], b"".join(m.get("body", b"") for m in held[1:])
        if shape is not None and _is_json(start):
            answer = json.loads(body)
            body = json.dumps(reshaped(answer, shape)).encode()
        await _send_held(_dated(send), start, body, met)


def reshaped(answer: Any, shape: Shape) -> Any:
    if shape.kind == "renamed":
        return json.loads(json.dumps(answer).replace(f'"{shape.field}"', f'"{new_name(shape.field)}"'))
    return changed_once(answer, shape.field)[0] if shape.kind == "one_retyped" else changed(answer, shape)


def new_name(field: str) -> str:
    """What a provider calls a field that it has renamed."""
    return f"{field}_of_2031"


def _asked_by_old_name(scope: Scope, receive: Receive, field: str) -> tuple[Scope, Receive]:
    """A request to a provider that has renamed a field, as its twin knows it; by its old name it asks for nothing."""
    old, new = field.encode(), new_name(field).encode()

    def swapped(text: bytes) -> bytes:
        return re.sub(rb"\b" + old + rb"\b", b"no_such_field", text).replace(new, old)

    async def received() -> Message:
        message = await receive()
        return {**message, "body": swapped(message["body"])} if message.get("body") else message

    return {**scope, "query_string": swapped(scope["query_string"])}, received


async def _send_held(send: Send, start: Message, body: bytes, met: Met | None) -> None:
    """A held answer: whole, with a pause in its middle, or broken off there."""
    kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    await send({**start, "headers": [*kept, (b"content-length", str(len(body)).encode())]})
    if met is None:
        await send({"type": "http.response.body", "body": body})
        return
    half = len(body) // 2
    await send({"type": "http.response.body", "body": body[:half], "more_body": True})
    if met.fault == "cut_off":
        raise ConnectionResetError("the twin was told to end this answer halfway")
    await asyncio.sleep(met.wait_seconds)
    await send({"type": "http.response.body", "body": body[half:]})


async def _gateway(send: Send, met: Met) -> None:
    await _whole(send, 502, HTML, "text/html")


async def _server_error(send: Send, met: Met) -> None:
    await _whole(send, 503, b"upstream connect error", "text/plain")


async def _wrong_type(send: Send, met: Met) -> None:
    """A captive network answers 200 with a page of its own."""
    await _whole(send, 200, SIGN_IN, "text/html; charset=utf-8")


async def _throttle(send: Send, met: Met) -> None:
    seconds = f"{met.wait_seconds:g}".encode()
    await _whole(send, 429, b'{"error": "too many requests"}', "application/json", {b"retry-after": seconds})


async def _clock_skew(send: Send, met: Met) -> None:
    """Asks to wait until an instant of a clock that is hours away from ours."""
    theirs = datetime.now(UTC).replace(microsecond=0) + SKEW
    until = format_datetime(theirs + timedelta(seconds=max(1, round(met.wait_seconds))), usegmt=True).encode()
    dated = {b"date": format_datetime(theirs, usegmt=True).encode(), b"retry-after": until}
    await _whole(send, 429, b'{"error": "too many requests"}', "application/json", dated)


async def _cut_connection(send: Send, met: Met) -> None:
    """The connection ends before a byte of the body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"64")]})
    raise ConnectionResetError("the twin was told to cut this connection")


STORMS = {
    "html": _gateway,
    "server_error": _server_error,
    "wrong_type": _wrong_type,
    "throttle": _throttle,
    "clock_skew": _clock_skew,
    "cut_connection": _cut_connection,
}


async def _whole(
    send: Send, status: int, body: bytes, media_type: str, headers: Mapping[bytes, bytes] | None = None
) -> None:
    told = {b"content-type": media_type.encode(), b"content-length": str(len(body)).encode(), **(headers or {})}
    await send({"type": "http.response.start", "status": status, "headers": list(told.items())})
    await send({"type": "http.response.body", "body": body})


def _dated(send: Send) -> Send:
    """Answers with the time of day, as servers do."""

    async def dated(message: Message) -> None:
        if message["type"] == "http.response.start":
            now = format_datetime(datetime.now(UTC), usegmt=True).encode()
            message = {**message, "headers": [*message["headers"], (b"date", now)]}
        await send(message)

    return dated


def _is_json(start: Message) -> bool:
    kinds = [value for name, value in start["headers"] if name.lower() == b"content-type"]
    return bool(kinds) and b"json" in kinds[0] and start["status"] == 200


def changed(value: Any, shape: Shape) -> Any:
    """The JSON with a field beside every `shape.field`, without it, or with text where its value was.

    >>> changed({"rows": [{"spend": "1.5"}]}, Shape("spend", "retyped"))
    {'rows': [{'spend': 'about 1.5'}]}
    """
    if isinstance(value, list):
        return [changed(item, shape) for item in value]
    if not isinstance(value, dict):
        return value
    whole = {name: changed(item, shape) for name, item in value.items()}
    if shape.field not in value:
        return whole
    if shape.kind == "missing":
        del whole[shape.field]
    elif shape.kind == "retyped":
        whole[shape.field] = f"about {value[shape.field]}"
    else:
        whole[UNKNOWN_FIELD] = "new"
    return whole


def changed_once(value: Any, field: str) -> tuple[Any, bool]:
    """The JSON with text in place of the first value of a field, and whether there was one.

    >>> changed_once([{"day": "2026-10-05"}, {"day": "2026-10-06"}], "day")
    ([{'day': 'about 2026-10-05'}, {'day': '2026-10-06'}], True)
    """
    if isinstance(value, dict) and value.get(field) is not None:
        return {**value, field: f"about {value[field]}"}, True
    places = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for place, item in places:
        spoilt, is_done = changed_once(item, field)
        if is_done:
            return ({**value, place: spoilt} if isinstance(value, dict) else
                    [*value[:place], spoilt, *value[place + 1 :]]), True  # fmt: skip
    return value, False
