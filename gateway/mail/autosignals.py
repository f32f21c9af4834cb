"""What the tests of ``auto`` look at: the facts of a mail that tell people from machines, each read once.

Source: docs/mail-rules.md "Automatic mail" and "Bounces", RFC 3834, RFC 3464.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from gateway.match import prefixes
from gateway.match.ours import Ours
from gateway.model.email import Address

from . import calendar
from .autowords import (
    ABSENCE,
    ANSWER_TAILS,
    AUTOMATIC_ANSWERS,
    DAEMON_NAMES,
    DAEMONS,
    MAIL_PROGRAMS,
    PROGRAMS,
    REPORT_TEXT,
    UNDELIVERED,
    VAGUE_ABSENCE,
)
from .bounce import report_parts
from .mime import Tree

_TAG = re.compile(r"^(?:\[[^\]]{0,60}\]|\([^)]{0,60}\)|\*+[^*]{0,40}\*+)\s*")
# An SMTP answer as servers write it, and the header block of a mail that was quoted whole.
_ANSWER = re.compile(
    r"^[ \t]*(?:MAIL FROM|RCPT TO):"
    r"|(?<![\d.])[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}"
    r"|\bSMTP\b.{0,80}?(?<!\d)[45]\d\d\b|^>>> |^<<< [45]\d\d"
    r"|^[ \t]*<?[^\s<>@]{1,64}@[^\s<>@]{1,253}>?:?\s{0,8}\n?.{0,80}?(?<!\d)[45]\d\d[ -]",
    re.MULTILINE,
)
_HEAD = re.compile(r"^[ \t>|]{0,10}(?:Received: (?:from|by)|Return-Path: ?<|Message-I[dD]: ?<)", re.MULTILINE)
_LONE_ADDRESS = re.compile(r"^[ \t]{0,20}<?[^\s<>@]{1,64}@[^\s<>@]{1,253}>?:?[ \t]{0,20}$", re.MULTILINE)
_ENDS = ":：-–—[(<|"
_ADDRESSES = re.compile(r"[^\s<>,;@]{1,64}@[^\s<>,;@]{1,253}")
# receiver "!" domain "!" begin "!" end, in seconds since 1970 (RFC 7489 7.2.1.1)
_AGGREGATE = re.compile(
    r"[\w.-]{1,253}![\w.-]{1,253}!\d{9,11}!\d{9,11}(?:![\w.-]{1,100})?(?:\.xml)?\.(?:xml|zip|gz)", re.ASCII
)
_TAGGED_DAEMONS = tuple(name + tag for name in DAEMONS if name not in ("bounce", "bounces") for tag in "-+.")
SCAN = 32 * 1024


def is_null(mail_from: str) -> bool:
    """The null sender of reports, or the daemon's address by which some servers write it."""
    return not mail_from or mail_from.lower().partition("@")[0] == "mailer-daemon"


def _ends(text: str, phrase: str) -> bool:
    """Nothing, a colon, a dash or a bracket follows the phrase: no sentence that begins with it."""
    rest = text[len(phrase) :].lstrip(" \u00a0]?)*")
    return not rest or rest[0] in _ENDS or text[len(phrase)] in "]:：)"


