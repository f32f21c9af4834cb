"""One SMTP or LMTP session: aiosmtpd's protocol with our own command loop, DATA reader and replies.

aiosmtpd buffers a whole mail line by line, refuses lines over 998 octets, can be made to grow without
end, tells peers our exceptions and looks itself over at each connection; its connection life cycle,
TLS change and session record are kept. Promised: no 250 to a mail before ``Acceptor.accept`` returned;
no exception text to a peer. Sources: RFC 5321, 2033 (LMTP), 2920, 3030, 3207, 4954.
"""

from __future__ import annotations

import asyncio
from asyncio import sslproto
from typing import Any, ClassVar

import structlog
from aiosmtpd.smtp import SMTP, TLSSetupException

from gateway import __version__
from gateway.intake.accept import Recipient
from gateway.intake.mailboxes import Mailboxes
from gateway.smtp.arrival import Arrival
from gateway.smtp.commands.table import COMMANDS
from gateway.smtp.context import Ending, ServerContext
from gateway.smtp.limits import plain_address
from gateway.smtp.policy import Policy
from gateway.smtp.proxy import ProxyError, read_proxy
from gateway.smtp.replies import (
    BUSY,
    DRAINING,
    INTERNAL,
    LINE_TOO_LONG,
    NOT_FOR_YOU,
    NOT_OFFERED,
    OVERLOAD,
    TIMEOUT,
    TLS_FIRST,
    TOO_MANY_COMMANDS,
    TOO_MANY_ERRORS,
    UNKNOWN_COMMAND,
    Reply,
)

__all__ = ["Mailboxes", "Session"]

log = structlog.get_logger("smtp")

BLOCK = 64 * 1024
LONGEST_COMMAND = 2048  # RFC 5321 4.5.3.1.4 asks for 512, extensions add to it
LONGEST_AUTH = 12_288  # RFC 4954 4
PATIENT_ERRORS = 5  # replies wait after so many
MOST_OUT = 100
EXEMPT_FACTOR = 10  # relays bring other people's errors
PROXY_TIMEOUT = 10.0
OUR_OWN_TIME = 600.0
TLS_TIMEOUT = 30.0

BEFORE_TLS = frozenset({b"NOOP", b"EHLO", b"HELO", b"LHLO", b"STARTTLS", b"QUIT", b"RSET"})
ANOTHER_PROTOCOL = frozenset({b"GET", b"POST", b"PUT", b"HEAD", b"CONNECT", b"OPTIONS", b"HOST:", b"USER-AGENT:"})


