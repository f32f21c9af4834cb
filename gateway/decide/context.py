"""One mail under decision, and what is known of its mailbox and its delivery beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from gateway.decide import files, requester, thanks
from gateway.decide.closed import Closing
from gateway.decide.compose import Composer
from gateway.decide.files import Fate
from gateway.decide.forwards import Forward
from gateway.decide.rules import Rules
from gateway.decide.sender import Sender
from gateway.mail.ending import prints_of
from gateway.match import domains
from gateway.match.files import FileRule
from gateway.match.ours import Ours
from gateway.model.email import Email
from gateway.model.envelope import Envelope
from gateway.model.notice import ResolvedNotice
from gateway.model.plan import Decision, Outcome, Trace
from gateway.model.questions import Copy, Facts, IsTouched, WordsAdded
from gateway.model.reasons import Reason
from gateway.model.release import Release
from gateway.model.window import MaintenanceCalendar
from gateway.templates import Templates

NOBODY = Sender("", "unknown", False)
MOST_COMPARED = 10  # mails with other bytes under one Message-ID that are read to see whether they are the same mail


@dataclass(frozen=True, slots=True)
class Guard:
    """How many tickets and comments one sender, and one domain that is not a public one, may make in an
    hour, and how many automatic replies in a quarter of one, until the rest is quarantined; 0 = no limit."""

    tickets: int = 0
    comments: int = 0
    answers: int = 4
    domain_tickets: int = 0
    domain_comments: int = 0
    own: int = 0  # of both, by one of our own addresses
    rounds: int = 0  # tickets of one sender about the same matter


@dataclass(frozen=True, slots=True)
class MailboxPolicy:
    """What the configuration says of a mailbox, with the desk's ids: made once for each catalog. ``destination`` holds
    board_id, status_id and priority_id. ``own`` are our addresses. In lower case: ``forwarders`` those whose forwards
    count without a verdict, ``lists`` those that may say who wrote, ``forms`` those whose mail is by the one in
    Reply-To. ``closings`` say by board what a reply to a closed ticket does. ``importance`` maps high and low to
    priorities. ``double_send`` in seconds, 0 for never."""

    own: Ours
    destination: Mapping[str, str]
    requesters: requester.RequesterPolicy = requester.RequesterPolicy()
    forwarders: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    watch_cc: bool = False
    rules: Rules = Rules()
    importance: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC
    templates: Templates = field(default_factory=Templates)
    attach_original: bool = False
    holds_internal_files: bool = True
    closings: Mapping[str, Closing] = field(default_factory=dict)
    guard: Guard = Guard()
    double_send: float = 0.0
    files: tuple[FileRule, ...] = ()
    colleagues: bool = True  # people of a client's domain may answer in its tickets, with a pass
    staff_names: frozenset[str] = frozenset()  # the words of our people's names, in lower case
    fallbacks: frozenset[str] = frozenset()  # of all mailboxes of the desk
    acknowledge: frozenset[str] = frozenset()  # the occasions on which senders are told
    letters_from: str = ""  # the domain in whose name the gateway's own mail is sent

    @property
    def nobodys(self) -> frozenset[str]:
        """The clients that are nobody's: they bind nobody."""
        return self.fallbacks | {self.requesters.fallback} - {""}


@dataclass(frozen=True, slots=True)
class DeliveryContext:
    """What is known of a delivery beforehand: its mailbox's policy, an operator's word, the notice that it is. With
    ``tell`` the trace shows each condition of the rules."""

    id: str
    policy: MailboxPolicy
    number: int = 0  # by which people ask for it; 0 for a mail that was never here
    moved_to: str = ""  # an operator's word: a ticket's id, or "new"
    moved_from: str = ""
    released: bool = False  # an operator let it go on
    release: Release = Release()  # noqa: RUF009 - frozen
    files_released: bool = False  # an operator let its held files go
    continues: str = ""  # the ticket that an earlier decision put it on, and that the desk no longer has
    notice: ResolvedNotice | None = None  # the vendor's notice that the mail is
    tell: bool = False
    is_held: bool = False  # a maintenance window held it
    calendar: MaintenanceCalendar | None = None  # what its proven sender's calendar says


