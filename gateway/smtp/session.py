"""One SMTP or LMTP session: commands in, replies out, in order.

Commands that need not wait run where the bytes come in, without a task; replies to pipelined commands leave in one
write, when the peer waits for them (RFC 2920 3.2); each address has its share of a turn of the loop. Promised: no 250
to a mail before ``Acceptor.accept`` returned; no exception text to a peer. Sources: RFC 5321, 2033, 2920, 3030, 3207.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial

import structlog

from gateway import __version__
from gateway.match.names import plain_address
from gateway.smtp.commands.table import COMMANDS
from gateway.smtp.connection import Connection, Ending, TlsFailed
from gateway.smtp.context import ServerContext
from gateway.smtp.dialogue import Answer, Client, Dialogue, Receive, StartTls, Wait
from gateway.smtp.gate import Gate
from gateway.smtp.pace import TooSlow
from gateway.smtp.patience import Patience
from gateway.smtp.policy import Policy
from gateway.smtp.proxy import ProxyError, read_proxy
from gateway.smtp.refused import refusal_of
from gateway.smtp.replies import (
    DRAINING,
    GREETING,
    INTERNAL,
    LINE_TOO_LONG,
    NOT_OFFERED,
    TIMEOUT,
    TLS_FIRST,
    TLS_INJECTION,
    TOO_SLOW,
    UNKNOWN_COMMAND,
    Reply,
)

log = structlog.get_logger("smtp")

SOFTWARE = f"gateway/{__version__}"
LONGEST_COMMAND = 2048  # RFC 5321 4.5.3.1.4 asks for 512, extensions add to it
LONGEST_AUTH = 12_288  # RFC 4954 4
MOST_REPLIES = 100  # held back for one write
PROXY_TIMEOUT = 10.0

BEFORE_TLS = frozenset({b"NOOP", b"EHLO", b"HELO", b"LHLO", b"STARTTLS", b"QUIT", b"RSET"})
HELLOS = frozenset({b"EHLO", b"HELO", b"LHLO"})
ANOTHER_PROTOCOL = frozenset({b"GET", b"POST", b"PUT", b"HEAD", b"CONNECT", b"OPTIONS", b"HOST:", b"USER-AGENT:"})


class Session:
    """The conversation on one connection. ``live`` holds those of the whole server."""

    def __init__(self, server: ServerContext, policy: Policy, live: set[Session]) -> None:
        server.sessions += 1
        self._server = server
        self._policy = policy
        self._live = live
        self._client = Client()
        self._dialogue = Dialogue(server, policy, f"{server.sessions & 0xFFFFFF:06x}", self._client)
        self._gate = Gate(server, policy, self._client)
        self._patience = Patience(server.limits, self._client)
        self._connection: Connection
        self._replies: list[str] = []
        self._receiving: Receive | None = None
        self._in_mail = False  # from the beginning of its content to the reply
        self._is_over = False
        # What the next command waits for:
        self._task: asyncio.Task[None] | None = None
        self._turn: asyncio.Future[None] | None = None
        self._tarpit: asyncio.TimerHandle | None = None

    # -- the connection's events ----------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """The peer is there: turned away, or greeted."""
        self._connection = connection
        peer = connection.transport.get_extra_info("peername")
        self._client.address = plain_address(str(peer[0])) if isinstance(peer, tuple) else ""
        if refusal := self._gate.meet():
            self._turn_away(refusal)
            return
        self._live.add(self)
        self._server.connections += 1
        if self._policy.balancers or self._policy.tls == "implicit":
            self._start(self._prepare)
        else:
            self._greet()
            self._connection.reset_timeout()
            self._go_on()

    def received(self) -> None:
        """The peer sent something, or reads again."""
        if not (self._is_over or self._task or self._turn or self._tarpit):
            self._go_on()

    def closed(self) -> None:
        """The connection is gone: what is under way ends, but for a mail that is being kept."""
        self._is_over = True
        if self in self._live:
            self._live.discard(self)
            self._server.connections -= 1
        self._gate.leave()
        if self._turn is not None:
            self._turn.cancel()
        if self._tarpit is not None:
            self._tarpit.cancel()
        if self._task is None:
            self._dialogue.transaction.forget()
        else:
            self._task.add_done_callback(lambda task: self._dialogue.transaction.forget())
            self._task.cancel()

    def timed_out(self) -> None:
        """The peer took too long."""
        if not self._is_over:
            self._say(TIMEOUT)

    # -- the server's words ---------------------------------------------------------------------------

    def close_idle(self) -> None:
        """Draining: say 421 and close, unless a mail is under way."""
        if not (self._in_mail or self._is_over):
            self._replies.append(DRAINING.line(self._dialogue.session))
            self._end()

    def abort(self) -> None:
        """End the connection at once."""
        self._connection.abort()

    # -- the way in -----------------------------------------------------------------------------------

    def _turn_away(self, refusal: Reply) -> None:
        if self._policy.tls != "implicit":
            self._replies.append(refusal.line(self._dialogue.session))
        self._count(refusal)
        self._end()

    async def _prepare(self) -> None:
        """PROXY, and TLS from the start."""
        if self._policy.balancers:
            self._connection.reset_timeout(PROXY_TIMEOUT)
            try:
                address = await read_proxy(self._connection)
            except ProxyError as error:
                log.warning("PROXY header refused", balancer=self._client.address, error=str(error))
                self._server.refused("proxy", self._policy.name)
                self._end()
                return
            if address is not None:
                self._client.address = plain_address(address)
            if refusal := self._gate.enter():
                self._turn_away(refusal)
                return
        if self._policy.tls == "implicit":
            await self._secure()
        self._greet()

    def _greet(self) -> None:
        protocol = "LMTP" if self._policy.is_lmtp else "ESMTP"
        self._say(GREETING.fill(hostname=self._server.hostname, protocol=protocol, software=SOFTWARE))

    async def _secure(self) -> None:
        """Raises TlsFailed."""
        await self._connection.upgrade()
        self._client.is_tls = True
        self._client.forget()

    # -- the loop -------------------------------------------------------------------------------------

    def _go_on(self, has_turn: bool = False) -> None:
        """Run what is here, as far as it need not wait and the peer reads the replies. ``has_turn``: for the next
        command it is the peer's turn."""
        self._server.awake.heard()
        try:
            while not (self._is_over or self._task or self._turn or self._tarpit or self._connection.is_choked):
                if self._receiving is not None:
                    if not self._feed(self._connection.take()):
                        break
                elif (line := self._next_line(has_turn)) is None:
                    break
                else:
                    has_turn = False
                    self._connection.reset_timeout()  # for a whole command: one that comes byte by byte gains no time
                    self._follow(self._command(line))
                if len(self._replies) > MOST_REPLIES:
                    self._flush()
        except TooSlow:
            self._say(TOO_SLOW)
        except Exception as error:
            self._fail(error)
        self._flush()

    def _next_line(self, has_turn: bool) -> bytes | None:
        """The next command; None while there is none, or it is not the peer's turn."""
        if self._connection.has_line:
            if has_turn or self._server.turns.may_run(self._client.address):
                return self._connection.line()
            self._turn = self._server.turns.turn(self._client.address)
            self._turn.add_done_callback(self._turn_came)
        elif self._connection.is_overlong:
            self._say(LINE_TOO_LONG.ending())
        elif self._connection.at_eof:
            self._end()
        return None

    def _turn_came(self, turn: asyncio.Future[None]) -> None:
        self._turn = None
        if not turn.cancelled():
            self._go_on(has_turn=True)

    def _command(self, line: bytes) -> Answer:
        if refusal := self._patience.command():
            return refusal
        word, _, rest = line.partition(b" ")
        name = word.upper()
        command = COMMANDS.get(name)
        if len(line) > (LONGEST_AUTH if name == b"AUTH" else LONGEST_COMMAND):
            return _refused_unread(name, LINE_TOO_LONG)
        if command is None:
            return UNKNOWN_COMMAND.ending() if name in ANOTHER_PROTOCOL else UNKNOWN_COMMAND
        if self._policy.tls == "require" and not self._client.is_tls and name not in BEFORE_TLS:
            return _refused_unread(name, TLS_FIRST)
        if name in HELLOS and (name == b"LHLO") != self._policy.is_lmtp:
            return NOT_OFFERED
        return command(self._dialogue, rest.strip().decode("utf-8", "surrogateescape"))

    def _follow(self, answer: Answer) -> None:
        """Do what a command asks for."""
        match answer:
            case Reply():
                self._say(answer)
                self._mail_is_over()
            case Receive():
                self._in_mail = True
                self._receiving = answer
                if answer.first:
                    self._say(answer.first)
            case Wait():
                self._connection.pause_timeout()
                self._start(partial(self._answer_later, answer))
            case StartTls():
                self._start_tls(answer)

    # -- content --------------------------------------------------------------------------------------

    def _feed(self, block: bytes) -> bool:
        """Whether the content is whole; while it is not, what comes goes right there. Raises TooSlow."""
        assert self._receiving is not None
        rest = self._receiving.content.feed(block)
        if rest is None:
            if self._connection.at_eof:
                self._end()
            else:
                self._connection.divert(self._content_came)
            return False
        receive, self._receiving = self._receiving, None
        self._connection.divert(None)
        self._connection.unread(rest)
        self._follow(receive.then())
        return True

    def _content_came(self, block: bytes) -> None:
        try:
            self._connection.reset_timeout()
            is_whole = not self._is_over and self._feed(block)
        except TooSlow:
            self._say(TOO_SLOW)
        except Exception as error:
            self._fail(error)
        else:
            if is_whole:
                self._go_on()

    def _mail_is_over(self) -> None:
        if self._in_mail:
            self._in_mail = False
            if self._server.draining:
                self.close_idle()

    # -- what takes a while -----------------------------------------------------------------------------

    def _start(self, work: Callable[[], Coroutine[object, object, None]]) -> None:
        """``work`` is begun by the task: one that is cancelled before its first step leaves nothing behind."""
        self._task = self._connection.loop.create_task(self._run(work))

    async def _run(self, work: Callable[[], Coroutine[object, object, None]]) -> None:
        """That, and then what came meanwhile."""
        try:
            await work()
        except (ConnectionError, Ending):
            self._end()  # the peer is gone; what was accepted stays accepted
        except TlsFailed as error:
            log.info("no TLS", peer=self._client.address, error=str(error))
        except Exception as error:
            self._fail(error)
        finally:
            self._task = None
            if self._is_over:
                self._dialogue.transaction.forget()
        if not self._connection.is_closing:
            self._connection.reset_timeout()
        self._go_on()

    async def _answer_later(self, wait: Wait) -> None:
        for reply in await wait.work(self._ask):
            self._say(reply)
        self._dialogue.transaction.forget()
        self._mail_is_over()

    async def _ask(self, challenge: Reply) -> bytes:
        self._say(challenge)
        self._flush()
        self._connection.reset_timeout()
        try:
            return await self._connection.read_line()
        finally:
            self._connection.pause_timeout()

    def _start_tls(self, answer: StartTls) -> None:
        if self._connection.has_unread:  # CVE-2011-0411: commands smuggled in before TLS
            self._say(TLS_INJECTION.ending())
            return
        self._dialogue.transaction.forget()
        self._say(answer.first)
        self._flush()
        self._start(self._secure)

    # -- replies --------------------------------------------------------------------------------------

    def _say(self, reply: Reply) -> None:
        """Queue a reply. A refusal is counted, and patience lost by and by."""
        self._replies.append(reply.line(self._dialogue.session))
        if reply.reason:
            self._refused(reply)
        if reply.ends or reply.code == 421:
            self._end()

    def _refused(self, reply: Reply) -> None:
        self._count(reply)
        log.info(
            "refused",
            reason=reply.reason,
            code=reply.code,
            about=reply.about,
            mail_from=self._dialogue.transaction.mail_from or "",
            peer=self._client.address,
            session=self._dialogue.session,
            listener=self._policy.name,
            **reply.values,
        )
        if reply.code < 500:
            return
        if seconds := self._patience.error():
            self._flush()
            self._tarpit = self._connection.loop.call_later(seconds, self._released)
        if last := self._patience.end():
            self._say(last)

    def _count(self, refusal: Reply) -> None:
        self._server.refused(refusal.reason, self._policy.name)
        self._server.count(str(refusal.code))
        self._server.refusals.add(refusal_of(self._dialogue, refusal))

    def _released(self) -> None:
        self._tarpit = None
        self.received()

    def _flush(self) -> None:
        if self._replies:
            self._connection.write(("\r\n".join(self._replies) + "\r\n").encode())
            self._replies.clear()
            self._server.awake.replied(peers=self._server.connections)

    def _end(self) -> None:
        self._is_over = True
        self._flush()
        self._connection.close()

    def _fail(self, error: Exception) -> None:
        """Never a traceback to the peer."""
        log.error(
            "session failed",
            peer=self._client.address,
            session=self._dialogue.session,
            error=type(error).__name__,
            exc_info=error,
        )
        self._replies.append(INTERNAL.line(self._dialogue.session))
        self._end()
        self._refused(INTERNAL)


def _refused_unread(name: bytes, refusal: Reply) -> Reply:
    """Octets follow BDAT whatever is replied to it. Where they are not read, they must not be taken for commands."""
    return refusal.ending() if name == b"BDAT" else refusal
