"""The Subject of a mail that was encrypted, where a gateway has decrypted it: the outer one is "..." and the like.

Source: RFC 9788, and the draft of protected headers that programs followed before.
"""

from __future__ import annotations

from itertools import islice

from .clean import clean_line
from .mime import Part

_MARKS = ("hp", "protected-headers")
"""Parameters of the Content-Type of a part whose header fields are those of the mail."""
_MOST = 20  # parts


def protected_subject(root: Part) -> str:
    """The Subject that a part within the mail has for it, "" for none. That of a mail that is attached is not it."""
    inner = (part for part in islice(root.walk(), 1, _MOST) if any(mark in part.params for mark in _MARKS))
    return next((subject for part in inner if (subject := clean_line(part.header("subject")))), "")
