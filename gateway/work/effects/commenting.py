"""What the kinds that write a comment have in common."""

from __future__ import annotations

from typing import Any

from gateway import blocks as rich
from gateway.decide.pictures import place_pictures
from gateway.desk.algapsa import readback
from gateway.desk.algapsa.client import Desk
from gateway.desk.algapsa.scan import Aim
from gateway.desk.outcome import Good, Outcome
from gateway.model.effects import AboutFilesBody, CommentBody, ListBody, MovedBody, NoteBody
from gateway.store import mapping
from gateway.store.effects import Effect, EffectOf
from gateway.store.engine import Store
from gateway.work.effects.base import Body, EffectKind, Run


class Commenting(EffectKind[Body]):
    """A comment with our marker in its metadata, by which it is found again."""

    remote_key = "comment_id"

    async def post(
        self, run: Run, effect: Effect, blocks: list[Any], request: dict[str, Any], ticket_id: str = ""
    ) -> Outcome:
        """Post ``blocks`` on the plan's ticket, or on another."""
        own = {**request["metadata"]["email_gateway"], "marker": effect.marker}
        request = {**request, "comment_text": rich.dumps(blocks), "metadata": {"email_gateway": own}}
        request.pop("blocks", None)  # the plan's own form of the text
        return await run.desk.add_comment(ticket_id or run.ticket_id, request, run.permit)

    async def post_about_files(self, run: Run, effect: EffectOf[AboutFilesBody], blocks: list[Any]) -> Outcome:
        """Post an internal comment on what became of files."""
        request = {
            "is_internal": True,
            "suppressContactNotifications": True,
            "metadata": {"email_gateway": dict(effect.body.metadata)},
        }
        return await self.post(run, effect, blocks, request)

    async def post_with_pictures(self, run: Run, effect: EffectOf[CommentBody | NoteBody]) -> Outcome:
        """Post the plan's own text, its pictures in their places."""
        request = dict(effect.body.request)
        return await self.post(run, effect, place_pictures(request.pop("blocks"), await file_ids(run)), request)

    async def post_as_planned(self, run: Run, effect: EffectOf[MovedBody | ListBody]) -> Outcome:
        """Post the plan's own text, on the ticket that it names."""
        request = dict(effect.body.request)
        return await self.post(run, effect, request.pop("blocks"), request, effect.body.ticket_id)

    async def find(
        self,
        store: Store,
        desk: Desk,
        effect: EffectOf[Body],
        ticket_id: str,
        aim: Aim = Aim.ADOPT,
        not_before: float = 0.0,
    ) -> list[dict[str, Any]]:
        return await readback.comments(desk, ticket_id, effect.marker, effect.sent_at)

    async def settle_double(self, desk: Desk, effect: EffectOf[Body], double: dict[str, Any], ticket_id: str) -> None:
        await mark_double(desk, effect, f"The comment of {double.get('created_at')}", ticket_id)


async def mark_double(desk: Desk, effect: Effect, what: str, ticket_id: str) -> None:
    """Say on the ticket in an internal comment, once, that ``what`` is a double. Raises NotRead."""
    marker = f"{effect.marker}/double"
    if await readback.comments(desk, ticket_id, marker, effect.sent_at):
        return
    text = f"{what} is a double: the desk answered a request late. The one to keep is {effect.remote_id}."
    outcome = await desk.add_comment(
        ticket_id,
        {
            "comment_text": rich.dumps([rich.paragraph(text)]),
            "is_internal": True,
            "suppressContactNotifications": True,
            "metadata": {"email_gateway": {"marker": marker}},
        },
    )
    if not isinstance(outcome, Good):
        raise readback.NotRead(outcome)


async def file_ids(run: Run) -> dict[int, str]:
    """The desk's file id of each picture of the mail, by attachment index."""
    email_files = {
        file.body.index: file.body.sha256
        for file in run.progress.files()
        if file.body.index is not None and file.body.is_picture
    }
    hashes = set(email_files.values())
    desk, ticket_id = run.progress.delivery.desk, run.ticket_id
    known = await run.store.read(lambda c: mapping.files_of(c, desk, ticket_id, hashes))
    return {
        index: known[digest]["file_id"]
        for index, digest in email_files.items()
        if digest in known and known[digest]["file_id"]
    }
