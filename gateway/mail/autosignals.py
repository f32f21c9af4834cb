"""What the tests of ``auto`` look at: the facts of a mail that tell people from machines, each read once.

Source: docs/mail-rules.md "Automatic mail" and "Bounces", RFC 3834, RFC 3464.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from gateway.match import prefixes
from gateway.match.ours import Ours
from gateway.model.email import Address

from .autowords import ABSENCE, DAEMON_NAMES, DAEMONS, REPORT_TEXT, UNDELIVERED, VAGUE_ABSENCE
from .bounce import report_parts
from .mime import Tree

_TAG = re.compile(r"^(?:\[[^\]]{0,60}\]|\([^)]{0,60}\)|\*+[^*]{0,40}\*+)\s*")
CODES = re.compile(r"(?<!\d)(?:[45]\d\d[ -]#?[45]\.\d\.\d|5[05]\d[ -][A-Za-z<]|[45]\.\d{1,2}\.\d{1,2}[ ,)])")
SCAN = 32 * 1024


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
        return any(
            n.lower() == "return-path" and v.strip().lower() in ("<>", "<mailer-daemon>") for n, v in self.headers
        )

    @cached_property
    def report_type(self) -> str:
        root = self.tree.root
        return root.params.get("report-type", "").lower() if root.content_type == "multipart/report" else ""

    @cached_property
    def has_status(self) -> bool:
        return report_parts(self.tree)[0] is not None

    @cached_property
    def has_original(self) -> bool:
        return report_parts(self.tree)[1] is not None

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
    def machine_made(self) -> bool:
        """Any sign of a program in the headers, however weak alone."""
        weak = (
            "x-auto-response-suppress",
            "x-ms-exchange-inbox-rules-loop",
            "x-autoreply",
            "x-autorespond",
            "x-vacation",
        )
        strong = self.null_sender or (bool(self.submitted) and not self.submitted.startswith("no"))
        return (
            strong
            or any(name in self.first for name in weak)
            or self.get("precedence") in ("bulk", "junk", "auto_reply")
        )

    @cached_property
    def absence_subject(self) -> str:
        for text in (self.subject.strip().lower().lstrip("[(*<> "), self.bare_subject):
            for phrase in ABSENCE:
                if text.startswith(phrase):
                    rest = text[len(phrase) :].lstrip(" ]?)*")
                    if phrase in VAGUE_ABSENCE and not self.machine_made:
                        continue
                    if not rest or rest[0] in ":：-–—[(<|" or text[len(phrase)] in "]:：)":
                        return phrase
        tail = self.bare_subject.rstrip(" .!")
        for phrase in (
            "(automatic response)",
            "(auto-reply)",
            "(autoreply)",
            "(automatic reply)",
            "(out of office)",
        ):
            if tail.endswith(phrase):
                return phrase
        return ""

    @cached_property
    def undelivered_subject(self) -> str:
        if self.answered and not self.daemon:
            subject = self.bare_subject
            # A server's own subject put behind the words of the mail that it could not deliver.
            return next((p for p in ("delivery failed", "non remis", "undeliverable") if p in subject[-60:]), "")
        return next((phrase for phrase in UNDELIVERED if phrase in self.bare_subject), "")

    @cached_property
    def daemon(self) -> str:
        local = self.local
        for name in DAEMONS:
            if local == name or (
                name not in ("bounce", "bounces") and local.startswith((name + "-", name + "+", name + "."))
            ):
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
    def report_words(self) -> bool:
        text = self.text[:SCAN].lower()
        return any(phrase in text for phrase in REPORT_TEXT) or bool(CODES.search(text))

    @cached_property
    def person(self) -> str:
        """A sign of a program that people write with: they report undelivered mail to a help desk too."""
        for name in (
            "user-agent",
            "thread-index",
            "thread-topic",
            "in-reply-to",
            "x-originating-ip",
            "x-originating-email",
        ):
            if name in self.first and not (
                name == "in-reply-to" and self.get("x-mailer") == "" and not self.sender_name
            ):
                return name
        if any(
            word in self.get("x-mailer")
            for word in ("outlook", "mail (", "iphone", "ipad", "thunderbird", "evolution", "zimbra")
        ):
            return "x-mailer"
        if "multipart/alternative" in self.part_types and not self.has_original and self.sender_name:
            return "multipart/alternative"
        return ""

    @property
    def sender_name(self) -> str:
        return self.sender.name if self.sender else ""
