"""What makes the clients of a product's desks. A module of the product's folder has these functions;
``gateway.work.desks.product_of`` chooses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from gateway.config.settings import Settings
from gateway.desk.port import Desk
from gateway.desk.records import Client, Person
from gateway.desk.trial import Account, Taken
from gateway.store.engine import Store


class Product(Protocol):
    """``name`` is the desk's in the configuration; ``how`` are timeout (seconds), rate and burst of the budget, its
    ``pacing`` where that is shared, ``clock``, and ``observe``, which is told (route, outcome, seconds) of a call."""

    def live(self, name: str, url: str, key: str, **how: Any) -> Desk:
        """A desk that is written to."""

    def rehearsed(self, name: str, url: str, key: str, store: Store, **how: Any) -> Desk:
        """A desk that is only read: ``store`` keeps what would be written."""

    def unasked(self, name: str) -> Desk:
        """A desk that raises Unasked at every call."""

    def on_trial(
        self, name: str, url: str, *, store: Store, taken: Taken, account: Account, clock: Callable[[], float]
    ) -> Desk:
        """A rehearsed desk that answers from what was ``taken`` of it."""

    def taken_by_name(self, settings: Settings, desk: str) -> Taken:
        """What would be taken of a desk that has what the configuration names, and no contacts."""

    def clients_taken(self, taken: Taken) -> list[Client]:
        """The clients of what was taken of a desk."""

    def staff_taken(self, taken: Taken) -> list[Person]:
        """The technicians of what was taken of a desk."""
