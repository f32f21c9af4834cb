"""A mail in the arrivals, and the row that it is."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.model.envelope import Envelope


@dataclass(frozen=True, slots=True)
class ArrivedFor:
    """A mailbox of a mail: the id that its delivery will have, and what the session says of it."""

    id: str
    desk: str
    mailbox: str
    rcpt_to: str
    quarantine: str = ""


@dataclass(frozen=True, slots=True)
class NewArrival:
    """A mail that is about to be kept: ``data``, or the name of its file."""

    envelope: Envelope
    recipients: Sequence[ArrivedFor]
    size: int
    sha256: bytes
    data: bytes | None
    path: str | None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail that waits. ``envelope`` is None, and ``recipients`` are empty, where they cannot be read."""

    seq: int
    at: float
    envelope: Envelope | None
    recipients: tuple[ArrivedFor, ...]
    size: int
    sha256: bytes
    data: bytes | None
    path: str | None


def texts_of(mail: NewArrival) -> tuple[Any, ...]:
    """What of it the row has as text, and its content."""
    recipients = [[each.id, each.desk, each.mailbox, each.rcpt_to, each.quarantine] for each in mail.recipients]
    return json.dumps(recipients), mail.envelope.as_json(), mail.path, mail.data


def arrived_of(row: tuple[Any, ...]) -> Arrived:
    """From a row: seq, at, envelope, recipients, size, sha256, path, data."""
    seq, at, envelope, recipients, size, digest, path, data = row
    kinds = ((at, float), (size, int), (digest, bytes), (path, bytes | None), (data, bytes | None))
    if not all(isinstance(value, kind) for value, kind in kinds):  # SQLite keeps whatever a bad sector makes of it
        return Arrived(seq, 0.0, None, (), 0, b"", None, None)
    name = os.fsdecode(path) if path is not None else None
    return Arrived(seq, at, _envelope(envelope), _recipients(recipients), size, digest, data, name)


def _envelope(text: bytes) -> Envelope | None:
    try:
        return Envelope(**json.loads(text))
    except (ValueError, TypeError):
        return None


def _recipients(text: bytes) -> tuple[ArrivedFor, ...]:
    """Empty where they cannot be read."""
    try:
        return tuple(ArrivedFor(*each) for each in json.loads(text))
    except (ValueError, TypeError):
        return ()
