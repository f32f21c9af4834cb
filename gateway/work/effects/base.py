"""What every kind of effect says of itself, with what holds for most of them.

The executor knows no kind by name: it asks the kind. A kind has no state of its own; what it is given is the
effect as the store has it, and the run of the plan that the effect belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from enum import Enum, auto
from math import inf
from typing import Any, ClassVar, Generic, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.desk.directory import Directory
from gateway.desk.outcome import Outcome, Refused
from gateway.desk.permit import Permit
from gateway.desk.port import Desk
from gateway.desk.readback import Aim
from gateway.desk.records import Remote
from gateway.desk.refusals import Whose
from gateway.model.effects import EffectBody
from gateway.model.waiting import Waits
from gateway.store.deliveries import Delivery
from gateway.store.effects import EffectOf
from gateway.store.engine import Store
from gateway.store.stage import EffectState
from gateway.templates import Templates
from gateway.work.planner import Planner
from gateway.work.progress import Progress

Body = TypeVar("Body", bound=EffectBody)

MOST_FAULTS = 3  # of an effect that the desk answers 500 and that the mail can do without
GONE = "the ticket is gone"


class PartChanged(Exception):
    """The part that the plan names cannot be read from the mail again."""


class Unfit(Exception):
    """The effect is not to be done, for this reason; ``done`` says that it is done already."""

    def __init__(self, reason: str, done: bool = False) -> None:
        super().__init__(reason)
        self.done = done


class NotAnswered(Exception):
    """What the desk says must be known first, and it did not answer well."""

    def __init__(self, outcome: Outcome, hint: str = "") -> None:
        super().__init__(str(outcome))
        self.outcome = outcome
        self.hint = hint  # what may be the cause


class MustRedecide(Exception):
    """The mail is to be decided again instead; the effect ends with this reason."""


class NotYet(Exception):
    """The effect ``waits`` for something, and is looked at again at ``until``."""

    def __init__(self, until: float, waits: Waits) -> None:
        super().__init__(str(waits))
        self.until = until
        self.waits = waits


class Conflict(Enum):
    """What the desk's 409 means for an effect."""

    UNCLEAR = auto()  # the desk may have it: it is looked for
    REFUSED = auto()
    DONE = auto()  # the desk has what the effect would make
    TAKEN = auto()  # the desk has a record of that name, which may be adopted


@dataclass(frozen=True, slots=True)
class Run:
    """What a kind works with while its plan runs."""

    progress: Progress
    store: Store
    planner: Planner
    desk: Desk
    permit: Permit

    @property
    def ticket_id(self) -> str:
        return self.progress.ticket_id

    @property
    def names(self) -> dict[str, str]:
        """By what templates call the mail: the number by which people ask for it, and its id."""
        return {"mail": f"#{self.progress.delivery.seq}", "delivery": self.progress.delivery.id}

    @property
    def zone(self) -> tzinfo:
        """The technicians' time zone."""
        return ZoneInfo(self.planner.settings.timezone)

    def on(self, effect: EffectOf[Any]) -> str:
        """The ticket that an effect is on."""
        return self.progress.ticket_of(effect)

    @property
    def templates(self) -> Templates:
        """The mailbox's; the shipped ones where it is not configured any more."""
        policies = self.planner.policies
        return policies.templates.get(self.progress.delivery.mailbox, policies.shipped)


