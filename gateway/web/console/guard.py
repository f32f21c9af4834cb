"""Who may see a page or do an act, and what every answer says to the browser.

Refused before anything is looked at: a post that comes from another origin (Sec-Fetch-Site, else Origin), a visitor
without a session, a role that is too low. Source: W3C Fetch Metadata, OWASP cross-site request forgery.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import quote, unquote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.config.console import ConsoleSettings
from gateway.match.names import plain_address
from gateway.match.networks import holder, network
from gateway.store.acts import Actor
from gateway.store.entries import Visitor

COOKIE = "gateway_console"
TOLD, MOST_TOLD = "gateway_told", 300
RANKS = {"look": 0, "act": 1, "administer": 2}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
FRAME_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""Of the frame with a mail's HTML."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
LOOPBACK = ("127.0.0.0/8", "::1/128")
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?|([0-9.]+):\d+")
_INSIDE = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f]*")


def tell(response: Response, words: str) -> Response:
    """Let the next page say this, once. Not by its address: anybody can write one."""
    response.set_cookie(TOLD, quote(words[:MOST_TOLD]), max_age=60, httponly=True, samesite="strict")
    return response


def told_to(request: Request) -> str:
    """What the last page wants said here, "" for nothing."""
    return unquote(request.cookies.get(TOLD, ""))


def may(visitor: Visitor | None, role: str) -> bool:
    return visitor is not None and RANKS[visitor.role] >= RANKS[role]


def is_foreign(request: Request) -> bool:
    """Whether another site sent this. A browser says where a post comes from; what does not say it is foreign."""
    if site := request.headers.get("sec-fetch-site"):
        return site != "same-origin"
    origin = urlsplit(request.headers.get("origin", ""))
    return not origin.netloc or origin.netloc != request.headers.get("host")


def hardened(response: Response) -> Response:
    """The answer with what keeps browsers from doing more than we mean."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def address_of(request: Request) -> str:
    """Where somebody sits: what asks us, or whom a proxy of ours says that it asks for (``come_from``)."""
    return str(request.state.address)


def come_from(request: Request, proxies: tuple[str, ...]) -> str:
    """The last address in X-Forwarded-For that is no proxy of ours: what stands before it, anybody can write. Proxies
    are those of the configuration, and what runs on this machine."""
    address = _peer(request)
    said = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    while said and _is_within(address, (*proxies, *LOOPBACK)):
        if not _is_address(last := _without_port(said.pop().strip())):
            break
        address = plain_address(last)
    return address


def _peer(request: Request) -> str:
    return plain_address(request.client.host) if request.client else ""


def _without_port(said: str) -> str:
    """Some proxies write the port behind the address."""
    found = _WITH_PORT.fullmatch(said)
    return (found[1] or found[2]) if found else said


def inside(there: str) -> str:
    """A path of ours, "/" for anything else."""
    return there if _INSIDE.fullmatch(there) else "/"


def way_back(request: Request) -> str:
    """The page from which somebody came here, "" when it was none of ours."""
    there = urlsplit(request.headers.get("referer", ""))
    if not there.netloc or there.netloc != request.headers.get("host"):
        return ""
    path = f"{there.path}?{there.query}" if there.query else there.path
    return path if _INSIDE.fullmatch(path) else ""


def actor_of(visitor: Visitor, request: Request) -> Actor:
    """Who does this, for the audit."""
    return Actor(visitor.name, "page", address_of(request))


def named_by_proxy(request: Request, settings: ConsoleSettings) -> Visitor | None:
    """Who a proxy of ours says has logged in there."""
    if not settings.header or not _is_within(_peer(request), settings.proxies):
        return None
    name = request.headers.get(settings.header, "").strip()
    role = next((user.role for user in settings.users if user.name == name), settings.header_role)
    return Visitor(name[:100], role) if name and role else None


def _is_within(address: str, networks: tuple[str, ...]) -> bool:
    return holder(address, map(network, networks)) is not None


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def to_login(request: Request) -> Response:
    there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(there)}", 303)
