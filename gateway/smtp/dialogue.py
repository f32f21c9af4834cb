"""What a command may see and change, and what it may answer with.

A command is a function of the ``Dialogue`` and of what follows its name. It does no I/O: it returns a ``Reply``, or
says what has to happen before there is one. The session does it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.intake.accept import Recipient
from gateway.smtp.arrival import Arrival
from gateway.smtp.context import ServerContext
from gateway.smtp.policy import Policy
from gateway.smtp.replies import Reply


@dataclass(slots=True)
class Client:
    """What is known of the peer (RFC 5321 2.3.2). ``address``: "" on a Unix socket; ``hello``: the name it gave, ""
    before it did; ``login``: "" until it logged in. ``is_exempt``: limits are not for it."""

    address: str = ""
    is_exempt: bool = False
    hello: str = ""
    login: str = ""
    is_tls: bool = False
    unknown_recipients: int = 0
    wrong_passwords: int = 0

    def forget(self) -> None:
        """TLS begins: nothing said before counts (RFC 3207 4.2)."""
        self.hello = self.login = ""


@dataclass(slots=True)
class Transaction:
    """One mail under way (RFC 5321 3.3): all that RSET forgets. ``mail_from`` is None before MAIL; ``recipients`` has
    each mailbox once, ``accepted_for`` the place there of each accepted RCPT."""

    mail_from: str | None = None
    recipients: list[Recipient] = field(default_factory=list)
    accepted_for: list[int] = field(default_factory=list)
    arrival: Arrival | None = None

    @property
    def is_ready(self) -> bool:
        """Whether content may come."""
        return self.mail_from is not None and bool(self.recipients)

    def forget(self) -> None:
        self.mail_from = None
        self.recipients = []
        self.accepted_for = []
        if self.arrival is not None:
            self.arrival.mail.discard()
            self.arrival.release()
            self.arrival = None


@dataclass(slots=True)
class Dialogue:
    """``session`` is its id in the log and at the end of refusals."""

    server: ServerContext
    policy: Policy
    session: str
    client: Client = field(default_factory=Client)
    transaction: Transaction = field(default_factory=Transaction)

    @property
    def is_lmtp(self) -> bool:
        return self.policy.is_lmtp


class Content(Protocol):
    """Octets that are not commands."""

    def feed(self, block: bytes) -> bytes | None:
        """The next block; None while there is more to come, then what came after the end. Raises TooSlow."""
        ...


Ask = Callable[[Reply], Awaitable[bytes]]
"""Says a reply and returns the peer's next line."""


@dataclass(frozen=True, slots=True)
class Receive:
    """Content comes, after the reply ``first`` if there is one; then ``then`` says what to answer."""

    content: Content
    then: Callable[[], Answer]
    first: Reply | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """The replies take a while. The peer is not idle meanwhile, and what it sends is kept."""

    work: Callable[[Ask], Awaitable[Sequence[Reply]]]


@dataclass(frozen=True, slots=True)
class StartTls:
    """The reply leaves, then the handshake begins."""

    first: Reply


Answer = Reply | Receive | Wait | StartTls
Command = Callable[[Dialogue, str], Answer]
