"""``python -m tests.faults.sabotage WHAT serve …``: the gateway with one of its guards switched off.

The campaign must fail with any of them: marker, settle, reservation, sent, sync.
"""

from __future__ import annotations

import sys
from typing import Any

from gateway import cli
from gateway.intake import maildata
from gateway.store import deliveries, effects, engine, order
from gateway.store.arrivals import ArrivalsFile
from gateway.store.stage import EffectState
from gateway.work import executor, planner, unknown


def no_marker() -> None:
    """The read-back looks for a marker that the desk never got."""

    async def nothing(*_: Any, **__: Any) -> list[Any]:
        return []

    executor.readback.tickets = nothing  # type: ignore[assignment]
    executor.readback.comments = nothing  # type: ignore[assignment]


def no_settle() -> None:
    """An unknown write is sent again after the first empty read-back."""
    executor.READ_BACK = unknown.READ_BACK = (0.0, 0.0, 0.0)
    original = executor._Execution.__init__

    def init(self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        self.settle = 0.0

    executor._Execution.__init__ = init  # type: ignore[method-assign]


def no_reservation() -> None:
    """Nobody waits for earlier mail of the thread, and ids are not reserved."""
    order.blockers = lambda *_: []  # type: ignore[assignment]
    order.blockers_by_header = lambda *_: []  # type: ignore[assignment]
    planner.mapping.reserve = lambda *_: None  # type: ignore[assignment]


def no_sent() -> None:
    """The row is not marked before the request leaves."""

    def skip(*_: Any) -> None:
        return None

    effects.mark_sent = skip
    effects.mark_first_sent = skip
    original = executor._Execution._act_on

    async def act_on(self: Any, effect: Any, outcome: Any) -> Any:
        if type(outcome).__name__ == "Unknown":  # nothing says that it was sent: it is sent again
            self.ledger.remember(effect, state=EffectState.TODO)
            return executor.Defer(self.clock() + 0.05, executor.Waits(), "again")
        return await original(self, effect, outcome)

    executor._Execution._act_on = act_on  # type: ignore[method-assign]


def no_sync() -> None:
    """A commit returns before it is on the disk."""
    original = engine._sqlite_pragmas

    def pragmas(connection: Any, record: Any) -> None:
        original(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    engine._sqlite_pragmas = pragmas
    opened = ArrivalsFile.__init__

    def init(self: Any, *arguments: Any, **more: Any) -> None:
        opened(self, *arguments, **more)
        self._connection.execute("PRAGMA synchronous=OFF")

    ArrivalsFile.__init__ = init  # type: ignore[method-assign]
    maildata.os.fsync = lambda handle: None  # type: ignore[attr-defined]


GUARDS = {
    "marker": no_marker,
    "settle": no_settle,
    "reservation": no_reservation,
    "sent": no_sent,
    "sync": no_sync,
}

if __name__ == "__main__":
    GUARDS[sys.argv.pop(1)]()
    assert deliveries is not None
    cli.main()
