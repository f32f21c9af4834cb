"""Carrying out a plan, effect by effect, exactly once (DESIGN "Exactly once").

An effect is committed SENT before its request leaves. Only the desk's own JSON error is a refusal;
every other answer is unknown, and is read back: that may only adopt what it finds. A second send
comes only after ``settle``, counted from the later of the send and the desk's first good answer.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from gateway import blocks as rich
from gateway.decide.compose import missing_blocks, place_pictures
from gateway.desk import readback
from gateway.desk.catalog import DeskAway
from gateway.desk.client import Desk
from gateway.desk.directory import Directory
from gateway.desk.outcome import Good, NotSent, Outcome, Refused, Throttled, Unknown
from gateway.planner import Planner
from gateway.steps import Defer, Done, Ended, Quarantine, Redecide, Step
from gateway.store import effects, inbox, threads
from gateway.store.effects import Effect
from gateway.store.engine import Store
from gateway.store.inbox import Delivery
from gateway.store.stage import EffectState, Stage
from gateway.templates import Templates

log = structlog.get_logger("work")

READ_BACK = (1 / 60, 1 / 12, 1 / 4)  # of settle: 2, 10 and 30 s of 120
WATCH = (7.5, 720.0)  # of settle: 15 minutes and 24 hours of 120 s
ORDER_PAUSE = 0.3
MOST_FAULTS = 3  # of an effect that the desk answers 500 and that the mail can do without
OPEN = (EffectState.TODO, EffectState.SENT)


class Executor:
    def __init__(
        self,
        store: Store,
        planner: Planner,
        directories: dict[str, Directory],
        templates: Templates,
        *,
        lease: float,
        wait_for_parent: float,
        retry_for: float,
        clock: Callable[[], float],
        observe: Callable[[str, str], None] = lambda kind, outcome: None,
    ) -> None:
        self.store = store
        self.planner = planner
        self.directories = directories
        self.templates = templates
        self.lease = lease
        self.wait_for_parent = wait_for_parent
        self.retry_for = retry_for
        self.clock = clock
        self.observe = observe

    async def run(self, one: Delivery, plan: list[Effect] | None = None, sent: bool = False) -> Step:
        """Carry out what is left of the plan of a claimed delivery; ``sent`` as Planned says."""
        if plan is None:
            plan = await self.store.read(lambda c: effects.of(c, one.id, one.generation))
        case = _Case(self, one, self.directories[one.desk], plan)
        if sent and (step := await case.perform(plan[0], None)) is not None:
            return step
        for index in range(len(plan)):
            step = await case.finish(index)
            if step is not None:
                return step
        shutil.rmtree(self.planner.work_folder(one.id), ignore_errors=True)
        return Ended(Stage.DONE) if case.ended else Done()


class _Case:
    """One plan under work. ``effects`` is kept as the store has it."""

    def __init__(self, executor: Executor, one: Delivery, directory: Directory, plan: list[Effect]) -> None:
        self.executor = executor
        self.store = executor.store
        self.clock = executor.clock
        self.one = one
        self.directory = directory
        self.desk = directory.desk
        self.settle = directory.settings.settle
        self.effects = plan
        self.ended = False

    @property
    def ticket_id(self) -> str:
        return self.one.ticket_id

    # -- one effect -------------------------------------------------------------------------------

    async def finish(self, index: int) -> Step | None:
        """Bring an effect to its end: None when it is there, else what to do with the delivery."""
        while self.effects[index].state in OPEN:
            one = self.effects[index]
            step = await (self._resolve(one) if one.state is EffectState.SENT else self._send(one))
            if step is not None:
                return step
        return None

    async def _send(self, one: Effect) -> Step | None:
        if one.kind == "missing" and not self._refused_files():
            await self._end(one, EffectState.SKIPPED, reason="nothing is missing")
            return None
        if one.kind == "comment" and (wait := await self._order()) is not None:
            return wait
        now = self.clock()
        if one.kind in COUNTED and (pause := self.desk.pacing.wait(now)):
            return Defer(now + pause, "the desk's rate limit")
        prepared = await self._prepare(one)
        if isinstance(prepared, Step):
            return prepared
        now = self.clock()
        await self.store.write(lambda c: effects.mark_sent(c, self.one, one, now, self.executor.lease))
        one = self._remember(one, state=EffectState.SENT, sent_at=now, good_at=0.0, reads=0, sends=one.sends + 1)
        return await self.perform(one, prepared)

    async def perform(self, one: Effect, prepared: Any) -> Step | None:
        """Make the request of an effect that is marked as sent."""
        outcome = await self._request(one, prepared)
        self.executor.observe(one.kind, type(outcome).__name__.lower())
        return await self._judge(one, outcome)

    async def _order(self) -> Step | None:
        """Comments of a ticket are posted in the order in which their mails were accepted."""
        one = self.one
        if one.posted or not one.plan or not one.plan["ticket_id"]:
            return None
        if not await self.store.read(lambda c: threads.earlier_on_ticket(c, one.desk, one.ticket_id, one.seq)):
            return None
        now = self.clock()
        if self.directory.waited(one.waits_from, now) >= self.executor.wait_for_parent:
            return None
        await self.store.write(lambda c: inbox.touch(c, one, waits_from=one.waits_from or now))
        return Defer(now + ORDER_PAUSE, "earlier mail of the ticket")

    # -- requests ---------------------------------------------------------------------------------

    async def _prepare(self, one: Effect) -> Any:
        """What the request needs from this side, before the effect is marked as sent."""
        if one.kind == "document":
            return await self._content(one)
        return None

    async def _request(self, one: Effect, prepared: Any) -> Outcome:
        match one.kind:
            case "ticket":
                request = copy.deepcopy(one.body["request"])
                request["attributes"]["email_gateway"]["marker"] = one.marker
                if made := self._made_contact():
                    request["contact_name_id"] = made
                return await self.desk.create_ticket(request)
            case "contact":
                return await self.desk.create_contact(one.body["request"])
            case "comment" | "note":
                request = dict(one.body["request"])
                body = place_pictures(request.pop("blocks"), await self._file_ids())
                return await self._comment(one, body, request)
            case "missing":
                templates = self.executor.planner.templates.get(self.one.mailbox, self.executor.templates)
                body = missing_blocks(templates, self.one.id, self._refused_files())
                request = {
                    "is_internal": True,
                    "suppressContactNotifications": True,
                    "metadata": {"email_gateway": dict(one.body["metadata"])},
                }
                return await self._comment(one, body, request)
            case "document":
                name, kind = one.body["name"], one.body["content_type"]
                return await self.desk.upload(self.ticket_id, prepared, name, kind)
            case "pictures":
                return await self._put_pictures(one)
            case "status":
                return await self.desk.set_status(self.ticket_id, one.body["request"])
            case "moved":
                request = dict(one.body["request"])
                return await self._comment(one, request.pop("blocks"), request, one.body["ticket_id"])
        raise AssertionError(f"effect of unknown kind {one.kind}")

    async def _comment(self, one: Effect, body: list[Any], request: dict[str, Any], ticket_id: str = "") -> Outcome:
        own = {**request["metadata"]["email_gateway"], "marker": one.marker}
        request = {**request, "comment_text": rich.dumps(body), "metadata": {"email_gateway": own}}
        return await self.desk.add_comment(ticket_id or self.ticket_id, request)

    async def _content(self, one: Effect) -> Path | Step:
        """The file of a document: written when the mail was read, else read from the mail again."""
        folder = self.executor.planner.work_folder(self.one.id)
        folder.mkdir(parents=True, exist_ok=True)
        body = one.body
        if body["part"] == "original":
            raw = await self.executor.planner.raw(self.one)
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
            await self.executor.planner.parser.file(await self.executor.planner.raw(self.one), body["index"], path)
        if not _holds(path, body):
            await self._end(one, EffectState.REFUSED, reason="the part cannot be read from the mail again")
            return Defer(self.clock(), "a part changed")
        return path

    async def _file_ids(self) -> dict[int, str]:
        """The desk's file id of each picture of the mail, by attachment index."""
        email_files = {
            one.body["index"]: one.body["sha256"]
            for one in self._plan_files()
            if one.body.get("part") not in ("", None)
        }
        hashes = set(email_files.values())
        desk, ticket_id = self.one.desk, self.ticket_id
        known = await self.store.read(lambda c: threads.files_of(c, desk, ticket_id, hashes))
        return {
            index: known[digest]["file_id"]
            for index, digest in email_files.items()
            if digest in known and known[digest]["file_id"]
        }

    def _plan_files(self) -> list[Effect]:
        return [one for one in self.effects if one.kind == "document" and "index" in one.body]

    async def _put_pictures(self, one: Effect) -> Outcome:
        """Put the pictures in their place, but only where nobody has changed the description since."""
        outcome = await self.desk.ticket(self.ticket_id)
        if not isinstance(outcome, Good):
            return outcome
        attributes = outcome.data.get("attributes") or {}
        after = rich.dumps(place_pictures(one.body["blocks"], await self._file_ids()))
        if attributes.get("description") == after:
            return outcome
        if attributes.get("description") != one.body["before"]:
            return Refused(0, "CHANGED", "someone changed the description; the pictures stay files")
        return await self.desk.update_ticket(self.ticket_id, {"attributes": {**attributes, "description": after}})

    # -- outcomes ---------------------------------------------------------------------------------

    async def _judge(self, one: Effect, outcome: Outcome) -> Step | None:
        now = self.clock()
        match outcome:
            case Good(data=data):
                await self._done(one, data if isinstance(data, dict) else {})
                return None
            case NotSent(reason):
                await self._back(one)
                return Defer(now + max(0.2, self.desk.breaker.wait(now)), f"not sent: {reason}")
            case Throttled(after):
                await self._back(one)
                return Defer(now + after, "the desk's rate limit")
            case Unknown(reason, status):
                return await self._unknown(one, reason, failed=status == 500)
            case Refused():
                return await self._refused(one, outcome)

    async def _unknown(self, one: Effect, reason: str, failed: bool) -> Step:
        now = self.clock()
        log.warning("outcome unknown", effect=one.marker, kind=one.kind, why=reason)
        if failed:
            await self._touch(one, faults=one.faults + 1)
        return Defer(now + self.settle * READ_BACK[0], f"outcome unknown: {reason}")

    async def _refused(self, one: Effect, outcome: Refused) -> Step | None:
        now = self.clock()
        if outcome.status == 401:
            await self.directory.judge_away(DeskAway(outcome))
            await self._back(one)
            return Defer(now + max(1.0, self.desk.breaker.wait(now)), str(outcome))
        if outcome.status == 409 and one.kind == "contact":
            return await self._contact_exists(one)
        if outcome.status == 409:
            return await self._unknown(one, str(outcome), failed=True)
        if outcome.status == 404 and one.kind not in ("ticket", "contact"):
            return await self._ticket_gone(one)
        if outcome.status == 403 and one.kind in ("ticket", "comment"):
            self.desk.breaker.refuse_key(str(outcome), now)
            await self._back(one)
            return Defer(now + self.desk.breaker.wait(now), str(outcome))
        if one.kind == "document":
            await self._end(one, EffectState.REFUSED, reason=str(outcome)[:500])
            return None
        if one.kind in ("pictures", "missing", "status", "moved", "note", "contact"):
            await self._end(one, EffectState.SKIPPED, reason=str(outcome)[:500])
            return None
        await self._back(one)
        if contact := self._requester():
            self.directory.forget_contact(contact)
        return Quarantine("api-rejected", str(outcome)[:1000])

    async def _contact_exists(self, one: Effect) -> Step | None:
        """Somebody has the address: adopted when it is an active contact of the same client."""
        try:
            hits = await look(self.store, self.desk, one, "")
        except readback.NotRead as error:
            return await self._not_read(one, error)
        if hits:
            await self._done(one, hits[0])
        else:
            await self._end(one, EffectState.SKIPPED, reason="another contact has the address")
        return None

    def _made_contact(self) -> str:
        """The contact that this plan made, "" for none."""
        return next((one.remote_id for one in self.effects if one.kind == "contact" and one.remote_id), "")

    async def _ticket_gone(self, one: Effect) -> Step | None:
        if one.kind == "moved":
            await self._end(one, EffectState.SKIPPED, reason="the ticket is gone")
            return None
        if self.one.posted:  # its text was there: what is left has no place any more
            await self._end(one, EffectState.SKIPPED, reason="the ticket is gone")
            return None
        await self._back(one)
        return Redecide(self.ticket_id)

    def _requester(self) -> str:
        people = (self.one.plan or {}).get("people") or []
        return next((address for address, role in people if role == "sender"), "")

    def _refused_files(self) -> list[tuple[str, str]]:
        return [
            (one.body["name"], one.reason)
            for one in self.effects
            if one.kind == "document" and one.state is EffectState.REFUSED
        ]

    # -- reading back -----------------------------------------------------------------------------

    async def _resolve(self, one: Effect) -> Step | None:
        """An effect that was sent and has no answer: adopt it, wait, or send it again."""
        now = self.clock()
        if one.kind in ("pictures", "status") and one.faults >= MOST_FAULTS:
            await self._end(one, EffectState.SKIPPED, reason="the desk failed on it three times")
            return None
        if one.kind in ("pictures", "status"):  # doing it again changes nothing
            await self._back(one)
            return None
        if one.reads == 0 and now < one.sent_at + self.settle * READ_BACK[0]:
            return Defer(one.sent_at + self.settle * READ_BACK[0], "outcome unknown")
        try:
            hits = await look(self.store, self.desk, one, one.body.get("ticket_id") or self.ticket_id)
        except readback.NotRead as error:
            return await self._not_read(one, error)
        self.executor.observe(one.kind, "adopted" if hits else "absent")
        if hits:
            log.info("adopted", effect=one.marker, kind=one.kind)
            await self._done(one, hits[0], doubtful=True)
            return None
        good_at = one.good_at or now
        settled = max(one.sent_at, good_at) + self.settle
        if now < settled:
            await self._touch(one, good_at=good_at, reads=one.reads + 1)
            pause = self.settle * READ_BACK[min(one.reads + 1, 2)]
            return Defer(settled if one.reads >= 2 else min(settled, now + pause), "outcome unknown")
        if one.kind == "document" and one.faults >= MOST_FAULTS:
            await self._end(one, EffectState.REFUSED, reason="the desk failed on it three times")
            return None
        if now - self.one.accepted_at > self.executor.retry_for:
            return Quarantine("retries-exhausted", f"{one.sends} sends, and the desk has nothing of them")
        await self._back(one)
        return None

    async def _not_read(self, one: Effect, error: readback.NotRead) -> Step | None:
        now = self.clock()
        if isinstance(error.outcome, Refused) and error.outcome.status == 404 and one.kind != "ticket":
            return await self._ticket_gone(one)
        if isinstance(error.outcome, Refused) and error.outcome.status == 401:
            await self.directory.judge_away(DeskAway(error.outcome))
        after = error.outcome.after if isinstance(error.outcome, Throttled) else self.settle * READ_BACK[0]
        return Defer(now + max(after, self.desk.breaker.wait(now)), f"read-back failed: {error}"[:300])

    # -- the store --------------------------------------------------------------------------------

    def _remember(self, one: Effect, **values: Any) -> Effect:
        self.effects[one.idx] = replace(one, **values)
        return self.effects[one.idx]

    async def _touch(self, one: Effect, **values: Any) -> None:
        await self.store.write(lambda c: effects.touch(c, one, **values))
        self._remember(one, **values)

    async def _back(self, one: Effect) -> None:
        """The effect did not happen: it is to do again."""
        if one.state is EffectState.SENT:
            await self.store.write(lambda c: effects.set_state(c, one, EffectState.TODO))
            self._remember(one, state=EffectState.TODO)

    async def _end(self, one: Effect, state: EffectState, reason: str) -> None:
        log.info("effect ended", effect=one.marker, kind=one.kind, state=state.value, why=reason)

        def end(connection: Connection) -> None:
            effects.set_state(connection, one, state, reason=reason)
            if one.kind == "document":
                inbox.free_file(connection, self.one, one.body.get("sha256", ""))

        await self.store.write(end)
        self._remember(one, state=state, reason=reason)

    async def _done(self, one: Effect, remote: dict[str, Any], doubtful: bool = False) -> None:
        """The desk has the effect: record it with all that follows, in one transaction. An effect that
        was ever unknown is looked at again later."""
        now = self.clock()
        remote_id = str(remote.get("ticket_id") if one.kind == "ticket" else remote.get(ID_OF.get(one.kind, ""), ""))
        kept = {key: remote.get(key) for key in KEEP if remote.get(key) is not None}
        doubtful = (doubtful or one.sends > 1) and one.kind in ID_OF and one.kind != "contact"
        watch = now + self.settle * WATCH[0] if doubtful else 0.0
        done = replace(one, state=EffectState.DONE, remote=kept, remote_id=remote_id, watch_at=watch, reason="")
        posts = self._posts(one)
        last = not any(
            other.state in OPEN for other in self.effects if other.idx != one.idx and other.kind != "missing"
        )
        last = last and not self._refused_files() and one.kind != "missing"
        delivery = replace(self.one, ticket_id=remote_id) if one.kind == "ticket" else self.one

        def record(connection: Connection) -> None:
            effects.set_state(
                connection, one, EffectState.DONE, remote=kept, remote_id=remote_id, watch_at=watch, reason=""
            )
            if one.kind == "document" and "sha256" in one.body:
                threads.file_uploaded(
                    connection,
                    delivery.desk,
                    delivery.ticket_id,
                    one.body["sha256"],
                    delivery.id,
                    one.body["name"],
                    kept,
                )
            if posts:
                self._posted(connection, delivery, remote, now)
            if last:
                for other in self.effects:
                    if other.kind == "missing" and other.state in OPEN:
                        effects.set_state(connection, other, EffectState.SKIPPED, reason="nothing is missing")
                inbox.move(connection, delivery, Stage.DONE, now=now)

        await self.store.write(record)
        if one.kind == "contact":
            self.directory.forget_contact(one.body["request"]["email"])
        self.effects[one.idx] = done
        self.one = replace(delivery, posted=delivery.posted or posts)
        if last:
            self.ended = True
            for other in self.effects:
                if other.kind == "missing":
                    self._remember(other, state=EffectState.SKIPPED)

    def _posts(self, one: Effect) -> bool:
        """Whether with this effect the ticket and the whole text are there."""
        if one.kind == "ticket":
            return True
        return one.kind == "comment" and not any(
            other.kind == "comment" and other.idx > one.idx for other in self.effects
        )

    def _posted(self, connection: Connection, one: Delivery, remote: dict[str, Any], now: float) -> None:
        """Ids, people and files lead to the ticket from now on; who waited for it may go."""
        plan = one.plan or {}
        inbox.touch(connection, one, posted=True, ticket_id=one.ticket_id)
        threads.map_ids(connection, one.desk, one.board_id, one.id, one.ticket_id, plan["ids"])
        threads.add_participants(connection, one.desk, one.ticket_id, plan["people"])
        for address, status in plan.get("marks", ()):
            threads.mark_unreachable(connection, one.desk, address, status, now)
        if not plan["ticket_id"]:
            threads.add_ticket(
                connection,
                desk=one.desk,
                ticket_id=one.ticket_id,
                number=str(remote.get("ticket_number") or ""),
                board_id=one.board_id,
                client_id=plan["client_id"],
                contact_id=plan["contact_id"] or self._made_contact(),
                fallback=plan["fallback"],
            )
            for file in self._plan_files():
                threads.reserve_file(
                    connection, one.desk, one.ticket_id, file.body["sha256"], one.id, file.body["name"]
                )
        threads.wake(connection, one.seq, now)


