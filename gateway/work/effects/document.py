"""A file of a mail, a text that is too long for comments, or the whole mail."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from gateway.desk.outcome import Outcome
from gateway.desk.port import Desk
from gateway.desk.readback import Aim
from gateway.desk.records import Remote
from gateway.model.effects import DocumentBody
from gateway.store import deliveries, effects, ticketfiles
from gateway.store.deliveries import Delivery
from gateway.store.effects import EffectOf
from gateway.store.engine import Store
from gateway.store.stage import EffectState
from gateway.work.effects.base import MOST_FAULTS, EffectKind, PartChanged, Run

HELD = "files held"
ORIGINAL = "original"


@dataclass(frozen=True, slots=True)
class Prepared:
    """The file to send, and the body with its size and sum, by which it is found again: those of the whole mail are
    not in its plan."""

    path: Path
    body: DocumentBody


class UploadDocument(EffectKind[DocumentBody]):
    kind = DocumentBody.kind
    did = "uploaded {name}"
    counted = True
    uploads = True
    refused_state = EffectState.REFUSED
    most_faults = MOST_FAULTS
    is_watched = True
    is_verified = True
    compared = '"held"'

    def describe(self, body: DocumentBody) -> dict[str, Any]:
        held = {"held": body.held} if body.held else {}
        return {"effect": "upload document", "name": body.name, "size": body.size, **held}

    def compare(self, body: DocumentBody, outcome: str) -> dict[str, str]:
        return {HELD: body.name} if body.held else {}

    async def prepare(self, run: Run, effect: EffectOf[DocumentBody]) -> Prepared:
        """Raises PartChanged, Damaged, and what the parser raises."""
        path = await self._path(run, effect)
        if effect.body.part != ORIGINAL:
            return Prepared(path, effect.body)
        size, digest = await asyncio.to_thread(_sum, path)
        return Prepared(path, replace(effect.body, size=size, sha256=digest))

    def commit(self, connection: Connection, effect: EffectOf[DocumentBody], prepared: Prepared) -> None:
        if prepared.body != effect.body:
            effects.touch(connection, effect, body=effects.as_json(prepared.body))

    def final(self, effect: EffectOf[DocumentBody], prepared: Prepared) -> EffectOf[DocumentBody]:
        return replace(effect, body=prepared.body)

    async def _path(self, run: Run, effect: EffectOf[DocumentBody]) -> Path:
        """The file: written when the mail was read, else read from the mail again."""
        planner, delivery = run.planner, run.progress.delivery
        folder = planner.work_folder(delivery.id)
        folder.mkdir(parents=True, exist_ok=True)
        body = effect.body
        if body.part == ORIGINAL:
            raw = await planner.raw(delivery)
            if isinstance(raw, Path):
                return raw
            path = folder / "original"
            path.write_bytes(raw)
            return path
        if body.part == "":
            path = folder / f"text-{effect.idx}"
            path.write_text(body.text or "", encoding="utf-8", errors="replace", newline="")
            return path
        path = folder / str(body.index)
        if not _holds(path, body) and body.index is not None:
            await planner.parser.file(await planner.raw(delivery), body.index, path)
        if not _holds(path, body):
            raise PartChanged
        return path

    async def send(self, run: Run, effect: EffectOf[DocumentBody], prepared: Prepared) -> Outcome:
        name, content_type = effect.body.name, effect.body.content_type
        return await run.desk.upload(run.on(effect), prepared.path, name, content_type, run.permit)

    async def find(
        self,
        store: Store,
        desk: Desk,
        effect: EffectOf[DocumentBody],
        ticket_id: str,
        aim: Aim = Aim.ADOPT,
        not_before: float = 0.0,
    ) -> list[Remote]:
        async def owned(remote_ids: list[str]) -> set[str]:
            return await store.glance(lambda c: effects.owned(c, effect.desk, remote_ids))

        return await desk.find_documents(ticket_id, effect.body, effect.sent_at, owned, not_before)

    def record_done(
        self,
        connection: Connection,
        delivery: Delivery,
        effect: EffectOf[DocumentBody],
        remote: Remote,
        now: float,
    ) -> None:
        if effect.body.sha256 and effect.body.part != ORIGINAL:
            digest, name = effect.body.sha256, effect.body.name
            made = {"document_id": remote.id, "file_id": remote.file_id}
            ticketfiles.uploaded(connection, delivery.desk, delivery.ticket_id, digest, delivery.id, name, **made)

    def record_end(
        self, connection: Connection, delivery: Delivery, effect: EffectOf[DocumentBody], reason: str
    ) -> None:
        deliveries.free_file(connection, delivery.id, effect.body.sha256)

    async def settle_double(self, desk: Desk, effect: EffectOf[DocumentBody], double: Remote, ticket_id: str) -> None:
        await desk.delete_document(ticket_id, double.id)


def _holds(path: Path, body: DocumentBody) -> bool:
    """Whether the file has the content that the plan names."""
    return path.is_file() and path.stat().st_size == body.size and _sum(path)[1] == body.sha256


def _sum(path: Path) -> tuple[int, str]:
    """The size in bytes and the SHA-256 of a file, in hexadecimal digits."""
    digest, size = sha256(), 0
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()
