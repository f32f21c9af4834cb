"""The clock of a store goes on evenly, whatever becomes of the machine's time of day."""

from __future__ import annotations

from gateway.work.clock import StoreClock


class Machine:
    """A time of day that can be set, and an uptime that cannot."""

    def __init__(self) -> None:
        self.up, self.day = 100.0, 1_800_000_000.0

    def passes(self, seconds: float) -> None:
        self.up += seconds
        self.day += seconds


def clock_of(machine: Machine) -> StoreClock:
    return StoreClock(lambda: machine.up, lambda: machine.day)


def test_the_time_of_day_may_be_set_and_ours_goes_on() -> None:
    machine = Machine()
    clock = clock_of(machine)
    before = clock()

    machine.passes(5)
    machine.day += 3600

    assert clock() - before == 5


def test_the_first_time_that_the_database_says_is_taken_as_it_is() -> None:
    machine = Machine()
    clock = clock_of(machine)

    clock.learn(machine.day + 60 - machine.up, machine.up)

    assert clock() == machine.day + 60


def test_later_it_is_followed_slowly_both_ways() -> None:
    machine = Machine()
    clock = clock_of(machine)
    clock.learn(machine.day - machine.up, machine.up)
    machine.day += 3600
    began = clock()

    for _ in range(12):  # a settle of 120 s, measured every 10
        machine.passes(10)
        clock.learn(machine.day - machine.up, machine.up)

    assert 120 <= clock() - began <= 120 * 1.1 + 0.001
    machine.day -= 7200
    now = clock()
    machine.passes(10)
    clock.learn(machine.day - machine.up, machine.up)
    assert abs(clock() - now - 9) < 0.001
