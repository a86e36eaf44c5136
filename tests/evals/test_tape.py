"""A twin's answers kept for benchmarks: the same bytes again, and the twin is asked once."""

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from roastery.evals.twins.tape import Tape

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/search", "query_string": b"", "headers": []}


def test_an_answer_that_streams_is_kept_and_given_again() -> None:
    asked: list[bytes] = []

    async def parts() -> AsyncIterator[bytes]:
        for part in (b"[1", b",2", b"]"):
            await asyncio.sleep(0)
            yield part

    async def twin(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append((await receive())["body"])
        await StreamingResponse(parts())(scope, receive, send)

    async def answer(tape: Tape, body: bytes) -> list[Message]:
        heard: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            heard.append(message)

        await tape(SCOPE, receive, send)
        return heard

    async def both() -> list[list[Message]]:
        tape = Tape(twin)
        return [await answer(tape, b"a"), await answer(tape, b"a"), await answer(tape, b"b")]

    first, again, other = asyncio.run(both())
    assert first == again
    assert first[1]["body"] == other[1]["body"] == b"[1,2]"
    assert (b"content-length", b"5") in first[0]["headers"]
    assert asked == [b"a", b"b"]
