"""One SMTP session: aiosmtpd's protocol with our own DATA reader, parameters and answers.

aiosmtpd buffers a whole mail line by line, refuses lines over 998 octets, can be made to grow
without end and tells peers our exceptions; what it does for commands, STARTTLS and AUTH is kept.
Promised: no 250 to DATA before ``Acceptor.accept`` returned; no exception text to a peer.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP

from gateway import __version__
from gateway.config import MailboxSettings, SmtpSettings
from gateway.envelope import Envelope
from gateway.smtp.accept import Acceptor, DiskFull, Incoming, Recipient
from gateway.smtp.dotreader import DotReader
from gateway.store.engine import StoreFailed

log = structlog.get_logger("smtp")

BLOCK = 64 * 1024
MOST_ERRORS = 20
LONGEST_ADDRESS = 1000

BUSY = "451 4.3.0 The mail could not be kept, please try again later"


class Mailboxes:
    """Which recipients are ours. ``postmaster`` goes to the first mailbox (RFC 5321 4.5.1)."""

    def __init__(self, mailboxes: tuple[MailboxSettings, ...]) -> None:
        self._by_address = {box.address: box for box in mailboxes}
        self._domains = {box.address.rpartition("@")[2] for box in mailboxes}
        self._first = mailboxes[0]

    def find(self, address: str) -> MailboxSettings | None:
        """The mailbox of an address, any case; "+tag" in the local part is ignored."""
        local, _, domain = address.lower().rpartition("@")
        if not local:
            return self._first if domain == "postmaster" else None
        if found := self._by_address.get(f"{local}@{domain}"):
            return found
        if found := self._by_address.get(f"{local.partition('+')[0]}@{domain}"):
            return found
        return self._first if local == "postmaster" and domain in self._domains else None

    def is_ours(self, address: str) -> bool:
        return address.lower().rpartition("@")[2] in self._domains


class _Hooks:
    """What aiosmtpd asks of a handler."""

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        wanted = [line for line in responses if not line.startswith(("250 HELP", "250-AUTH"))]
        return [*wanted, "250-PIPELINING", "250-ENHANCEDSTATUSCODES", "250 HELP"]


_HOOKS = _Hooks()


class Session(SMTP):  # type: ignore[misc]
    """The protocol of one connection. ``live`` holds all sessions, for limits and draining."""

    line_length_limit = BLOCK  # of the reader; commands are limited on their own

    def __init__(
        self,
        acceptor: Acceptor,
        settings: SmtpSettings,
        mailboxes: Mailboxes,
        live: set[Session],
        *,
        hostname: str,
        tls: ssl.SSLContext | None = None,
        draining: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.time,
        count: Callable[[str], None] = lambda answer: None,
    ) -> None:
        super().__init__(
            _HOOKS,
            data_size_limit=settings.max_size,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident=f"ESMTP gateway/{__version__}",
            tls_context=tls,
            timeout=settings.timeout,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self._acceptor = acceptor
        self._settings = settings
        self._mailboxes = mailboxes
        self._live = live
        self._draining = draining
        self._clock = clock
        self._count = count
        self._errors = 0
        self.in_data = False
        self._recipients: list[Recipient] = []

    # -- connection -------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._live.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._live.discard(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        if len(self._live) > self._settings.max_connections or self._draining():
            self._count("421")
            await self.push(f"421 4.3.2 {self.hostname} is busy, please try again later")
            self.transport.close()
            return
        try:
            await super()._handle_client()
        except (ConnectionResetError, BrokenPipeError):
            pass  # the peer is gone; what was accepted stays accepted

    def close_idle(self) -> None:
        """Draining: say 421 and close, unless a mail is under way."""
        if self.in_data or self.transport is None:
            return
        self._writer.write(f"421 4.3.2 {self.hostname} is going down, please try again later\r\n".encode())
        self.transport.close()

    async def push(self, status: Any) -> None:
        """Send an answer; too many refused commands end the session."""
        await super().push(status)
        code = status[:3] if isinstance(status, str) else status[:3].decode("ascii", "replace")
        if code[:1] in "45":
            self._count(code)
            self._errors += 1
            if self._errors >= MOST_ERRORS and self.transport is not None:
                await super().push("421 4.7.0 Too many errors, goodbye")
                self.transport.close()

    async def handle_exception(self, error: Exception) -> str:
        log.error("session failed", peer=self._peer(), error=type(error).__name__, exc_info=error)
        return BUSY

    def _peer(self) -> str:
        peer = self.session.peer if self.session else None
        return str(peer[0]) if isinstance(peer, tuple) else str(peer or "")

    # -- commands ---------------------------------------------------------------------------------

    def _set_post_data_state(self) -> None:
        super()._set_post_data_state()
        self._recipients = []
        self.mail_given = False

    async def smtp_MAIL(self, arg: str | None) -> None:
        if not self.session.host_name:
            return await self.push("503 5.5.1 Send EHLO first")
        if self._draining():
            await self.push(f"421 4.3.2 {self.hostname} is going down, please try again later")
            self.transport.close()
            return None
        path, parameters = _path("FROM:", arg)
        if path is None or len(path) > LONGEST_ADDRESS:
            return await self.push("501 5.5.4 Syntax: MAIL FROM:<address>")
        if self.mail_given:
            return await self.push("503 5.5.1 A mail is under way already")
        size = next((value for name, value in parameters if name == "SIZE"), "0")
        if not size.isdigit():
            return await self.push("501 5.5.4 SIZE takes a number")
        if int(size[:12]) > self._settings.max_size:
            return await self.push(self._too_large())
        unknown = [name for name, _ in parameters if name not in MAIL_PARAMETERS]
        if unknown:
            return await self.push("555 5.5.4 MAIL parameter not known")
        self.envelope.mail_from = path
        self.mail_given = True
        return await self.push("250 2.1.0 Sender OK")

    async def smtp_RCPT(self, arg: str | None) -> None:
        if not self.mail_given:
            return await self.push("503 5.5.1 Send MAIL first")
        path, parameters = _path("TO:", arg)
        if not path or len(path) > LONGEST_ADDRESS:
            return await self.push("501 5.5.4 Syntax: RCPT TO:<address>")
        if any(name not in RCPT_PARAMETERS for name, _ in parameters):
            return await self.push("555 5.5.4 RCPT parameter not known")
        if len(self.envelope.rcpt_tos) >= self._settings.max_recipients:
            return await self.push("452 4.5.3 Too many recipients, please send the rest separately")
        mailbox = self._mailboxes.find(path)
        if mailbox is None:
            if self._mailboxes.is_ours(path):
                return await self.push("550 5.1.1 There is no such mailbox here")
            return await self.push("550 5.7.1 This server takes mail for its own mailboxes only")
        self.envelope.rcpt_tos.append(path)
        if all(one.mailbox is not mailbox for one in self._recipients):
            self._recipients.append(Recipient(mailbox, path))
        return await self.push("250 2.1.5 Recipient OK")

    async def smtp_DATA(self, arg: str | None) -> None:
        if not self.mail_given or not self.envelope.rcpt_tos:
            return await self.push("503 5.5.1 Send MAIL and RCPT first")
        if arg:
            return await self.push("501 5.5.4 Syntax: DATA")
        try:
            mail = self._acceptor.begin()
        except DiskFull as error:
            log.error("disk full", detail=str(error))
            return await self.push("452 4.3.1 Insufficient system storage, please try again later")
        self.in_data = True
        try:
            status = await self._take(mail)
        finally:
            self.in_data = False
        self._set_post_data_state()
        await self.push(status)
        if self._draining() and self.transport is not None:
            self.close_idle()
        return None

    async def _take(self, mail: Incoming) -> str:
        """Read the content to its end, keep it, and return the answer."""
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            trouble = await self._receive(mail)
        except BaseException:
            mail.discard()
            raise
        if trouble:
            return trouble
        envelope = Envelope(
            mail_from=self.envelope.mail_from,
            rcpt_to="",
            peer=self._peer(),
            helo=str(self.session.host_name or "")[:255],
            tls=self.session.ssl is not None,
            auth="",
            time=self._clock(),
        )
        try:
            ids = await self._acceptor.accept(mail, envelope, self._recipients)
        except (StoreFailed, OSError) as error:
            log.error("not accepted", peer=self._peer(), error=type(error).__name__, exc_info=error)
            return BUSY
        for one, recipient in zip(ids, self._recipients, strict=True):
            log.info("accepted", delivery=one, mailbox=recipient.mailbox.address, size=mail.size, peer=self._peer())
        self._count("250")
        return f"250 2.0.0 OK kept as {ids[0]}"

    async def _receive(self, mail: Incoming) -> str:
        """Read up to CRLF.CRLF. Returns "" or the refusal; over the limit the rest is read and dropped,
        or its lines would be taken for commands."""
        reader = DotReader()
        size = 0
        trouble = ""
        while not reader.done:
            self._reset_timeout()
            block = await self._reader.read(BLOCK)
            if not block:
                raise ConnectionResetError("the peer left during DATA")
            content = reader.feed(block)
            size += len(content)
            if trouble:
                continue
            if size > self._settings.max_size:
                trouble = self._too_large()
                mail.discard()
                continue
            try:
                mail.add(content)
            except OSError as error:
                log.error("spool failed", error=type(error).__name__, exc_info=error)
                trouble = "452 4.3.1 Insufficient system storage, please try again later"
                mail.discard()
        if reader.rest:  # pipelined commands
            self._reader._buffer[:0] = reader.rest
        return trouble

    def _too_large(self) -> str:
        megabytes = self._settings.max_size / (1 << 20)
        return f"552 5.3.4 The mail is larger than {megabytes:.0f} MB, please send large files another way"


MAIL_PARAMETERS = frozenset({"SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "AUTH"})
RCPT_PARAMETERS = frozenset({"NOTIFY", "ORCPT"})


def _path(keyword: str, arg: str | None) -> tuple[str | None, list[tuple[str, str]]]:
    """The address of MAIL or RCPT and its parameters (RFC 5321 4.1.2); None for bad syntax.

    Linear, and lenient in what real senders do: blanks after the colon, missing brackets, a source
    route (dropped, as the RFC asks)."""
    if arg is None or arg[: len(keyword)].upper() != keyword:
        return None, []
    text = arg[len(keyword) :].strip()
    if text.startswith("<"):
        end = _closing(text)
        if end < 0:
            return None, []
        path, rest = text[1:end], text[end + 1 :]
    else:
        path, _, rest = text.partition(" ")
        if not path:
            return None, []
    if path.startswith("@"):
        path = path.partition(":")[2]
    path = path.strip()
    if any(c <= " " or c == "\x7f" for c in path) and not path.startswith('"'):
        return None, []
    parameters = []
    for word in rest.split():
        name, _, value = word.partition("=")
        parameters.append((name.upper(), value))
    return path, parameters


def _closing(text: str) -> int:
    """Where the bracket at the start closes, brackets in a quoted local part apart."""
    quoted = False
    skip = False
    for at, character in enumerate(text):
        if skip:
            skip = False
        elif quoted and character == "\\":
            skip = True
        elif character == '"':
            quoted = not quoted
        elif character == ">" and not quoted:
            return at
    return -1
