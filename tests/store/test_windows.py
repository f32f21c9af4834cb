"""Maintenance windows in the store, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from math import inf

import pytest
from sqlalchemy import Connection

from gateway.match.recurrence import occurrences
from gateway.model.window import Maintenance, MaintenanceCalendar, MaintenanceEvent, Window, instance_uid
from gateway.store import calendars, windows
from gateway.store.engine import Store, make_engine
from gateway.store.mapping import Reserved
from gateway.store.windows import Occurrence
from tests.peers import Postgres
from tests.sizes import size

SAID = Maintenance(
    "", "Switch", "default", "2026-12-05 22:00", "2026-12-06 02:00", "UTC", client="Acme", objects=("web01",),
    origin="calendar", calendar="changes", uid="7",
)  # fmt: skip
HELD = Window("w@100", "Switch", 100.0, 200.0)


def test_what_a_calendar_says_last_counts(store: Store) -> None:
    def take(*events: MaintenanceEvent, whole: bool = False, now: float = 50.0) -> tuple[int, int]:
        calendar = MaintenanceCalendar("changes", events=events)
        return store.write_sync(lambda c: calendars.take(c, "default", calendar, now, whole))

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


def test_a_cancellation_counts_whichever_mail_comes_first(store: Store) -> None:
    def take(event: MaintenanceEvent) -> tuple[int, int]:
        calendar = MaintenanceCalendar("changes", events=(event,))
        return store.write_sync(lambda c: calendars.take(c, "default", calendar, 50.0))

    def known() -> list[str]:
        return [said.end for said in store.read_sync(lambda c: windows.all_of(c, "default"))]

    take(MaintenanceEvent(SAID, 3, is_cancelled=True))
    take(MaintenanceEvent(SAID, 2))
    assert known() == []
    take(MaintenanceEvent(SAID, 4))
    take(MaintenanceEvent(SAID, 6, is_cancelled=True))
    take(MaintenanceEvent(SAID, 5))
    assert known() == []


def test_a_time_of_a_series_that_is_moved_or_cancelled_by_a_mail_of_its_own(store: Store) -> None:
    """The mail names the one time alone; the series does not come with it."""
    series = replace(SAID, repeat="FREQ=WEEKLY;COUNT=3")
    sunday = replace(
        SAID, uid=instance_uid("7", datetime(2026, 12, 12, 22)), begin="2026-12-13 22:00", end="2026-12-14 02:00"
    )
    off = replace(
        SAID, uid=instance_uid("7", datetime(2026, 12, 19, 22)), begin="2026-12-19 22:00", end="2026-12-20 02:00"
    )

    def begins(*events: MaintenanceEvent, whole: bool = False) -> list[str]:
        calendar = MaintenanceCalendar("changes", events=events)
        store.write_sync(lambda c: calendars.take(c, "default", calendar, 50.0, whole))
        said = store.read_sync(lambda c: windows.all_of(c, "default"))
        spans = (occurrences(window, 0.0, 2e9) for window in said)
        return sorted(f"{datetime.fromtimestamp(at, UTC):%d.%m.}" for times in spans for at, _ in times)

    assert begins(MaintenanceEvent(series, 1)) == ["05.12.", "12.12.", "19.12."]
    assert begins(MaintenanceEvent(sunday, 1)) == ["05.12.", "13.12.", "19.12."]
    assert begins(MaintenanceEvent(off, 2, is_cancelled=True)) == ["05.12.", "13.12."]
    assert begins(MaintenanceEvent(series, 1)) == ["05.12.", "13.12."]  # sent once more
    assert begins(MaintenanceEvent(series, 2), whole=True) == ["05.12.", "12.12.", "19.12."]
    assert begins(MaintenanceEvent(series, 2), MaintenanceEvent(sunday, 2), whole=True) == [
        "05.12.", "13.12.", "19.12.",
    ]
    assert begins(MaintenanceEvent(series, 3, is_cancelled=True)) == []


def test_what_an_operator_cancelled_does_not_come_back_with_its_calendar(store: Store) -> None:
    def take(sequence: int, whole: bool) -> None:
        calendar = MaintenanceCalendar("changes", events=(MaintenanceEvent(SAID, sequence),))
        store.write_sync(lambda c: calendars.take(c, "default", calendar, 50.0, whole))

    take(1, whole=True)
    (said,) = store.read_sync(lambda c: windows.all_of(c, "default"))
    assert store.write_sync(lambda c: windows.cancel(c, said.id, 60.0, "ann"))
    take(1, whole=True)
    take(2, whole=False)
    assert store.read_sync(lambda c: windows.all_of(c, "default")) == []


def test_what_is_over_leaves_the_place_to_what_comes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A calendar of many changes, over the years: those to come are known, and those of long ago go."""
    monkeypatch.setattr(windows, "MOST", size(100, windows.MOST))
    now = datetime(2026, 12, 5, tzinfo=UTC).timestamp()
    old = [replace(SAID, uid=f"old{i}", begin="2026-10-01 22:00", end="2026-10-02 02:00") for i in range(windows.MOST)]

    def fill(connection: Connection) -> None:
        for said in (*old, SAID, replace(SAID, uid="weekly", begin=old[0].begin, end=old[0].end, repeat="FREQ=WEEKLY")):
            windows.add(connection, said, now)

    store.write_sync(fill)
    assert {said.uid for said in store.read_sync(lambda c: windows.all_of(c, "default", inf, now))} == {"7", "weekly"}
    while store.write_sync(lambda c: windows.drop_maintenance(c, now, windows.MOST // 4)).count:
        pass
    assert set(store.read_sync(lambda c: calendars.of_calendar(c, "default", "changes"))) == {"7", "weekly"}
    calendar = MaintenanceCalendar("changes", events=(MaintenanceEvent(old[0]), MaintenanceEvent(SAID)))
    assert store.write_sync(lambda c: calendars.take(c, "default", calendar, now)) == (0, 0)


def test_two_who_take_a_calendar_at_once_make_one_window(postgres: Postgres, migrated_database: str) -> None:
    """Two replicas fetch it in the same moment: a second row would hold on after the event is cancelled."""
    engine = make_engine(postgres.database("calendar_at_once", migrated_database))
    calendar = MaintenanceCalendar("changes", events=(MaintenanceEvent(SAID, 1),))

    def second() -> None:
        with engine.begin() as connection:
            calendars.take(connection, "default", calendar, 50.0)

    with ThreadPoolExecutor(1) as others, engine.begin() as first:
        calendars.take(first, "default", calendar, 50.0)
        taken = others.submit(second)
        with pytest.raises(TimeoutError):
            taken.result(0.2)
        first.commit()
        with pytest.raises(Reserved):
            taken.result(5)
    with engine.begin() as connection:
        assert len(windows.all_of(connection, "default")) == 1
    engine.dispose()


def test_a_summary_is_told_once(store: Store) -> None:
    store.write_sync(lambda c: windows.hold(c, "default", (HELD,)))
    (untold,) = store.read_sync(windows.untold)
    assert (untold.id, untold.maintenance, untold.ends) == ("w@100", "w", 200.0)
    assert store.read_sync(lambda c: windows.is_settling(c, "w@100", 300.0)) is False
    assert [store.write_sync(lambda c: windows.tell(c, "w@100", 200.0, 300.0)) for _ in range(2)] == [True, False]
    assert store.read_sync(windows.untold) == []
    assert [row.id for row in store.read_sync(lambda c: windows.recent(c, 150.0))] == ["w@100"]


def test_an_end_that_was_moved_is_kept_though_something_is_held(store: Store) -> None:
    moved = Occurrence("w@100", "default", "w", "Switch", 100.0, 250.0)
    store.write_sync(lambda c: windows.move_end(c, moved, 120.0))
    store.write_sync(lambda c: windows.hold(c, "default", (HELD,)))
    (known,) = store.read_sync(lambda c: windows.moved(c, "default", 0.0)).values()
    assert (known.ends, known.held, known.moved_at) == (250.0, True, 120.0)
    assert store.read_sync(lambda c: windows.is_unread(c, "default", 0.0, 300.0, "")) is False
    assert store.read_sync(windows.held_now) == {}
