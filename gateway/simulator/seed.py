"""What a simulated desk holds when it starts, and the JSON form of it.

    {"tenant": "…", "ticket_prefix": "TIC", "next_ticket": 1001,
     "keys": [{"key": "…", "user": "gateway@msp.example", "state": "active",
               "hidden": ["Globex"], "guarded": false}],   what the key does not see: rights.py
     "boards": [{"name": "Support", "default": true, "default_priority": "Medium",
                 "statuses": [{"name": "New", "default": true}, {"name": "Closed", "closed": true}],
                 "categories": [{"name": "Hardware", "children": ["Printer"]}]}],
     "priorities": ["Low", …], "clients": [{"name": "Acme", "email": "…", "phone": "…"}],
     "contacts": [{"name": "…", "email": "…", "client": "Acme", "additional": ["…"]}],
     "users": [{"first": "Tess", "last": "Technician", "email": "tess@msp.example",
                "role": "Technician"}],
     "assets": [{"tag": "ACME-SRV-01", "name": "File server", "serial": "SN-1001", "type": "server", "client": "Acme"}],
     "rate_limit": {"mode": "enforce", "burst": 120, "per_minute": 60},
     "uploads": {"max_body": 104857600, "max_file": null, "types": null, "strict": true}}

A missing key keeps its default. `uploads.strict` is the older of the two file readers that were
seen (see `multipart`). An `id` may be given anywhere; else it derives from the name,
so that two starts with the same seed have the same ids. Keys refer to users, contacts to
clients, statuses to boards, by name. The `parent` of a category may be an id.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from gateway.simulator.wire import Row

DEFAULT_KEY = "demo-desk-key"
_SPACE = uuid.UUID("6f6e6c79-2d61-4d64-a573-6b2d73656564")


def name_id(*names: str) -> str:
    return str(uuid.uuid5(_SPACE, "/".join(names)))


def _statuses() -> list[Row]:
    return [
        {"name": "New", "default": True},
        {"name": "In Progress"},
        {"name": "Waiting for Customer"},
        {"name": "Resolved", "closed": True},
        {"name": "Closed", "closed": True},
    ]


def _categories() -> list[Row]:
    return [{"name": "Hardware", "children": ["Printer", "Laptop"]}, {"name": "Software", "children": ["Office"]}]


def _boards() -> list[Row]:
    words = {"Support": "What customers write", "Sales": "Offers and orders", "Alerts": "Monitoring and vendors"}
    return [
        {
            "name": name,
            "default": name == "Support",
            "description": description,
            "default_priority": "Medium",
            "statuses": _statuses(),
            "categories": _categories(),
        }
        for name, description in words.items()
    ]


def _clients() -> list[Row]:
    return [
        {"name": "Unknown Senders"},
        {"name": "Acme", "email": "info@acme.example"},
        {"name": "Globex", "email": "office@globex.example"},
        {"name": "Initech", "email": "hello@initech.example"},
    ]


def _contacts() -> list[Row]:
    return [
        {"name": "Alice Archer", "email": "alice@acme.example", "client": "Acme"},
        {
            "name": "Bob Baker",
            "email": "bob@acme.example",
            "client": "Acme",
            "additional": ["bob.baker@acme.example", "bob@private.example"],
        },
        # this address contains the one of Bob: a substring filter finds both
        {"name": "Jacob Oldbob", "email": "oldbob@acme.example", "client": "Acme"},
        {"name": "Greta Gone", "email": "greta@acme.example", "client": "Acme", "inactive": True},
        {"name": "Gil Glover", "email": "gil@globex.example", "client": "Globex"},
        {"name": "Grace Underscore", "email": "grace_g@globex.example", "client": "Globex"},
        {"name": "Ina Initech", "email": "ina@initech.example", "client": "Initech"},
        {"name": "Free Lancer", "email": "free@lancer.example", "client": None},
    ]


def _users() -> list[Row]:
    return [
        {"first": "Mail", "last": "Gateway", "email": "gateway@msp.example", "role": "Admin"},
        {"first": "Tess", "last": "Technician", "email": "tess@msp.example", "role": "Technician"},
        {"first": "Tom", "last": "Tools", "email": "tom@msp.example", "role": "Technician"},
        {"first": "Fay", "last": "Finance", "email": "fay@msp.example", "role": "Finance"},
    ]


def _keys() -> list[Row]:
    return [{"key": DEFAULT_KEY, "user": "gateway@msp.example"}]


@dataclass(slots=True)
class Seed:
    """What the desk has at its start. ``rate_limit`` and ``uploads`` in the desk's terms: requests a minute, bytes."""

    tenant: str = "5b1d0000-0000-4000-8000-000000000001"
    ticket_prefix: str = "TIC"
    ticket_width: int = 6
    next_ticket: int = 1001
    keys: list[Row] = field(default_factory=_keys)
    boards: list[Row] = field(default_factory=_boards)
    priorities: list[Any] = field(default_factory=lambda: ["Low", "Medium", "High", "Urgent"])
    clients: list[Row] = field(default_factory=_clients)
    contacts: list[Row] = field(default_factory=_contacts)
    users: list[Row] = field(default_factory=_users)
    assets: list[Row] = field(default_factory=list)
    rate_limit: Row = field(default_factory=lambda: {"mode": "enforce", "burst": 120, "per_minute": 60})
    uploads: Row = field(default_factory=lambda: {"max_body": 100 * 2**20, "max_file": None, "types": None})
    mail_domain: str = "desk.example"
    product: str = "psa"
    """What the tenant has bought: psa has everything, algadesk tickets and what belongs to them."""

    @classmethod
    def of(cls, given: Row) -> Seed:
        """From a JSON object. Raises ValueError for a key that it does not know."""
        known = {item.name for item in fields(cls)}
        unknown = sorted(set(given) - known)
        if unknown:
            raise ValueError(f"unknown key in the seed: {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        return cls(**given)

    @classmethod
    def load(cls, path: str | Path) -> Seed:
        """From a file. Raises OSError, ValueError."""
        given = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(given, dict):
            raise ValueError("the seed file must hold one JSON object")
        return cls.of(given)

    @property
    def api_key(self) -> str:
        return str(self.keys[0]["key"])
