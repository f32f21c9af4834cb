"""What a step of work says; only the worker moves stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gateway.model.reasons import Reason
from gateway.model.waiting import Waits
from gateway.store.effects import Effect
from gateway.store.stage import Stage


@dataclass(frozen=True, slots=True)
class Done:
    """Every effect has its outcome."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The step moved the delivery to an end itself; ``told`` is what is said of it, where that is known without the
    store (deliveries.end)."""

    stage: Stage
    reason: Reason | Literal[""] = ""
    detail: str = ""
    told: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Defer:
    """Try again at ``until``, for ``waits``; ``counts`` when it is a failure that may end in quarantine; ``needs`` is
    the call to the desk that there was no room for; ``why`` is for the log."""

    until: float
    waits: Waits
    why: str = ""
    counts: bool = False
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """An earlier mail of the thread comes first."""

    until: float
    since: float
    behind: str


@dataclass(frozen=True, slots=True)
class Held:
    """A maintenance window holds it until then; the step has put it back itself."""

    until: float
    why: str


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Only a person can mend it."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Redecide:
    """Decide anew, for ``why``: the ticket is gone, or with "" names are read again, or what was waited for is over.
    ``waited`` is the effect that ends with that."""

    ticket_id: str
    waited: Effect | None = None
    why: str = ""


Step = Done | Ended | Defer | Wait | Held | Quarantine | Redecide
