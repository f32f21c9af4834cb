"""A text part as the words that it shows: its charset, its kind, what was appended or packed into it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import limits, rtf
from .charset import decode
from .charsets import codec
from .mime import Part
from .text import body_text
from .transfer import Decoded, unlabelled
from .uu import UuFile, extract

_COMMAND = re.compile(r"<(<)|</?[A-Za-z0-9-]{1,40}>")
_META = re.compile(rb"<meta[^>]{0,200}charset\s{0,5}=\s{0,5}[\"']?([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(rb"[a-z] {1,3}[a-z]")
ENRICHED = frozenset({"text/enriched", "text/richtext"})
RTF = frozenset({"text/rtf", "application/rtf", "application/x-rtf"})


@dataclass(slots=True)
class Words:
    """The words of a part, ``is_html`` or plain; ``charset`` is the one that they were read in, "" for ASCII.
    ``is_cut``: there is more than is shown, so that the whole has to be kept as a file."""

    text: str
    is_html: bool = False
    charset: str = ""
    notes: list[str] = field(default_factory=list)
    files: list[UuFile] = field(default_factory=list)
    is_cut: bool = False


def read_words(part: Part, decoded: Decoded, charsets: list[str], languages: tuple[str, ...]) -> Words:
    """``charsets`` are those of the mail so far, a hint for a part that has no label."""
    if part.content_type in RTF:
        text, is_html = rtf.read(decoded.data)
        return Words(text.strip(), is_html)
    is_html = part.content_type == "text/html"
    data, note = _data(part, decoded)
    label = part.params.get("charset", "")
    if is_html and (not label or not codec(label)):
        label = meta_charset(data) or label
    source = data
    if len(data) > 4 * limits.TEXT and part.content_type == "text/plain" and data.find(b"\nbegin ") < 0:
        # Only what will be shown is decoded; the whole is a file.
        source = data[: data.rfind(b"\n", 0, 4 * limits.TEXT) + 1 or 4 * limits.TEXT]
    text, used, doubt = decode(source, label, charsets, languages)
    if doubt and part.raw.isascii() and (decoded.damage or _is_words(part)):
        text, doubt = part.raw.decode("ascii"), "declared base64, is plain text"
    words = Words(text, is_html, "" if used == "ascii" else used, [text for text in (note, doubt) if text])
    if decoded.tail:
        words.notes.append("text behind base64")
        words.text += "\n" + decode(decoded.tail, label, [*charsets, words.charset or "ascii"], languages)[0]
    if is_html:
        words.is_cut = len(words.text) > limits.HTML
        if words.is_cut:
            words.notes.append("HTML over the limit: kept as a file")
        return words
    if part.content_type in ENRICHED:
        words.text = _COMMAND.sub(lambda match: match[1] or "", words.text)
    if source is not data:
        words.text = words.text[: limits.TEXT]
    words.text, words.files = extract(body_text(words.text, part.params))
    words.is_cut = len(words.text) > limits.TEXT or source is not data
    if words.is_cut:
        words.text = words.text[: limits.TEXT]
        words.notes.append("text over the limit: cut, the whole is kept as a file")
    return words


def _data(part: Part, decoded: Decoded) -> tuple[bytes, str]:
    """The octets, where they are encoded without saying so as well."""
    if part.encoding in ("", "7bit", "8bit", "binary") and (found := unlabelled(decoded.data)) is not None:
        return found, "encoded without a label"
    return decoded.data, ""


def _is_words(part: Part) -> bool:
    """Declared base64, which has no blanks between its letters."""
    return part.encoding.startswith("base") and bool(_BETWEEN_WORDS.search(part.raw[:4096]))


def meta_charset(data: bytes) -> str:
    """The charset that a page says it has, "" for none."""
    match = _META.search(data[:4096])
    label = match[1].decode("ascii") if match else ""
    # A label that could be read in ASCII is not in a text of wide characters (WHATWG).
    return "utf-8" if codec(label).startswith(("utf-16", "utf-32")) else label
