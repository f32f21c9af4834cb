"""The files of a mail as documents at the desk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Any

from gateway import blocks as rich
from gateway.decide.files import Fate, neutral_name
from gateway.match.files import FileView
from gateway.model.effects import DocumentBody
from gateway.model.email import Attachment, Block, Email
from gateway.templates import Templates


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of the mail: the first of equal contents, with the names of the others, and its fate."""

    index: int
    file: Attachment
    also: tuple[str, ...]
    fate: Fate

    @property
    def shown(self) -> bool:
        """Whether the text shows it, so that nobody needs to read of it."""
        return self.file.inline and self.fate == Fate()


def uploads(email: Email, present: Iterable[str], fates: Sequence[Fate]) -> list[Upload]:
    """The files that a ticket does not hold yet: once for each content, empty ones left out."""
    have = set(present)
    first: dict[str, int] = {}
    names: dict[str, list[str]] = {}
    for index, attachment in enumerate(email.attachments):
        if attachment.size == 0 or attachment.sha256 in have:
            continue
        if attachment.sha256 in first:
            names[attachment.sha256].append(attachment.filename)
        else:
            first[attachment.sha256] = index
            names[attachment.sha256] = []
    return [
        Upload(index, email.attachments[index], tuple(names[digest]), fates[index]) for digest, index in first.items()
    ]


def documents(uploaded: Iterable[Upload]) -> list[DocumentBody]:
    """The effects that upload files, but for those that are dropped."""
    return [
        DocumentBody(
            part=upload.file.part,
            index=upload.index,
            sha256=upload.file.sha256,
            size=upload.file.size,
            held=upload.fate.held,
            **_called(upload),
        )
        for upload in uploaded
        if not upload.fate.dropped
    ]


def _called(upload: Upload) -> dict[str, Any]:
    """By what name and type a file is uploaded."""
    name = upload.file.filename
    called: dict[str, Any] = {"name": name, "content_type": FileView(upload.file).upload_type}
    if upload.fate.neutral:
        called = {"name": neutral_name(name), "content_type": "text/plain", "neutral": True}
    return called


def text_document(name: str, text: str, held: str) -> DocumentBody:
    """A document whose content is made here; ``held``: why it waits."""
    content = text.encode("utf-8", "replace")
    return DocumentBody(
        part="",
        text=text,
        sha256=sha256(content).hexdigest(),
        size=len(content),
        name=name,
        content_type="text/plain",
        held=held,
    )


def moment(at: float, zone: tzinfo) -> str:
    """A time of the epoch as technicians read it: 2026-11-22 09:30 CET."""
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M %Z}"


def missing_blocks(templates: Templates, mail: Mapping[str, str], files: Sequence[tuple[str, str]]) -> list[Block]:
    """The text of the internal comment about files (name, reason) that are not there."""
    rows = [{"name": name, "reason": reason} for name, reason in files]
    lines = templates.lines("missing", **mail, files=rows)
    return rich.harmless([rich.paragraph(line) for line in lines])


def released_blocks(
    templates: Templates, mail: Mapping[str, str], names: Sequence[str], by: str, at: str
) -> list[Block]:
    """The text of the internal comment about files that were held and are there now: ``by`` operator or scanner,
    who let them go ``at`` that time."""
    lines = templates.lines("released", **mail, files=list(names), by=by, at=at)
    return rich.harmless([rich.paragraph(line) for line in lines])
