"""The pages by address, and who may see them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import quote

import structlog
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from gateway.config.settings import ConfigError
from gateway.operate import reading
from gateway.store.entries import Visitor
from gateway.store.operator import NotPossible
from gateway.web.console.acting import perform
from gateway.web.console.console import HERE, Console
from gateway.web.console.entering import begin_oidc, end_oidc, enter, log_in, log_out, show_enter, show_login
from gateway.web.console.forms import MOST_DIGITS
from gateway.web.console.guard import HEADERS, TOLD, come_from, hardened, is_foreign, may, to_login, way_back
from gateway.web.console.looking import (
    download_file,
    download_original,
    show_audit,
    show_find,
    show_html,
    show_mail,
    show_refused,
    show_today,
    show_todo,
)
from gateway.web.console.planning import change_window, show_windows
from gateway.web.console.provider import BACK
from gateway.web.console.ruling import reload, show_rules, show_whatif, stop_whatif, try_rules
from gateway.web.console.trials import show_trial, show_trials
from gateway.web.console.vendors import end_problem, forget, propose, show_proposals, show_vendors

log = structlog.get_logger("console")


class Number(Convertor[int]):
    """A number of ours in an address; what is longer is no page."""

    regex = f"[0-9]{{1,{MOST_DIGITS}}}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("number", Number())

Endpoint = Callable[[Request], Awaitable[Response]]
Page = Callable[[Console, Request, Visitor], Awaitable[Response]]

PAGES: tuple[tuple[str, str, str, Page], ...] = (
    ("GET", "/", "look", show_today),
    ("GET", "/find", "look", show_find),
    ("GET", "/mail/{number:number}", "look", show_mail),
    ("GET", "/mail/{number:number}/html", "look", show_html),
    ("GET", "/mail/{number:number}/file/{index:number}", "look", download_file),
    ("GET", "/mail/{number:number}/original", "look", download_original),
    ("GET", "/refused/{number:number}", "look", show_refused),
    ("GET", "/todo", "look", show_todo),
    ("GET", "/vendors", "look", show_vendors),
    ("POST", "/vendors/end", "act", end_problem),
    ("POST", "/vendors/forget", "act", forget),
    ("GET", "/vendors/propose", "act", show_proposals),
    ("POST", "/vendors/propose", "act", propose),
    ("GET", "/rules", "look", show_rules),
    ("POST", "/rules", "act", try_rules),
    ("GET", "/rules/whatif", "look", show_whatif),
    ("POST", "/rules/stop", "act", stop_whatif),
    ("POST", "/rules/reload", "administer", reload),
    ("GET", "/windows", "look", show_windows),
    ("POST", "/windows", "act", change_window),
    ("GET", "/trials", "look", show_trials),
    ("GET", "/trials/{name}", "look", show_trial),
    ("GET", "/audit", "administer", show_audit),
    ("POST", "/act", "act", perform),
    ("POST", "/logout", "look", log_out),
)
"""Method, address, the least role, and the page."""
DOORS = (
    ("GET", "/login", show_login),
    ("POST", "/login", log_in),
    ("GET", "/enter", show_enter),
    ("POST", "/enter", enter),
    ("GET", "/oidc/begin", begin_oidc),
    ("GET", BACK, end_oidc),
)
"""What is there for those who are not in."""
LOGGED_OUT = "You are not logged in, or not any more: nothing was done. Log in, then do it again."
FOREIGN = (
    "This came from another site, and nothing was done. If it did not: a proxy in front of the gateway has to pass Host"
    " on as the browser sent it."
)
STATIC = {"console.css": "text/css", "console.js": "text/javascript", "icon.svg": "image/svg+xml"}


def application(console: Console) -> Starlette:
    """The pages as an application."""

    def guarded(role: str, page: Page) -> Endpoint:
        async def answer(request: Request) -> Response:
            visitor = await console.visitor(request)
            if visitor is None and request.method == "POST":
                there = f"/login?next={quote(way_back(request) or '/')}"
                return console.page("trouble", None, 401, words=LOGGED_OUT, back=there, to_back="Log in")
            if visitor is None:
                return to_login(request)
            if not may(visitor, role):
                return console.trouble(request, visitor, f"Your role is {visitor.role}: this needs {role}.", 403)
            return await _answered(console, request, visitor, page(console, request, visitor))

        return _sealed(console, answer)

    def door(page: Callable[[Console, Request], Awaitable[Response]]) -> Endpoint:
        return _sealed(console, lambda request: page(console, request))

    async def missing(request: Request, _: Exception) -> Response:
        async def answer(request: Request) -> Response:
            visitor = await console.visitor(request)
            return console.trouble(request, visitor, "There is no such page.", 404)

        return await _sealed(console, answer)(request)

    async def broken(request: Request, error: Exception) -> Response:
        log.error("a page failed", path=request.url.path[:200], error=type(error).__name__)
        words = "This is a fault of the gateway, and nothing was done. Its log has more."
        return hardened(console.trouble(request, None, words, 500))

    routes = [Route(path, guarded(role, page), methods=[method]) for method, path, role, page in PAGES]
    routes += [Route(path, door(page), methods=[method]) for method, path, page in DOORS]
    return Starlette(
        routes=[*routes, Route("/static/{name}", _sealed(console, _static))],
        exception_handlers={404: missing, 405: missing, Exception: broken},
    )


def _sealed(console: Console, answer: Endpoint) -> Endpoint:
    """No form of another site comes through, every answer has our headers, and what cannot be answered says why."""

    async def checked(request: Request) -> Response:
        if request.method == "POST" and is_foreign(request):
            return hardened(console.page("trouble", None, 403, words=FOREIGN, back="", to_back=""))
        request.state.address = come_from(request, console.settings.console.proxies)
        answered = hardened(await _answered(console, request, None, answer(request)))
        if TOLD in request.cookies and request.method == "GET" and answered.media_type == "text/html":
            answered.delete_cookie(TOLD)
        return answered

    return checked


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        return PlainTextResponse("There is no such page.\n", 404)
    headers = {**HEADERS, "Cache-Control": "public, max-age=300"}
    return FileResponse(HERE / name, media_type=STATIC[name], headers=headers)


async def _answered(console: Console, request: Request, visitor: Visitor | None, work: Awaitable[Response]) -> Response:
    """The page, or in plain words why there is none."""
    try:
        return await work
    except NotPossible as error:
        return console.trouble(request, visitor, str(error), 409)
    except reading.NotRead as error:
        return console.trouble(request, visitor, f"The mail cannot be read: {error}", 409)
    except ConfigError as error:
        return console.trouble(request, visitor, str(error), 500)
    except DBAPIError as error:
        log.error("the store did not answer", error=type(error).__name__, exc_info=error)
        return console.trouble(request, visitor, "The store does not answer.", 503)
