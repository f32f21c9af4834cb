"""The internal comment that lists what belongs to a ticket for several problems, again while more come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from gateway import blocks as rich
from gateway.desk.outcome import Outcome
from gateway.desk.records import Remote
from gateway.model.effects import ListBody
from gateway.model.problem import Problem
from gateway.store import effects, problems
from gateway.store.deliveries import Delivery
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Run, Unfit
from gateway.work.effects.commenting import Commenting

MOST_LINE = 200
BETWEEN = 2
"""Line ends between two blocks, as the desk counts them."""


class ListParts(Commenting[ListBody]):
    kind = ListBody.kind
    did = "listed the problems on the ticket"
    elsewhere = True

    def describe(self, body: ListBody) -> dict[str, Any]:
        return {"effect": "list the problems on the ticket"}

    async def prepare(self, run: Run, effect: EffectOf[ListBody]) -> ListBody:
        """The body with the names of the parts that its ticket does not name yet, as many as a comment takes.
        Raises Unfit when there are none."""
        if effect.body.listed is not None:
            return effect.body
        parts = await run.store.glance(lambda c: problems.unlisted(c, effect.body.problem))
        if not parts:
            raise Unfit("nothing is left to list")
        taken, blocks = as_many_as_fit(parts)
        return replace(effect.body, blocks=blocks, listed=tuple(part.id for part in taken))

    def commit(self, connection: Connection, effect: EffectOf[ListBody], prepared: ListBody) -> None:
        problems.begin_list(connection, effect.body.problem)
        effects.touch(connection, effect, body=effects.as_json(prepared))

    def final(self, effect: EffectOf[ListBody], prepared: ListBody) -> EffectOf[ListBody]:
        return replace(effect, body=prepared)

    async def send(self, run: Run, effect: EffectOf[ListBody], prepared: Any) -> Outcome:
        return await self.post_as_planned(run, effect)

    def record_done(
        self, connection: Connection, delivery: Delivery, effect: EffectOf[ListBody], remote: Remote, now: float
    ) -> None:
        problems.listed(connection, effect.body.listed or ())


def as_many_as_fit(parts: Sequence[Problem]) -> tuple[list[Problem], list[rich.Block]]:
    """The first of the parts, as many as a comment of the desk takes, and the comment."""
    taken, blocks = list[Problem](), [rich.paragraph("Part of this:")]
    room = rich.COMMENT_LIMIT - rich.measure(blocks)
    for part in parts:
        line = rich.harmless([rich.bullet(f"{part.what()[:MOST_LINE]} ({(part.word or part.state)[:MOST_LINE]})")])
        room -= BETWEEN + rich.measure(line)
        if room < 0:
            break
        taken.append(part)
        blocks += line
    return taken, rich.harmless(blocks)
