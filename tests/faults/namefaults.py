"""What happens to names: the desk's, and those that verdicts ask for."""

from __future__ import annotations

import contextlib
import socket

from tests.faults.shim import FOR_NOW, NEVER
from tests.faults.site import Site
from tests.faults.traffic import Traffic

DESK = "desk.shim"


def silent_resolver(stack: contextlib.ExitStack) -> dict[str, str]:
    """Verdicts are asked of a resolver that never answers."""
    resolver = stack.enter_context(contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
    resolver.bind(("127.0.0.1", 0))
    port = resolver.getsockname()[1]
    asked = f'nameservers = ["127.0.0.1:{port}"]\ntimeout = 0.4\nquery_timeout = 0.2'
    return {"smtp": f"[smtp.verdict]\ndirect = true\n{asked}"}


def trouble(site: Site, traffic: Traffic) -> None:
    """The desk's name does not resolve for now, or at all."""
    while not traffic.is_over:
        site.pause(0.5, 1.5)
        how = site.rng.choice((FOR_NOW, NEVER))
        for shim in site.shims:
            shim.names(how)
        site.pause(1, 2.5)
        for shim in site.shims:
            shim.names(0)
