"""The windows that hold parts of a mail are over: what is not is decided anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from gateway.decide.notices.windows import chain
from gateway.model.effects import WindowBody
from gateway.model.problem import Problem
from gateway.model.waiting import Waiting, Waits
from gateway.model.window import Window
from gateway.store import problems
from gateway.store.effects import EffectOf
from gateway.work.effects.base import EffectKind, MustRedecide, NotYet, Run, Unfit


class AwaitWindow(EffectKind[WindowBody]):
    """Never sent: it ends before."""

    kind = WindowBody.kind
    did = "decided again"

    def describe(self, body: WindowBody) -> dict[str, Any]:
        return {"effect": "decide the mail again when the maintenance is over", "problems": len(body.problems)}

    async def prepare(self, run: Run, effect: EffectOf[WindowBody]) -> None:
        at, last = run.progress.delivery.envelope.time, list[Window]()
        windows, found = await run.store.read(partial(_windows_and_problems, run, effect.body.problems))
        for problem, name in zip(found, effect.body.objects, strict=True):
            if problem is None or not problem.alive or not problem.held_by or problem.delivery_id != effect.delivery_id:
                continue
            holding = chain(windows, at, problem.client_id, problem.profile, name)
            if not holding or holding[-1].is_over:
                raise MustRedecide("decided anew")
            last.append(holding[-1])
        if not last:
            raise Unfit("it was over before the window was")
        ends = max(window.ends for window in last)
        names = ", ".join(dict.fromkeys(window.name for window in last))
        words = f"window {names} until {datetime.fromtimestamp(ends, run.zone):%Y-%m-%d %H:%M %Z}"
        raise NotYet(min(window.until for window in last), Waits(Waiting.WINDOW, words))


def _windows_and_problems(
    run: Run, problem_ids: Sequence[str], connection: Connection
) -> tuple[list[Window], list[Problem | None]]:
    """The windows that hold the time at which the mail came, and these problems, as they are now."""
    delivery, planner = run.progress.delivery, run.planner
    named = planner.directories[delivery.desk].client_called
    at, now = delivery.envelope.time, planner.clock()
    windows = planner.policies.schedule.at(connection, delivery.desk, at, now, named, delivery.id)
    return windows, [problems.find(connection, problem_id) for problem_id in problem_ids]
