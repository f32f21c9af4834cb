"""The internal comment that names files which were held and are at the desk now."""

from __future__ import annotations

from typing import Any

from gateway.decide.uploads import moment, released_blocks
from gateway.desk.outcome import Outcome
from gateway.model.effects import ReleasedBody
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Run, Unfit
from gateway.work.effects.commenting import Commenting


class NameReleasedFiles(Commenting[ReleasedBody]):
    kind = ReleasedBody.kind
    did = "wrote on the ticket which held files were released"

    def describe(self, body: ReleasedBody) -> dict[str, Any]:
        return {"effect": "name the files that were released"}

    async def prepare(self, run: Run, effect: EffectOf[ReleasedBody]) -> None:
        if not run.progress.released_files(effect):
            raise Unfit("nothing was uploaded")

    async def send(self, run: Run, effect: EffectOf[ReleasedBody], prepared: Any) -> Outcome:
        files, body = run.progress.released_files(effect), effect.body
        at = moment(body.at, run.zone)
        blocks = released_blocks(run.templates, run.names, files, body.by, at)
        return await self.post_about_files(run, effect, blocks)
