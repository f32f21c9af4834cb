"""The pages, by address: each looks at the store through ``gateway.operate`` and shows what it said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

import jinja2
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.config.settings import ConfigError, Settings
from gateway.operate import act, finding, reading, said, story, today, todo
from gateway.operate.access import Access
from gateway.operate.acts import Asked, Done, perform_each
from gateway.operate.tickets import ticket_at_desk
from gateway.smtp.auth import check_password, hash_password
from gateway.store import acts, deliveries, entries, expectations, problems
from gateway.store.acts import Actor
from gateway.store.entries import Visitor
from gateway.store.operator import NotPossible
from gateway.store.raw import RawMail
from gateway.web.console.guard import (
    COOKIE,
    FRAME_POLICY,
    HEADERS,
    LoginRate,
    address_of,
    hardened,
    is_foreign,
    may,
    named_by_proxy,
    to_login,
)

log = structlog.get_logger("console")

T = TypeVar("T")
HERE = Path(__file__).parent / "pages"
EACH = 50  # mails of a page
MOST_FORM = 256 * 1024  # bytes
MOST_SHOWN = 200_000  # characters of a text
DAY = 86_400.0
Page = Callable[["Console", Request, Visitor], Awaitable[Response]]


class Console:
    """What the pages share."""

    def __init__(self, settings: Settings, store: str, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.zone = ZoneInfo(settings.timezone)
        self.access = Access(settings.store)
        self.raws = RawMail(settings.store)
        self.parser = reading.parser_of(settings)
        self.rate = LoginRate()
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
        )
        self._templates.filters.update(
            when=lambda at: said.when(at, self.clock(), self.zone),
            exactly=lambda at: said.exactly(at, self.zone),
            day=lambda at: said.day(at, self.zone),
            ago=lambda at: said.span(max(0.0, self.clock() - at)),
            size=said.size,
            upper_first=lambda text: text[:1].upper() + text[1:],
        )

    async def close(self) -> None:
        await self.parser.close()
        self.access.close()

    async def look(self, operation: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self.access.look, operation)

    async def change(self, operation: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self.access.change, operation)

    async def visitor(self, request: Request) -> Visitor | None:
        """Who asks: whom a proxy names, else whom the session does."""
        if found := named_by_proxy(request, self.settings.console):
            return found
        value = request.cookies.get(COOKIE, "")
        return await self.look(lambda c: entries.visitor(c, "session", value, self.clock())) if value else None

    def page(self, name: str, visitor: Visitor | None, status: int = 200, **values: Any) -> Response:
        template = self._templates.get_template(f"{name}.html")
        text = template.render(
            page=name, visitor=visitor, may_act=may(visitor, "act"), may_administer=may(visitor, "administer"),
            zone=self.settings.timezone, **values,
        )  # fmt: skip
        return Response(text, status, media_type="text/html")

    def trouble(self, visitor: Visitor | None, words: str, status: int) -> Response:
        return self.page("trouble", visitor, status, words=words)


async def _form(request: Request) -> dict[str, list[str]]:
    """The fields of a posted form. Raises NotPossible for what is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM:
            raise NotPossible("the form is too long")
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)


