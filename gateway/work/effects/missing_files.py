"""The internal comment that names the files which the desk refused. Planned with every file."""

from __future__ import annotations

from typing import Any

from gateway.decide.uploads import missing_blocks
from gateway.desk.outcome import Outcome
from gateway.model.effects import MissingBody
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Run, Unfit
from gateway.work.effects.commenting import Commenting
from gateway.work.progress import Progress


class NameMissingFiles(Commenting[MissingBody]):
    kind = MissingBody.kind
    did = "wrote on the ticket which files are missing"
    only_on_refusal = True

    def describe(self, body: MissingBody) -> dict[str, Any]:
        return {"effect": "name missing files, if any"}

    def is_spared(self, progress: Progress, effect: EffectOf[MissingBody]) -> bool:
        return not progress.refused_files(effect)

    async def prepare(self, run: Run, effect: EffectOf[MissingBody]) -> None:
        if not run.progress.refused_files(effect):
            raise Unfit("nothing is missing")

    async def send(self, run: Run, effect: EffectOf[MissingBody], prepared: Any) -> Outcome:
        files = run.progress.refused_files(effect)
        blocks = missing_blocks(run.templates, run.names, files)
        return await self.post_about_files(run, effect, blocks)
