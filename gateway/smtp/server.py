"""The listener: sockets, TLS, and the drain."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable

import structlog

from gateway.config import SmtpSettings
from gateway.smtp.accept import Acceptor
from gateway.smtp.session import Mailboxes, Session

log = structlog.get_logger("smtp")


def tls_context(settings: SmtpSettings) -> ssl.SSLContext | None:
    """The TLS settings, None without a certificate. Raises OSError, ssl.SSLError."""
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_cert, settings.tls_key)
    return context


class Listener:
    """Accepts connections until ``drain``."""

    def __init__(
        self,
        acceptor: Acceptor,
        settings: SmtpSettings,
        mailboxes: Mailboxes,
        *,
        clock: Callable[[], float] = time.time,
        count: Callable[[str], None] = lambda answer: None,
    ) -> None:
        self._acceptor = acceptor
        self._settings = settings
        self._mailboxes = mailboxes
        self._clock = clock
        self._count = count
        self._hostname = settings.hostname or socket.gethostname()
        self._tls = tls_context(settings)
        self._server: asyncio.Server | None = None
        self.live: set[Session] = set()
        self.draining = False

    async def start(self) -> None:
        host, _, port = self._settings.listen.rpartition(":")
        self._server = await asyncio.get_running_loop().create_server(
            self._session, host.strip("[]"), int(port), backlog=1024, reuse_address=True
        )
        log.info("listening", address=self.address, tls=self._tls is not None)

    @property
    def address(self) -> str:
        assert self._server
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    def _session(self) -> Session:
        return Session(
            self._acceptor,
            self._settings,
            self._mailboxes,
            self.live,
            hostname=self._hostname,
            tls=self._tls,
            draining=lambda: self.draining,
            clock=self._clock,
            count=self._count,
        )

    async def drain(self) -> None:
        """Stop listening, send the idle away, and let mails under way finish."""
        self.draining = True
        if self._server:
            self._server.close()
        for session in list(self.live):
            session.close_idle()
        end = time.monotonic() + self._settings.drain
        while self.live and time.monotonic() < end:
            await asyncio.sleep(0.05)
        for session in list(self.live):
            if session.transport is not None:
                session.transport.close()
