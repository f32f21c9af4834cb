"""Calls of the desk's REST API: what each takes from the rate limit, and what its answer teaches.

Connections idle for 2 s are not used again (the desk drops them at 5 s and a lost race would be an unknown effect);
nothing is retried here.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import structlog

from gateway.model.spans import DAY
from gateway.startup import without

with without("click"):
    import httpx

from gateway.desk.algapsa import rows, shapes
from gateway.desk.algapsa.answer import classify
from gateway.desk.algapsa.connections import LEAVES, Connections
from gateway.desk.algapsa.exchanges import Exchanges
from gateway.desk.algapsa.shapes import Shape
from gateway.desk.body import Malformed, inflated, whole
from gateway.desk.breaker import Breaker
from gateway.desk.outcome import Good, NotSent, Outcome, Refused, Throttled, TooMany, Unknown
from gateway.desk.pacing import LocalPacing, Pacing, Urgency
from gateway.desk.permit import FREE, Permit

log = structlog.get_logger("desk")

KEEPALIVE = 2.0
UPLOAD_FLOOR = 100_000  # bytes a second that an upload may be as slow as
PAGES = 200
MOST_ROWS = 50_000  # of a list that is read page by page
MOST_SKEW = DAY  # seconds: a clock that is further off is a mistake of whoever wrote the date

HEADERS = {
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "connection": "keep-alive",
    "user-agent": f"python-httpx/{httpx.__version__}",
}

_COUNT = re.compile(r"[0-9]{1,9}")
NEVER_SENT = (httpx.ConnectError, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the API: ``path`` with its ``{id}`` is the name by which logs and metrics know it, ``shape`` what its
    answer has to be like. One that is not ``vital`` says nothing of the desk's health when it fails. ``timeout`` in
    seconds, None for the desk's own."""

    method: str
    path: str
    ids: tuple[str, ...] = ()
    shape: Shape = shapes.anything
    params: Mapping[str, Any] = field(default_factory=dict)
    json_body: dict[str, Any] | None = None
    files: Any = None
    timeout: float | None = None
    counted: bool = True
    urgency: Urgency = Urgency.TICKET
    permit: Permit = field(default_factory=lambda: FREE)
    vital: bool = True

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


