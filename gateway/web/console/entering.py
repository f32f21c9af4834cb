"""Coming in by a link or a login, and going."""

from __future__ import annotations

import asyncio
from functools import cache

import structlog
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.smtp.auth import check_password, hash_password
from gateway.store import acts, entries
from gateway.store.entries import Kind, Visitor
from gateway.web.console.console import Console
from gateway.web.console.forms import fields_of, first
from gateway.web.console.guard import COOKIE, actor_of, address_of

log = structlog.get_logger("console")


async def show_login(console: Console, request: Request) -> Response:
    there = _inside(request.query_params.get("next", "/"))
    has_users = any(user.password_hash for user in console.settings.console.users)
    return console.page("login", None, next=there, wrong="", has_users=has_users)


async def log_in(console: Console, request: Request) -> Response:
    form = await fields_of(request)
    name, password, there = first(form, "name"), form.get("password", [""])[0], _inside(first(form, "next"))
    address = address_of(request)
    if console.rate.is_over(address):
        log.warning("too many logins", peer=address)
        return console.page(
            "login", None, 429, next=there, wrong="Too many wrong logins: wait five minutes.", has_users=True
        )
    user = console.user(name)
    hashed = user.password_hash if user else await asyncio.to_thread(_nobodys_hash)
    right = await asyncio.to_thread(check_password, password[:1000].encode(), hashed)
    if user is None or not right:
        console.rate.wrong(address)
        log.warning("login refused", who=name[:100], peer=address)
        return console.page("login", None, 403, next=there, wrong="Login or password is wrong.", has_users=True)
    return await _let_in(console, request, "login", Visitor(user.name, user.role), there)


@cache
def _nobodys_hash() -> str:
    """For a login that does not exist: checking it takes as long."""
    return hash_password("nobody has this")


def _inside(there: str) -> str:
    """A path of ours."""
    return there if there.startswith("/") and not there.startswith(("//", "/\\")) and "\n" not in there else "/"


async def show_enter(console: Console, request: Request) -> Response:
    """A link is used by a click: what only looks at links uses none."""
    return console.page("enter", None, value=request.query_params.get("link", ""))


async def enter(console: Console, request: Request) -> Response:
    form = await fields_of(request)
    now = console.clock()
    visitor = await console.change(lambda c: entries.use(c, first(form, "link"), now))
    if visitor is None:
        return console.trouble(
            None, "This link was used, or its hour is over. `gateway console` prints a new one.", 403
        )
    return await _let_in(console, request, "session", visitor, "/")


async def _let_in(console: Console, request: Request, kind: Kind, visitor: Visitor, there: str) -> Response:
    settings, now, address = console.settings.console, console.clock(), address_of(request)

    def begin(connection: Connection) -> str:
        acts.add(connection, actor_of(visitor, request), "log in", now)
        return entries.make(connection, kind, visitor, address, now, settings.session)

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