@dataclass
class Signals:
    """What the tests look at."""

    headers: Sequence[tuple[str, str]]
    tree: Tree
    sender: Address | None
    subject: str
    text: str
    own: Ours
    first: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.headers:
            self.first.setdefault(name.lower(), value)

    def get(self, name: str) -> str:
        return self.first.get(name, "").strip().lower()

    @cached_property
    def address(self) -> str:
        return self.sender.key if self.sender else ""

    @cached_property
    def local(self) -> str:
        return self.address.partition("@")[0]

    @cached_property
    def submitted(self) -> str:
        return self.get("auto-submitted")

    @cached_property
    def null_sender(self) -> bool:
        return any(n.lower() == "return-path" and is_null(v.strip().strip("<>")) for n, v in self.headers)

    @cached_property
    def report_type(self) -> str:
        root = self.tree.root
        return root.params.get("report-type", "").lower() if root.content_type == "multipart/report" else ""

    @cached_property
    def has_status(self) -> bool:
        return report_parts(self.tree)[0] is not None

    @cached_property
    def status_is_attached(self) -> bool:
        """Somebody with a name attached the status to a letter, as a file that has one: no report is made so."""
        part = report_parts(self.tree)[0]
        named = part is not None and part.disposition == "attachment" and bool(part.filename())
        return named and bool(self.sender_name) and not (self.daemon or self.null_sender)

    @cached_property
    def has_original(self) -> bool:
        return report_parts(self.tree)[1] is not None

    @cached_property
    def aggregate(self) -> str:
        """The name of the file of a DMARC aggregate report, "" where there is none."""
        parts = islice(self.tree.root.walk(), 50)
        return next((name for part in parts if _AGGREGATE.fullmatch(name := part.filename())), "")

    @cached_property
    def part_types(self) -> frozenset[str]:
        found = set()
        for count, part in enumerate(self.tree.root.walk()):
            found.add(part.content_type)
            if count > 50:
                break
        return frozenset(found)

    @cached_property
    def bare_subject(self) -> str:
        """Lower case, without list tags."""
        text = self.subject.strip().lower()
        for _ in range(3):
            shorter = _TAG.sub("", text, count=1)
            if shorter == text:
                break
            text = shorter
        return text

    @cached_property
    def answered(self) -> bool:
        return prefixes.is_any(self.subject)

    @cached_property
    def sent_on(self) -> bool:
        """An inbox rule sent the mail on: its marks are of that mailbox and say nothing of the author."""
        rules = " ".join(v.lower() for n, v in self.headers if n.lower() == "x-ms-exchange-inbox-rules-loop")
        owners = {found.strip("'\"") for found in _ADDRESSES.findall(rules)}
        return "x-ms-exchange-inbox-rules-loop" in self.first and (self.address not in owners or self.forwarded)

    @cached_property
    def rule_answers(self) -> bool:
        """An inbox rule of the sender's own mailbox that does not send another's mail on."""
        asked = self.get("x-auto-response-suppress").replace(" ", "").split(",")
        silent = not {"all", "oof", "autoreply"}.isdisjoint(asked)
        return "x-ms-exchange-inbox-rules-loop" in self.first and silent and not (self.sent_on or self.person)

    @cached_property
    def is_generated(self) -> bool:
        """Auto-Submitted names a machine, unless a server on the way put it there."""
        said = bool(self.submitted) and not self.submitted.startswith(
            ("no", "none", "false", "0", "auto-replied", "auto-forwarded")
        )
        return said and not self.sent_on and not self.answers_invitation

    @cached_property
    def answers_invitation(self) -> bool:
        """A calendar's server sends what whoever is named in From answered to an invitation."""
        parts = (part for part in islice(self.tree.root.walk(), 50) if part.content_type in calendar.TYPES)
        return any(
            self.address
            in calendar.answered_by(part.payload(), part.params.get("charset", ""), part.params.get("method", ""))
            for part in parts
        )

    @cached_property
    def is_machine(self) -> bool:
        """A program of its own accord wrote the mail, by the envelope or the headers."""
        return self.null_sender or self.is_generated or self.submitted.startswith("auto-replied")

    @cached_property
    def is_answer(self) -> bool:
        """Signs of a machine that answers, whatever the Subject: what people's own matters need beside their words."""
        responders = ("x-autoreply", "x-autorespond", "x-vacation", "x-autoresponse", "x-auto-reply")
        return (
            self.null_sender
            or self.submitted.startswith("auto-replied")
            or (self.is_generated and "in-reply-to" in self.first)
            or any(name in self.first for name in responders)
            or self.get("precedence") in ("auto_reply", "bulk", "junk")
        )

    @cached_property
    def names_an_answer(self) -> str:
        """The Subject says that it is an automatic answer to another: "Automatic reply: Printer"."""
        if self.subject.lstrip().startswith("AUTO: "):
            return "AUTO"  # Notes; "Auto:" may be somebody's car
        for text in self._subjects:
            if text.startswith(AUTOMATIC_ANSWERS):
                for phrase in AUTOMATIC_ANSWERS:
                    if text.startswith(phrase) and _ends(text, phrase):
                        return phrase
        tail = self.bare_subject.rstrip(" .!")
        return next((phrase for phrase in ANSWER_TAILS if tail.endswith(phrase)), "")

    @cached_property
    def absence_subject(self) -> str:
        """How the Subject of an absence note begins. What people write with, and about their own matters, outweighs it:
        servers that answer keep the thread's headers, and name no program of a person."""
        if self.names_an_answer:
            return self.names_an_answer if self.is_machine or not self.program else ""
        if self.person and not self.is_machine:
            return ""
        for text in self._subjects:
            if not text.startswith(ABSENCE):
                continue
            for phrase in ABSENCE:
                if (self.is_answer or phrase not in VAGUE_ABSENCE) and text.startswith(phrase) and _ends(text, phrase):
                    return phrase
        return ""

    @property
    def _subjects(self) -> tuple[str, str]:
        return self.subject.strip().lower().lstrip("[(*<> "), self.bare_subject

    @cached_property
    def forwarded(self) -> bool:
        return prefixes.is_forward(self.bare_subject)

    @cached_property
    def undelivered_subject(self) -> str:
        if (self.answered or self.forwarded) and not self.daemon:
            # A server's own subject put behind the words of the mail that it could not deliver.
            tail = self.bare_subject.rstrip(" ).")
            found = (p for p in ("delivery failed", "non remis", "undeliverable") if p in tail[-60:])
            return next((phrase for phrase in found if self.null_sender or tail.endswith(phrase)), "")
        return next((phrase for phrase in UNDELIVERED if phrase in self.bare_subject), "")

    @cached_property
    def daemon(self) -> str:
        if self.local in DAEMONS or self.local.startswith(_TAGGED_DAEMONS):
            return self.address
        raw = self.get("from")
        if raw.startswith(("mailer-daemon", "<mailer-daemon", "postmaster", "<postmaster", "<>")):
            return raw[:60]
        shown = self.sender.name.lower() if self.sender else ""
        # The name alone is a claim; a person may be called a system administrator.
        if (
            shown
            and any(name in shown for name in DAEMON_NAMES[:-2])
            and (self.null_sender or "daemon" in shown or "delivery" in shown)
        ):
            return shown
        return ""

    @cached_property
    def is_daemon(self) -> bool:
        """From a name that only mail programs bear."""
        return bool(self.daemon) and any(name in self.daemon for name in MAIL_PROGRAMS)

    @cached_property
    def report_words(self) -> bool:
        text = self.text[:SCAN].lower()
        return self.transcript or any(phrase in text for phrase in REPORT_TEXT)

    @cached_property
    def transcript(self) -> bool:
        """The text shows what a server answered."""
        return bool(_ANSWER.search(self.text[:SCAN]))

    @cached_property
    def quoted_head(self) -> bool:
        """The text shows the header block of a mail on its way."""
        return bool(_HEAD.search(self.text[:SCAN]))

    @cached_property
    def names_the_unreached(self) -> bool:
        """The text has the words of a report, and an address on a line of its own."""
        return self.report_words and bool(_LONE_ADDRESS.search(self.text[:SCAN]))

    @cached_property
    def program(self) -> str:
        """A header of a program that people write with."""
        for name in ("user-agent", "x-originating-ip", "x-originating-email"):
            if name in self.first:
                return name
        return "x-mailer" if any(word in self.get("x-mailer") for word in PROGRAMS) else ""

    @cached_property
    def person(self) -> str:
        """A sign of a program that people write with: they report undelivered mail to a help desk too."""
        if self.program:
            return self.program
        for name in ("thread-index", "thread-topic"):
            if name in self.first:
                return name
        if "in-reply-to" in self.first and ("x-mailer" in self.first or self.sender_name):
            return "in-reply-to"
        # Words in two forms beside the attached mail: a person who shows it; a report has one form.
        if "multipart/alternative" in self.part_types and self.sender_name and not self.is_machine:
            return "multipart/alternative"
        return ""

    @property
    def sender_name(self) -> str:
        return self.sender.name if self.sender else ""