class Calls:
    """Makes the calls of one desk. ``observe`` is told (route, outcome, seconds) of each."""

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        *,
        timeout: float = 30,
        rate: float = 60,
        burst: int = 120,
        connections: int = 32,
        pacing: Pacing | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = lambda seconds: asyncio.sleep(seconds),
        observe: Callable[[str, Outcome, float], None] = lambda route, outcome, seconds: None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.timeout = timeout
        self.clock = clock
        self._sleep = sleep
        self.pacing: Pacing = pacing or LocalPacing(rate, burst, clock())
        self.breaker = Breaker()
        self.skew = 0.0  # the desk's clock less ours, seconds
        self._observe = observe
        self._base = url.rstrip("/")
        self._tells = transport is None  # when a request leaves
        self._http = Exchanges(url, {**HEADERS, "x-api-key": key}, transport or Connections(connections, KEEPALIVE))

    async def close(self) -> None:
        await self._http.aclose()

    def use_key(self, key: str) -> None:
        """From the next call on."""
        self._http.headers["x-api-key"] = key
        self.breaker.key_works()

    def has_key(self, key: str) -> bool:
        return self._http.headers["x-api-key"] == key

    def _url(self, path: str, *ids: str) -> str:
        """The address of a route, its ``{id}`` filled in."""
        for each in ids:
            path = path.replace("{id}", quote(each, safe=""), 1)
        return self._base + path

    async def _is_well(self, url: str) -> bool:
        """Whether that address, which takes no key, answers 200."""
        try:
            async with (
                asyncio.timeout(self.timeout),
                self._http.stream("GET", url, headers={"x-api-key": ""}) as answer,
            ):
                return answer.status_code == 200
        except (httpx.HTTPError, TimeoutError, OSError):
            return False

    async def _sum(self, path: str, *ids: str, size: int) -> Outcome:
        """Read a file of ``size`` bytes: Good(data=sha256 in hex). Of a longer one no more is read than shows that it
        is another."""
        if wait := await self.pacing.take(self.clock(), Urgency.READ_BACK):
            return Throttled(wait)
        call = Call("GET", path, ids)
        started = self.clock()
        digest, left = sha256(), size
        try:
            async with (
                asyncio.timeout(self.timeout + size / UPLOAD_FLOOR),
                self._http.stream("GET", self._url(path, *ids)) as answer,
            ):
                encoding = answer.headers.get("content-encoding", "")
                if answer.status_code != 200:
                    content = await whole(answer.aiter_raw(), encoding)
                    return await self._classified(call, answer, content, started)
                async for block in inflated(answer.aiter_raw(), encoding):
                    digest.update(block)
                    left -= len(block)
                    if left < 0:
                        break
        except (httpx.HTTPError, Malformed, TimeoutError, OSError) as error:
            return self._failed(call, error, started)
        self.breaker.good()
        return Good(200, digest.hexdigest(), {})

    async def _get(self, path: str, *ids: str, patience: float = 0.0, **named: Any) -> Outcome:
        """A GET for a decision. With ``patience`` in seconds, wait for the rate limit."""
        call = Call("GET", path, ids, **{"urgency": Urgency.REPLY, **named})
        outcome = await self._call(call)
        while isinstance(outcome, Throttled) and patience > 0:
            await self._sleep(min(outcome.after, patience))
            patience -= outcome.after
            outcome = await self._call(call)
        return outcome

    async def _all(
        self,
        path: str,
        shape: Shape,
        params: dict[str, Any],
        urgency: Urgency = Urgency.REPLY,
        patience: float = 0.0,
        vital: bool = True,
    ) -> Outcome:
        """Every page of a list. Good only when every page answered. ``patience`` is for each page."""
        found: list[Any] = []
        for page in range(1, PAGES + 1):
            paged = {**params, "limit": 100, "page": page}
            outcome = await self._get(path, shape=shape, params=paged, urgency=urgency, patience=patience, vital=vital)
            if not isinstance(outcome, Good):
                return outcome
            found += outcome.data
            if len(found) > MOST_ROWS:
                break
            if not rows.has_next(outcome.body):
                return Good(outcome.status, found, outcome.body)
        return TooMany(f"more rows of {path} than can be read", alive=True)

    async def _call(self, call: Call) -> Outcome:
        if call.counted and not call.permit.spend() and (wait := await self.pacing.take(self.clock(), call.urgency)):
            return Throttled(wait)
        content = None
        headers = {}
        if call.json_body is not None:
            content = json.dumps(call.json_body, ensure_ascii=False).encode("utf-8", "replace")
            headers["content-type"] = "application/json"
        started = self.clock()
        deadline = call.timeout or self.timeout

        has_left = not self._tells

        def leaves() -> None:
            nonlocal has_left
            call.permit.check()
            has_left = True

        try:
            async with (
                asyncio.timeout(deadline),
                self._http.stream(
                    call.method,
                    self._url(call.path, *call.ids),
                    params=call.params or None,
                    content=content,
                    files=call.files,
                    headers=headers,
                    extensions={LEAVES: leaves},
                ) as answer,
            ):
                body = await whole(answer.aiter_raw(), answer.headers.get("content-encoding", ""))
        except (httpx.HTTPError, Malformed, TimeoutError, OSError) as error:
            return self._failed(call, error, started, has_left)
        return await self._classified(call, answer, body, started)

    def _failed(self, call: Call, error: Exception, started: float, has_left: bool = True) -> Outcome:
        outcome: Outcome
        if isinstance(error, Malformed):
            outcome = Unknown(f"an answer {error}", alive=True)
        else:
            late = isinstance(error, (TimeoutError, httpx.TimeoutException))
            words = str(error) or ("no answer in time" if late else "")
            reason = f"{type(error).__name__}: {words}".rstrip(": ")[:200]
            if call.vital:
                self.breaker.bad(reason, self.clock())
            outcome = Unknown(reason) if has_left and not isinstance(error, NEVER_SENT) else NotSent(reason)
        self._tell(call, outcome, started)
        return outcome

    async def _classified(self, call: Call, answer: httpx.Response, body: bytes, started: float) -> Outcome:
        now = self.clock()
        outcome = classify(answer.status_code, body, answer.headers.get("retry-after"), call.shape)
        remaining = answer.headers.get("x-ratelimit-remaining", "")
        await self.pacing.learn(remaining if _COUNT.fullmatch(remaining) else None, now)
        self._learn_clock(answer.headers.get("date"), now)
        match outcome:
            case Throttled(after):
                await self.pacing.refuse(after, now)
            case Unknown(status=500) if call.path.endswith(("/documents", "/time-entries")):
                pass  # so the desk answers to a file over its operator's limit, and to a key without the right
            case Unknown(alive=True):
                pass  # it is there, and one answer of one call is odd
            case Unknown(reason):
                if call.vital:
                    self.breaker.bad(reason, now)
            case Refused(status=401):
                pass  # the desk says this too while its database is down: whoever asked finds out
            case _:
                self.breaker.good()
        self._tell(call, outcome, started)
        return outcome

    def _tell(self, call: Call, outcome: Outcome, started: float) -> None:
        if isinstance(outcome, Unknown):
            log.warning("answer not understood", desk=self.name, call=call.name, why=outcome.reason)
        self._observe(call.name, outcome, self.clock() - started)

    def _learn_clock(self, date: str | None, now: float) -> None:
        try:
            skew = parsedate_to_datetime(date).timestamp() - now if date else self.skew
        except (ValueError, OverflowError, TypeError):
            return
        if abs(skew) <= MOST_SKEW:
            self.skew = skew
