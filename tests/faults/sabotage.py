"""``python -m tests.faults.sabotage WHAT serve …``: the gateway with one of its guards switched off.

The campaign must fail with any of them: marker, settle, reservation, sent, sync, letter, probe, summary.
"""

from __future__ import annotations

import sys
from typing import Any

from gateway import cli
from gateway.desk.algapsa import readback
from gateway.intake import maildata
from gateway.model.window import Window
from gateway.outgoing import sender, smarthost
from gateway.store import deliveries, effects, engine, letters, order, probes
from gateway.store import windows as stored
from gateway.store.arrivals import ArrivalsFile
from gateway.store.stage import EffectState
from gateway.upkeep import windows
from gateway.work import executor, planner, unknown
from tests.faults import quickened


def no_marker() -> None:
    """The read-back looks for a marker that the desk never got."""

    async def nothing(*_: Any, **__: Any) -> list[Any]:
        return []

    readback.tickets = nothing  # type: ignore[assignment]
    readback.comments = nothing  # type: ignore[assignment]


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


def no_letter() -> None:
    """The letter is not marked before its content leaves, and one whose answer was lost is sent again."""
    sender.Unknown = type("Never", (Exception,), {})  # type: ignore[misc]
    smarthost.Unknown = smarthost.NotTaken  # type: ignore[misc]
    letters.begin = lambda connection, taken, now: True  # type: ignore[assignment]


def no_probe() -> None:
    """Nobody asks whether a mail is a probe."""
    probes.is_known = lambda connection, message_id: False  # type: ignore[assignment]


def no_summary() -> None:
    """The window is not marked as told with its summary."""
    summarise = windows.Summaries._tell

    def tell(self: Any, connection: Any, held: Any, now: float) -> int:
        told = summarise(self, connection, held, now)
        if told:
            stored.hold(connection, held.desk, Window(held.id, held.name, held.begins, held.ends))
        return told

    windows.Summaries._tell = tell  # type: ignore[method-assign]


GUARDS = {
    "marker": no_marker,
    "settle": no_settle,
    "reservation": no_reservation,
    "sent": no_sent,
    "sync": no_sync,
    "letter": no_letter,
    "probe": no_probe,
    "summary": no_summary,
}

if __name__ == "__main__":
    quickened.quicken()
    GUARDS[sys.argv.pop(1)]()
    assert deliveries is not None
    cli.main()
