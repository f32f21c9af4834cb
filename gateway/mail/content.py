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
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.model.email import ENCRYPTED

from . import calendar, elsewhere, limits
from .attached import File, Files, is_shown
from .charsets import codec
from .containers import Contained, opened
from .mime import Part, Tree
from .names import extension_of, guessed_type, is_no_name
from .sniff import mislabelled
from .text import body_text
from .textparts import RTF, read_words
from .transfer import Decoded

TEXT_TYPES = frozenset({"text/plain", "text/html"})
# Text that is shown where the mail has no other, beside all kinds of text that have no name.
_SPARE_TEXT = RTF | {
    "message/delivery-status",
    "message/disposition-notification",
    "message/feedback-report",
}
_FOR_PROGRAMS = frozenset(
    ("text/calendar", "text/x-vcalendar", "text/vcard", "text/x-vcard", "text/css", "text/javascript", "text/directory")
)
# Further forms of the same words in an alternative, made for one program each.
_OTHER_FORMS = frozenset({"text/x-amp-html", "text/watch-html"})
_MADE_FOR_A_PROGRAM = re.compile(r"text/(?:x-|vnd\.)[a-z0-9.+-]{1,100}\+(?:json|xml)")
_CONTAINERS = 5
_INVENTED = 64 * 1024


@dataclass(slots=True)
class Content:
    """``texts`` and ``htmls`` as they appear. ``rich`` is the body as it is shown and ``plain`` as it reads
    without HTML: ("text" | "html" | "file", index). ``listing`` takes further files, and ``embedded`` has the indices
    of those that stand in the HTML itself, by their data URI. ``elsewhere`` says where files lie that the mail only
    names. ``event`` is what the mail's calendar object tells."""

    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    html_parts: list[Part] = field(default_factory=list)
    rich: list[tuple[str, int]] = field(default_factory=list)
    plain: list[tuple[str, int]] = field(default_factory=list)
    listing: Files = field(default_factory=Files)
    files: list[File] = field(default_factory=list)
    embedded: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    charsets: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    event: calendar.Shown = field(default_factory=calendar.Shown)
    elsewhere: list[str] = field(default_factory=list)


