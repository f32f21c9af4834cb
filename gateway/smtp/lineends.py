"""Bare LF, bare CR and NUL in a mail: seen, noted, and by policy refused or made line ends.

Only CRLF.CRLF ends a mail here (see ``dotreader``), so they cannot smuggle a second mail in; they tell
of a broken or hostile sender. With "accept" the first ``LOOKED_AT`` bytes are looked at, the rest is left
alone for speed; the other policies look at every byte, in one pass. Source: RFC 5321 2.3.8.
"""

from __future__ import annotations

import io
import re
from typing import Literal

LOOKED_AT = 256 * 1024
_ANY_END = re.compile(rb"\r\n|\r|\n")

BarePolicy = Literal["accept", "refuse", "normalise"]


class LineEnds:
    """Feed it the content's blocks in order, then ``finish``."""

    def __init__(self, policy: BarePolicy) -> None:
        self.policy = policy
        self.bare_lf = self.bare_cr = False
        self.nul = False
        self._looked = 0
        self._seen = io.IncrementalNewlineDecoder(None, translate=False)  # notes the kinds of line ends that it meets
        self._after_cr = False
        self._held = b""

    def feed(self, block: bytes) -> bytes:
        """The block, with "normalise" in its new form."""
        if self.policy == "normalise":
            return self._normal(block)
        if self.policy == "refuse" or self._looked < LOOKED_AT or self._after_cr:  # not between CR and LF
            self._look(block)
        return block

    def finish(self) -> bytes:
        """What was kept back; the findings are complete afterwards."""
        rest = b"\r\n" if self._held else b""
        self._seen.decode(self._held.decode("latin-1"), final=True)
        self._held = b""
        seen = self._seen.newlines  # one kind, several, or None
        kinds = (seen,) if isinstance(seen, str) else seen or ()
        self.bare_lf, self.bare_cr = "\n" in kinds, "\r" in kinds
        return rest

    @property
    def notes(self) -> list[str]:
        """What was found, as the envelope keeps it; complete after ``finish``."""
        found = (("bare-lf", self.bare_lf), ("bare-cr", self.bare_cr), ("nul", self.nul))
        return [name for name, seen in found if seen]

    def _look(self, block: bytes) -> None:
        self._looked += len(block)
        self._seen.decode(block.decode("latin-1"))
        if block:
            self._after_cr = block[-1:] == b"\r"
        self.nul = self.nul or b"\0" in block

    def _normal(self, block: bytes) -> bytes:
        data = self._held + block
        self._held = b"\r" if data.endswith(b"\r") else b""
        data = data[: len(data) - len(self._held)]
        self._look(data)
        return _ANY_END.sub(b"\r\n", data)
