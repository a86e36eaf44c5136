"""The one HTTP client of the connectors: signs in, keeps limits, retries, hides secrets, stays on its host."""

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, Protocol

import httpx2

from roastery.connectors.errors import AbortSync, BadConnection, CutOff, Reconnect, RetryLater, SkipResource, Throttled
from roastery.connectors.json_stream import streamed
from roastery.connectors.parsing import parsed
from roastery.connectors.redaction import PROCESS, Redactor, guard_logs
from roastery.connectors.throttle import Bucket
from roastery.connectors.tls import tls
from roastery.connectors.unparsed import Steps, parsed_around
from roastery.warehouse.clock import Clock

logger = logging.getLogger("roastery.connectors")

USER_AGENT = "roastery"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
EXCERPT_LENGTH = 300
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 60.0
SHORTEST_WAIT_SECONDS = 0.1


class Auth(Protocol):
    """Signs requests, and knows how to come by new credentials."""

    def headers(self) -> Mapping[str, str]:
        """What to send with the next request."""
        ...

    def params(self) -> Mapping[str, str]:
        """What to add to its address: proofs that follow from the headers, never a secret itself."""
        ...

    def renew(self, refused: Mapping[str, str]) -> bool:
        """True when other credentials than the refused headers are in place; False when there are none."""
        ...


@dataclass(frozen=True)
class NoAuth:
    """For requests that carry their credentials in the body, such as a token refresh."""

    def headers(self) -> Mapping[str, str]:
        return {}

    def params(self) -> Mapping[str, str]:
        return {}

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False


