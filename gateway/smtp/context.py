"""What all sessions of all listeners share."""

from __future__ import annotations

import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.config.smtp import SmtpSettings
from gateway.intake.accept import Acceptor
from gateway.intake.mailboxes import Mailboxes
from gateway.intake.scanner import Scanner, scanner_of
from gateway.match.networks import Networks
from gateway.smtp.auth import Users
from gateway.smtp.awake import Awake
from gateway.smtp.limits import Limits
from gateway.smtp.overload import InFlight, Overload
from gateway.smtp.refusals import Refusals
from gateway.smtp.turns import Turns
from gateway.smtp.verdict.verdict import Verdicts


@dataclass(slots=True)
class ServerContext:
    """``count`` is told the code of a reply to a mail, ``refused`` the reason of a refusal, ``judged``
    the verdict on a mail's sender; the two with the listener's name."""

    acceptor: Acceptor
    settings: SmtpSettings
    mailboxes: Mailboxes
    limits: Limits
    in_flight: InFlight
    overload: Overload
    users: Users
    relays: Networks
    verdicts: Verdicts
    scanner: Scanner | None
    hostname: str
    clock: Callable[[], float]
    count: Callable[[str], None]
    refused: Callable[[str, str], None]
    judged: Callable[[str, str], None]
    refusals: Refusals = field(default_factory=Refusals)
    turns: Turns = field(default_factory=Turns)
    awake: Awake = field(default_factory=Awake)
    connections: int = 0
    inside: int = 0  # sessions that came past the limits
    draining: bool = False
    sessions: int = 0


def context_of(
    acceptor: Acceptor,
    settings: SmtpSettings,
    mailboxes: Mailboxes,
    *,
    clock: Callable[[], float] = time.time,
    count: Callable[[str], None] = lambda code: None,
    refused: Callable[[str, str], None] = lambda reason, listener: None,
    judged: Callable[[str, str], None] = lambda verdict, listener: None,
    pending: Callable[[], Awaitable[int]] | None = None,
) -> ServerContext:
    """What all sessions of a listening process share, as the configuration has it."""
    return ServerContext(
        acceptor=acceptor,
        settings=settings,
        mailboxes=mailboxes,
        limits=Limits(settings.limits, settings.relays, time.monotonic),
        in_flight=InFlight(settings.max_in_flight),
        overload=Overload(settings, pending),
        users=Users(settings.users),
        relays=Networks(settings.relays),
        verdicts=Verdicts(settings, mailboxes.domains),
        scanner=scanner_of(settings.scanner),
        hostname=settings.hostname or socket.gethostname(),
        clock=clock,
        count=count,
        refused=refused,
        judged=judged,
    )
