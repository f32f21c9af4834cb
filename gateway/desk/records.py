"""What a desk says, in values: the folder of each product makes them of its own rows. Ids are the desk's, "" for none;
times are seconds since the epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# -- names ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Board:
    """``reopens``: a reply reopens a closed ticket of it, within ``reopen_window`` seconds (0 for ever), to
    ``reopen_status_id``."""

    id: str
    name: str
    is_inactive: bool = False
    is_default: bool = False
    default_priority_id: str = ""
    reopens: bool = False
    reopen_window: float = 0.0
    reopen_status_id: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """Of a board; ``order`` is its place among the others."""

    id: str
    name: str
    is_closed: bool = False
    is_default: bool = False
    order: float = 0


@dataclass(frozen=True, slots=True)
class Priority:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Category:
    """``parent_id`` is of the category below which it is."""

    id: str
    name: str
    board_id: str = ""
    parent_id: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    id: str
    name: str
    is_inactive: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """An internal user of the desk: a technician. The address is in lower case."""

    id: str
    name: str
    address: str


# -- people -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contact:
    """``address`` is the main one, ``more`` are others, as the desk spells them."""

    id: str
    client_id: str = ""
    name: str = ""
    address: str = ""
    more: tuple[str, ...] = ()
    is_inactive: bool = False


@dataclass(frozen=True, slots=True)
class Asset:
    """A device; ``names`` are all by which it may be called."""

    id: str
    client_id: str = ""
    names: tuple[str, ...] = ()


# -- tickets ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ticket:
    """``description`` is JSON of blocks; ``watchers`` are addresses in lower case that get what is written on it.
    ``row`` is what the desk gave: nobody but its product's folder reads it."""

    id: str
    number: str = ""
    title: str = ""
    board_id: str = ""
    status_id: str = ""
    priority_id: str = ""
    client_id: str = ""
    contact_id: str = ""
    master_id: str = ""
    is_closed: bool = False
    closed_at: float = 0.0
    description: str = ""
    watchers: tuple[str, ...] = ()
    row: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Comment:
    """``text`` is what it shows, in blocks or in plain words, None where it shows nothing; ``facts`` are what we keep
    with it, empty on one that is not ours."""

    id: str
    at: float = 0.0
    text: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remote:
    """What the desk has of an effect: its answer to it, or what was found again. ``made_at`` is as the desk writes it;
    ``described`` is the sum of a description that we wrote."""

    id: str = ""
    ticket_number: str = ""
    client_id: str = ""
    file_id: str = ""
    made_at: str = ""
    described: str = ""

    def kept(self) -> dict[str, str]:
        """What is stored with the effect, beside its id, and read again. The names are keys in the store: they stay."""
        values = {"ticket_number": self.ticket_number, "described": self.described}
        return {name: value for name, value in values.items() if value}