@dataclass(frozen=True)
class Reply:
    """A provider's answer as a judge sees it. body: parsed JSON; None for a stream that has begun well, or no JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any = None
    excerpt: str = ""
    retry_after: float | None = None


Judge = Callable[[Reply], None]
"""Looks at every answer: raises the ConnectorError it means, refines throttles, or leaves it to the status code."""


def accept(reply: Reply) -> None:
    """The judge of providers whose status codes say everything."""


class Credentials(Reconnect):
    """The provider refused the credentials of this request; others may be accepted."""


@dataclass(frozen=True)
class Politeness:
    """How long one call may go on. patience_seconds: all waits of one call together, beyond it the sync ends."""

    attempts: int = 6
    patience_seconds: float = 300.0
    timeout: httpx2.Timeout = field(default_factory=lambda: httpx2.Timeout(60.0, connect=10.0))
    wait: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


class HttpClient:
    """One provider of one connection over HTTP, synchronous.

    Errors: RetryLater after the last attempt or beyond the patience; Reconnect, SkipResource, AbortSync as judged.
    """

    def __init__(
        self,
        title: str,
        base_url: str,
        *,
        auth: Auth,
        judge: Judge = accept,
        buckets: Sequence[Bucket] = (),
        clock: Clock,
        politeness: Politeness | None = None,
        redactor: Redactor = PROCESS,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        guard_logs()
        self.title = title
        self.base_url = base_url.rstrip("/")
        self.buckets = tuple(buckets)
        self.on_wait: Callable[[float, str], None] | None = None
        self._auth = auth
        self._judge = judge
        self._clock = clock
        self._politeness = politeness or Politeness()
        self._signed: Mapping[str, str] = {}
        self._redactor = redactor
        # A proxy of the environment cannot reach this machine's own loopback.
        trusts_env = transport is None and httpx2.URL(self.base_url).host not in LOOPBACK
        self._client = httpx2.Client(
            timeout=self._politeness.timeout,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", **(headers or {})},
            follow_redirects=False,
            trust_env=trusts_env,
            verify=tls(trusts_env),
            transport=transport,
        )

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, params: Mapping[str, str] | None = None, *, cost: float = 1.0, rows: Steps = ()) -> Any:
        """The JSON of a GET. rows: where records lie in it that are left as they came (UnparsedRecords)."""
        return self._call(lambda: self._read("GET", path, rows=rows, params=params), cost)

    def get_text(self, path: str, params: Mapping[str, str] | None = None) -> tuple[str, Mapping[str, str]]:
        """The text of a GET that is no JSON, such as a CSV, and the answer's headers."""
        return self._call(lambda: self._read_text(path, params), 1.0)  # type: ignore[no-any-return]

    def get_bytes(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        """The bytes of a GET, such as a zip."""
        return self._call(lambda: self._read_bytes(path, params), 1.0)  # type: ignore[no-any-return]

    def post(
        self,
        path: str,
        *,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        cost: float = 1.0,
        also: Sequence[Bucket] = (),
    ) -> Any:
        """The JSON of a POST with a JSON body, or a form. also: further limits that this request falls under."""
        return self._call(lambda: self._read("POST", path, body=body, form=form), cost, also)

    def stream(self, path: str, *, body: Any, cost: float = 1.0, rows: Steps = ()) -> Iterator[Any]:
        """The elements of the JSON array that a POST answers with, one by one while it is still arriving.

        rows: where records lie in an element that may be left as they came (UnparsedRecords).
        Errors: CutOff when it ends in the middle; what was yielded before must not be taken as whole.
        """
        response = self._call(lambda: self._open("POST", path, body=body), cost)
        try:
            yield from streamed(response.iter_bytes(), rows=rows)
        except (httpx2.TransportError, httpx2.DecodingError, ValueError, RecursionError):
            raise CutOff(f"{self.title} ended its answer in the middle.") from None
        finally:
            response.close()

    # One call: sign, wait for a token, ask, judge; again while that makes sense.

    def _call(self, ask: Callable[[], Any], cost: float, also: Sequence[Bucket] = ()) -> Any:
        failures, waited, renewed = 0, 0.0, False
        while True:
            self._take_turn(cost, also)
            try:
                return ask()
            except Credentials as refused:
                if renewed or not self._auth.renew(self._signed):
                    raise Reconnect(refused.message) from None
                renewed = True
                continue
            except RetryLater as failure:
                last = failure
            hinted = last.wait_seconds is not None
            failures += not hinted
            # A hint of zero would otherwise be obeyed for ever.
            delay = max(SHORTEST_WAIT_SECONDS, last.wait_seconds or 0) if hinted else self._backoff(failures)
            if failures >= self._politeness.attempts or waited + delay > self._politeness.patience_seconds:
                self._give_up(last, delay if hinted else None)
            waited += delay
            self._wait(delay, last.message)

    def _take_turn(self, cost: float, also: Sequence[Bucket] = ()) -> None:
        """Wait until every bucket lets us through; a wait beyond the patience ends the sync instead."""
        seconds = max((bucket.take(cost) for bucket in (*self.buckets, *also)), default=0.0)
        if seconds > self._politeness.patience_seconds:
            raise Throttled(f"{self.title} is limiting how much may be asked.", wait_seconds=seconds)
        self._wait(seconds, f"keeping to the limits of {self.title}")

    def _give_up(self, failure: RetryLater, wait_seconds: float | None) -> NoReturn:
        failure.wait_seconds = wait_seconds
        raise failure from None

    def _backoff(self, failures: int) -> float:
        """Exponential with full jitter, capped."""
        ceiling: float = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2**failures)
        return ceiling * self._politeness.jitter()

    def _wait(self, seconds: float, why: str) -> None:
        if seconds <= 0:
            return
        if seconds >= 1:
            logger.info("%s: waiting %.1f s: %s", self.title, seconds, why)
            if self.on_wait:
                self.on_wait(seconds, why)
        self._politeness.wait(seconds)

    # One request.

    def _read(self, method: str, path: str, rows: Steps = (), **parts: Any) -> Any:
        response = self._open(method, path, **parts)
        try:
            response.read()
        except (httpx2.TransportError, httpx2.DecodingError):
            raise CutOff(f"{self.title} ended its answer in the middle.") from None
        finally:
            response.close()
        body = _json(response, rows)
        if body is None:
            kind = response.headers.get("content-type", "no content type")
            raise RetryLater(f"{self.title} answered with {self.clean(kind)} instead of data.")
        self._judge(self._reply(response, body))
        return body

    def _read_text(self, path: str, params: Mapping[str, str] | None) -> tuple[str, Mapping[str, str]]:
        response = self._whole(path, params)
        return response.text, response.headers

    def _read_bytes(self, path: str, params: Mapping[str, str] | None) -> bytes:
        return self._whole(path, params).content

    def _whole(self, path: str, params: Mapping[str, str] | None) -> httpx2.Response:
        response = self._open("GET", path, params=params)
        try:
            response.read()
        except (httpx2.TransportError, httpx2.DecodingError):
            raise CutOff(f"{self.title} ended its answer in the middle.") from None
        finally:
            response.close()
        return response

    def _open(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """The response with its head read; a bad status is judged and raised here, its body read."""
        self._signed = self._auth.headers()
        url = f"{self.base_url}/{path.lstrip('/')}" if path else self.base_url
        asked = {**(params or {}), **self._auth.params()} or None
        request = self._client.build_request(method, url, params=asked, json=body, data=form, headers=self._signed)
        try:
            response = self._client.send(request, stream=True)
        except httpx2.TimeoutException:
            raise RetryLater(f"{self.title} did not answer in time.") from None
        except BadConnection as error:
            # Its address may not be reached (egress).
            raise AbortSync(error.message) from None
        except httpx2.TransportError as error:
            raise RetryLater(f"{self.title} cannot be reached ({self.clean(str(error))}).") from None
        if not response.is_success:
            self._refuse(response)
        return response

    def _refuse(self, response: httpx2.Response) -> NoReturn:
        try:
            response.read()
        except httpx2.HTTPError:
            raise CutOff(f"{self.title} ended its answer in the middle.") from None
        finally:
            response.close()
        reply = self._reply(response, _json(response))
        self._judge(reply)
        raise by_status(self.title, reply)

    def _reply(self, response: httpx2.Response, body: Any) -> Reply:
        excerpt = "" if response.is_success else self.clean(response.text)
        return Reply(response.status_code, response.headers, body, excerpt, self._retry_after(response.headers))

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        """Seconds of a Retry-After header; a date counts from the provider's own Date, since clocks differ."""
        text = headers.get("retry-after", "").strip()
        if not text:
            return None
        try:
            return max(0.0, float(text))
        except ValueError:
            pass
        try:
            sent = headers.get("date")
            now = parsedate_to_datetime(sent) if sent else self._clock.now()
            return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
        except (ValueError, TypeError):
            return None

    def clean(self, text: str) -> str:
        """What a provider said, short and without secrets."""
        return self._redactor.clean(" ".join(text.split()))[:EXCERPT_LENGTH]


def by_status(title: str, reply: Reply) -> Exception:
    """What a status code means where the provider's judge did not say more."""
    status, said = reply.status, f" It said: {reply.excerpt}" if reply.excerpt else ""
    if status == 401:
        return Credentials(f"{title} no longer accepts this connection's access. Connect it again.")
    if status in (403, 404):
        return SkipResource(f"{title} does not give this connection access to that ({status}).{said}")
    if status == 429:
        return Throttled(f"{title} is limiting how much may be asked.", wait_seconds=reply.retry_after)
    if status in (408, 425) or status >= 500:
        return RetryLater(f"{title} has a problem of its own ({status}).", wait_seconds=reply.retry_after)
    if 300 <= status < 400:
        return AbortSync(f"{title} pointed to another address, which is not followed. Check the connection's base URL.")
    return AbortSync(f"{title} refused the request ({status}).{said}")


def _json(response: httpx2.Response, rows: Steps = ()) -> Any:
    """The parsed body, or None when it is not JSON."""
    try:
        return parsed_around(response.content, rows) if rows else parsed(response.content)
    except (ValueError, RecursionError):
        return None
