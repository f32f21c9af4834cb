"""The bytes of one connection: what came and what is to leave, the time limits, the change to TLS.

Promised: memory is bounded by ``MOST_UNREAD`` and what the transport holds back; a peer that reads nothing is not
read from either. What the bytes mean is the business of the ``Conversation``. Sources: RFC 3207, RFC 5321 4.5.3.2.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio import sslproto
from collections.abc import Callable
from typing import Any, Protocol

MOST_UNREAD = 64 * 1024
OUR_OWN_TIME = 600.0
TLS_TIMEOUT = 30.0
ABORT_AFTER = 5.0


class Ending(Exception):
    """The session is over: the peer left, or was sent away."""


class TlsFailed(Exception):
    """The handshake did not come about."""


class Conversation(Protocol):
    """Who is told what happens on a connection. None of these may block or raise."""

    def opened(self, connection: Connection) -> None: ...
    def received(self) -> None: ...
    def closed(self) -> None: ...
    def timed_out(self) -> None: ...


class Connection(asyncio.Protocol):
    """``timeout``: seconds that the peer may be silent. ``tls``: for ``upgrade``."""

    def __init__(self, conversation: Conversation, timeout: float, tls: ssl.SSLContext | None) -> None:
        self.loop = asyncio.get_running_loop()
        self.transport: Any = None
        self.at_eof = False
        self.is_choked = False  # the peer does not read what we write
        self._conversation = conversation
        self._timeout = timeout
        self._tls_context = tls
        self._plain: Any = None  # the transport below TLS
        self._unread = bytearray()
        self._searched = 0
        self._line_end = -1  # where the first line ends, once it was found
        self._sink: Callable[[bytes], None] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._is_held = False
        self._idle_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # -- called by the event loop -------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._conversation.opened(self)

    def data_received(self, data: bytes) -> None:
        if self._sink is not None:
            self._sink(data)
            return
        self._unread += data
        self._told()
        if len(self._unread) > MOST_UNREAD and not self._is_held:
            self._is_held = True
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """A peer may close its side and still wait for the replies."""
        self.at_eof = True
        self._told()
        return not self.is_tls

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport is None:
            return
        self.at_eof = True
        if self._timer is not None:
            self._timer.cancel()
        if self._plain is not None:
            self._plain.close()
        self.transport = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        self._conversation.closed()

    def pause_writing(self) -> None:
        self.is_choked = True

    def resume_writing(self) -> None:
        self.is_choked = False
        self._told()

    def _told(self) -> None:
        """Whoever waits for the peer goes on."""
        if self._waiter is None:
            self._conversation.received()
        elif not self._waiter.done():
            self._waiter.set_result(None)

    # -- reading ------------------------------------------------------------------------------------

    @property
    def has_unread(self) -> bool:
        return bool(self._unread)

    @property
    def is_overlong(self) -> bool:
        """Whether a line without end has come."""
        return self._searched > MOST_UNREAD and not self.has_line

    @property
    def has_line(self) -> bool:
        if self._line_end < 0:
            self._line_end = self._unread.find(b"\n", self._searched)
            self._searched = len(self._unread)
        return self._line_end >= 0

    def line(self) -> bytes | None:
        """The next line without its end; None while it is not whole."""
        if not self.has_line:
            return None
        return bytes(self._take(self._line_end + 1)).rstrip(b"\r\n")

    def unread(self, rest: bytes) -> None:
        """Give back what came too early."""
        self._unread[:0] = rest
        self._searched, self._line_end = 0, -1

    def take(self) -> bytes:
        """All that is here."""
        return bytes(self._take(len(self._unread)))

    def divert(self, sink: Callable[[bytes], None] | None) -> None:
        """Where from now on goes what comes; None: it waits here to be read."""
        self._sink = sink

    async def read_line(self) -> bytes:
        """The next line without its end. Raises Ending when the peer leaves or sends a line without end."""
        while (line := self.line()) is None:
            if self.is_overlong:
                raise Ending("a line without end")
            await self._more()
        return line

    async def read_exactly(self, number: int) -> bytes:
        """Raises Ending when the peer leaves before."""
        while len(self._unread) < number:
            await self._more()
        return bytes(self._take(number))

    def _take(self, number: int) -> bytearray:
        taken = self._unread[:number]
        del self._unread[:number]
        self._searched, self._line_end = 0, -1
        if self._is_held and len(self._unread) <= MOST_UNREAD and self.transport is not None:
            self._is_held = False
            self.transport.resume_reading()
        return taken

    async def _more(self) -> None:
        if self.at_eof:
            raise Ending("the peer left")
        self._waiter = self.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    # -- writing ------------------------------------------------------------------------------------

    @property
    def is_closing(self) -> bool:
        return self.transport is None or self.transport.is_closing()

    def write(self, data: bytes) -> None:
        if not self.is_closing:
            self.transport.write(data)

    def close(self) -> None:
        """What was written still leaves."""
        if not self.is_closing:
            self.transport.close()

    def abort(self) -> None:
        """At once, on the socket itself: a TLS layer would wait for the peer."""
        if (transport := self._plain or self.transport) is not None:
            transport.abort()

    # -- time ---------------------------------------------------------------------------------------

    def reset_timeout(self, seconds: float = 0.0) -> None:
        """The peer has that long again. One timer that looks again, instead of a new one for each command."""
        self._idle_until = self.loop.time() + (seconds or self._timeout)
        if self._timer is None or self._idle_until < self._timer.when():
            self._set_timer()

    def pause_timeout(self) -> None:
        """While we work ourselves the peer is not idle."""
        self._idle_until = self.loop.time() + OUR_OWN_TIME

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_at(self._idle_until, self._look_at_time)

    def _look_at_time(self) -> None:
        if self.transport is None:
            return
        if self.loop.time() < self._idle_until:
            self._set_timer()
            return
        try:
            self._conversation.timed_out()
        finally:
            self.close()
            # A peer that reads nothing would keep what is buffered, and the connection, for ever.
            self.loop.call_later(ABORT_AFTER, self.abort)

    # -- TLS ----------------------------------------------------------------------------------------

    @property
    def is_tls(self) -> bool:
        return self._plain is not None

    async def upgrade(self) -> None:
        """Change to TLS; what the peer sent already is the beginning of its handshake. Raises TlsFailed."""
        early = self.take()
        self.reset_timeout(TLS_TIMEOUT)
        done = self.loop.create_future()
        # loop.start_tls would lose what was read already.
        assert self._tls_context is not None
        secured: Any = sslproto.SSLProtocol(
            self.loop, self, self._tls_context, done, server_side=True, call_connection_made=False
        )
        self._plain = self.transport
        self._plain.set_protocol(secured)
        self.transport = secured._get_app_transport()
        secured.connection_made(self._plain)
        try:
            self._feed(secured, early)
            await done
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._give_up(error)
            raise TlsFailed(str(error)) from error
        if self._plain.is_closing():  # the handshake's future does not tell
            self._give_up(None)
            raise TlsFailed("the peer left")

    def _feed(self, secured: Any, early: bytes) -> None:
        while early:
            room = secured.get_buffer(len(early))
            number = min(len(room), len(early))
            room[:number] = early[:number]
            secured.buffer_updated(number)
            early = early[number:]

    def _give_up(self, error: Exception | None) -> None:
        """Before the handshake is done nobody tells of a lost connection."""
        self._plain.abort()
        self.connection_lost(error)
