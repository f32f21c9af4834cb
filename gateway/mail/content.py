"""From the part tree: which parts are the text, which are files, which pictures the text shows.

Policy, one for all mail. A leaf is text when it is text/plain or text/html, is not declared an attachment and
has no file name; a named one that is not declared an attachment is a file, and the text too where the mail has
no other. Of an alternative the richest form is shown. In mixed the texts follow each other, with inline
pictures in their place; in related too, until the HTML is read. Everything else is a file, listed once, in the
order of the tree: nested messages, reports, signatures, further forms of an invitation, words outside the
parts. A text that is cut off or not encoded as it says is shown, and is a file as well. Containers that people
cannot open (winmail.dat, opaque signatures, uuencoded blocks) are replaced by what they hold.
Source: RFC 2046 5.1, RFC 2387, RFC 8621 4.1.4.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from dataclasses import dataclass, field

from gateway.match.files import shows
from gateway.model.email import Attachment

from . import calendar, cms, limits, tnef
from .archive import Looker
from .charset import decode
from .charsets import codec
from .head import split_head, with_line_feeds
from .headers import decode_value
from .mime import Part, Tree
from .names import Namer, clean_name, extension_of, invented, shorten, with_ending
from .sniff import type_of
from .text import body_text
from .transfer import Decoded
from .uu import extract

TEXT_TYPES = frozenset({"text/plain", "text/html"})
# Text that is shown where the mail has no other.
_SPARE_TEXT = frozenset(
    [
        "text/enriched",
        "text/richtext",
        "text/markdown",
        "text/x-markdown",
        "text/x-web-markdown",
        "message/delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
    ]
)
# Further forms of the same words in an alternative, made for one program each.
_OTHER_FORMS = frozenset({"text/x-amp-html", "text/watch-html"})
_MADE_FOR_A_PROGRAM = re.compile(r"text/(?:x-|vnd\.)[a-z0-9.+-]{1,100}\+(?:json|xml)")
_MESSAGES = frozenset({"message/rfc822", "message/global"})
_COMMAND = re.compile(r"<(<)|</?[A-Za-z0-9-]{1,40}>")
_META = re.compile(rb"<meta[^>]{0,200}charset\s{0,5}=\s{0,5}[\"']?([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_OPAQUE = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_NAMES = {
    "message/delivery-status": "delivery-report.txt",
    "message/global-delivery-status": "delivery-report.txt",
    "message/disposition-notification": "read-receipt.txt",
    "message/feedback-report": "feedback-report.txt",
    "message/global-headers": "original-headers.txt",
    "message/global-disposition-notification": "read-receipt.txt",
    "text/rfc822-headers": "original-headers.txt",
    "message/rfc822-headers": "original-headers.txt",
    "application/pgp-encrypted": "pgp-version.asc",
    "application/pgp-signature": "signature.asc",
    "application/pgp-keys": "public-key.asc",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "message/external-body": "external-file.txt",
    "message/partial": "part-of-a-message.eml",
    "text/calendar": "invitation.ics",
}


@dataclass(slots=True)
class File:
    """An attachment with a way to its bytes."""

    part: Part
    meta: Attachment
    data: bytes | None = None

    def payload(self) -> bytes:
        return self.part.payload() if self.data is None else self.data


@dataclass(slots=True)
class Content:
    """``texts`` and ``htmls`` as they appear. ``rich`` is the body as it is shown and ``plain`` as it reads
    without HTML: ("text" | "html" | "file", index)."""

    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    html_parts: list[Part] = field(default_factory=list)
    rich: list[tuple[str, int]] = field(default_factory=list)
    plain: list[tuple[str, int]] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    charsets: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    accepted: calendar.Accepted | None = None


class Collector:
    def __init__(self, tree: Tree, languages: tuple[str, ...] = ()) -> None:
        self.tree = tree
        self.languages = languages
        self.content = Content()
        self.namer = Namer()
        self.looker = Looker()
        self.unwrapped = 0
        self.hints = [
            name
            for part in tree.root.walk()
            if part.content_type in TEXT_TYPES and (name := codec(part.params.get("charset", "")))
            if name not in ("utf-8", "ascii", "cp1252")
        ][:5]
        self.named: list[tuple[Part, bytes]] = []

    def collect(self) -> Content:
        self.visit(self.tree.root)
        if not any(text.strip() for text in self.content.texts) and not self.content.htmls:
            for part, data in self.named[:3]:
                if len(data) <= limits.HTML:
                    self.show(part, Decoded(data))
        return self.content

    def visit(self, part: Part) -> None:
        if part.multipart and part.content_type == "multipart/alternative":
            self.alternative(part)
        elif part.multipart:
            if part.content_type == "multipart/encrypted":
                self.note("encrypted: kept as files")
            if part.content_type == "multipart/related":
                self.related(part)
                return
            for child in part.children:
                self.visit(child)
        elif self.is_text(part):
            self.text(part)
        elif not self.unwrap(part):
            self.file(part)

    def alternative(self, part: Part) -> None:
        """All forms are read; the rich order shows the HTML, the plain order the text."""
        rich, plain = len(self.content.rich), len(self.content.plain)
        for child in part.children:
            if self._is_other_form(child):
                self.note(f"{child.content_type} left out")
            else:
                self.visit(child)
        shown, read = self.content.rich[rich:], self.content.plain[plain:]
        if any(kind == "html" and self._says(index) for kind, index in shown):
            self.content.rich[rich:] = [item for item in shown if item[0] != "text"]
        elif any(kind == "text" for kind, _ in shown):
            self.content.rich[rich:] = [item for item in shown if item[0] != "html"]
        if any(kind == "text" and self.content.texts[index].strip() for kind, index in read):
            self.content.plain[plain:] = [item for item in read if item[0] != "html"]

    def _is_other_form(self, part: Part) -> bool:
        if part.disposition == "attachment" or part.filename():
            return False
        return part.content_type in _OTHER_FORMS or bool(_MADE_FOR_A_PROGRAM.fullmatch(part.content_type))

    def _says(self, index: int) -> bool:
        source = self.content.htmls[index]
        return "<img" in source.lower() or bool(re.sub(r"<[^<>]*>|&nbsp;|\s", "", source))

    def related(self, part: Part) -> None:
        """Once its HTML is read, further texts are what the HTML is made of, not the letter (RFC 2387)."""
        before = len(self.content.htmls)
        for child in part.children:
            if child.content_type in TEXT_TYPES and len(self.content.htmls) > before:
                self.file(child)
            else:
                self.visit(child)

    def is_text(self, part: Part) -> bool:
        if part.content_type not in TEXT_TYPES or part.note or part.disposition == "attachment":
            return False
        # The forms of an alternative are the letter, whatever a program calls them.
        return not self.name(part) or (part.parent is not None and part.parent.content_type == "multipart/alternative")

    def name(self, part: Part) -> str:
        return part.filename(self.hints)

    def unwrap(self, part: Part) -> bool:
        """Containers whose content is the mail; False leaves it a file."""
        if self.unwrapped >= 5:
            return False
        kind, name = part.content_type, self.name(part).lower()
        if kind in _OPAQUE or (name.endswith(".p7m") and kind.startswith("application/")):
            return self.opaque(part)
        if kind in ("application/ms-tnef", "application/vnd.ms-tnef") or name == "winmail.dat":
            return self.winmail(part)
        if kind in ("text/calendar", "application/ics") and not self.content.events:
            shown = calendar.read(part.payload(), part.params.get("charset", ""))
            self.content.events = shown.lines
            self.content.accepted = shown.accepted
            if shown.is_answer:
                self.note("answer to an invitation: read")
                return True
        return False

    def opaque(self, part: Part) -> bool:
        data = part.payload()
        if cms.kind(data) == "encrypted":
            self.note("S/MIME encrypted: kept as a file")
            return False
        inner = cms.content(data)
        if inner is None:
            return False
        self.unwrapped += 1
        self.note("S/MIME signature unwrapped, not verified")
        self._nested(inner, part)
        return True

    def _nested(self, data: bytes, part: Part) -> None:
        tree = Tree(data)
        for node in tree.root.walk():
            node.path = f"{part.path or '1'}!{node.path or '1'}"
        for note in tree.notes:
            self.note(note)
        self.visit(tree.root)

    def winmail(self, part: Part) -> bool:
        found = tnef.unpack(part.payload())
        if found is None:
            self.note("winmail.dat not understood: kept as a file")
            return False
        self.unwrapped += 1
        self.note("winmail.dat unpacked")
        if not any(text.strip() for text in self.content.texts) and not self.content.htmls:
            html = found.html_text or (
                decode(found.html, _meta(found.html) or found.label, self.content.charsets)[0] if found.html else ""
            )
            if html.strip():
                self._add_html(html, part)
            elif found.text.strip():
                self._add_text(body_text(found.text, {}))
        if found.item:
            self._add_text("\n".join(found.item))
        for number, (name, data) in enumerate(found.files, 1):
            self.add(part, f"{part.path or '1'}!{number}", name, _guess(name), data)
        # What was not read to the end stays to be seen.
        return found.is_whole

    def text(self, part: Part) -> None:
        """A part that is the letter, or a piece of it."""
        decoded = part.decoded()
        self.content.hashes.append(hashlib.sha256(decoded.data).hexdigest())
        self.show(part, decoded)
        if not self.damaged(part, decoded) and part.cut and _says(decoded.data):
            self.keep(part, decoded.data, "text cut off: kept as a file too", part.content_type)

    def damaged(self, part: Part, decoded: Decoded) -> bool:
        if decoded.damage and _says(part.raw):
            self.keep(part, part.raw, f"{decoded.damage}: kept as it came too")
            return True
        return False

    def keep(self, part: Part, data: bytes, note: str, content_type: str = "text/plain") -> None:
        """What could only be read in part, or may lack its end, can be seen as it came."""
        self.note(note)
        name = "damaged-part" + extension_of(content_type, b"")
        self.add(part, f"{part.path or '1'}!raw", name, content_type, data)

    def show(self, part: Part, decoded: Decoded) -> None:
        data = decoded.data
        label = part.params.get("charset", "")
        if part.content_type == "text/html" and (not label or not codec(label)):
            label = _meta(data) or label
        source = data
        if len(data) > 4 * limits.TEXT and part.content_type == "text/plain" and data.find(b"\nbegin ") < 0:
            # Only what will be shown is decoded; the whole is a file.
            source = data[: data.rfind(b"\n", 0, 4 * limits.TEXT) + 1 or 4 * limits.TEXT]
        text, used, note = decode(source, label, self.content.charsets, self.languages)
        if note and part.raw.isascii() and (decoded.damage or _is_words(part)):
            # Declared base64 and is not: the text as it stands.
            text, note = part.raw.decode("ascii"), "declared base64, is plain text"
        if used != "ascii":
            self.content.charsets.append(used)
        if note:
            self.note(note)
        if decoded.tail:
            self.note("text behind base64")
            text += "\n" + decode(decoded.tail, label, self.content.charsets, self.languages)[0]
        if part.content_type == "text/html":
            if len(text) > limits.HTML:
                self.note("HTML over the limit: kept as a file")
                self.file(part, data)
                return
            self._add_html(text, part)
            return
        if part.content_type in ("text/enriched", "text/richtext"):
            text = _COMMAND.sub(lambda match: match[1] or "", text)
        if source is not data:
            text = text[: limits.TEXT]
        text = body_text(text, part.params)
        text, found = extract(text)
        if len(text) > limits.TEXT or source is not data:
            self.note("text over the limit: cut, the whole is kept as a file")
            self.file(part, data)
            text = text[: limits.TEXT]
        self._add_text(text)
        for number, file in enumerate(found[: limits.UNPACKED], 1):
            self.add(part, f"{part.path or '1'}!{number}", file.filename, _guess(file.filename), file.data)

    def _add_text(self, text: str) -> None:
        index = len(self.content.texts)
        self.content.texts.append(text)
        self.content.rich.append(("text", index))
        self.content.plain.append(("text", index))

    def _add_html(self, text: str, part: Part) -> None:
        index = len(self.content.htmls)
        self.content.htmls.append(text)
        self.content.html_parts.append(part)
        self.content.rich.append(("html", index))
        self.content.plain.append(("html", index))

    def file(self, part: Part, known: bytes | None = None) -> None:
        """``known``: its bytes, where they were decoded already and shall not be again."""
        data = known
        if data is None:
            decoded = part.decoded()
            data = decoded.data
            if not self.damaged(part, decoded) and decoded.tail:
                self.keep(part, decoded.tail, "text behind base64: kept as a file")
        if part.content_type in TEXT_TYPES | _SPARE_TEXT and part.disposition != "attachment" and part.note != "capped":
            self.named.append((part, data))
        name = "text-outside-the-parts.txt" if part.note == "outside" else self.name(part)
        if part.content_type in _MESSAGES:
            self.content.messages.append(len(self.content.files))
            if not clean_name(name):
                name = _message_name(data)
        elif part.content_type == "message/external-body":
            self.note("a file that lies elsewhere was not fetched")
        elif part.content_type == "message/partial":
            self.note("part of a split message: kept as a file")
        self.add(part, part.path or "1", name, part.content_type, data, own=True)
        self.content.files[-1].data = known

    def add(self, part: Part, path: str, name: str, content_type: str, data: bytes, own: bool = False) -> None:
        index = len(self.content.files)
        cleaned = clean_name(name)
        if not cleaned:
            known = _NAMES.get(content_type, "")
            if part.parent is not None and part.parent.content_type == "multipart/encrypted" and not known:
                known = "encrypted.asc"
            cleaned = known or invented(content_type, extension_of(content_type, data[:4096]))
        kind = type_of(data)
        cleaned = with_ending(cleaned, content_type, kind, data[:4096])
        cid = part.header("content-id").strip("<> ") if own else ""
        sniffed, inside = self.looker.look(data, kind, content_type, cleaned)
        meta = Attachment(
            part=path,
            filename=self.namer.unique(shorten(cleaned)),
            content_type=content_type,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            content_id=cid,
            sniffed=sniffed,
            inside=inside,
        )
        self.content.hashes.append(meta.sha256)
        self.content.files.append(File(part, meta, None if own else data))
        if shows(content_type) and own and part.disposition != "attachment":
            self.content.rich.append(("file", index))

    def note(self, text: str) -> None:
        if text not in self.content.notes and len(self.content.notes) < limits.DEFECTS:
            self.content.notes.append(text)


_BETWEEN_WORDS = re.compile(rb"[a-z] {1,3}[a-z]")


def _is_words(part: Part) -> bool:
    """Declared base64, which has no blanks between its letters."""
    return part.encoding.startswith("base") and bool(_BETWEEN_WORDS.search(part.raw[:4096]))


def _says(data: bytes) -> bool:
    return bool(data.strip())


def _meta(data: bytes) -> str:
    match = _META.search(data[:4096])
    label = match[1].decode("ascii") if match else ""
    # A label that could be read in ASCII is not in a text of wide characters (WHATWG).
    return "utf-8" if codec(label).startswith(("utf-16", "utf-32")) else label


def _guess(name: str) -> str:
    return mimetypes.guess_type(clean_name(name), strict=False)[0] or "application/octet-stream"


def _message_name(data: bytes) -> str:
    """A nested message is called by its Subject."""
    for raw in split_head(with_line_feeds(data.lstrip(b"\r\n"))).values("subject"):
        if raw:
            subject = clean_name(decode_value(raw).replace("/", "-").replace("\\", "-"))[:80].strip(" .")
            if subject:
                return subject + ".eml"
    return "message.eml"
