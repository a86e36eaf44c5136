"""Chat models by one setting, and replies that are taken only when they are whole.

langchain-openai repairs cut JSON into valid calls and ends a cut stream without an error, so raw chunks are read
strictly here: arguments must be a complete JSON object, and a streamed reply must have said that it is finished.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from roastery.agent.errors import ModelFailure, ModelRefusedKey, OutOfBudget, UnknownModel
from roastery.agent.planner.offline import OfflineModel
from roastery.agent.state import Budget

FINISHED = frozenset({"stop", "tool_calls", "function_call", "end_turn", "eos", "tool_use"})
LONGEST_REPLY = 40_000


def chat_model(
    setting: str = "offline",
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    timeout_seconds: float = 20.0,
) -> BaseChatModel:
    """The model that ROASTERY_MODEL names: `offline`, or `openai:MODEL` at any OpenAI-compatible base URL.

    Errors: UnknownModel for any other setting.
    """
    kind, _, name = setting.strip().partition(":")
    if kind == "offline" and not name:
        return OfflineModel()
    if kind != "openai" or not name:
        raise UnknownModel(
            f"'{setting}' is not a model setting. Use `offline`, or `openai:MODEL` such as openai:gpt-5-mini."
        )
    from langchain_openai import ChatOpenAI

    base_url = base_url or os.environ.get("OPENAI_BASE_URL") or None
    return ChatOpenAI(
        **_client(base_url),
        model=name,
        api_key=api_key or os.environ.get("OPENAI_API_KEY") or "none",
        base_url=base_url,
        temperature=0,
        timeout=timeout_seconds,
        max_retries=0,
        # Compatible endpoints speak chat completions; newer model names would otherwise be sent to another API.
        use_responses_api=False,
        stream_usage=False,
    )


def _client(base_url: str | None) -> dict[str, Any]:
    """An endpoint on this machine is reached directly, whatever proxy the environment names."""
    host = urlsplit(base_url or "").hostname or ""
    if host not in ("127.0.0.1", "localhost", "::1"):
        return {}
    import httpx2

    tls = _tls()
    clients = {"http_client": httpx2.Client, "http_async_client": httpx2.AsyncClient}
    return {name: make(trust_env=False, verify=tls) for name, make in clients.items()}


@cache
def _tls() -> Any:
    """One for all clients: reading the certificates takes longer than a question to a model nearby."""
    import httpx2

    return httpx2.create_ssl_context(trust_env=False)


def model_name(model: BaseChatModel) -> str:
    if isinstance(model, OfflineModel):
        return "offline"
    return f"openai:{getattr(model, 'model_name', None) or type(model).__name__}"


def complete(model: Any, said: Sequence[BaseMessage], *, seconds: float, budget: Budget) -> AIMessage:
    """One whole reply, asked again at most `budget.retries` times.

    model: with its tools bound. The first try streams, so that a slow reply can be stopped; a stream that was cut is
    asked for in one piece next. Errors: ModelFailure after the last try, ModelRefusedKey at once, OutOfBudget.
    """
    deadline = time.monotonic() + seconds
    failure: ModelFailure = OutOfBudget("The time for this question is used up.", "time")
    for attempt in range(budget.retries + 1):
        left = deadline - time.monotonic()
        if left <= 0.05:
            break
        reply_seconds = min(left, budget.reply_seconds)
        try:
            if attempt % 2 == 0:
                return _streamed(model, said, reply_seconds)
            return _in_one_piece(model, said, reply_seconds)
        except ModelRefusedKey:
            raise
        except ModelFailure as error:
            failure = error
        wait = max(budget.backoff_seconds * 2**attempt, min(failure.retry_after or 0.0, 2.0))
        if attempt < budget.retries and wait < deadline - time.monotonic():
            time.sleep(wait)
    raise failure


def _streamed(model: Any, said: Sequence[BaseMessage], seconds: float) -> AIMessage:
    deadline = time.monotonic() + seconds
    content: list[str] = []
    raw: dict[int, dict[str, str]] = {}
    finish: str | None = None
    usage: Any = None
    chunks = _guarded(model.stream(list(said), timeout=seconds))
    size = 0
    for chunk in chunks:
        if not isinstance(chunk, AIMessageChunk):
            raise ModelFailure("The model sent something that is not a reply.", "protocol")
        text = _text(chunk)
        content.append(text)
        size += len(text) + sum(len(c.get("args") or "") for c in chunk.tool_call_chunks)
        for position, call in enumerate(chunk.tool_call_chunks):
            index = call.get("index")
            part = raw.setdefault(position if index is None else int(index), {"name": "", "args": "", "id": ""})
            part["name"] += call.get("name") or ""
            part["args"] += call.get("args") or ""
            part["id"] = part["id"] or call.get("id") or ""
        finish = chunk.response_metadata.get("finish_reason") or finish
        usage = chunk.usage_metadata or usage
        if time.monotonic() > deadline:
            raise ModelFailure("The model took too long.", "timeout")
        if size > LONGEST_REPLY:
            raise ModelFailure("The model's reply does not end.", "too_long")
    return _whole("".join(content), [raw[i] for i in sorted(raw)], finish, usage)


def _in_one_piece(model: Any, said: Sequence[BaseMessage], seconds: float) -> AIMessage:
    [reply] = list(_guarded(iter([None]), lambda: model.invoke(list(said), timeout=seconds)))
    if not isinstance(reply, AIMessage):
        raise ModelFailure("The model sent something that is not a reply.", "protocol")
    if reply.invalid_tool_calls:
        raise ModelFailure("The model sent a tool call that is not valid JSON.", "broken_json")
    finish = reply.response_metadata.get("finish_reason") or "stop"
    raw = [{"name": c["name"], "args": json.dumps(c["args"]), "id": c["id"] or ""} for c in reply.tool_calls]
    return _whole(_text(reply), raw, finish, reply.usage_metadata)


def _whole(content: str, raw: Sequence[dict[str, str]], finish: str | None, usage: Any = None) -> AIMessage:
    """A reply that is complete in every part, else ModelFailure."""
    if finish is None:
        raise ModelFailure("The model's reply was cut off.", "cut_stream")
    if finish not in FINISHED:
        raise ModelFailure(f"The model stopped for another reason than being done ({finish}).", "unfinished")
    calls = []
    for n, part in enumerate(raw):
        if not part["name"]:
            raise ModelFailure("The model sent a tool call without a name.", "protocol")
        calls.append(
            {
                "name": part["name"],
                "args": strict_arguments(part["args"]),
                "id": part["id"] or f"call_{n}",
                "type": "tool_call",
            }
        )
    if not calls and not content.strip():
        raise ModelFailure("The model's reply is empty.", "empty")
    return AIMessage(
        content, tool_calls=calls, response_metadata={"finish_reason": finish}, usage_metadata=usage or None
    )


def strict_arguments(text: str) -> dict[str, Any]:
    """A tool call's arguments: exactly one JSON object, every key once.

    >>> strict_arguments('{"metric": "spend"}')
    {'metric': 'spend'}
    """
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except ValueError:
        raise ModelFailure("The model sent a tool call that is not valid JSON.", "broken_json") from None
    if not isinstance(value, dict):
        raise ModelFailure("The model sent tool arguments that are not an object.", "broken_json")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _text(message: AIMessage) -> str:
    content = message.content
    if isinstance(content, str):
        return content
    return "".join(
        str(part.get("text", "")) for part in content if isinstance(part, dict) and part.get("type") == "text"
    )


def _guarded(items: Iterator[Any], make: Any = None) -> Iterator[Any]:
    """Items of a model client, its own errors turned into ModelFailure."""
    import httpx2
    import openai
    from langchain_core.exceptions import LangChainException

    try:
        for item in items:
            yield make() if make else item
    except ModelFailure:
        raise
    except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
        raise ModelRefusedKey(
            "The model's endpoint does not accept the key or the model's name.", f"http_{error.status_code}"
        ) from error
    except openai.RateLimitError as error:
        raise ModelFailure("The model's endpoint is overloaded (429).", "http_429", _retry_after(error)) from error
    except openai.APITimeoutError as error:
        raise ModelFailure("The model did not answer in time.", "timeout") from error
    except openai.APIStatusError as error:
        raise ModelFailure(
            f"The model's endpoint failed ({error.status_code}).", f"http_{error.status_code}"
        ) from error
    except (openai.OpenAIError, LangChainException, httpx2.HTTPError, OSError) as error:
        raise ModelFailure("The model's endpoint could not be reached, or broke off.", "connection") from error
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        # langchain-openai raises these on HTML, null choices and other bodies that are no completion.
        raise ModelFailure("The model's endpoint sent something that is no reply.", "protocol") from error


def _retry_after(error: Any) -> float | None:
    text = error.response.headers.get("retry-after", "") if getattr(error, "response", None) is not None else ""
    try:
        return float(text)
    except ValueError:
        return None
