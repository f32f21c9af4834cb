"""What the kinds that write a comment have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from gateway import blocks as rich
from gateway.desk.outcome import Outcome
from gateway.desk.port import Desk
from gateway.desk.readback import Aim, told
from gateway.desk.records import Remote
from gateway.mail import fingerprints
from gateway.mail.known import squeezed
from gateway.model.effects import AboutFilesBody, TextBody
from gateway.store import posted, ticketfiles
from gateway.store.deliveries import Delivery
from gateway.store.effects import Effect, EffectOf
from gateway.store.engine import Store
from gateway.work.effects.base import Body, EffectKind, Run


class Commenting(EffectKind[Body]):
    """A comment with our marker in its metadata, by which it is found again."""

    is_watched = True

    async def post(
        self,
        run: Run,
        effect: Effect,
        blocks: list[Any],
        facts: Mapping[str, Any],
        *,
        internal: bool = True,
        mailed: bool = False,
        by_customer: bool = False,
    ) -> Outcome:
        """Post ``blocks`` on the ticket that the effect names, else on the plan's own."""
        said = {"internal": internal, "mailed": mailed, "by_customer": by_customer}
        return await run.desk.add_comment(run.on(effect), blocks, facts, effect.marker, run.permit, **said)

    async def post_about_files(self, run: Run, effect: EffectOf[AboutFilesBody], blocks: list[Any]) -> Outcome:
        """Post an internal comment on what became of files."""
        return await self.post(run, effect, blocks, effect.body.metadata)

    async def post_as_planned(self, run: Run, effect: EffectOf[TextBody]) -> Outcome:
        """Post the plan's own text as an internal comment."""
        return await self.post(run, effect, effect.body.blocks, effect.body.facts)

    async def find(
        self,
        store: Store,
        desk: Desk,
        effect: EffectOf[Body],
        ticket_id: str,
        aim: Aim = Aim.ADOPT,
        not_before: float = 0.0,
    ) -> list[Remote]:
        return await desk.find_comments(ticket_id, effect.marker, effect.sent_at)

    def record_done(
        self, connection: Connection, delivery: Delivery, effect: EffectOf[Body], remote: Remote, now: float
    ) -> None:
        """The words of a mail, to be known again in quotes."""
        if isinstance(effect.body, TextBody):
            ticket_id = effect.body.ticket_id or delivery.ticket_id
            posted.add(connection, delivery.desk, ticket_id, delivery.id, prints_of(rich.dumps(effect.body.blocks)))

    async def settle_double(self, desk: Desk, effect: EffectOf[Body], double: Remote, ticket_id: str) -> None:
        await mark_double(desk, effect, f"The comment of {double.made_at}", ticket_id)


def prints_of(text: str) -> bytes:
    """The fingerprints of a text as it was posted."""
    return fingerprints.of(squeezed(paragraph) for paragraph in rich.words(text).split("\n"))


async def mark_double(desk: Desk, effect: Effect, what: str, ticket_id: str) -> None:
    """Say on the ticket in an internal comment, once, that ``what`` is a double. Raises NotRead."""
    marker = f"{effect.marker}/double"
    if await desk.find_comments(ticket_id, marker, effect.sent_at):
        return
    text = f"{what} is a double: the desk answered a request late. The one to keep is {effect.remote_id}."
    told(await desk.add_comment(ticket_id, [rich.paragraph(text)], {}, marker))


async def file_ids(run: Run) -> dict[int, str]:
    """The desk's file id of each picture of the mail, by attachment index."""
    email_files = {
        file.body.index: file.body.sha256
        for file in run.progress.files()
        if file.body.index is not None and file.body.is_picture
    }
    hashes = set(email_files.values())
    desk, ticket_id = run.progress.delivery.desk, run.ticket_id
    known = await run.store.glance(lambda c: ticketfiles.of(c, desk, ticket_id, hashes))
    return {
        index: known[digest]["file_id"]
        for index, digest in email_files.items()
        if digest in known and known[digest]["file_id"]
    }