def _first(form: Mapping[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0].strip()


# -- looking --------------------------------------------------------------------------------------


async def show_today(console: Console, request: Request, visitor: Visitor) -> Response:
    now = console.clock()
    day = await console.look(lambda c: today.today(c, console.settings, console.store, now, console.zone))
    most = max((hour.accepted for hour in day.hours), default=0) or 1
    return console.page("today", visitor, day=day, most=most)


async def show_find(console: Console, request: Request, visitor: Visitor) -> Response:
    typed, now = request.query_params.get("q", ""), console.clock()
    before = request.query_params.get("before", "")
    try:
        search = finding.read(typed, now, console.zone)
    except finding.NotUnderstood as error:
        return console.page("find", visitor, 400, q=typed, found=None, wrong=str(error), older="")
    if before.isdecimal():
        search = replace(search, before=int(before))
    found = await console.look(lambda c: finding.find(c, search, now, console.zone, EACH))
    if search.number and len(found.mails) == 1:
        return RedirectResponse(f"/mail/{search.number}", 303)
    numbers = [mail.number for mail in found.mails if mail.number]
    older = urlencode({"q": typed, "before": numbers[-1]}) if found.more and numbers else ""
    return console.page("find", visitor, q=typed, found=found, wrong="", older=older)


async def show_mail(console: Console, request: Request, visitor: Visitor) -> Response:
    told, content = await _story(console, request)
    email, trouble = None, ""
    if content is not None:
        try:
            email = await reading.read(console.parser, console.raws, content)
        except reading.NotRead as error:
            trouble = str(error)
    new, cut = reading.new_words(email) if email else ("", "")
    return console.page(
        "mail", visitor, told=told, email=email, trouble=trouble, new=new[:MOST_SHOWN], cut=cut[:MOST_SHOWN],
        shows_html=bool(email and email.html) and "html" in request.query_params, done=request.query_params.get("done"),
    )  # fmt: skip


async def _story(console: Console, request: Request) -> tuple[story.Story, Any]:
    name, now = f"#{request.path_params['number']}", console.clock()

    def look(connection: Connection) -> tuple[story.Story, Any]:
        told = story.tell(connection, name, console.settings.retention, now, console.zone)
        return told, deliveries.content(connection, told.raw_id) if told.kept else None

    return await console.look(look)


async def _content(console: Console, request: Request) -> Any:
    """The row of the bytes. Raises NotPossible."""
    told, content = await _story(console, request)
    if content is None:
        raise NotPossible(f"#{told.mail.number}: the mail itself is not kept any more")
    return content


async def show_html(console: Console, request: Request, visitor: Visitor) -> Response:
    """The mail's HTML, for the frame of its page."""
    try:
        text = await reading.html(console.parser, console.raws, await _content(console, request))
    except reading.NotRead as error:
        return PlainTextResponse(f"It cannot be shown: {error}", headers={"Content-Security-Policy": FRAME_POLICY})
    page = f"<!doctype html><meta charset=utf-8><title>HTML of the mail</title>{text}"
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": FRAME_POLICY})


async def download_file(console: Console, request: Request, visitor: Visitor) -> Response:
    content = await _content(console, request)
    data = await reading.file(console.parser, console.raws, content, request.path_params["index"])
    return _download(data, f"{request.path_params['number']}-{request.path_params['index'] + 1}.bin")


async def download_original(console: Console, request: Request, visitor: Visitor) -> Response:
    content = await _content(console, request)
    data = await asyncio.to_thread(console.raws.read, content)
    return _download(data, f"{request.path_params['number']}.eml")


def _download(data: bytes, name: str) -> Response:
    """Never shown: what the sender calls it, and its kind, are not told to the browser."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": FRAME_POLICY}
    return Response(data, media_type="application/octet-stream", headers=headers)


async def show_todo(console: Console, request: Request, visitor: Visitor) -> Response:
    now = console.clock()
    found = await console.look(lambda c: todo.todo(c, console.settings.retention, now, console.zone))
    return console.page("todo", visitor, todo=found, bulk=[act.BY_NAME[name] for name in ("release", "drop")])


async def show_vendors(console: Console, request: Request, visitor: Visitor) -> Response:
    since = console.clock() - 7 * DAY
    names = [notice.called for notice in console.settings.notice]
    left, doubtful, opened, waited = await console.look(
        lambda c: (
            problems.left_open(c, 100),
            problems.doubtful(c, since, 100),
            problems.listing(c, ("open", "recovered", "closing"), 200),
            expectations.listing(c, names),
        )
    )
    return console.page("vendors", visitor, left=left, doubtful=doubtful, opened=opened, waited=waited)


async def show_audit(console: Console, request: Request, visitor: Visitor) -> Response:
    rows = await console.look(lambda c: acts.newest(c, 200, who=request.query_params.get("who", "")))
    return console.page("audit", visitor, rows=rows)


# -- acting ---------------------------------------------------------------------------------------


async def perform(console: Console, request: Request, visitor: Visitor) -> Response:
    """An act on exactly the mails that are named; on several, it is said first which they are."""
    form = await _form(request)
    chosen = act.BY_NAME.get(_first(form, "act"))
    numbers = [number for number in form.get("mail", []) if number.isdecimal()]
    if chosen is None or not numbers:
        return console.trouble(visitor, "Tick the mails, and choose what to do with them.", 400)
    names = [f"#{number}" for number in dict.fromkeys(numbers)]
    if len(names) > 1 and not _first(form, "confirmed"):
        return await _confirm(console, visitor, chosen, names)
    asked = await _asked(console, request, visitor, chosen, form, names[0])
    now = console.clock()
    results = await asyncio.to_thread(perform_each, console.access.change, chosen, names, asked, now)
    log.info("acted", who=visitor.name, act=chosen.name, mails=len(names), good=sum(done.good for done in results))
    if len(results) == 1 and results[0].good:
        done = urlencode({"done": results[0].words})
        return RedirectResponse(f"/mail/{results[0].number}?{done}", 303)
    return console.page(
        "done", visitor, 200 if any(done.good for done in results) else 409, chosen=chosen, results=results
    )


async def _confirm(console: Console, visitor: Visitor, chosen: act.Act, names: list[str]) -> Response:
    now, seqs = console.clock(), [int(name[1:]) for name in names]
    mails = await console.look(lambda c: finding.numbered(c, seqs, now, console.zone))
    return console.page("confirm", visitor, chosen=chosen, mails=mails)


async def _asked(
    console: Console, request: Request, visitor: Visitor, chosen: act.Act, form: Mapping[str, list[str]], name: str
) -> Asked:
    """What is said with it. Raises NotPossible; the desk is asked for a ticket before anything changes."""
    to, audience = _first(form, "to"), _first(form, "audience")
    actor = Actor(visitor.name, "page", address_of(request))
    if not to or "to" not in chosen.takes or to == "new":
        return Asked(actor, _first(form, "why"), to if "to" in chosen.takes else "", "", _audience(audience))
    found = await ticket_at_desk(console.access, console.settings, name, to)
    return Asked(actor, _first(form, "why"), found.ticket_id, found.number, _audience(audience))


def _audience(word: str) -> Any:
    return word if word in ("public", "internal") else ""


# -- coming in ------------------------------------------------------------------------------------


async def show_login(console: Console, request: Request) -> Response:
    there = _inside(request.query_params.get("next", "/"))
    has_users = any(user.password_hash for user in console.settings.console.users)
    return console.page("login", None, next=there, wrong="", has_users=has_users)


async def log_in(console: Console, request: Request) -> Response:
    form = await _form(request)
    name, password, there = _first(form, "name"), form.get("password", [""])[0], _inside(_first(form, "next"))
    address = address_of(request)
    if console.rate.is_over(address):
        log.warning("too many logins", peer=address)
        return console.page(
            "login", None, 429, next=there, wrong="Too many wrong logins: wait five minutes.", has_users=True
        )
    user = next((user for user in console.settings.console.users if user.name == name and user.password_hash), None)
    hashed = user.password_hash if user else await asyncio.to_thread(_nobodys_hash)
    right = await asyncio.to_thread(check_password, password[:1000].encode(), hashed)
    if user is None or not right:
        console.rate.wrong(address)
        log.warning("login refused", who=name[:100], peer=address)
        return console.page("login", None, 403, next=there, wrong="Login or password is wrong.", has_users=True)
    return await _let_in(console, request, Visitor(user.name, user.role), there)


_NOBODYS: list[str] = []


def _nobodys_hash() -> str:
    """For a login that does not exist: checking it takes as long."""
    if not _NOBODYS:
        _NOBODYS.append(hash_password("nobody has this"))
    return _NOBODYS[0]


def _inside(there: str) -> str:
    """A path of ours."""
    return there if there.startswith("/") and not there.startswith(("//", "/\\")) and "\n" not in there else "/"


async def show_enter(console: Console, request: Request) -> Response:
    """A link is used by a click: what only looks at links uses none."""
    return console.page("enter", None, value=request.query_params.get("link", ""))


async def enter(console: Console, request: Request) -> Response:
    form = await _form(request)
    now = console.clock()
    visitor = await console.change(lambda c: entries.use(c, _first(form, "link"), now))
    if visitor is None:
        return console.trouble(
            None, "This link was used, or its hour is over. `gateway console` prints a new one.", 403
        )
    return await _let_in(console, request, visitor, "/")


async def _let_in(console: Console, request: Request, visitor: Visitor, there: str) -> Response:
    settings, now, address = console.settings.console, console.clock(), address_of(request)

    def begin(connection: Connection) -> str:
        acts.add(connection, Actor(visitor.name, "page", address), "log in", now)
        return entries.make(connection, "session", visitor, address, now, settings.session)

    value = await console.change(begin)
    response = RedirectResponse(there, 303)
    secure = settings.address.startswith("https:")
    response.set_cookie(COOKIE, value, max_age=int(settings.session), httponly=True, samesite="lax", secure=secure)
    return response


async def log_out(console: Console, request: Request, visitor: Visitor) -> Response:
    value = request.cookies.get(COOKIE, "")
    await console.change(lambda c: entries.end(c, value))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE)
    return response


# -- the application ------------------------------------------------------------------------------

PAGES: tuple[tuple[str, str, str, Page], ...] = (
    ("GET", "/", "look", show_today),
    ("GET", "/find", "look", show_find),
    ("GET", "/mail/{number:int}", "look", show_mail),
    ("GET", "/mail/{number:int}/html", "look", show_html),
    ("GET", "/mail/{number:int}/file/{index:int}", "look", download_file),
    ("GET", "/mail/{number:int}/original", "look", download_original),
    ("GET", "/todo", "look", show_todo),
    ("GET", "/vendors", "look", show_vendors),
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
)
"""What is there for those who are not in."""
STATIC = {"console.css": "text/css", "console.js": "text/javascript", "icon.svg": "image/svg+xml"}


def application(console: Console) -> Starlette:
    """The pages as an application."""

    def guarded(role: str, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if request.method == "POST" and is_foreign(request):
                return hardened(PlainTextResponse("This came from another site, and nothing was done.\n", 403))
            visitor = await console.visitor(request)
            if visitor is None:
                return hardened(to_login(request))
            if not may(visitor, role):
                words = f"Your role is {visitor.role}: this needs {role}."
                return hardened(console.trouble(visitor, words, 403))
            return hardened(await _answered(console, visitor, page(console, request, visitor)))

        return answer

    def door(page: Callable[[Console, Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if request.method == "POST" and is_foreign(request):
                return hardened(PlainTextResponse("This came from another site, and nothing was done.\n", 403))
            return hardened(await _answered(console, None, page(console, request)))

        return answer

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in STATIC:
            return hardened(PlainTextResponse("There is no such page.\n", 404))
        headers = {**HEADERS, "Cache-Control": "public, max-age=300"}
        return FileResponse(HERE / name, media_type=STATIC[name], headers=headers)

    routes = [Route(path, guarded(role, page), methods=[method]) for method, path, role, page in PAGES]
    routes += [Route(path, door(page), methods=[method]) for method, path, page in DOORS]
    return Starlette(routes=[*routes, Route("/static/{name}", static)])


async def _answered(console: Console, visitor: Visitor | None, work: Awaitable[Response]) -> Response:
    """The page, or in plain words why there is none."""
    try:
        return await work
    except NotPossible as error:
        return console.trouble(visitor, str(error), 409)
    except reading.NotRead as error:
        return console.trouble(visitor, f"The mail cannot be read: {error}", 409)
    except ConfigError as error:
        return console.trouble(visitor, str(error), 500)
    except DBAPIError as error:
        log.error("the store did not answer", error=type(error).__name__, exc_info=error)
        return console.trouble(visitor, "The store does not answer.", 503)


__all__ = ["Console", "Done", "application"]
