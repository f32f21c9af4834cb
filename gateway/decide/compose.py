"""The words of a mail at the desk: titles, descriptions and comments.

Everything is sent as blocks (docs/algapsa.md "Rich text"), harmless ones only. Customers' text is posted
with contact notifications suppressed, for the desk would mail them their own words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime, tzinfo
from typing import Any

from gateway import blocks as rich
from gateway.decide.banners import banners_below
from gateway.decide.files import Fate, remarks
from gateway.decide.pictures import place_pictures, shelter
from gateway.decide.uploads import Upload, documents, moment, text_document, uploads
from gateway.match import title
from gateway.match.invisible import without_invisible
from gateway.model.effects import (
    CommentBody,
    DocumentBody,
    EffectBody,
    MissingBody,
    MovedBody,
    NoteBody,
    PicturesBody,
    TicketBody,
)
from gateway.model.email import ENCRYPTED, Address, Block, Email, Forwarded
from gateway.model.envelope import Envelope
from gateway.templates import BODY, Templates

MOST_COMMENTS = 4
MOST_NOTES = 300
HEADING_ROOM = 40  # for "(n/m)" and the line that points to message.txt
DESCRIPTION_LIMIT = 1_000_000
VERDICTS = {"pass": "verified", "fail": "FAILED verification", "none": "not verified", "unknown": ""}


def label(who: Address | None) -> str:
    """How a person is shown: name and address, without angle brackets, which would vanish in the desk's mails."""
    if who is None:
        return "(no sender)"
    if not who.address:
        return who.name
    return f"{who.name} ({who.address})" if who.name and who.name != who.address else who.address


