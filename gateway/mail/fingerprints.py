"""Fingerprints of the paragraphs that were posted to a ticket: enough to know one again, not to read it.

Of each stretch of text 14 bytes: a hash of its first twelve letters, its length, a hash of it all. A paragraph is a
stretch, a long one several. Short ones that follow each other are one, alone and with what stands beside them: alone
they only prove a mail that says no more.
Of a paragraph no more than ``A_PARAGRAPH`` bytes are kept, of a mail ``A_MAIL``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from zlib import crc32

LEAST = 12
"""Letters of the shortest stretch."""
A_PARAGRAPH = 98
A_MAIL = 14_000
HASHED = 2_000_000
"""Letters that are compared for one mail at most."""

_PRINT = struct.Struct("<IHQ")
_STRETCH = 240
_LONGEST = 0xFFFF
_MOST = A_PARAGRAPH // _PRINT.size


def of(paragraphs: Iterable[str]) -> bytes:
    """The fingerprints of squeezed paragraphs, one after the other."""
    found: dict[bytes, None] = {}
    for stretch in _stretches([paragraph for paragraph in paragraphs if paragraph]):
        found[_print(stretch)] = None
        if len(found) * _PRINT.size >= A_MAIL:
            break
    return b"".join(found)


def _stretches(paragraphs: Sequence[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        if len(paragraph) >= LEAST:
            size = max(_STRETCH, -(-len(paragraph) // (_MOST - 1)))
            pieces = [paragraph[at : at + size] for at in range(0, len(paragraph), size)]
            if len(pieces) > 1 and len(pieces[-1]) < LEAST:
                pieces[-2:] = ["".join(pieces[-2:])]
            yield from pieces
    for start, end in _runs(paragraphs):
        run = "".join(paragraphs[start:end])
        yield run
        if end < len(paragraphs):
            yield run + paragraphs[end][:LEAST]
        elif start:
            yield paragraphs[start - 1][-LEAST:] + run


def _runs(paragraphs: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where short paragraphs follow each other."""
    start = 0
    for number, paragraph in enumerate([*paragraphs, " " * LEAST]):
        if len(paragraph) >= LEAST:
            if number > start:
                yield start, number
            start = number + 1


def short_runs(paragraphs: Sequence[str]) -> Iterator[str]:
    """Squeezed short paragraphs that follow each other, as one text: all that some mails say."""
    return ("".join(paragraphs[start:end]) for start, end in _runs(paragraphs))


def _print(stretch: str) -> bytes:
    whole = stretch[:_LONGEST]
    return _PRINT.pack(_first(whole), len(whole), _hash(whole))


def _first(text: str) -> int:
    return crc32(text[:LEAST].encode("utf-8", "replace"))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")


class Fingerprints:
    """Those of all mails that were posted to a ticket."""

    def __init__(self, mails: Iterable[bytes]) -> None:
        self._by_first: dict[int, set[tuple[int, int]]] = {}
        for kept in mails:
            for first, length, whole in _PRINT.iter_unpack(kept[: len(kept) // _PRINT.size * _PRINT.size]):
                self._by_first.setdefault(first, set()).add((length, whole))
        self._short = {known for stretches in self._by_first.values() for known in stretches if known[0] < LEAST}
        self._longest = max((length for known in self._by_first.values() for length, _ in known), default=0)

    def is_known(self, text: str) -> bool:
        """Whether a short squeezed text was posted between others that were not short."""
        return (len(text), _hash(text)) in self._short

    def cover(self, joined: str, covered: bytearray) -> None:
        """Mark the stretches of a squeezed text that are known, as far as they hold what is not marked yet."""
        room, looked_to = HASHED, 0
        plain = joined.encode() if joined.isascii() else None  # quicker to look through, with the same sums
        start = covered.find(0)
        while start >= 0 and room > 0:
            end = covered.find(1, start)
            end = len(covered) if end < 0 else end
            last = min(end, len(joined) - LEAST + 1)
            for at in range(max(looked_to, start - self._longest + 1), last):
                first = _first(joined[at : at + LEAST]) if plain is None else crc32(plain[at : at + LEAST])
                for length, whole in self._by_first.get(first, ()):
                    if LEAST <= length <= len(joined) - at:
                        room -= length
                        if _hash(joined[at : at + length]) == whole:
                            covered[at : at + length] = b"\1" * length
                if room <= 0:
                    break
            looked_to = last
            start = covered.find(0, end)