class Collector:
    """Walks the parts of a mail and gathers its texts, files and events."""

    def __init__(self, tree: Tree, languages: tuple[str, ...]) -> None:
        self.tree = tree
        self.languages = languages
        self.content = Content()
        self.files = self.content.listing = Files(self.content.hashes)
        self.content.files, self.content.messages = self.files.found, self.files.messages
        self.unwrapped = 0
        self.hints = [
            name
            for part in tree.root.walk()
            if part.content_type in TEXT_TYPES and (name := codec(part.params.get("charset", "")))
            if name not in ("utf-8", "ascii", "cp1252")
        ][:5]
        self.spare: list[tuple[Part, bytes]] = []

    def collect(self) -> Content:
        self.visit(self.tree.root)
        if not any(text.strip() for text in self.content.texts) and not self.content.htmls:
            for part, data in self.spare[:3]:
                if len(data) <= limits.HTML:
                    self.show(part, Decoded(data))
        return self.content

    def visit(self, part: Part) -> None:
        if part.multipart and part.content_type == "multipart/alternative":
            self.alternative(part)
        elif part.multipart:
            if part.content_type == "multipart/encrypted":
                self.note(ENCRYPTED)
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
        if part.content_type not in TEXT_TYPES or part.note:
            return False
        if part.disposition == "attachment":
            return self.has_no_name(part)
        if self.has_no_name(part):
            return True
        # The forms of an alternative are the letter, whatever a program calls them.
        return not self.name(part) or (part.parent is not None and part.parent.content_type == "multipart/alternative")

    def has_no_name(self, part: Part) -> bool:
        """Exchange makes files of the words between and behind the files of a letter, and invents names for them."""
        return part.end - part.start <= _INVENTED and is_no_name(part.filename())

    def name(self, part: Part) -> str:
        name = part.filename(self.hints)
        # What a Mac keeps beside a file has the file's name, and is called otherwise there (RFC 1740).
        return f"._{name}" if name and part.content_type == "application/applefile" else name

    def unwrap(self, part: Part) -> bool:
        """What is the mail, or a piece of it, in another form; False leaves it a file."""
        if self.unwrapped >= _CONTAINERS:
            return False
        if part.content_type in calendar.TYPES and not self.content.event.lines:
            return self.event(part)
        found = opened(part, self.name(part), self.content.charsets)
        if found is None:
            return False
        self.note(found.note)
        self.unwrapped += bool(found)
        if found.tree is not None:
            for note in found.tree.notes:
                self.note(note)
            before = self._amount()
            self.visit(found.tree.root)
            return found.is_whole and self._amount() > before  # what held nothing to be seen stays a file
        self.emptied(part, found)
        return found.is_whole

    def _amount(self) -> int:
        """How much there is to be seen: letters with words, pages and files."""
        return sum(map(bool, map(str.strip, self.content.texts))) + len(self.content.htmls) + len(self.content.files)

    def event(self, part: Part) -> bool:
        shown = calendar.read(part.payload(), part.params.get("charset", ""), part.params.get("method", ""))
        self.content.event = shown
        self.packed(part, shown.files)
        if shown.is_answer:
            self.note("answer to an invitation: read")
        return shown.is_answer

    def emptied(self, part: Part, found: Contained) -> None:
        """The letter and the files of a container."""
        if not any(text.strip() for text in self.content.texts) and not self.content.htmls:
            if found.html.strip():
                self._add_html(found.html, part)
            elif found.text.strip():
                self._add_text(body_text(found.text, {}))
        if found.item:
            self._add_text("\n".join(found.item))
        self.packed(part, found.files)

    def packed(self, part: Part, files: Iterable[tuple[str, bytes]]) -> None:
        """Files that stand in a part: their names and octets."""
        for number, (name, data) in enumerate(files, 1):
            self.files.add(part, f"{part.path or '1'}!{number}", name, guessed_type(name), data)

    def text(self, part: Part) -> None:
        """A part that is the letter, or a piece of it."""
        decoded = part.decoded()
        if mislabelled(decoded.data):
            self.file(part, decoded.data)
            return
        self.content.hashes.append(hashlib.sha256(decoded.data).hexdigest())
        self.show(part, decoded)
        if part.disposition == "attachment" and _says_words(decoded.data):
            # It may be a file that somebody attached, too.
            self.file(part, decoded.data)
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
        self.files.add(part, f"{part.path or '1'}!raw", name, content_type, data)

    def show(self, part: Part, decoded: Decoded) -> None:
        words = read_words(part, decoded, self.content.charsets, self.languages)
        if words.charset:
            self.content.charsets.append(words.charset)
        for note in words.notes:
            self.note(note)
        if words.is_cut:
            self.file(part, decoded.data)
        if not words.is_html:
            self._add_text(words.text)
        elif not words.is_cut:
            self._add_html(words.text, part)
        self.packed(part, [(file.filename, file.data) for file in words.files[: limits.UNPACKED]])

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
        if part.content_type in TEXT_TYPES and (kind := mislabelled(data)):
            self.note("a file without its type")
            part.content_type = kind
        name = "text-outside-the-parts.txt" if part.note == "outside" else self.name(part)
        if described := self.described(part):
            name, data, known = "", described, described
        if self.is_spare(part, name):
            self.spare.append((part, data))
        if part.content_type == "message/partial":
            self.note("part of a split message: kept as a file")
        file = self.files.add(part, part.path or "1", name, part.content_type, data, own=True)
        file.data = known
        picture = part.content_type.startswith("image/") and part.disposition != "attachment"
        if picture and is_shown(file.meta):
            self.content.rich.append(("file", len(self.content.files) - 1))

    def described(self, part: Part) -> bytes:
        """What a part says of the file that it stands for, b"" for one that is the file. Where that lies is told below
        the text."""
        place = elsewhere.line_of(part)
        if place:
            self.note("a file that lies elsewhere was not fetched")
            self.content.elsewhere = list(dict.fromkeys([*self.content.elsewhere, place]))[: elsewhere.MOST]
        return f"{place}\n".encode() if part.content_type == elsewhere.DESCRIBED else b""

    def is_spare(self, part: Part, name: str) -> bool:
        """A file whose words are shown where the mail has no others (RFC 2046 4.1.4 for kinds that nobody knows)."""
        kind = part.content_type
        if part.disposition == "attachment" or part.note == "capped":
            return False
        unnamed = kind.startswith("text/") and kind not in _FOR_PROGRAMS and not name
        return kind in TEXT_TYPES or kind in _SPARE_TEXT or unnamed

    def note(self, text: str) -> None:
        if text not in self.content.notes and len(self.content.notes) < limits.DEFECTS:
            self.content.notes.append(text)


def _says(data: bytes) -> bool:
    return bool(data.strip())


def _says_words(data: bytes) -> bool:
    return _says(re.sub(rb"<[^<>]*>|&nbsp;", b"", data))
