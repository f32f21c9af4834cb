"""The desk's tables in a file, for a simulated desk that shall survive its own restart.

Written at the end, and at most once a second after a change: a convenience, not a database.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gateway.simulator.state import Desk

_TABLES = (
    "contacts", "tickets", "comments", "documents", "bundles", "time_entries", "asset_links", "tags", "agents", "sent",
    "tokens",
)  # fmt: skip


def save(desk: Desk, path: Path) -> None:
    state: dict[str, Any] = {name: getattr(desk, name) for name in _TABLES}
    state["files"] = {name: base64.b64encode(content).decode() for name, content in desk.files.items()}
    state["next_ticket"] = desk.next_ticket
    state["mails"] = [asdict(mail) for mail in desk.mailed]
    state["made"] = desk.made
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(state), encoding="utf-8")
    new.replace(path)


def load(desk: Desk, path: Path) -> None:
    from gateway.simulator.state import Mail

    state = json.loads(path.read_text(encoding="utf-8"))
    for name in _TABLES:
        setattr(desk, name, state.get(name, {}))
    desk.files = {name: base64.b64decode(content) for name, content in state["files"].items()}
    desk.next_ticket = state["next_ticket"]
    desk.mailed = [Mail(**mail) for mail in state["mails"]]
    desk.made = [(at, ticket_id) for at, ticket_id in state.get("made", ())]