@dataclass(slots=True)
class DecisionContext:
    """One mail under decision."""

    email: Email
    envelope: Envelope
    delivery: DeliveryContext
    facts: Facts
    trace: Trace
    sender: Sender = NOBODY
    note: str = ""
    message_id: str = ""
    is_reused: bool = False  # its sender writes other mails under its Message-ID
    forward: Forward | None = None
    is_searched: bool = False  # for a forward
    theirs: frozenset[str] = frozenset()  # to whom of a client a technician writes first
    to_many: bool = False  # its recipients have nothing to do with each other
    keeps_files: bool = False  # its words are internal, and its files are held with them
    follows_closed: bool = False  # it is a reply, and begins a ticket because the other one is closed
    _fates: list[Fate] | None = None
    _idle: str | None = None
    _prints: bytes | None = None

    @property
    def policy(self) -> MailboxPolicy:
        return self.delivery.policy

    def copies_among(self, others: Sequence[Copy]) -> list[Copy]:
        """Those of these deliveries that have this mail, perhaps without what was added to it on the way; of those with
        other bytes the newest MOST_COMPARED are read, for a device may send all its mail under one id."""
        same = {copy.delivery_id for copy in others if copy.digest == self.email.digest}
        unlike = [IsTouched(copy.delivery_id) for copy in others if copy.delivery_id not in same][-MOST_COMPARED:]
        self.facts.want(*unlike)
        same |= {question.delivery_id for question in unlike if self.facts.ask(question)}
        return [copy for copy in others if copy.delivery_id in same]

    def words_added(self, copies: Sequence[Copy]) -> list[int]:
        """The lines of the mail with words that none of these deliveries' mails has: ``likeness.SUBJECT`` for that."""
        if any(copy.digest == self.email.digest for copy in copies):
            return []
        questions = [WordsAdded(copy.delivery_id) for copy in copies]
        self.facts.want(*questions)
        return sorted(set.intersection(*(set(self.facts.ask(question)) for question in questions)))

    @property
    def idle(self) -> str:
        """What the mail is if it asks for nothing, "" where it may."""
        if self._idle is None:
            self._idle = thanks.asks_for_nothing(self.email, self.policy.staff_names)
        return self._idle

    @property
    def prints(self) -> bytes:
        """What is kept of the mail's end, b"" for nothing."""
        if self._prints is None:
            self._prints = prints_of(self.email)
        return self._prints

    def fates(self) -> list[Fate]:
        """What becomes of each file, worked out and traced once."""
        if self._fates is None:
            policy, delivery, attached = self.policy, self.delivery, self.email.attachments
            self._fates = files.classify(attached, policy.files, self._hold(), delivery.files_released)
            files.tell(attached, self._fates, self.trace, delivery.tell)
        return self._fates

    def _hold(self) -> str:
        """Why every file of the mail is held."""
        if self.keeps_files:
            return files.INTERNAL
        return files.UNSCANNED if files.UNSCANNED in self.envelope.notes.split() else ""

    @property
    def held_text(self) -> str:
        """Why a text of the mail that becomes a file is held, "" when it is not."""
        return files.INTERNAL if self.keeps_files and not self.delivery.files_released else ""

    def composer(self) -> Composer:
        original = self.forward.original if self.forward and self.forward.trusted else None
        composer = Composer(
            self.policy.templates,
            self.email,
            self.envelope,
            self.delivery.id,
            original,
            self.fates(),
            self.is_author_proven,
            self.delivery.number,
            self.policy.zone,
        )
        composer.held_text = self.held_text
        return composer

    @property
    def is_author_proven(self) -> bool:
        """Whether a verdict passed for whoever wrote the words: of a forward, and of what was filled into a form,
        that is somebody else than the sender."""
        filled_in = domains.among(self.sender.address, self.policy.forms)
        return self.sender.proven and self.forward is None and not filled_in

    def end(self, reason: Reason, detail: str = "") -> Decision:
        """No effect, and why."""
        outcome: Outcome = "suppress" if reason.becomes == "suppressed" else "quarantine"
        return Decision(outcome, reason, detail)
