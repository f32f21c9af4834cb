"""The ASGI application: routing, keys, the rate limit, faults, and the record of every call.

The order of checks is the desk's: key present, route, method, key valid, limit, rights,
validation. Handlers are plain functions; nothing is awaited between a check and its effect,
so every call is atomic as with the desk's transactions.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from gateway.simulator import rights
from gateway.simulator.faults import Faults, Rule
from gateway.simulator.limits import too_many
from gateway.simulator.routes import Route, find_route
from gateway.simulator.state import Call, Desk
from gateway.simulator.times import http_date, iso
from gateway.simulator.wire import Answer, Problem, Request, crash, dumps

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Cut = Callable[[Scope, bool], bool]
"""Cut the connection of a request, hard (reset) or not; false when there is no connection to cut."""

KEPT_BODY, KEPT_BODIES = 65536, 5000
"""Request bodies up to this size are kept, those of the last so many calls."""
HTML_404 = (
    b'<!DOCTYPE html><html><head><meta charSet="utf-8"/><meta name="robots" content="noindex"/></head>'
    b"<body><p>Not found</p></body></html>"
)
HTML_ERROR = b"<html><head><title>%d</title></head><body><h1>%d</h1><hr>nginx</body></html>"


class App:
    """`await app(scope, receive, send)`; state in `desk`, rules in `faults`."""

    def __init__(self, desk: Desk, faults: Faults, cut: Cut | None = None) -> None:
        self.desk = desk
        self.faults = faults
        self.cut = cut
        self.database_back = 0.0
        self.connections_back = 0.0
        self.outside_api: Callable[[Scope, bytes], Answer] | None = None
        self.after: Callable[[], None] | None = None
        self._date = (0, "")

    def reset(self) -> None:
        self.desk.reset()
        self.faults.set([])
        self.database_back = self.connections_back = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path.startswith(("/_sim", "/api/documents/view/")):
            body = await _body(receive)
            if self.outside_api is not None and body is not None:
                await self._send(send, self.outside_api(scope, body), path)
            return
        await self._serve(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        desk = self.desk
        started = time.perf_counter()
        path, method = scope["path"], scope["method"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query_string = scope.get("query_string", b"").decode("latin-1")
        query = dict(parse_qsl(query_string, keep_blank_values=True)) if query_string else {}
        api = path.startswith("/api/v1/")
        route, params, exists = (
            find_route("GET" if method == "HEAD" else method, path[8:]) if api else (None, (), False)
        )
        kind = route.kind if route else "other"
        call = Call(desk.now(), method, path, query_string, kind, headers.get("x-api-key", ""), None, False, 0, 0.0)
        desk.calls.append(call)
        if self.down:
            call.fault = "down"
            await self._cut(scope, receive, hard=True)
            return
        rule = self.faults.choose(kind, _page(query)) if route else None
        if rule is not None:
            call.fault = rule.name
        if rule is not None and rule.do == "refuse":
            await self._cut(scope, receive, hard=True)
            return
        body = await _body(receive)
        if body is None:
            return  # the client left before its request was whole
        call.size = len(body)
        if len(body) <= KEPT_BODY:
            call.body = body
        if len(desk.calls) > KEPT_BODIES:
            desk.calls[-KEPT_BODIES].body = b""
        arrived = asyncio.get_running_loop().time()
        request = Request(method, path, params, query, headers, body, desk.now())

        def answer() -> Answer:
            request.now = desk.now()
            desk.tell_of_new()
            return self._answer(request, route, exists, call)

        await self._bend(rule, answer, scope, receive, send, call, arrived)
        call.seconds = time.perf_counter() - started
        if self.after is not None:
            self.after()

    async def _bend(
        self,
        rule: Rule | None,
        answer: Callable[[], Answer],
        scope: Scope,
        receive: Receive,
        send: Send,
        call: Call,
        arrived: float,
    ) -> None:
        path = scope["path"]
        head = scope["method"] == "HEAD"
        if rule is None:
            await self._send(send, answer(), path, call, head)
        elif rule.do == "hang":
            await _until(arrived + rule.seconds)
            await self._cut(scope, receive)
        elif rule.do == "slow":
            await _until(arrived + rule.seconds)
            await self._send(send, answer(), path, call, head)
        elif rule.do in ("drop", "stall", "reset"):
            real = answer()
            if rule.do == "stall":
                await _until(arrived + rule.seconds)
            if rule.do == "reset":
                await self._send_half(send, real, path)
            await self._cut(scope, receive, hard=rule.do == "reset")
        elif rule.do == "answer":
            if rule.commit:
                answer()
            await self._send(send, made_up(rule), path, call, head)
        elif rule.do == "limit":
            await self._send(send, too_many(self.desk.limit.burst, rule.seconds or 1.0, self.desk.now()), path, call)
        elif rule.do == "database":
            self.database_back = max(self.database_back, time.monotonic() + rule.seconds)
            await self._send(send, answer(), path, call, head)
        else:  # down
            self.connections_back = max(self.connections_back, time.monotonic() + rule.seconds)
            await self._cut(scope, receive, hard=True)

    @property
    def database_up(self) -> bool:
        return self.desk.database_up and time.monotonic() >= self.database_back

    @property
    def down(self) -> bool:
        return time.monotonic() < self.connections_back

    def _answer(self, request: Request, route: Route | None, exists: bool, call: Call) -> Answer:
        try:
            result = self._checked(request, route, exists, call)
        except Problem as problem:
            call.code = problem.code
            result = problem.answer()
        except (ValueError, RecursionError):
            call.code = "INTERNAL_ERROR"
            result = crash().answer()
        call.status = result.status
        return result

    def _checked(self, request: Request, route: Route | None, exists: bool, call: Call) -> Answer:
        desk = self.desk
        if not self.database_up:
            call.fault = call.fault or "database"  # what follows is not the client's doing
        if not request.path.startswith("/api/v1/"):
            return self._outside(request)
        if request.method == "OPTIONS":
            return Answer(
                204,
                content_type=None,
                headers={
                    "access-control-allow-headers": "Content-Type,Authorization,X-API-Key,X-Tenant-ID,"
                    "X-Request-ID,X-Idempotency-Key",
                    "access-control-allow-methods": "GET,POST,PUT,PATCH,DELETE,OPTIONS",
                    "access-control-max-age": "86400",
                },
            )
        key = request.headers.get("x-api-key")
        if not key:
            return Answer(401, dumps({"error": "Unauthorized: API key missing"}))
        if not exists:
            return Answer(404, HTML_404, "text/html; charset=utf-8")
        if route is None:
            return Answer(405, content_type=None)
        owner = desk.keys.get(key)
        tenant = request.headers.get("x-tenant-id", "")
        if (
            not self.database_up
            or owner is None
            or owner["state"] != "active"
            or (tenant and tenant.lower() != desk.tenant)
        ):
            raise Problem(401, "UNAUTHORIZED", "Invalid API key")
        request.user = owner["user"]
        request.key = owner
        headers: dict[str, str] = {}
        if route.counted:
            call.counted = True
            headers, refused = desk.limit.take(key, request.now)
            if refused is not None:
                call.code = "RATE_LIMITED"
                return refused
        rights.check_product(desk, tuple(request.path.removeprefix("/api/v1/").strip("/").split("/")))
        if route.right is not None and not rights.may(owner, *route.right):
            resource, action = route.right
            raise Problem(403, "FORBIDDEN", f"Permission denied: Cannot {action} {resource}")
        if route.guarded:
            rights.check_ticket(desk, owner, request.params[0])
        if any("\x00" in value for value in request.query.values()):
            raise crash()  # the database refuses it
        result = route.handler(desk, request)
        if route.shown:
            result.headers.update(headers)
        return result

    def _outside(self, request: Request) -> Answer:
        if request.path == "/api/health":
            return Answer(200, dumps({"status": "ok", "version": "1.0.0"}))
        if request.path == "/api/readyz":
            up = self.database_up
            body = {
                "status": "ready" if up else "not_ready",
                "timestamp": iso(request.now),
                "uptime": request.now - self.desk.started,
                **({"version": "1.0.0"} if up else {}),
                "checks": {"database": up, "redis": up},
                **({} if up else {"error": "One or more critical services are not available"}),
            }
            return Answer(200 if up else 503, dumps(body))
        return Answer(404, HTML_404, "text/html; charset=utf-8")

    def _headers(self, answer: Answer, path: str) -> list[tuple[bytes, bytes]]:
        second = int(self.desk.now())
        if self._date[0] != second:
            self._date = (second, http_date(second))
        headers = {
            "date": self._date[1],
            "access-control-allow-credentials": "true",
            "access-control-allow-origin": "*",
            "x-pathname": path,
            **answer.headers,
        }
        if answer.content_type is not None:
            headers["content-type"] = answer.content_type
        headers["content-length"] = str(len(answer.body))
        return [(name.encode(), value.encode("utf-8", "replace")) for name, value in headers.items()]

    async def _send(self, send: Send, answer: Answer, path: str, call: Call | None = None, head: bool = False) -> None:
        if call is not None:
            call.status = answer.status
        await send({"type": "http.response.start", "status": answer.status, "headers": self._headers(answer, path)})
        await send({"type": "http.response.body", "body": b"" if head else answer.body})

    async def _send_half(self, send: Send, answer: Answer, path: str) -> None:
        await send({"type": "http.response.start", "status": answer.status, "headers": self._headers(answer, path)})
        await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
        await asyncio.sleep(0)

    async def _cut(self, scope: Scope, receive: Receive, hard: bool = False) -> None:
        if self.cut is None or not self.cut(scope, hard):
            raise ConnectionResetError("the simulated desk closed the connection")
        while (await receive())["type"] != "http.disconnect":
            pass  # until the server has seen it: else it would send a 500 of its own


def made_up(rule: Rule) -> Answer:
    """The answer of a broken desk, or of the proxy before it."""
    if rule.body == "html":
        return Answer(rule.status, HTML_ERROR % (rule.status, rule.status), "text/html")
    if rule.body == "empty":
        return Answer(rule.status, content_type=None)
    return Answer(rule.status, dumps({"error": {"code": "INTERNAL_ERROR", "message": "An unexpected error occurred"}}))


def _page(query: dict[str, str]) -> int:
    try:
        return int(query.get("page", "1"))
    except ValueError:
        return 1


async def _until(moment: float) -> None:
    wait = moment - asyncio.get_running_loop().time()
    if wait > 0:
        await asyncio.sleep(wait)


async def _body(receive: Receive) -> bytes | None:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)
