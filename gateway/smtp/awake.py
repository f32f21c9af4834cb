"""A loop that looks once more before it sleeps, for a peer that is alone and answers at once.

To wake a processor costs more than a command does: for a content filter or a relay on the same machine, over one
connection, that was a fifth of a mail's time. With several peers the loop hardly sleeps, and one that is far away is
never waited for.
"""

from __future__ import annotations

import asyncio
import time

AT_ONCE = 0.0002  # seconds from our reply to the peer's next word, and for which the loop stays awake


class Awake:
    """Told when a peer was replied to, and when one is heard. By the finest clock there is."""

    def __init__(self) -> None:
        self._replied_at = 0.0  # 0: nobody's answer is looked for
        self._is_quick = False  # the last answer came at once
        self._until = 0.0
        self._goes_round = False

    def replied(self, peers: int) -> None:
        """It is the peer's turn. ``peers``: how many there are."""
        if peers != 1:
            return
        self._replied_at = time.perf_counter()
        if self._is_quick:
            self._until = self._replied_at + AT_ONCE
            if not self._goes_round:
                self._goes_round = True
                self._go_round()

    def heard(self) -> None:
        """A peer said something."""
        if self._replied_at:
            self._is_quick = time.perf_counter() < self._replied_at + AT_ONCE
            self._replied_at = 0.0

    def _go_round(self) -> None:
        if time.perf_counter() < self._until:
            asyncio.get_running_loop().call_soon(self._go_round)
        else:
            self._goes_round = False
