"""250 means kept: what can lead to a 250, and what a mail needs before it.

A mail up to ``spool_over`` bytes is held in memory and becomes a row; a larger one is written to its file while it
arrives, synced with its folder, then its row. Two kinds of ``Acceptor`` keep it: in the arrivals of this machine, or in
the store at once.
"""

from __future__ import annotations

import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import StoreSettings
from gateway.intake.maildata import MailData
from gateway.model.envelope import Envelope
from gateway.model.ids import uuid7
from gateway.store.arrivalrow import ArrivedFor

DISK_EVERY = 0.25  # seconds between two looks at the disk


class DiskFull(Exception):
    """Less free space than the configured reserve."""


class NotKept(Exception):
    """The mail is not accepted: nothing is known of it, or nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A mailbox and the address by which the peer named it. ``quarantine``: why the edge asks for it."""

    mailbox: MailboxSettings
    address: str
    quarantine: str = ""


def addressed(recipients: Sequence[Recipient], now: float) -> list[ArrivedFor]:
    """The recipients with the ids that their deliveries will have."""
    return [
        ArrivedFor(uuid7(now), each.mailbox.desk, each.mailbox.address, each.address, each.quarantine)
        for each in recipients
    ]


class Acceptor(ABC):
    """Keeps mails; large ones are files in ``folder``."""

    def __init__(self, settings: StoreSettings, folder: Path) -> None:
        self._settings = settings
        self._disk_at = 0.0
        self._free = 0
        self.folder = folder
        self.folder.mkdir(0o700, parents=True, exist_ok=True)

    @property
    def full(self) -> str:
        """Why no more mail is taken for now, "" while it is."""
        return ""

    @property
    def free(self) -> int:
        """Bytes of free disk, looked at now and then."""
        now = time.monotonic()
        if now >= self._disk_at:
            self._disk_at = now + DISK_EVERY
            self._free = shutil.disk_usage(self.folder).free
        return self._free

    def refusals(self) -> list[str]:
        """Why no mail can be taken now, for ``/readyz``."""
        reasons = ["disk below its reserve"] if self.free < self._settings.min_free else []
        return [*reasons, f"arrivals: {self.full}"] if self.full else reasons

    def begin(self) -> MailData:
        """A mail starts to arrive. Raises DiskFull."""
        if self.free < self._settings.min_free:
            raise DiskFull(f"less than {self._settings.min_free} bytes free")
        return MailData(self.folder, self._settings.spool_over)

    @abstractmethod
    async def accept(self, mail: MailData, envelope: Envelope, recipients: Sequence[Recipient]) -> list[str]:
        """Keep the mail for its mailboxes: the delivery ids, once everything is durable.

        Raises NotKept, OSError; then nothing is kept. Shielded: a peer that hangs up in the
        middle does not undo it (it sends again and is recognised)."""
