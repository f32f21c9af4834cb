"""A share of each turn of the event loop: pipelined commands of one peer never keep it from the others.

A command that is in the buffer already is run without any wait, so a peer that sends thousands at once would hold
the loop until all are answered. Here each address may run ``SHARE`` commands in a turn of the loop, all addresses
together ``AT_ONCE``. Who wants more waits in a queue by address, of which ``IN_TURN`` addresses come on in each turn,
round robin. Who does not wait is never behind those who do. Work in threads has ``FairSlots``, for the same reason.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

SHARE = 20
AT_ONCE = 100
IN_TURN = 5


class Turns:
    """The turns of one event loop. Constant cost for a command; memory for the sessions that wait."""

    def __init__(self) -> None:
        self._left: dict[str, int] = {}
        self._open = AT_ONCE
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # in the order in which they come on
        self._is_scheduled = False

    def may_run(self, peer: str) -> bool:
        """Whether the peer may run one more command in this turn; if so it is counted. Else ``turn``."""
        if peer in self._waiting:
            left = self._left.get(peer, 0)
        else:
            left = self._left.get(peer, SHARE) if self._open else 0
            self._open -= left > 0
        self._schedule()
        if left <= 0:
            return False
        self._left[peer] = left - 1
        return True

    def turn(self, peer: str) -> asyncio.Future[None]:
        """Done when it is the peer's turn; the command that waited may then run."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(peer, deque()).append(turn)
        self._schedule()
        return turn

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        """The loop has gone round."""
        self._is_scheduled = False
        self._left.clear()
        self._open = AT_ONCE
        for _ in range(min(IN_TURN, len(self._waiting))):
            peer = next(iter(self._waiting))
            sessions = self._waiting.pop(peer)
            while sessions and sessions[0].done():  # its session has ended
                sessions.popleft()
            if sessions:
                sessions.popleft().set_result(None)
                self._left[peer] = SHARE - 1
                # Also with nobody left: who comes back at once is behind the others.
                self._waiting[peer] = sessions
        if self._waiting:
            self._schedule()


class FairSlots:
    """Slots for work that many wait for, given to networks round robin: a flood from one holds up that one."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # in the order in which they come on

    @contextlib.asynccontextmanager
    async def hold(self, network: str) -> AsyncIterator[None]:
        """A slot for as long as the block runs; waits for one."""
        await self._take(network)
        try:
            yield
        finally:
            self._give()

    async def _take(self, network: str) -> None:
        if self._free:
            self._free -= 1
            return
        slot = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(network, deque()).append(slot)
        try:
            await slot
        except asyncio.CancelledError:
            if slot.done() and not slot.cancelled():  # it was given in the same moment
                self._give()
            raise

    def _give(self) -> None:
        while self._waiting:
            network = next(iter(self._waiting))
            sessions = self._waiting.pop(network)
            while sessions and sessions[0].done():  # its session has ended
                sessions.popleft()
            if sessions:
                sessions.popleft().set_result(None)
                if sessions:
                    self._waiting[network] = sessions
                return
        self._free += 1
