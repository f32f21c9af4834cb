"""Coming in by a link, a login here or one at an identity provider, and going."""

from __future__ import annotations

import asyncio
from functools import cache
from urllib.parse import urlencode, urlsplit

import structlog
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.match.names import network_of
from gateway.model.spans import DAY
from gateway.smtp.auth import check_password, hash_password
from gateway.smtp.guessing import TooMany
from gateway.store import acts, entries
from gateway.store.entries import Kind, Visitor
from gateway.web.console.answers import Unreachable
from gateway.web.console.console import Console
from gateway.web.console.forms import fields_of, first
from gateway.web.console.guard import COOKIE, actor_of, address_of, inside
from gateway.web.console.provider import BACK, PENDING_FOR, NotLetIn, Provider, role_of

log = structlog.get_logger("console")
HERE = "here"
"""Asks to begin at the address at which it is asked: somebody was sent there already."""
BROWSER = "gateway_login"
"""Cookie of a browser that is logging in at the identity provider."""
KNOWN = "gateway_known"
"""Cookie of a browser in which somebody logged in: logins by their name go on there, whoever guesses elsewhere."""
TOO_MANY = "Too many wrong logins: wait five minutes. A link of `gateway console` lets you in now."
GUESSED_AT = (
    "Somebody is guessing passwords, so logins are slow where you have not logged in before. Try again in a minute, or"
    " in a browser or a network where you did; a link of `gateway console` lets you in now."
)
KNOWN_FOR = 90 * DAY
"""Seconds for which a browser and a network are known in which somebody logged in."""


async def show_login(console: Console, request: Request) -> Response:
    there = inside(request.query_params.get("next", "/"))
    left = console.provider if "left" in request.query_params else None
    way_out = await left.way_out() if left else ""
    return _login_page(console, there, left=left is not None, way_out=way_out, at=_elsewhere(console, request))


def _elsewhere(console: Console, request: Request) -> str:
    """Where the console is to be reached, when the browser is not there: its cookies are for that address, and over
    TLS. "" where all is well."""
    there = urlsplit(console.settings.console.address)
    is_plain = request.headers.get("x-forwarded-proto", "https").lower() == "http"
    is_here = request.headers.get("host") == there.netloc and not is_plain
    return "" if there.scheme != "https" or is_here else there.geturl()


def _login_page(
    console: Console,
    there: str,
    wrong: str = "",
    status: int = 200,
    name: str = "",
    *,
    left: bool = False,
    way_out: str = "",
    at: str = "",
) -> Response:
    """``left``: a login that began at the provider is over here; ``way_out`` is where it is ended there, too."""
    settings = console.settings.console
    has_users = any(user.password_hash for user in settings.users)
    provider = settings.oidc.name if settings.oidc.issuer else ""
    values = {"next": there, "wrong": wrong, "typed": name[:100], "has_users": has_users, "provider": provider}
    return console.page("login", None, status, left=left, way_out=way_out, at=at, **values)


async def log_in(console: Console, request: Request) -> Response:
    form = await fields_of(request)
    name, password, there = first(form, "name"), form.get("password", [""])[0], inside(first(form, "next"))
    address, known = address_of(request), await _known_browser(console, request, name)
    place = known or address
    if not console.rate.begin(place):
        log.warning("too many logins", peer=address)
        return _login_page(console, there, TOO_MANY, 429, name)
    if not known and console.pace.is_slow(name) and not await _knows(console, name, address):
        log.warning("logins are slow", who=name[:100], peer=address)
        try:
            await console.pace.wait()
        except TooMany:
            console.rate.forgive(place)
            return _login_page(console, there, GUESSED_AT, 429, name)
    console.pace.begin(name)
    user = console.user(name)
    hashed = user.password_hash if user else await asyncio.to_thread(_nobodys_hash)
    right = await asyncio.to_thread(check_password, password[:1000].encode(), hashed)
    if user is None or not right:
        log.warning("login refused", who=name[:100], peer=address)
        return _login_page(console, there, "Login or password is wrong.", 403, name)
    console.rate.forgive(place)
    console.pace.forgive(name)
    response = await _let_in(console, request, "login", Visitor(user.name, user.role), there)
    if not known:
        now, by = console.clock(), Visitor(user.name, "")
        value = await console.change(lambda c: entries.make(c, "browser", by, address, now, KNOWN_FOR))
        _set_cookie(console, response, KNOWN, value, int(KNOWN_FOR), "/login")
    return response


async def _known_browser(console: Console, request: Request, name: str) -> str:
    """What tells this browser from others, if somebody logged in by this name in it; else ""."""
    if not (value := request.cookies.get(KNOWN, "")):
        return ""
    found = await console.look(lambda c: entries.opened(c, ("browser",), value, console.clock()))
    return f"browser {value}" if found and found.visitor.name == name else ""


