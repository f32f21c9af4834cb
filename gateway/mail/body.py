"""The body as lines: the parts in their order, HTML read, pictures put in their place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import unquote, unquote_to_bytes

from gateway.match.files import shows

from . import limits
from .attached import is_shown
from .content import Content
from .html import to_lines
from .htmlsight import EVERYTHING, Said, same_words
from .lines import EVENT, Line, plain, render, squeeze
from .names import EXTENSIONS
from .transfer import decode_base64

_DATA = re.compile(r"data:(image/[a-z0-9.+-]{1,40})((?:;[a-z0-9=-]{1,40}){0,3}),", re.IGNORECASE)


class Body:
    """``shown`` collects the indices of the pictures that the body shows, ``notes`` what was left out."""

    def __init__(self, content: Content, by_source: dict[str, int], shown: set[int]) -> None:
        self.content = content
        self.by_source = by_source
        self.shown = shown
        self.notes: list[str] = []
        self._html = 0
        self._read: dict[int, list[Line]] = {}

    def lines(self, order: Sequence[tuple[str, int]]) -> list[Line]:
        out: list[Line] = []
        pending: list[tuple[int, int]] = []
        for kind, index in self._once(order, "html"):
            if kind == "file":
                # Known only at the end whether the HTML shows it elsewhere.
                pending.append((len(out), index))
                continue
            if out and not out[-1].blank:
                out.append(Line())
            out.extend(plain(self.content.texts[index]) if kind == "text" else self.html_lines(index))
        out = self._placed(out, pending)
        for below in filter(None, (self.content.event.lines, self.content.elsewhere)):
            if out and not out[-1].blank:
                out.append(Line())
            out.extend(replace(line, zone=EVENT) for line in plain("\n".join(below)))
        for line in out:
            if line.kind == "image":
                line.name = self.content.files[line.picture].meta.filename
        if len(out) > limits.LINES:
            self.notes.append(f"body has {len(out)} lines: {limits.LINES} are shown")
            out = [*out[: limits.LINES], *_joined(out[limits.LINES :])]
        return out

    def _placed(self, out: list[Line], pending: list[tuple[int, int]]) -> list[Line]:
        """Inline pictures between the parts, where nothing refers to them."""
        for position, index in reversed(pending):
            if index in self.shown:
                continue
            self.shown.add(index)
            out[position:position] = [Line(kind="image", picture=index)]
        return out

    def html_lines(self, index: int) -> list[Line]:
        if index in self._read:
            return self._read[index]
        self._html = index
        result = to_lines(self.content.htmls[index], self.picture)
        again = result.hidden and len(self.content.htmls[index]) <= limits.HTML_TWICE
        other = self._other_form() if again else ""
        if other:
            said = Said(other, render(result.lines, marks=False))
            result = to_lines(self.content.htmls[index], self.picture, said)
        if again and not self._other_form().strip() and all(line.blank for line in result.lines):
            result = to_lines(self.content.htmls[index], self.picture, EVERYTHING)
            if not all(line.blank for line in result.lines):
                self.notes.append("nothing but hidden text: shown")
        if result.hidden:
            self.notes.append(f"hidden text left out: {result.hidden} characters")
        if result.capped:
            self.notes.append("HTML has too many tags: the rest as plain text")
        self.shown.update(result.pictures)
        self._read[index] = result.lines
        return result.lines

    def _once(self, order: Sequence[tuple[str, int]], kept: str) -> list[tuple[str, int]]:
        """A text and its HTML that follow each other and say the same, without saying that they are two forms."""
        out: list[tuple[str, int]] = []
        for kind, index in order:
            if kind == "html" and out and out[-1][0] == "text":
                html = render(squeeze(self.html_lines(index)), marks=False)
                if same_words(self.content.texts[out[-1][1]], html):
                    if kept == "text":
                        continue
                    out.pop()
            out.append((kind, index))
        return out

    def _other_form(self) -> str:
        """The texts that the HTML is shown in the place of."""
        shown = {index for kind, index in self.content.rich if kind == "text"}
        return "\n".join(text for index, text in enumerate(self.content.texts) if index not in shown)

    def text(self, lines: list[Line]) -> str:
        """The whole body as plain text: the text parts, HTML only where it is no other form of one."""
        pieces = []
        for kind, index in self._once(self.content.plain, "text"):
            if kind == "text":
                pieces.append(self.content.texts[index].strip("\n"))
            elif kind == "html":
                pieces.append(render(squeeze(self.html_lines(index)), targets=True, pictures=False))
        found = "\n\n".join(piece for piece in pieces if piece.strip())
        return found or render(squeeze(lines), targets=True, pictures=False)

    def picture(self, source: str) -> int:
        """The attachment that an img source names, or -1."""
        key = source.strip()
        lowered = key[:10].lower()
        if lowered.startswith("data:image"):
            return self._embedded(key)
        if lowered.startswith("cid:"):
            wanted = unquote(key[4:]).strip("<> ")
            return self.by_source.get("cid:" + wanted, self.by_source.get("cid:" + wanted.lower(), -1))
        return self.by_source.get("loc:" + key, self.by_source.get("name:" + unquote(key).lower(), -1))

    def _embedded(self, source: str) -> int:
        """A picture in the HTML itself becomes a file."""
        content = self.content
        if source in content.embedded:
            return content.embedded[source]
        match = _DATA.match(source)
        if match is None or not shows(match[1].lower()):
            return -1
        if len(content.embedded) >= limits.EMBEDDED:
            self.notes.append(f"more than {limits.EMBEDDED} pictures in the HTML: the others are left out")
            return -1
        raw = source[match.end() :]
        data = unquote_to_bytes(raw)
        if "base64" in match[2].lower():
            data = decode_base64(data).data
        if not data:
            return -1
        part = content.html_parts[self._html]
        kind = match[1].lower()
        number = len(content.embedded) + 1
        name = f"embedded-{number}{EXTENSIONS.get(kind, '')}"
        file = content.listing.add(part, f"{part.path or '1'}!d{number}", name, kind, data, hashed=True)
        content.embedded[source] = len(content.files) - 1 if is_shown(file.meta) else -1
        return content.embedded[source]


def _joined(lines: list[Line]) -> list[Line]:
    """Lines beyond the cap, many to a paragraph, so that no word is lost and the blocks stay countable."""
    out: list[Line] = []
    for start in range(0, len(lines), 500):
        text = " ".join(line.text for line in lines[start : start + 500] if line.text.strip())
        if text:
            out.extend(plain(text.replace("\n", " ")))
    return out


def pictures(content: Content) -> dict[str, int]:
    """How HTML may name the pictures: Content-ID, Content-Location, file name."""
    found: dict[str, int] = {}
    for index, file in enumerate(content.files):
        if not is_shown(file.meta):
            continue
        cid = file.meta.content_id
        if cid:
            found.setdefault("cid:" + cid, index)
            found.setdefault("cid:" + cid.lower(), index)
        location = file.part.header("content-location")
        if location:
            found.setdefault("loc:" + location.strip(), index)
        if file.meta.content_type.startswith("image/"):
            found.setdefault("name:" + file.meta.filename.lower(), index)
            found.setdefault("cid:" + file.meta.filename.lower(), index)
    return found
