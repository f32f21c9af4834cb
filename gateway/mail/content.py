"""From the part tree: which parts are the text, which are files, which pictures the text shows.

Policy, one for all mail. A leaf is text when it is text/plain or text/html, is not declared an attachment and
has no file name (a file name on an inline first text part is tolerated). Of an alternative the richest form is
shown, the other forms are not files. In mixed and related the texts follow each other. Everything else is a
file, listed once, in the order of the tree. A nested message is one file. Source: RFC 2046 5.1, RFC 8621 4.1.4.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from . import limits
from .charset import decode
from .mime import Part, Tree
from .model import Attachment
from .names import Namer, clean_name, extension_of, invented, shorten
from .text import body_text
from .uu import extract

TEXT_TYPES = frozenset({"text/plain", "text/html"})


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
    """``texts`` and ``htmls`` in order of appearance; ``order`` the body as it reads: ("text" | "html", index)
    or ("file", index of the file)."""

    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    order: list[tuple[str, int]] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    charsets: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    messages: list[Part] = field(default_factory=list)


class Collector:
    def __init__(self, tree: Tree, languages: tuple[str, ...] = ()) -> None:
        self.tree = tree
        self.languages = languages
        self.content = Content()
        self.namer = Namer()

    def collect(self) -> Content:
        self.visit(self.tree.root, "")
        return self.content

    def visit(self, part: Part, inside: str) -> None:
        if part.multipart and part.content_type == "multipart/alternative":
            self.alternative(part)
            return
        if part.multipart:
            for child in part.children:
                self.visit(child, part.content_type)
            return
        if self.is_text(part):
            self.text(part)
            return
        self.file(part)

    def alternative(self, part: Part) -> None:
        """All forms are read; only the order of showing knows that they say the same."""
        start = len(self.content.order)
        for child in part.children:
            self.visit(child, part.content_type)
        added = self.content.order[start:]
        if any(kind == "html" for kind, _ in added):
            self.content.order[start:] = [item for item in added if item[0] != "text"]

    def is_text(self, part: Part) -> bool:
        if part.content_type not in TEXT_TYPES or part.note or part.disposition == "attachment":
            return False
        return not (part.disposition_params.get("filename") or part.params.get("name"))

    def text(self, part: Part) -> None:
        data = part.payload()
        self.content.hashes.append(hashlib.sha256(data).hexdigest())
        text, used, note = decode(data, part.params.get("charset", ""), self.content.charsets, self.languages)
        if used not in ("ascii",):
            self.content.charsets.append(used)
        if note:
            self.note(note)
        if part.content_type == "text/html":
            if len(text) > limits.HTML:
                self.note("HTML over the limit: kept as a file")
                self.file(part, data)
                return
            self.content.order.append(("html", len(self.content.htmls)))
            self.content.htmls.append(text)
            return
        text = body_text(text, part.params)
        text, found = extract(text)
        if len(text) > limits.TEXT:
            self.note("text over the limit: cut, the whole is kept as a file")
            self.file(part, data)
            text = text[: limits.TEXT]
        self.content.order.append(("text", len(self.content.texts)))
        self.content.texts.append(text)
        for number, one in enumerate(found, 1):
            self.add(part, f"{part.path or '1'}!{number}", one.filename, "application/octet-stream", one.data)

    def file(self, part: Part, data: bytes | None = None) -> None:
        data = part.payload() if data is None else data
        name = part.disposition_params.get("filename") or part.params.get("name") or ""
        content_type = part.content_type
        self.add(part, part.path or "1", name, content_type, data, own=True)

    def add(self, part: Part, path: str, name: str, content_type: str, data: bytes, own: bool = False) -> None:
        index = len(self.content.files)
        cleaned = clean_name(name)
        if not cleaned:
            cleaned = invented(content_type, index + 1, extension_of(content_type, data[:4096]))
        elif "." not in cleaned.strip("."):
            cleaned += extension_of(content_type, data[:4096])
        meta = Attachment(
            part=path,
            filename=self.namer.unique(shorten(cleaned)),
            content_type=content_type,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            content_id=part.header("content-id").strip("<> ") if own else "",
        )
        self.content.hashes.append(meta.sha256)
        self.content.files.append(File(part, meta, None if own else data))
        self.content.order.append(("file", index))

    def note(self, text: str) -> None:
        if text not in self.content.notes and len(self.content.notes) < limits.DEFECTS:
            self.content.notes.append(text)
