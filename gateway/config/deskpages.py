"""Where a ticket is opened in a browser: at the desk's own pages, ``/msp/tickets/ID`` beside its API."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from gateway.model.ids import UUID

NONE = "none"
API = "/api/v1"
_PLAIN = re.compile(r"[A-Za-z0-9._~:/@%\[\]-]+")


def checked(text: str) -> str:
    """The address of a desk's pages as it is configured. Raises ValueError."""
    if text in ("", NONE):
        return text
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not _PLAIN.fullmatch(text) or "@" in parts.netloc:
        raise ValueError("expected an address such as https://desk.msp.example, or none")
    if text.rstrip("/").endswith((API, "/msp/tickets")):
        raise ValueError("expected the address of the desk alone, as its users open it")
    return text.rstrip("/")


def beside(api: str) -> str:
    """The desk's pages by the address of its API, "" where only the gateway may reach it by that name."""
    api = api.rstrip("/")
    host = urlsplit(api).hostname or ""
    if not api.endswith(API) or "@" in urlsplit(api).netloc or not _is_for_others(host):
        return ""
    return api.removesuffix(API)


def ticket_page(web: str, api: str, ticket_id: str) -> str:
    """Where this ticket is opened, "" where that is not known."""
    base = "" if web == NONE else web or beside(api)
    return f"{base}/msp/tickets/{ticket_id}" if base and UUID.fullmatch(ticket_id) else ""


def _is_for_others(host: str) -> bool:
    """Whether a browser elsewhere may know the name: not this machine, and no name of a container."""
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return "." in host and not host.endswith((".localhost", ".local", ".internal", ".svc", ".cluster.local"))