async def look(store: Store, desk: Desk, one: Effect, ticket_id: str) -> list[dict[str, Any]]:
    """What the desk has of an effect, oldest first. Raises readback.NotRead."""

    async def owned(remote_ids: list[str]) -> set[str]:
        return await store.read(lambda c: effects.owned(c, one.desk, remote_ids))

    match one.kind:
        case "contact":
            return await readback.contacts(desk, one.body["request"])
        case "ticket":
            return await readback.tickets(desk, one.marker, one.sent_at)
        case "comment" | "missing" | "moved" | "note":
            return await readback.comments(desk, ticket_id, one.marker, one.sent_at)
        case "document":
            return await readback.documents(desk, ticket_id, one.body, one.sent_at, owned)
    return []


COUNTED = ("contact", "ticket", "document", "pictures")
ID_OF = {
    "contact": "contact_name_id",
    "ticket": "ticket_id",
    "comment": "comment_id",
    "missing": "comment_id",
    "moved": "comment_id",
    "note": "comment_id",
    "document": "document_id",
}
KEEP = (
    "contact_name_id",
    "ticket_id",
    "ticket_number",
    "comment_id",
    "document_id",
    "file_id",
    "created_at",
    "entered_at",
    "updated_at",
)


def _holds(path: Path, body: dict[str, Any]) -> bool:
    """Whether the file has the content that the plan names."""
    if not path.is_file() or path.stat().st_size != body["size"]:
        return False
    digest = sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest() == str(body["sha256"])
