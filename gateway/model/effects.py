"""The outside changes that a plan may hold, each with what it says: the bodies of effects.

A body is final but for what only an earlier effect of the same plan can tell (the ticket's id, a picture's
address). It is stored as JSON by ``gateway/store/effects.py``: a name here is a key there, so that a field may be
added with a default, but neither renamed nor dropped. What a kind does is said in ``gateway/work/effects``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

LEAST_NAME, MOST_NAME = 3, 100  # characters of what a device is called
MOST_NAMES = 4  # of one device


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectBody:
    """One that is ``held`` waits for an operator or a scan, and says why. It does not run before ``after``, in seconds
    since the epoch, nor until ``wait`` seconds after its ticket was made. ``ticket_id`` is "" for one that the plan
    makes: its own, or where it makes several that of the problem ``about``."""

    kind: ClassVar[str] = ""
    """Its name in the store's rows, in logs and in metrics: it stays for ever."""

    after: float = 0.0
    wait: float = 0.0
    held: str = ""
    ticket_id: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketBody(EffectBody):
    """``ids``: where it goes and whose it is, by name (board_id, client_id, contact_id, category_id and so on).
    ``description`` is JSON of blocks; ``facts`` is what the desk keeps for us; ``watchers`` get what is written on it,
    each with ``email`` and ``name``."""

    kind: ClassVar[str] = "ticket"
    title: str
    ids: dict[str, str]
    description: str
    facts: dict[str, Any]
    watchers: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherTicketBody(TicketBody):
    """The ticket of one more problem of the same mail, for the client ``whose``, which is nobody's if it is the
    ``fallback``."""

    kind: ClassVar[str] = "further"
    whose: str = ""
    fallback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactBody(EffectBody):
    """A new contact of the client, with this name and address."""

    kind: ClassVar[str] = "contact"
    name: str
    address: str
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBody(EffectBody):
    """``blocks`` is the text, its pictures without their places; ``facts`` is what the desk keeps for us."""

    blocks: list[Any]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentBody(TextBody):
    """``mailed``: the desk mails it to the customers of the ticket. ``by_customer``: one of them wrote it."""

    kind: ClassVar[str] = "comment"
    internal: bool = False
    mailed: bool = False
    by_customer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteBody(TextBody):
    """An internal comment of the gateway's own."""

    kind: ClassVar[str] = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedBody(TextBody):
    """``words`` are the template's, which is filled in anew once the number of the other ticket is known."""

    kind: ClassVar[str] = "moved"
    ticket_id: str
    words: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentBody(EffectBody):
    """``part`` is the place in the mail, "" for a ``text`` that was made here, "original" for the whole mail. The
    ``index`` counts the mail's attachments; one that is ``neutral`` is uploaded as plain text."""

    kind: ClassVar[str] = "document"
    part: str
    name: str
    content_type: str
    index: int | None = None
    sha256: str = ""
    size: int | None = None
    text: str | None = None
    neutral: bool = False

    @property
    def is_picture(self) -> bool:
        """Whether it may have a place in the text."""
        return self.index is not None and self.part != "" and not self.neutral


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturesBody(EffectBody):
    """``before`` is the description without the pictures, ``blocks`` the text with their places."""

    kind: ClassVar[str] = "pictures"
    before: str
    blocks: list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutFilesBody(EffectBody):
    """A comment on files: on those of the effects ``documents`` by index in the plan, None for all."""

    metadata: dict[str, Any]
    documents: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingBody(AboutFilesBody):
    """Names the files of the mail that the desk has not got."""

    kind: ClassVar[str] = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedBody(AboutFilesBody):
    """``by`` operator or scanner, ``at`` seconds since the epoch."""

    kind: ClassVar[str] = "released"
    by: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusBody(EffectBody):
    """The ticket gets this status."""

    kind: ClassVar[str] = "status"
    status_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenBody(StatusBody):
    """The closed ticket gets this status, or another open one of its board where the desk refuses that."""

    kind: ClassVar[str] = "reopen"


@dataclass(frozen=True, slots=True, kw_only=True)
class StillClosedBody(EffectBody):
    """Says that the reopening before it was refused."""

    kind: ClassVar[str] = "still_closed"
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityBody(EffectBody):
    """Only where the ticket's priority is still ``before``, or is one of ``below``; None: whatever it is."""

    kind: ClassVar[str] = "priority"
    priority_id: str
    before: str | None = None
    below: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientBody(EffectBody):
    """Only where the ticket's client is still ``before``."""

    kind: ClassVar[str] = "client"
    client_id: str
    before: str
    wait: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TagBody(EffectBody):
    """The ticket gets this tag."""

    kind: ClassVar[str] = "tag"
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetBody(EffectBody):
    """``name`` is what the mail calls the device: its name, tag or serial number; ``others`` what else."""

    kind: ClassVar[str] = "asset"
    name: str
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.others)

    @classmethod
    def of(cls, names: Iterable[str], wait: float = 0.0) -> list[AssetBody]:
        """The effect for the device that is called so; none where no name is long enough to mean one."""
        usable = [name for text in dict.fromkeys(names) if len(name := text.strip()[:MOST_NAME]) >= LEAST_NAME]
        return [cls(name=usable[0], others=tuple(usable[1:MOST_NAMES]), wait=wait)] if usable else []


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleBody(EffectBody):
    """The ticket comes under the master ticket of its incident; ``mode`` is link_only or sync_updates."""

    kind: ClassVar[str] = "bundle"
    master_id: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseBody(EffectBody):
    """Only where the problem is as at ``changed_at`` and the ticket as we made it, with ``status_id``; ``never``: why
    it stays open. ``closed_id`` is the status that it gets."""

    kind: ClassVar[str] = "close"
    after: float
    problem: str
    changed_at: float
    ticket_id: str
    status_id: str
    never: str
    closed_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldBody(EffectBody):
    """What became of the closing before it, with the ``words`` of the template."""

    kind: ClassVar[str] = "told"
    ticket_id: str
    words: dict[str, Any]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListBody(TextBody):
    """``listed`` are the problems that it names, None before it is sent: until then it has no text."""

    kind: ClassVar[str] = "list"
    problem: str
    listed: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainBody(EffectBody):
    """The mail is decided again then, if its problem is open and as it was at ``changed_at``."""

    kind: ClassVar[str] = "again"
    after: float
    problem: str
    changed_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowBody(EffectBody):
    """``problems`` are what maintenance windows hold of the mail, by id; ``objects`` are theirs, in the same order."""

    kind: ClassVar[str] = "window"
    problems: tuple[str, ...]
    objects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeBody(EffectBody):
    """A mail to the sender. ``about`` is the Message-ID of theirs, ``references`` the ids of its thread; ``files``
    names those that are held or refused."""

    kind: ClassVar[str] = "acknowledge"
    occasion: str
    recipient: str
    subject: str
    about: str
    references: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    language: str = ""


BODIES: dict[str, type[EffectBody]] = {
    body.kind: body
    for body in (
        TicketBody, FurtherTicketBody, ContactBody, CommentBody, NoteBody, MovedBody, DocumentBody, PicturesBody,
        MissingBody, ReleasedBody, StatusBody, ReopenBody, StillClosedBody, PriorityBody, ClientBody, TagBody,
        AssetBody, BundleBody, CloseBody, ToldBody, ListBody, AgainBody, WindowBody, AcknowledgeBody,
    )
}  # fmt: skip