class Composer:
    """Makes the bodies of one mail. With ``original`` the mail counts as a forward of that one. Unless the author
    of the words is proven, nothing of them in a description is a tag of HTML."""

    def __init__(
        self,
        templates: Templates,
        email: Email,
        envelope: Envelope,
        delivery_id: str,
        original: Forwarded | None = None,
        fates: Sequence[Fate] = (),
        is_author_proven: bool = False,
        number: int = 0,
        zone: tzinfo = UTC,
    ) -> None:
        self.templates = templates
        self.email = email
        self.envelope = envelope
        self.delivery_id = delivery_id
        self.original = original
        self.fates = fates or [Fate()] * len(email.attachments)
        self.is_author_proven = is_author_proven
        self.mail = f"#{number}" if number else delivery_id  # by what people ask for it
        self.zone = zone
        self.facts: Mapping[str, Any] = {}  # what the desk keeps besides the mail's own
        self.held_text = ""  # why a text that becomes a file is held

    # -- parts ------------------------------------------------------------------------------------

    def _values(self) -> dict[str, Any]:
        email = self.email
        sender = email.sender
        return {
            "sender": {
                "name": sender.name if sender else "",
                "address": sender.address if sender else "",
                "label": label(sender),
                "verdict": VERDICTS[self.envelope.verdict],
            },
            "to": [label(recipient) for recipient in email.to[:20]],
            "cc": [label(recipient) for recipient in email.cc[:20]],
            "date": readable(email.date, self.zone),
            "subject": title.clean(email.subject),
            "mailbox": self.envelope.rcpt_to,
            "delivery": self.delivery_id,
            "mail": self.mail,
            "forwarder": "",
        }

    def _original(self) -> dict[str, Any]:
        """What the mail's own values are replaced by when it forwards another."""
        if self.original is None:
            return {}
        original = self.original
        return {
            "sender": {
                "name": original.sender.name if original.sender else "",
                "address": original.sender.address if original.sender else "",
                "label": label(original.sender),
                "verdict": "",
            },
            "to": [label(each) for each in original.to[:20]],
            "cc": [label(each) for each in original.cc[:20]],
            "date": readable(original.date, self.zone) if original.attached else original.date[:100],
            "subject": title.clean(original.subject) or title.clean(self.email.subject),
            "forwarder": label(self.email.sender),
        }

    def _frame(self, name: str, body: Sequence[Block], **values: Any) -> list[Block]:
        """A template's lines as paragraphs, with the body's blocks in their place."""
        said = banners_below(body)
        body = rich.preformatted(said) if not rich.is_blank(said) else [rich.paragraph(self._nothing())]
        out: list[Block] = []
        for line in self.templates.lines(name, **{**self._values(), **values, "body": BODY}):
            if line.strip() == BODY:
                out.extend(body)
            else:
                out.append(rich.paragraph(line.replace(BODY, "")))
        return rich.harmless(shelter(out))

    def _nothing(self) -> str:
        """What stands in place of a text."""
        return "(the mail is encrypted: see its files)" if ENCRYPTED in self.email.defects else "(no text)"

    def _facts(self, **more: Any) -> dict[str, Any]:
        """What the desk keeps of the mail in free JSON (``marker`` is added when it is sent)."""
        email = self.email
        return {
            "delivery": self.delivery_id,
            "message_id": email.message_id[:998],
            "from": email.sender.address if email.sender else "",
            "mailbox": self.envelope.rcpt_to,
            "date": email.date,
            "verdict": self.envelope.verdict,
            **self.facts,
            **({"forwarded_from": self.original.sender.address} if self.original and self.original.sender else {}),
            **more,
        }

    def file_lines(self, files: Sequence[Upload]) -> list[str]:
        """The list of the files that are not shown in the text."""
        empty = [f"{attachment.filename} (empty)" for attachment in self.email.attachments if attachment.size == 0]
        return [self._file_line(file) for file in files if not file.shown] + empty

    def _file_line(self, upload: Upload) -> str:
        values = {"name": upload.file.filename, "size": _size(upload.file.size), "also": list(upload.also)}
        held = bool(upload.fate.held)
        said = remarks(upload.file, upload.fate)
        return self.templates.lines("files", **values, remarks=said, held=held, mail=self.mail)[0]

    # -- effects ----------------------------------------------------------------------------------

    def ticket(
        self,
        ids: dict[str, str],
        body: Sequence[Block],
        note: str = "",
        watchers: Sequence[Any] = (),
        heading: str = "",
        internal: bool = False,
        spared: Set[int] = frozenset(),
    ) -> list[EffectBody]:
        """Everything for a new ticket: create, files, pictures in their place, missing files. A title that does not
        fit stands whole before the text. ``spared`` files are known, and are not uploaded."""
        files = uploads(self.email, {self.email.attachments[i].sha256 for i in spared}, self.fates)
        subject = heading or self.templates.lines("title", **{**self._values(), **self._original()})[0]
        subject = title.clean(subject) or "(no subject)"
        fitting = title.fit(subject)
        first = [rich.paragraph(subject)] if fitting != subject else []
        words: list[EffectBody] = []
        if internal:
            framed = self._frame("ticket", body, **self._original(), note=note, files=[], pictures=len(spared))
            words = self._notes(rich.harmless([*first, *framed]))
            first, body = [], [rich.paragraph("The text of this mail is in an internal comment.")]
        values = {**self._original(), "note": note, "files": self.file_lines(files), "pictures": len(spared)}
        whole = self._description(first, body, values)
        too_long = _is_too_long(whole)
        if too_long:
            body = rich.split(list(body), DESCRIPTION_LIMIT // 20, 1)[0]  # markup may be 20 times its words
            values["note"] = f"{note} The text is cut here; all of it is in message.txt.".strip()
            whole = self._description(first, body, values)
        shown = place_pictures(whole, {})
        description = rich.dumps(shown)
        effects: list[EffectBody] = [
            TicketBody(
                title=title.unnumbered(fitting),
                ids=ids,
                description=description,
                facts=self._facts(),
                watchers=list(watchers),
            )
        ]
        effects += self._documents(files, whole if too_long else None)
        if shown != whole and not too_long:
            effects.append(PicturesBody(before=description, blocks=whole))
        effects += [*words, *self._forwarder()]
        return effects + self._missing(effects)

    def _description(self, first: Sequence[Block], body: Sequence[Block], values: dict[str, Any]) -> list[Block]:
        blocks = [*rich.harmless(list(first)), *self._frame("ticket", body, **values)]
        return blocks if self.is_author_proven else rich.without_tags(blocks)

    def _forwarder(self) -> list[EffectBody]:
        """The forwarder's own words, as internal comments: a person's, whatever is forwarded."""
        if self.original is None or self.email.forwarded is None:
            return []
        forwarded = self.email.forwarded
        words = list(forwarded.above_blocks) or [rich.paragraph(line) for line in forwarded.above.splitlines()]
        words += [rich.paragraph(line) for line in forwarded.below.splitlines()]
        if not rich.plain(words).strip():
            return []
        return self._notes(self._frame("forward", words), **dict.fromkeys(self.facts))

    def _notes(self, framed: list[Block], **more: Any) -> list[EffectBody]:
        """A text as internal comments, all of it."""
        parts = [framed]
        if rich.measure(framed) > rich.COMMENT_LIMIT:
            parts = rich.split(framed, rich.COMMENT_LIMIT - 2 * HEADING_ROOM, MOST_NOTES)
        total = len(parts)
        parted = [{"part": f"{n}/{total}"} if total > 1 else {} for n in range(1, total + 1)]
        facts = [self._facts(**part_of, **more) for part_of in parted]
        return [NoteBody(blocks=list(part), facts=fact) for part, fact in zip(parts, facts, strict=True)]

    def comment(
        self,
        body: Sequence[Block],
        *,
        internal: bool,
        present: Iterable[str],
        hidden: int = 0,
        signature: int = 0,
        automatic: str = "",
        note: str = "",
        subject: str = "",
        by_customer: bool = False,
    ) -> list[EffectBody]:
        """Everything for a reply: its pictures, the text in up to four comments, files, missing files. So many lines
        are ``hidden``, and so many of the ``signature``; ``subject`` where it is shown."""
        files = uploads(self.email, present, self.fates)
        pictures = [file for file in files if file.shown]
        others = [file for file in files if not file.shown]
        framed = self._frame(
            "comment",
            body,
            files=self.file_lines(others),
            hidden=hidden,
            signature=signature,
            automatic=automatic,
            note=note,
            own_subject=subject,
        )
        parts, whole = self._parts(framed)
        effects = self._documents(pictures, None)
        for number, part in enumerate(parts, 1):
            facts = self._facts(part=f"{number}/{len(parts)}") if len(parts) > 1 else self._facts()
            effects.append(CommentBody(blocks=list(part), facts=facts, internal=internal, by_customer=by_customer))
        effects += self._documents(others, whole)
        return effects + self._missing(effects)

    def files(self) -> list[EffectBody]:
        """The mail's files alone, and the comment on those that are missing."""
        effects = self._documents(uploads(self.email, (), self.fates), None)
        return effects + self._missing(effects)

    def news(self, lines: Sequence[str]) -> EffectBody:
        """A public comment that the desk mails to all contacts; nothing of the mail but these lines is in it."""
        facts = {"delivery": self.delivery_id, "notice": {"profile": self.facts["notice"]["profile"]}}
        body = rich.harmless([rich.paragraph(line) for line in lines])
        while len(body) > 1 and rich.measure(body) > rich.COMMENT_LIMIT:
            body.pop()
        return CommentBody(blocks=list(body), facts=facts, mailed=True)

    def bounce(self) -> list[EffectBody]:
        """An internal comment that says what became of a mail to whom: facts, not the report's words."""
        bounce = self.email.auto.bounce
        assert bounce is not None
        facts = {"recipient": bounce.recipient[:320], "status": bounce.status[:12], "action": bounce.action[:12]}
        body = self._frame("bounce", (), **facts)
        return [CommentBody(blocks=list(body), facts=self._facts(), internal=True)]

    def facts_of_note(self) -> dict[str, Any]:
        """What the desk keeps with an internal comment whose text is made when it is sent."""
        return self._facts()

    def stranger(self, operator: str, disproven: bool) -> str:
        """A line that says of the sender what the desk does not: that nothing ties them to the ticket."""
        return " ".join(self.templates.lines("stranger", **self._values(), operator=operator, disproven=disproven))

    def remark(self, words: str) -> EffectBody:
        """A line as an internal comment of its own."""
        body = rich.harmless([rich.paragraph(words)])
        return NoteBody(blocks=list(body), facts=self._facts(remark=True))

    def moved(self, ticket_id: str) -> EffectBody:
        """An internal comment on the ticket that the mail was taken away from (it cannot be deleted)."""
        body = self._frame("moved", (), there="")
        return MovedBody(blocks=list(body), facts=self._facts(moved=True), ticket_id=ticket_id, words=self._values())

    def _parts(self, framed: list[Block]) -> tuple[list[list[Block]], list[Block] | None]:
        """The comments of a text, and the text that goes into message.txt when it is too long."""
        if rich.measure(framed) <= rich.COMMENT_LIMIT:
            return [framed], None
        parts = rich.split(framed, rich.COMMENT_LIMIT - 2 * HEADING_ROOM, MOST_COMMENTS)
        if len(parts) <= MOST_COMMENTS:
            total = len(parts)
            return [[rich.paragraph(f"({n}/{total})"), *part] for n, part in enumerate(parts, 1)], None
        return [[*parts[0], rich.paragraph("(The whole text is in message.txt.)")]], framed

    def _documents(self, files: Sequence[Upload], whole: Sequence[Block] | None) -> list[EffectBody]:
        effects: list[EffectBody] = [*documents(files)]
        if whole is not None:
            effects.append(text_document("message.txt", rich.plain(list(whole)), self.held_text))
        return effects

    def _missing(self, effects: Sequence[EffectBody]) -> list[EffectBody]:
        """Planned from the start: an internal comment that names the files which the desk refused."""
        if not any(isinstance(effect, DocumentBody) for effect in effects):
            return []
        return [MissingBody(metadata=self._facts())]


def _is_too_long(blocks: list[Block]) -> bool:
    """Whether the desk's limit for the JSON of a description is passed, in which a character beyond ASCII takes six or
    twelve: few are near it."""
    return 12 * len(rich.as_json(blocks)) > DESCRIPTION_LIMIT and len(json.dumps(blocks)) > DESCRIPTION_LIMIT


def heading(forwarded: Forwarded, zone: tzinfo) -> str:
    """Who wrote an attached mail, to whom and when, in a line."""
    people = [f"to {', '.join(label(each) for each in forwarded.to[:20])}"] if forwarded.to else []
    people += [f"cc {', '.join(label(each) for each in forwarded.cc[:20])}"] if forwarded.cc else []
    date = [readable(forwarded.date, zone) if forwarded.attached else forwarded.date[:100]] if forwarded.date else []
    subject = [f'"{title.clean(forwarded.subject)}"'] if forwarded.subject else []
    return without_invisible(f"Attached mail from {', '.join([label(forwarded.sender), *people, *date, *subject])}:")


def readable(date: str, zone: tzinfo) -> str:
    """2026-11-22T08:30:00+00:00 as 2026-11-22 09:30 CET; what is no time as it is."""
    try:
        return moment(datetime.fromisoformat(date).timestamp(), zone)
    except (ValueError, OverflowError, OSError):
        return date


def _size(size: int) -> str:
    for limit, unit in ((1 << 20, "MB"), (1 << 10, "kB")):
        if size >= limit:
            return f"{size / limit:.1f} {unit}".replace(".0 ", " ")
    return f"{size} bytes"