async def _knows(console: Console, name: str, address: str) -> bool:
    """Whether somebody logged in by this name from there before."""
    since = console.clock() - KNOWN_FOR
    places = await console.look(lambda c: acts.addresses(c, name, "log in", since))
    return network_of(address) in {network_of(place) for place in places}


async def begin_oidc(console: Console, request: Request) -> Response:
    """To the identity provider, with a cookie by which the browser is known when it comes back."""
    there, provider, address = inside(request.query_params.get("next", "/")), console.provider, address_of(request)
    if provider is None:
        return _login_page(console, there, status=404)
    if console.rate.is_over(address):
        return _login_page(console, there, TOO_MANY, 429)
    if (at := _elsewhere(console, request)) and HERE not in request.query_params:  # it comes back there
        return RedirectResponse(f"{at}/oidc/begin?{urlencode({'next': there, HERE: 'yes'})}", 303)
    try:
        begun = await provider.begin(there, address, request.cookies.get(BROWSER, ""))
    except Unreachable as error:
        return _unreachable(console, provider, error)
    response = RedirectResponse(begun.address, 303)
    _set_cookie(console, response, BROWSER, begun.browser, int(PENDING_FOR), BACK)
    return response


async def end_oidc(console: Console, request: Request) -> Response:
    """Back from the identity provider."""
    provider, address = console.provider, address_of(request)
    if provider is None:
        return _login_page(console, "/", status=404)
    if not console.rate.begin(address):
        log.warning("too many logins", peer=address)
        return _login_page(console, "/", TOO_MANY, 429)
    try:
        person, there = await provider.end(request.query_params, request.cookies.get(BROWSER, ""))
    except NotLetIn as error:
        if error.is_stale:
            console.rate.forgive(address)
            if await console.visitor(request):  # the button back, or a second tab
                return RedirectResponse(error.there, 303)
        log.warning("login refused", why=error.why[:300], peer=address)
        return _login_page(console, error.there, str(error), 403)
    except Unreachable as error:
        console.rate.forgive(address)
        return _unreachable(console, provider, error)
    console.rate.forgive(address)
    visitor = Visitor(person.name, role_of(person.grants, provider.settings))
    by = f", by {provider.settings.name} as {person.subject}"
    response = await _let_in(console, request, "oidc", visitor, there, person.grants, by)
    if not provider.is_coming(request.cookies.get(BROWSER, "")):
        response.delete_cookie(BROWSER, path=BACK)
    return response


def _unreachable(console: Console, provider: Provider, error: Unreachable) -> Response:
    log.error("the identity provider does not answer", error=str(error))
    words = f"{provider.settings.name} does not answer as it should. Whoever runs the gateway finds why in its log."
    return _login_page(console, "/", words, 503)


@cache
def _nobodys_hash() -> str:
    """For a login that does not exist: checking it takes as long."""
    return hash_password("nobody has this")


async def show_enter(console: Console, request: Request) -> Response:
    """A link is used by a click: what only looks at links uses none."""
    return console.page("enter", None, value=request.query_params.get("link", ""))


async def enter(console: Console, request: Request) -> Response:
    form = await fields_of(request)
    now = console.clock()
    visitor = await console.change(lambda c: entries.use(c, first(form, "link"), now))
    if visitor is None:
        words = "This link was used, or its hour is over. `gateway console` prints a new one."
        return console.trouble(request, None, words, 403)
    return await _let_in(console, request, "session", visitor, "/")


async def _let_in(
    console: Console,
    request: Request,
    kind: Kind,
    visitor: Visitor,
    there: str,
    grants: tuple[str, ...] = (),
    by: str = "",
) -> Response:
    """``by`` is what the audit says of who vouched for them."""
    settings, now, address = console.settings.console, console.clock(), address_of(request)

    def begin(connection: Connection) -> str:
        detail = f"{visitor.role}{by}" if by else ""
        acts.add(connection, actor_of(visitor, request), "log in", now, detail=detail)
        return entries.make(connection, kind, visitor, address, now, settings.session, grants)

    value = await console.change(begin)
    response = RedirectResponse(there, 303)
    _set_cookie(console, response, COOKIE, value, int(settings.session), "/")
    return response


def _set_cookie(console: Console, response: Response, name: str, value: str, seconds: int, path: str) -> None:
    secure = console.settings.console.address.startswith("https:")
    response.set_cookie(name, value, max_age=seconds, path=path, httponly=True, samesite="lax", secure=secure)


async def log_out(console: Console, request: Request, visitor: Visitor) -> Response:
    value = request.cookies.get(COOKIE, "")
    kind = await console.change(lambda c: entries.end(c, value))
    response = RedirectResponse("/login?left=yes" if kind == "oidc" else "/login", 303)
    response.delete_cookie(COOKIE)
    return response
