"""Text fit for the desk: no NUL, lone surrogate, control or bidirectional override character.

Source: docs/algapsa.md "Text that is never sent"; Unicode TR 36 (bidi in file names).
"""

from __future__ import annotations

import re

# Tab and line feed stay. U+FFFE, U+FFFF and the interlinear controls have no meaning in a text.
_BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\ufff9-\ufffb]")
_BREAKS = re.compile("[\r\x0b\x0c\x85\u2028\u2029]")
_BLANKS = re.compile(r"[ \t\n\u00a0]+")


def clean(text: str) -> str:
    """Line ends to line feeds, unusable characters dropped."""
    text = text.replace("\r\n", "\n")
    if text.replace("\n", "").isprintable():  # nothing that is dropped or ends a line is
        return text
    return _BAD.sub("", _BREAKS.sub("\n", text))


def whole(text: str) -> str:
    """Halves of UTF-16 that were written one by one as the characters that they are; one alone is U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def clean_line(text: str) -> str:
    """One line: as ``clean``, then blanks folded."""
    return _BLANKS.sub(" ", clean(text)).strip()
