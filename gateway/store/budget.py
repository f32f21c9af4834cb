"""A desk's budget of counted calls, in one row for all replicas, refilled by the database's clock.

Taking a call is one UPDATE that changes the row only when there is a call to take; the row is locked for
that statement and its commit. Calls are never taken ahead, so the budget is never exceeded.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

# ``:now`` is for tests; else the clock is read when the row is locked, not when the transaction began.
_NOW = "coalesce(CAST(:now AS double precision), extract(epoch FROM clock_timestamp())::double precision)"
_FILLED = f"least(:burst, tokens + greatest(0, {_NOW} - at) * :rate / 60)"
_OPEN = text(
    f"""INSERT INTO budget (desk, tokens, at) VALUES (:desk, :burst, {_NOW}) ON CONFLICT DO NOTHING"""  # noqa: S608
)
_TAKE = text(
    f"""UPDATE budget SET tokens = {_FILLED} - 1, at = greatest(at, {_NOW})
    WHERE desk = :desk AND closed_until <= {_NOW} AND {_FILLED} >= :floor + 1
    RETURNING tokens"""  # noqa: S608
)
_LOOK = text(f"SELECT {_FILLED}, closed_until - {_NOW} FROM budget WHERE desk = :desk")  # noqa: S608
_LOWER = text(
    f"""UPDATE budget SET tokens = least({_FILLED}, :tokens), at = greatest(at, {_NOW}),
    closed_until = greatest(closed_until, {_NOW} + :after) WHERE desk = :desk"""  # noqa: S608
)


@dataclass(frozen=True, slots=True)
class Limit:
    """What a desk allows: ``rate`` calls a minute, ``burst`` at once."""

    desk: str
    rate: float
    burst: int

    def given(self, now: float | None) -> dict[str, object]:
        return {"desk": self.desk, "rate": self.rate, "burst": self.burst, "now": now}


@dataclass(frozen=True, slots=True)
class Seen:
    """The budget as it was: calls left, and seconds for which it is closed."""

    tokens: float
    closed_for: float = 0.0
    taken: bool = False


def take(connection: Connection, limit: Limit, floor: int, now: float | None = None) -> Seen:
    """Take a call, if more than ``floor`` are left and the desk has not closed. The first call of all makes
    the row, with all calls there."""
    parameters = limit.given(now)
    for _ in range(2):
        tokens = connection.execute(_TAKE, {**parameters, "floor": floor}).scalar()
        if tokens is not None:
            return Seen(tokens, taken=True)
        if row := connection.execute(_LOOK, parameters).first():
            return Seen(row[0], max(0.0, row[1]))
        connection.execute(_OPEN, parameters)
    return Seen(float(limit.burst))


def lower(connection: Connection, limit: Limit, tokens: float, after: float = 0.0, now: float | None = None) -> None:
    """There are at most so many calls, and none for ``after`` seconds."""
    connection.execute(_LOWER, {**limit.given(now), "tokens": tokens, "after": after})
