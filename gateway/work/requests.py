"""The desk's call for each kind of effect."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from gateway import blocks as rich
from gateway.decide.pictures import place_pictures
from gateway.decide.uploads import missing_blocks, released_blocks
from gateway.desk.algapsa.client import BEGUN, Desk
from gateway.desk.outcome import Good, Outcome, Refused
from gateway.desk.permit import Permit
from gateway.store import effects, mapping, problems
from gateway.store.effects import Effect
from gateway.store.stage import EffectState
from gateway.templates import Templates
from gateway.work import closing
from gateway.work.closing import GONE, NotAnswered, Unfit
from gateway.work.ledger import Ledger
from gateway.work.planner import Planner

COUNTED = ("contact", "ticket", "document", "pictures", "priority", "client", "bundle")
CALLING = (*COUNTED, "close")  # a closing is not counted, what it looks at before is
FILES = ("document", "pictures")
LIST_ROOM = 4500  # characters of a comment

__all__ = ["CALLING", "COUNTED", "FILES", "GONE", "NotAnswered", "PartChanged", "Requests", "Unfit"]


class PartChanged(Exception):
    """The part that the plan names cannot be read from the mail again."""


class Requests:
    """The requests of one plan's effects."""

    def __init__(self, ledger: Ledger, planner: Planner, desk: Desk, templates: Templates, permit: Permit) -> None:
        self.permit = permit
        self.ledger = ledger
        self.planner = planner
        self.desk = desk
        self.templates = templates

    async def prepare(self, one: Effect) -> Any:
        """What the request needs from this side, before the effect is marked as sent. Raises PartChanged,
        and what the parser raises."""
        match one.kind:
            case "document":
                return await self._content(one)
            case "close":
                return await closing.look(self.ledger.store, self.desk, one)
            case "told":
                return self._told(one)
            case "list":
                return await self._list(one)
        return None

    def commit(self, connection: Connection, one: Effect, prepared: Any) -> None:
        """What is stored in the transaction that marks the effect as sent. Raises Unfit."""
        if one.kind == "close" and not problems.begin_closing(connection, one.body["problem"], one.body["changed_at"]):
            raise Unfit(closing.NEWER)
        if one.kind == "list":
            problems.begin_list(connection, one.body["problem"])
            effects.touch(connection, one, body=json.dumps(prepared))

    @staticmethod
    def final(one: Effect, prepared: Any) -> Effect:
        """The effect as it was stored when it was marked as sent."""
        return replace(one, body=prepared) if one.kind == "list" else one

    async def make(self, one: Effect, prepared: Any) -> Outcome:
        """Make the request of an effect that is marked as sent."""
        match one.kind:
            case "ticket":
                request = copy.deepcopy(one.body["request"])
                request["attributes"]["email_gateway"]["marker"] = one.marker
                if made := self.ledger.made_contact():
                    request["contact_name_id"] = made
                return await self.desk.create_ticket(request, self.permit)
            case "contact":
                return await self.desk.create_contact(one.body["request"], self.permit)
            case "comment" | "note":
                request = dict(one.body["request"])
                body = place_pictures(request.pop("blocks"), await self._file_ids())
                return await self._comment(one, body, request)
            case "missing" | "released":
                body = self._about_files(one)
                request = {
                    "is_internal": True,
                    "suppressContactNotifications": True,
                    "metadata": {"email_gateway": dict(one.body["metadata"])},
                }
                return await self._comment(one, body, request)
            case "document":
                name, kind = one.body["name"], one.body["content_type"]
                return await self.desk.upload(self.ledger.ticket_id, prepared, name, kind, self.permit)
            case "pictures":
                return await self._put_pictures(one)
            case "status" | "reopen":
                return await self.desk.set_status(self.ledger.ticket_id, one.body["request"], self.permit)
            case "moved" | "list":
                request = dict(one.body["request"])
                return await self._comment(one, request.pop("blocks"), request, one.body.get("ticket_id", ""))
            case "told":
                return await self._comment(one, prepared, dict(one.body["request"]), one.body["ticket_id"])
            case "close":
                return await self.desk.set_status(one.body["ticket_id"], one.body["request"], self.permit)
            case "priority":
                return await self._set_priority(one)
            case "client":
                return await self._set_client(one)
            case "bundle":
                master, mode = one.body["master_id"], one.body["mode"]
                return await self.desk.bundle(master, self.ledger.ticket_id, mode, self.permit)
        raise AssertionError(f"effect of unknown kind {one.kind}")

    def _about_files(self, one: Effect) -> list[Any]:
        delivery = self.ledger.one
        templates = self.planner.templates.get(delivery.mailbox, self.templates)
        if one.kind == "missing":
            return missing_blocks(templates, delivery.id, self.ledger.refused_files(one))
        return released_blocks(templates, delivery.id, self.ledger.released_files(one), one.body["by"], one.body["at"])

    async def _comment(self, one: Effect, body: list[Any], request: dict[str, Any], ticket_id: str = "") -> Outcome:
        own = {**request["metadata"]["email_gateway"], "marker": one.marker}
        request = {**request, "comment_text": rich.dumps(body), "metadata": {"email_gateway": own}}
        request.pop("blocks", None)  # the plan's own form of the text
        return await self.desk.add_comment(ticket_id or self.ledger.ticket_id, request, self.permit)

    async def _content(self, one: Effect) -> Path:
        """The file of a document: written when the mail was read, else read from the mail again.

        Raises PartChanged, Damaged."""
        planner, delivery = self.planner, self.ledger.one
        folder = planner.work_folder(delivery.id)
        folder.mkdir(parents=True, exist_ok=True)
        body = one.body
        if body["part"] == "original":
            raw = await planner.raw(delivery)
            if isinstance(raw, Path):
                return raw
            path = folder / "original"
            path.write_bytes(raw)
            return path
        if body["part"] == "":
            path = folder / f"text-{one.idx}"
            path.write_text(body["text"], encoding="utf-8", errors="replace", newline="")
            return path
        path = folder / str(body["index"])
        if not _holds(path, body):
            await planner.parser.file(await planner.raw(delivery), body["index"], path)
        if not _holds(path, body):
            raise PartChanged
        return path

    async def _file_ids(self) -> dict[int, str]:
        """The desk's file id of each picture of the mail, by attachment index."""
        email_files = {
            one.body["index"]: one.body["sha256"]
            for one in self.ledger.files()
            if one.body.get("part") not in ("", None) and not one.body.get("neutral")
        }
        hashes = set(email_files.values())
        desk, ticket_id = self.ledger.one.desk, self.ledger.ticket_id
        known = await self.ledger.store.read(lambda c: mapping.files_of(c, desk, ticket_id, hashes))
        return {
            index: known[digest]["file_id"]
            for index, digest in email_files.items()
            if digest in known and known[digest]["file_id"]
        }

    def _told(self, one: Effect) -> list[Any]:
        """What became of the ticket after a recovery. Raises Unfit when there is nothing to tell."""
        close = self.ledger.effects[one.idx - 1]
        closed = close.state is EffectState.DONE
        if not closed and close.reason in closing.SILENT:
            raise Unfit(close.reason)
        templates = self.planner.templates.get(self.ledger.one.mailbox, self.templates)
        lines = templates.lines("recovered", **one.body["words"], closed=closed, why=close.reason)
        return rich.harmless([rich.paragraph(line) for line in lines])

    async def _list(self, one: Effect) -> dict[str, Any]:
        """The body with the names of the parts that its ticket does not name yet, as many as a comment takes.
        Raises Unfit when there are none."""
        if "listed" in one.body:
            return one.body
        parts = await self.ledger.store.read(lambda c: problems.unlisted(c, one.body["problem"]))
        if not parts:
            raise Unfit("nothing is left to list")
        taken, room = [], LIST_ROOM
        for part in parts:
            line = f"{part.what()[:200]} ({part.word or part.state})"
            room -= len(line) + 4
            if room < 0:
                break
            taken.append((part.id, line))
        blocks = rich.harmless([rich.paragraph("Part of this:"), *(rich.bullet(line) for _, line in taken)])
        request = {**one.body["request"], "blocks": blocks}
        return {**one.body, "request": request, "listed": [part_id for part_id, _ in taken]}

    async def _set_priority(self, one: Effect) -> Outcome:
        """Change the priority: for a notice only where nobody has changed it since, to raise it only where it is
        lower."""
        ticket_id, wanted = self.ledger.ticket_id, one.body["request"]["priority_id"]
        outcome = await self.desk.ticket(ticket_id, BEGUN)
        if not isinstance(outcome, Good) or outcome.data.get("priority_id") == wanted:
            return outcome
        current = outcome.data.get("priority_id")
        if current != one.body.get("before", current):
            return Refused(0, "CHANGED", "somebody set the priority")
        if "below" in one.body and current not in one.body["below"]:
            return Refused(0, "HIGHER", "its priority is not lower")
        return await self.desk.update_ticket(ticket_id, one.body["request"], self.permit)

    async def _set_client(self, one: Effect) -> Outcome:
        """Move the ticket to its client, unless somebody has moved it meanwhile."""
        ticket_id, wanted = self.ledger.ticket_id, one.body["request"]["client_id"]
        outcome = await self.desk.ticket(ticket_id, BEGUN)
        if not isinstance(outcome, Good) or outcome.data.get("client_id") == wanted:
            return outcome
        if outcome.data.get("client_id") != one.body.get("before", outcome.data.get("client_id")):
            return Refused(0, "CHANGED", "somebody moved it to another client")
        return await self.desk.update_ticket(ticket_id, one.body["request"], self.permit)

    async def _put_pictures(self, one: Effect) -> Outcome:
        """Put the pictures in their place, but only where nobody has changed the description since: also those that
        were held when the others came into theirs."""
        ticket_id = self.ledger.ticket_id
        outcome = await self.desk.ticket(ticket_id, BEGUN)
        if not isinstance(outcome, Good):
            return outcome
        attributes = outcome.data.get("attributes") or {}
        before = str(attributes.get("description"))
        after = rich.dumps(place_pictures(one.body["blocks"], await self._file_ids()))
        ours = {"described": _digest(after)}
        if before == after:
            return replace(outcome, data={**outcome.data, **ours})
        if before != one.body["before"] and _digest(before) != one.remote.get("described"):
            return Refused(0, "CHANGED", "someone changed the description; the pictures stay files")
        change = {"attributes": {**attributes, "description": after}}
        outcome = await self.desk.update_ticket(ticket_id, change, self.permit)
        return replace(outcome, data={**outcome.data, **ours}) if isinstance(outcome, Good) else outcome


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _holds(path: Path, body: dict[str, Any]) -> bool:
    """Whether the file has the content that the plan names."""
    if not path.is_file() or path.stat().st_size != body["size"]:
        return False
    digest = sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest() == str(body["sha256"])
