"""What happened on the way to an answer, as spans named by OpenTelemetry's GenAI conventions.

Source: OpenTelemetry semantic conventions for generative AI (invoke_agent, chat, execute_tool; gen_ai.* attributes).
"""

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

LONGEST_ATTRIBUTE = 2_000


@dataclass
class Span:
    """One step. offset and seconds: since the question came, and how long it took."""

    name: str
    span_id: str
    parent_id: str | None
    offset: float
    seconds: float = 0.0
    attributes: dict[str, Any] = field(default_factory=dict)

    def set(self, **attributes: Any) -> None:
        """Names with two underscores stand for dots: gen_ai__tool__name is gen_ai.tool.name."""
        for name, value in attributes.items():
            self.attributes[name.replace("__", ".")] = _short(value)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "span_id": self.span_id,
            "parent_id": self.parent_id,
            "offset_ms": round(self.offset * 1e3, 3),
            "duration_ms": round(self.seconds * 1e3, 3),
            "attributes": self.attributes,
        }


@dataclass
class Trace:
    """The spans of one question, parents before their children; tokens are what the model reported or, failing that,
    a quarter of the characters."""

    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))
    started: float = field(default_factory=time.monotonic)
    spans: list[Span] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    _open: list[str] = field(default_factory=list)

    @contextmanager
    def span(self, name: str, **attributes: Any) -> Iterator[Span]:
        """A step that lasts as long as the block; an error that leaves it is noted by its type and passes through."""
        begun = time.monotonic()
        parent = self._open[-1] if self._open else None
        made = Span(name, secrets.token_hex(8), parent, begun - self.started)
        made.set(**attributes)
        self.spans.append(made)
        self._open.append(made.span_id)
        try:
            yield made
        except BaseException as error:
            made.set(error__type=type(error).__name__)
            raise
        finally:
            self._open.pop()
            made.seconds = time.monotonic() - begun

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def used(self, span: Span, usage: Mapping[str, Any] | None, asked: int, said: int) -> None:
        """Count a reply's tokens: as reported, else from the characters that were asked and said."""
        given, made = (usage or {}).get("input_tokens"), (usage or {}).get("output_tokens")
        counted = (int(given or asked // 4), int(made or said // 4))
        self.input_tokens += counted[0]
        self.output_tokens += counted[1]
        span.set(gen_ai__usage__input_tokens=counted[0], gen_ai__usage__output_tokens=counted[1])

    def as_json(self) -> dict[str, Any]:
        return {
            "trace_id": self.trace_id,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "spans": [span.as_json() for span in self.spans],
        }


def _short(value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_ATTRIBUTE else text[: LONGEST_ATTRIBUTE - 1] + "…"
