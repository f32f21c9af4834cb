"""Text of RTF, and the HTML that Outlook encapsulates in it; one pass, for winmail.dat bodies only.

Source: MS-OXRTFEX (encapsulated HTML), RTF 1.9.
"""

from __future__ import annotations

import re

from .charsets import codec
from .clean import clean, whole

_TOKEN = re.compile(
    rb"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.IGNORECASE
)
_SKIPPED = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer generator themedata listtable rsidtbl".split()
)
_SIZE = 4 * 1024 * 1024


def read(data: bytes) -> tuple[str, bool]:
    """The text, and whether it is HTML."""
    data = data[:_SIZE]
    html = b"\\fromhtml" in data[:2000]
    codepage = re.search(rb"\\ansicpg(\d{3,5})", data[:2000])
    charset = codec(f"cp{codepage[1].decode()}" if codepage else "") or "cp1252"
    out: list[str] = []
    raw = bytearray()
    # (skip, in an html tag, hidden rendition, characters that follow a \u)
    stack: list[tuple[bool, bool, bool, int]] = []
    skip = tag = hidden = False
    unicode_skip = 1
    pending = 0
    fresh = star = False

    def flush() -> None:
        if raw:
            out.append(raw.decode(charset, "replace"))
            raw.clear()

    for match in _TOKEN.finditer(data):
        word, number, hexa, symbol, brace, text = match.groups()
        if brace == b"{":
            if len(stack) < 2000:
                stack.append((skip, tag, hidden, unicode_skip))
            fresh, star = True, False
            continue
        if brace == b"}":
            if stack:
                skip, tag, hidden, unicode_skip = stack.pop()
            continue
        if symbol == b"*":
            star = True
            continue
        if word is not None:
            value = int(number or 0)
            if word == b"htmltag":
                tag, star = True, False
            elif star or (fresh and word in _SKIPPED):
                skip = True
            elif word == b"htmlrtf":
                hidden = number != b"0"
            elif skip or (html and hidden):
                pass
            elif word == b"u":
                flush()
                out.append(chr(value % 0x10000))  # half of a character beyond the first plane, too
                pending = unicode_skip
            elif word == b"uc":
                unicode_skip = min(abs(value), 10)
            elif word in (b"par", b"line", b"row"):
                raw += b"\n"
            elif word in (b"tab", b"cell"):
                raw += b"\t"
            elif word in (b"emdash", b"endash"):
                raw += b"-"
            elif word in (b"lquote", b"rquote"):
                raw += b"'"
            elif word in (b"ldblquote", b"rdblquote"):
                raw += b'"'
            elif word == b"bullet":
                raw += b"* "
            fresh = False
            continue
        fresh = False
        if skip or (html and hidden and not tag):
            continue
        if hexa is not None:
            if pending:
                pending -= 1
            else:
                raw.append(int(hexa, 16))
        elif symbol is not None:
            if symbol == b"~":
                raw += b" "
            elif symbol in b"\\{}":
                raw += symbol
        elif text is not None:
            cut = min(pending, len(text))
            pending -= cut
            raw += text[cut:]
    flush()
    return clean(whole("".join(out))), html