class Session(SMTP):  # type: ignore[misc]
    """The protocol of one connection."""

    line_length_limit = BLOCK  # of the reader; commands are limited on their own
    __ident__ = f"gateway/{__version__}"
    _no_hooks: ClassVar[dict[str, Any]] = {}

    def __init__(self, context: ServerContext, policy: Policy, tls: Any = None) -> None:
        # aiosmtpd's own __init__ costs 0.13 ms of introspection; this is what the parts we keep need.
        self.loop = asyncio.get_running_loop()
        asyncio.StreamReaderProtocol.__init__(
            self,
            asyncio.StreamReader(loop=self.loop, limit=BLOCK),
            client_connected_cb=self._cb_client_connected,
            loop=self.loop,
        )
        self.enable_SMTPUTF8 = True
        self.tls_context = tls
        self._handle_hooks = self._no_hooks
        self._timeout_duration = context.settings.timeout
        self._timeout_handle: asyncio.TimerHandle | None = None
        self._idle_until = 0.0
        self._tls_handshake_okay = True
        self._tls_protocol: Any = None
        self._original_transport: Any = None
        self._handler_coroutine: asyncio.Task[None] | None = None
        self.session: Any = None
        self.envelope: Any = None
        self.transport: Any = None

        self.context = context
        self.policy = policy
        self.hostname = context.hostname
        context.sessions += 1
        self.id = f"{context.sessions & 0xFFFFFF:06x}"
        self.peer = ""
        self.is_exempt = False
        self.login = ""
        self.is_ending = False
        self.in_data = False
        self._entered = False
        self._errors = 0
        self._commands = 0
        self.unknown_recipients = 0
        self.wrong_passwords = 0
        self._out: list[str] = []
        self.mail_from: str | None = None
        self.recipients: list[Recipient] = []
        self.accepted_for: list[int] = []
        self.arrival: Arrival | None = None

    # -- connection -------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        if self.transport is None:
            peer = transport.get_extra_info("peername")
            self.peer = plain_address(str(peer[0])) if isinstance(peer, tuple) else ""
            # A flood must cost no task and no time: who cannot come in is turned away on the spot.
            if refusal := self._gate_of_balancers() if self.policy.balancers else self._gate():
                self._turn_away(transport, refusal)
                return
        else:
            self.login = ""  # RFC 3207 4.2: nothing said before TLS counts
        self.context.live.add(self)
        super().connection_made(transport)

    def _turn_away(self, transport: Any, refusal: Reply) -> None:
        if self.policy.tls != "implicit":
            transport.write(refusal.line(self.id).encode() + b"\r\n")
        transport.close()
        self._count_refusal(refusal)

    def connection_lost(self, error: Exception | None) -> None:
        self.context.live.discard(self)
        if self._entered:
            self._entered = False
            self.context.inside -= 1
            self.context.limits.leave(self.peer)
        if self.transport is not None:
            super().connection_lost(error)
        if not self.in_data:  # else the one who reads it clears up
            self.drop_mail()

    def eof_received(self) -> bool:
        """A peer may close its side and still wait for the replies."""
        self._reader.feed_eof()
        return not self.is_tls

    @property
    def is_tls(self) -> bool:
        return self._tls_protocol is not None

    async def _handle_client(self) -> None:
        try:
            if await self._enter():
                await self._serve()
        except (ConnectionError, asyncio.IncompleteReadError, Ending):
            pass  # the peer is gone; what was accepted stays accepted
        except TLSSetupException as error:
            log.info("no TLS", peer=self.peer, error=str(error.__cause__))
            self._original_transport.abort()
            self.connection_lost(error)
        except Exception as error:  # never a traceback to the peer
            log.error("session failed", peer=self.peer, session=self.id, error=type(error).__name__, exc_info=error)
            self.say(INTERNAL.line(self.id))
        finally:
            self._close()

    def _close(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            if self._out:
                self._writer.write(self._taken_out())
            self.transport.close()

    async def _enter(self) -> bool:
        """PROXY, and TLS from the start."""
        if self.policy.balancers:
            if not await self._proxied():
                return False
            if refusal := self._gate():
                if self.policy.tls != "implicit":
                    await self.refuse(refusal)
                return False
        if self.policy.tls == "implicit":
            await self.upgrade()
        return True

    async def _proxied(self) -> bool:
        self._reset_timeout(PROXY_TIMEOUT)
        try:
            address = await read_proxy(self._reader)
        except ProxyError as error:
            log.warning("PROXY header refused", balancer=self.peer, error=str(error))
            self.context.refused("proxy", self.policy.name)
            return False
        if address is not None:
            self.peer = plain_address(address)
        return True

    def _gate_of_balancers(self) -> Reply | None:
        """Before the PROXY header: only balancers come in."""
        if not self.policy.balancers.holds(self.peer):
            return NOT_FOR_YOU
        return BUSY if len(self.context.live) > 2 * self.context.settings.max_connections else None

    def _gate(self) -> Reply | None:
        """Who may come in at all; with None the session counts as one inside."""
        context = self.context
        if context.draining:
            return DRAINING
        if self.policy.networks and not self.policy.networks.holds(self.peer):
            return NOT_FOR_YOU
        self.is_exempt = context.limits.is_exempt(self.peer)
        most = context.settings.max_connections
        # A tenth on top is kept for relays, so that a flood does not lock them out.
        if context.inside >= most + (most // 10 + 10 if self.is_exempt else 0):
            return BUSY
        if context.overload.reason and not self.is_exempt:
            return OVERLOAD._replace(code=421)
        if refusal := context.limits.enter(self.peer):
            return refusal
        self._entered = True
        context.inside += 1
        return None

    async def upgrade(self) -> None:
        """Change to TLS; what the peer sent already is the beginning of its handshake.

        Raises TLSSetupException."""
        early = bytes(self._reader._buffer)
        self._reader._buffer.clear()
        self._reset_timeout(TLS_TIMEOUT)
        waiter = self.loop.create_future()
        self._tls_protocol = sslproto.SSLProtocol(self.loop, self, self.tls_context, waiter, server_side=True)
        self._original_transport = self.transport
        self._original_transport.set_protocol(self._tls_protocol)
        self.transport = self._tls_protocol._app_transport
        self._tls_protocol.connection_made(self._original_transport)
        while early:
            room = self._tls_protocol.get_buffer(len(early))
            number = min(len(room), len(early))
            room[:number] = early[:number]
            self._tls_protocol.buffer_updated(number)
            early = early[number:]
        try:
            await waiter
        except asyncio.CancelledError:
            raise
        except Exception as error:
            raise TLSSetupException from error

    def close_idle(self) -> None:
        """Draining: say 421 and close, unless a mail is under way."""
        if self.in_data or self.transport is None or self.transport.is_closing():
            return
        self._writer.write(self._taken_out() + DRAINING.line(self.id).encode() + b"\r\n")
        self.transport.close()

    def _reset_timeout(self, duration: float | None = None) -> None:
        """One timer that looks again, instead of a new one for each command."""
        now = self.loop.time()
        self._idle_until = now + (duration or self._timeout_duration)
        if self._timeout_handle is None or self._idle_until < self._timeout_handle.when():
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._timeout_handle = self.loop.call_at(self._idle_until, self._timeout_cb)

    def pause_timeout(self) -> None:
        """While we work ourselves the peer is not idle."""
        self._idle_until = self.loop.time() + OUR_OWN_TIME

    def _timeout_cb(self) -> None:
        if self.transport is None:
            return
        if self.loop.time() < self._idle_until:
            self._set_timer()
            return
        self.context.refused(TIMEOUT.reason, self.policy.name)
        if not self.transport.is_closing():
            self._writer.write(TIMEOUT.line(self.id).encode() + b"\r\n")
            self.transport.close()
        # A peer that reads nothing would keep what is buffered, and the connection, for ever.
        self.loop.call_later(5, (self._original_transport or self.transport).abort)

    def reset_timeout(self) -> None:
        self._reset_timeout()

    # -- replies ----------------------------------------------------------------------------------

    def say(self, line: str) -> None:
        """Queue a reply; it leaves when the peer waits for it (RFC 2920 3.2)."""
        self._out.append(line)

    def _taken_out(self) -> bytes:
        data = ("\r\n".join(self._out) + "\r\n").encode() if self._out else b""
        self._out.clear()
        return data

    async def flush(self) -> None:
        if self._out:
            self._writer.write(self._taken_out())
            if self._paused:
                await self._writer.drain()

    async def push(self, status: Any) -> None:
        self.say(status if isinstance(status, str) else status.decode("ascii"))
        await self.flush()

    async def refuse(self, reply: Reply, *, about: str = "", **values: object) -> None:
        """Say no, count it, and lose patience by and by. ``about`` is for the log."""
        self.say(reply.line(self.id, **values))
        self._count_refusal(reply)
        log.info(
            "refused",
            reason=reply.reason,
            code=reply.code,
            about=about[:200],
            peer=self.peer,
            session=self.id,
            listener=self.policy.name,
            **values,
        )
        if reply.code == 421:
            self.is_ending = True
            return
        if reply.code < 500:
            return
        self._errors += 1
        limits = self.context.limits.settings
        if not self.is_exempt:
            self.context.limits.error(self.peer)
            if self._errors > PATIENT_ERRORS and limits.tarpit:
                await self.flush()
                await asyncio.sleep(limits.tarpit)
        most = limits.errors_per_session * (EXEMPT_FACTOR if self.is_exempt else 1)
        if most and self._errors >= most:
            await self.refuse(TOO_MANY_ERRORS)

    def _count_refusal(self, reply: Reply) -> None:
        self.context.refused(reply.reason, self.policy.name)
        self.context.count(str(reply.code))

    # -- commands ---------------------------------------------------------------------------------

    async def _serve(self) -> None:
        kind = "LMTP" if self.policy.is_lmtp else "ESMTP"
        self.say(f"220 {self.hostname} {kind} {self.__ident__}")
        while not self.is_ending:
            self._reset_timeout()
            line = await self.read_line()
            if line is None:
                break
            if not self.context.turns.may_run(self.peer):
                await self.context.turns.wait(self.peer)
            await self._command(line)
        await self.flush()

    async def read_line(self) -> bytes | None:
        """The next line; None when the peer left or sends a line without end."""
        if self._out and (len(self._out) > MOST_OUT or b"\n" not in self._reader._buffer):
            await self.flush()
        try:
            return (await self._reader.readuntil(b"\n")).rstrip(b"\r\n")  # type: ignore[no-any-return]
        except asyncio.LimitOverrunError:
            await self.refuse(LINE_TOO_LONG)
            self.is_ending = True
            return None
        except asyncio.IncompleteReadError:
            return None

    async def read_block(self, most: int) -> bytes:
        """The next block. Raises Ending when the peer left."""
        block: bytes = await self._reader.read(min(BLOCK, most))
        if not block:
            raise Ending("the peer left")
        return block

    def unread(self, rest: bytes) -> None:
        """Give back what came after the mail: pipelined commands."""
        if rest:
            self._reader._buffer[:0] = rest

    @property
    def has_input(self) -> bool:
        return bool(self._reader._buffer)

    async def _command(self, line: bytes) -> None:
        word, _, rest = line.partition(b" ")
        name = word.upper()
        self._commands += 1
        most = self.context.limits.settings.commands_per_session
        if most and self._commands > most and not self.is_exempt:
            await self.refuse(TOO_MANY_COMMANDS)
            return
        command = COMMANDS.get(name)
        if len(line) > (LONGEST_AUTH if name == b"AUTH" else LONGEST_COMMAND):
            await self.refuse(LINE_TOO_LONG)
        elif command is None:
            await self.refuse(UNKNOWN_COMMAND)
            if name in ANOTHER_PROTOCOL:
                self.is_ending = True
        elif self.policy.tls == "require" and not self.is_tls and name not in BEFORE_TLS:
            await self.refuse(TLS_FIRST)
        elif (name == b"LHLO") != self.policy.is_lmtp and name in (b"LHLO", b"EHLO", b"HELO"):
            await self.refuse(NOT_OFFERED)
        else:
            await command(self, rest.strip().decode("utf-8", "surrogateescape"))

    def drop_mail(self) -> None:
        """Forget sender, recipients and content so far."""
        self.mail_from = None
        self.recipients = []
        self.accepted_for = []
        if self.arrival is not None:
            self.arrival.mail.discard()
            self.arrival.release()
            self.arrival = None