class EffectKind(Generic[Body]):
    """One kind of outside change."""

    kind: ClassVar[str]
    """Its name in the store's rows, in logs and in metrics: it stays for ever."""
    did: ClassVar[str]
    """What it did, for the story of the mail: ``{ticket}`` is its ticket, ``{name}`` a file, ``{further}`` one more."""

    is_letter: ClassVar[bool] = False
    """What became of it, its letter says."""

    # -- how it is carried out
    counted: ClassVar[bool] = False
    """Its call is taken from the desk's budget before it is marked as sent."""
    looks_first: ClassVar[bool] = False
    """It asks the desk before it is marked as sent: it waits until the budget has calls."""
    uploads: ClassVar[bool] = False
    """It uses the places and calls that are for files."""
    in_order: ClassVar[bool] = False
    """It waits until earlier mail of its ticket was posted."""

    # -- what its failure means
    optional: ClassVar[bool] = True
    """The mail can do without; else its refusal quarantines the mail."""
    refused_state: ClassVar[EffectState] = EffectState.SKIPPED
    repeatable: ClassVar[bool] = False
    """Doing it again changes nothing: it is not looked for, but sent again."""
    most_faults: ClassVar[float] = inf
    """After so many answers of 500 it is given up."""
    conflict: ClassVar[Conflict] = Conflict.UNCLEAR
    needs_ticket: ClassVar[bool] = True
    """404 says that its ticket is gone."""
    elsewhere: ClassVar[bool] = False
    """Its ticket may be another than the mail's, or the mail does not depend on it: 404 ends the effect alone."""

    # -- what it leaves behind
    makes_ticket: ClassVar[bool] = False
    is_watched: ClassVar[bool] = False
    """It is looked at again later when it was ever unknown: it may have landed twice."""
    only_on_refusal: ClassVar[bool] = False
    """Nothing but a refused file makes it needed: without one it ends with the plan."""

    # -- what is looked at afterwards
    is_verified: ClassVar[bool] = False
    """``gateway verify`` misses the desk's id on one that is done."""
    can_be_seen: ClassVar[bool] = False
    """``gateway verify --against-desk`` looks whether the desk still has it."""
    compared: ClassVar[str | None] = None
    """``gateway rules whatif`` compares it where its stored body has this text; None: never."""

    @property
    def calls(self) -> bool:
        """Whether it waits until the budget has calls."""
        return self.counted or self.looks_first

    def describe(self, body: Body) -> dict[str, Any]:
        """What it would do, in words for an operator under "effect", with the values that matter."""
        raise NotImplementedError

    def names(self, body: Body) -> Mapping[str, str]:
        """The desk's records, by what they are, that the gateway named from memory: one may be gone meanwhile."""
        return {}

    def compare(self, body: Body, outcome: str) -> dict[str, str]:
        """What of it counts when two decisions with this outcome are compared."""
        return {}

    def is_spared(self, progress: Progress, effect: EffectOf[Body]) -> bool:
        """Whether one that is left needs not be sent, so that the plan ends without it."""
        return False

    async def prepare(self, run: Run, effect: EffectOf[Body]) -> Any:
        """What the request needs from this side, before the effect is marked as sent. Raises PartChanged, Unfit,
        NotAnswered, MustRedecide, NotYet, and what the parser raises."""
        return None

    def commit(self, connection: Connection, effect: EffectOf[Body], prepared: Any) -> None:
        """What is stored in the transaction that marks the effect as sent. Raises Unfit."""

    def final(self, effect: EffectOf[Body], prepared: Any) -> EffectOf[Body]:
        """The effect as it was stored when it was marked as sent."""
        return effect

    async def send(self, run: Run, effect: EffectOf[Body], prepared: Any) -> Outcome:
        """Make the request of an effect that is marked as sent. Good has a Remote where something was made."""
        raise NotImplementedError

    async def find(
        self,
        store: Store,
        desk: Desk,
        effect: EffectOf[Body],
        ticket_id: str,
        aim: Aim = Aim.ADOPT,
        not_before: float = 0.0,
    ) -> list[Remote]:
        """What the desk has of it, oldest first; none: there was nothing at ``not_before`` or later. Raises NotRead."""
        return []

    async def whose(self, directory: Directory, effect: EffectOf[Body], refused: Refused) -> Whose:
        """Whether the refusal is that of the key, or of this effect alone."""
        return await directory.refusals.whose(refused)

    async def may_be_hidden(self, run: Run, directory: Directory, effect: EffectOf[Body]) -> bool:
        """Whether it may be at the desk though nothing was found. Raises NotRead."""
        return False

    def posts(self, progress: Progress, effect: EffectOf[Body]) -> bool:
        """Whether with this effect the ticket and the whole text are there."""
        return False

    def record_done(
        self, connection: Connection, delivery: Delivery, effect: EffectOf[Body], remote: Remote, now: float
    ) -> None:
        """What is stored with the effect when the desk has it, beside its row."""

    def record_end(self, connection: Connection, delivery: Delivery, effect: EffectOf[Body], reason: str) -> None:
        """What is stored when it ends without."""

    def tell(self, directory: Directory, effect: EffectOf[Body], remote: Remote, doubtful: bool) -> None:
        """What the desk's directory learns at once when it is done; ``doubtful``: it was found, not answered."""

    async def settle_double(self, desk: Desk, effect: EffectOf[Body], double: Remote, ticket_id: str) -> None:
        """Two of it are at the desk: deal with the one that is not ours. Raises NotRead."""
        raise NotImplementedError

    async def is_there(self, desk: Desk, remote_id: str, ticket_id: str, sent_at: float) -> tuple[Outcome, bool]:
        """Whether the desk still has one that is done, and its answer."""
        raise NotImplementedError


class Repeatable(EffectKind[Body]):
    """A kind that sets a value: sent again it changes nothing."""

    repeatable = True
    most_faults = MOST_FAULTS
