"""The listeners: sockets, TLS, certificates that change, and the drain."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog

from gateway.config.settings import ConfigError
from gateway.config.smtp import ListenerSettings, SmtpSettings
from gateway.intake.accept import Acceptor
from gateway.intake.mailboxes import Mailboxes
from gateway.smtp.connection import Connection
from gateway.smtp.context import context_of
from gateway.smtp.policy import Policy, listeners_of, policy_of
from gateway.smtp.session import Session

log = structlog.get_logger("smtp")

AT_ONCE = 128  # connections taken in one turn of the loop
BACKLOG = 4096  # connections that wait in the kernel; it may allow fewer (somaxconn)
CERTIFICATE_EVERY = 10.0
FIRST_SYSTEMD_FD = 3


def tls_context(settings: SmtpSettings) -> ssl.SSLContext | None:
    """The TLS settings, None without a certificate. Raises OSError, ssl.SSLError."""
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_cert, settings.tls_key, password=_no_password)
    return context


def _no_password() -> bytes:
    """For a key with a passphrase: OpenSSL would ask the terminal, and wait."""
    raise ssl.SSLError("the key has a passphrase: expected one without")


def check_certificate(settings: SmtpSettings) -> None:
    """Raises ConfigError for a certificate that cannot be used."""
    try:
        tls_context(settings)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"smtp.tls_cert: {settings.tls_cert}: {type(error).__name__}: {error}") from error


class Certificate:
    """The TLS context; its certificate is read again when a file changes."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self.context = tls_context(settings)
        self._seen = self._stamp()

    def _stamp(self) -> tuple[object, ...]:
        files = [file for file in (self._settings.tls_cert, self._settings.tls_key) if file]
        stats = [Path(file).stat() for file in files]
        return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in stats)

    def refresh(self) -> bool:
        """True when a new certificate was taken. A pair that does not fit is logged, and the old one kept."""
        if self.context is None:
            return False
        try:
            stamp = self._stamp()
            if stamp == self._seen:
                return False
            # A new context: an old one would go on to show a certificate of another kind of key (RSA, EC) beside it.
            self.context = tls_context(self._settings)
        except (OSError, ssl.SSLError) as error:
            log.error("certificate not taken", error=f"{type(error).__name__}: {error}")
            return False
        self._seen = stamp
        log.info("new certificate")
        return True


