"""A mail server outside that takes the gateway's own mail, now and then without saying so."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Sequence
from email import message_from_bytes
from email.message import Message
from email.policy import SMTP

from tests.harness import free_port
from tests.outgoing.smarthost import GONE, Relay

WELL = Relay()
FAILING: Sequence[tuple[float, Relay]] = (
    (0.45, WELL),
    (0.25, Relay({"content": GONE}, takes_silently=True)),  # it has the mail, and the answer is lost
    (0.1, Relay({"content": GONE})),
    (0.1, Relay({"content": "451 4.3.0 try again"})),
    (0.05, Relay({"RCPT": "450 4.2.0 try again"})),
    (0.05, Relay({"greeting": GONE})),
)
FORGETFUL: Sequence[tuple[float, Relay]] = ((0.7, WELL), (0.3, Relay({"content": GONE}, takes_silently=True)))


class FaultyRelay:
    """On loopback, in a thread of its own; ``behaves`` are its ways with their shares, drawn for each connection.
    ``took`` hears each mail at once."""

    def __init__(self, seed: int) -> None:
        self.port = free_port()
        self.behaves: Sequence[tuple[float, Relay]] = ((1.0, WELL),)
        self.took: Callable[[Message], None] = lambda mail: None
        self.mails: list[Message] = []
        self._rng = random.Random(seed)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)

    def stop(self) -> None:
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ways = [way for _, way in self.behaves]
        (way,) = self._rng.choices(ways, [share for share, _ in self.behaves])
        conversation = Relay(way.says, way.takes_silently)
        try:
            await conversation.serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):  # the gateway was killed in the middle of it
            pass
        for raw in conversation.taken:
            mail = message_from_bytes(raw, policy=SMTP)
            self.mails.append(mail)
            self.took(mail)
