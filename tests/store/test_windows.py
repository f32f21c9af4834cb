"""Maintenance windows in the store, on both databases."""

from __future__ import annotations

from dataclasses import replace

from gateway.model.window import Maintenance, MaintenanceCalendar, MaintenanceEvent, Window
from gateway.store import windows
from gateway.store.engine import Store
from gateway.store.windows import Occurrence

SAID = Maintenance(
    "", "Switch", "default", "2026-12-05 22:00", "2026-12-06 02:00", "UTC", client="Acme", objects=("web01",),
    origin="calendar", calendar="changes", uid="7",
)  # fmt: skip
HELD = Window("w@100", "Switch", 100.0, 200.0)


def test_what_a_calendar_says_last_counts(store: Store) -> None:
    def take(*events: MaintenanceEvent, whole: bool = False, now: float = 50.0) -> tuple[int, int]:
        calendar = MaintenanceCalendar("changes", events=events)
        return store.write_sync(lambda c: windows.take(c, "default", calendar, now, whole))

    def ends() -> list[str]:
        return [said.end for said in store.read_sync(lambda c: windows.all_of(c, "default"))]

    assert take(MaintenanceEvent(SAID, 1)) == (1, 0) and take(MaintenanceEvent(SAID, 1)) == (0, 0)
    later = replace(SAID, end="2026-12-06 03:00")
    assert take(MaintenanceEvent(later, 2)) == (1, 0) and take(MaintenanceEvent(SAID, 1)) == (0, 0)
    assert ends() == ["2026-12-06 03:00"]
    assert take(whole=True, now=60.0) == (0, 1) and ends() == []
    (gone,) = store.read_sync(lambda c: windows.all_of(c, "default", 55.0))
    assert gone.cancelled_at == 60.0 and gone.objects == ("web01",)
    assert take(MaintenanceEvent(later, 3)) == (1, 0) and ends() == ["2026-12-06 03:00"]


def test_a_summary_is_told_once(store: Store) -> None:
    store.write_sync(lambda c: windows.hold(c, "default", HELD))
    (untold,) = store.read_sync(windows.untold)
    assert (untold.id, untold.maintenance, untold.ends) == ("w@100", "w", 200.0)
    assert store.read_sync(lambda c: windows.is_settling(c, "w@100", 300.0)) is False
    assert [store.write_sync(lambda c: windows.tell(c, "w@100", 200.0, 300.0)) for _ in range(2)] == [True, False]
    assert store.read_sync(windows.untold) == []
    assert [row.id for row in store.read_sync(lambda c: windows.recent(c, 150.0))] == ["w@100"]


def test_an_end_that_was_moved_is_kept_though_something_is_held(store: Store) -> None:
    moved = Occurrence("w@100", "default", "w", "Switch", 100.0, 250.0)
    store.write_sync(lambda c: windows.move_end(c, moved, 120.0))
    store.write_sync(lambda c: windows.hold(c, "default", HELD))
    (known,) = store.read_sync(lambda c: windows.moved(c, "default", 0.0)).values()
    assert (known.ends, known.held, known.moved_at) == (250.0, True, 120.0)
    assert store.read_sync(lambda c: windows.is_unread(c, "default", 0.0, 300.0, "")) is False
    assert store.read_sync(windows.held_now) == {}