class Listener:
    """All listeners of the process. Accept connections until ``drain``. ``sockets``: those that somebody else bound, by
    the listener's name."""

    def __init__(
        self,
        acceptor: Acceptor,
        settings: SmtpSettings,
        mailboxes: Mailboxes,
        *,
        clock: Callable[[], float] = time.time,
        count: Callable[[str], None] = lambda reply: None,
        refused: Callable[[str, str], None] = lambda reason, listener: None,
        judged: Callable[[str, str], None] = lambda verdict, listener: None,
        pending: Callable[[], Awaitable[int]] | None = None,
        sockets: Mapping[str, socket.socket] = MappingProxyType({}),
    ) -> None:
        self._settings = settings
        self._sockets = sockets
        self.context = context_of(
            acceptor, settings, mailboxes, clock=clock, count=count, refused=refused, judged=judged, pending=pending
        )
        self.live: set[Session] = set()
        self._certificate = Certificate(settings)
        self._servers: list[asyncio.AbstractServer] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.addresses: dict[str, str] = {}

    @property
    def draining(self) -> bool:
        return self.context.draining

    @property
    def sessions(self) -> int:
        """Peers that came past the limits and are here now."""
        return self.context.inside

    @property
    def overload(self) -> str:
        """Why mail must wait, "" while all is well."""
        return self.context.overload.reason

    @property
    def address(self) -> str:
        """Of the first listener."""
        return next(iter(self.addresses.values()))

    async def start(self) -> None:
        """Listen. Raises OSError where a socket cannot be bound."""
        for listener in listeners_of(self._settings):
            policy = policy_of(listener, self._settings)
            server = await self._listen(listener, policy)
            self._servers.append(server)
            for sock in server.sockets:
                _deepen(sock.fileno())
            name = server.sockets[0].getsockname()
            self.addresses[listener.name] = f"{name[0]}:{name[1]}" if isinstance(name, tuple) else str(name)
            log.info(
                "listening",
                name=listener.name,
                address=self.addresses[listener.name],
                kind=listener.kind,
                tls=policy.tls,
            )
        self._tasks = [
            asyncio.create_task(self.context.overload.watch()),
            asyncio.create_task(self._watch_certificate()),
        ]

    async def _listen(self, listener: ListenerSettings, policy: Policy) -> asyncio.Server:
        loop = asyncio.get_running_loop()

        def connection() -> Connection:
            session = Session(self.context, policy, self.live)
            return Connection(session, self._settings.timeout, self._certificate.context)

        if (sock := self._sockets.get(listener.name)) is not None:
            return await loop.create_server(connection, sock=sock, backlog=AT_ONCE)
        if listener.listen.startswith("systemd:"):
            return await loop.create_server(connection, sock=systemd_socket(listener.listen[8:]), backlog=AT_ONCE)
        if listener.listen.startswith("unix:"):
            return await loop.create_unix_server(connection, listener.listen[5:], backlog=AT_ONCE)
        host, _, port = listener.listen.rpartition(":")
        return await loop.create_server(
            connection,
            host.strip("[]"),
            int(port),
            backlog=AT_ONCE,
            reuse_address=True,
            reuse_port=listener.reuse_port or None,
        )

    async def _watch_certificate(self) -> None:
        while self._certificate.context is not None:
            await asyncio.sleep(CERTIFICATE_EVERY)
            self._certificate.refresh()

    def refresh_certificate(self) -> bool:
        """Read the certificate again if a file changed: whether a new one was taken."""
        return self._certificate.refresh()

    async def drain(self) -> None:
        """Stop listening, send the idle away, and let mails under way finish."""
        self.context.draining = True
        for server in self._servers:
            server.close()
        for session in list(self.live):
            session.close_idle()
        end = time.monotonic() + self._settings.drain
        while self.live and time.monotonic() < end:  # noqa: ASYNC110 - each session leaves by itself
            await asyncio.sleep(0.05)
        for session in list(self.live):
            session.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def bound(listener: ListenerSettings) -> socket.socket:
    """The listening socket of a listener, for others to accept from. Raises OSError."""
    if listener.listen.startswith("systemd:"):
        return systemd_socket(listener.listen[8:])
    if listener.listen.startswith("unix:"):
        path = Path(listener.listen[5:])
        if path.is_socket():  # of a run that was killed
            path.unlink(missing_ok=True)
        return _listening(socket.AF_UNIX, str(path))
    host, _, port = listener.listen.rpartition(":")
    found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return _listening(family, address)


def _listening(family: socket.AddressFamily, address: Any) -> socket.socket:
    sock = socket.socket(family)
    try:
        if family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def _deepen(descriptor: int) -> None:
    """asyncio uses one number for the kernel's queue and for what it takes at once."""
    with socket.socket(fileno=os.dup(descriptor)) as listening:
        listening.listen(BACKLOG)


def systemd_socket(name: str) -> socket.socket:
    """A listening socket that systemd passed (sd_listen_fds(3)). Raises OSError when there is none."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        raise OSError(f"systemd passed no sockets, {name!r} was asked for")
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    number = int(os.environ.get("LISTEN_FDS", "0"))
    for at in range(number):
        if (at < len(names) and names[at] == name) or name == str(at):
            passed = socket.socket(fileno=FIRST_SYSTEMD_FD + at)
            passed.setblocking(False)
            return passed
    raise OSError(f"systemd passed no socket named {name!r}")
