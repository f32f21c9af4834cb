"""AlgaPSA as a product, which is all of this folder that others know. ``gateway.desk.product`` says what each function
is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.desk import records
from gateway.desk.algapsa import lists, rows
from gateway.desk.algapsa.client import Client
from gateway.desk.algapsa.desk import AlgaDesk
from gateway.desk.algapsa.rehearsal import RehearsedClient
from gateway.desk.algapsa.trial import TrialClient
from gateway.desk.algapsa.unasked import UnaskedClient
from gateway.desk.trial import Account, Taken
from gateway.store.engine import Store

taken_by_name = lists.named


def live(name: str, url: str, key: str, **how: Any) -> AlgaDesk:
    return AlgaDesk(Client(name, url, key, **how))


def rehearsed(name: str, url: str, key: str, store: Store, **how: Any) -> AlgaDesk:
    return AlgaDesk(RehearsedClient(name, url, key, store=store, **how))


def unasked(name: str) -> AlgaDesk:
    return AlgaDesk(UnaskedClient(name))


def on_trial(
    name: str, url: str, *, store: Store, taken: Taken, account: Account, clock: Callable[[], float]
) -> AlgaDesk:
    return AlgaDesk(TrialClient(name, url, store=store, taken=taken, account=account, clock=clock))


def clients_taken(taken: Taken) -> list[records.Client]:
    return [rows.client(row) for row in taken.get("clients", ())]


def staff_taken(taken: Taken) -> list[records.Person]:
    return rows.staff(taken.get("users", []))
