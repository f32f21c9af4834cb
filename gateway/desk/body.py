"""The body of an answer: how much of it is read and how deep it may be, before anything looks into it.

A desk is asked over a network, through proxies that are not its own, and what comes back may be anything: a
page, an endless stream, a bomb. All of that is ``Malformed``, and the client makes an Unknown of it.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import AsyncIterator
from typing import Any, NoReturn

LARGEST = 20_000_000
"""Bytes of one answer, uncompressed."""
BLOCK = 1 << 16
DEEPEST = 64
"""Levels of lists and objects; the desk's own answers have six."""
MOST_VALUES = 1_000_000
"""Values of one answer: each takes some 70 bytes of memory."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_TROUBLESOME = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)|\xed[\xa0-\xbf]")
"""What may make a NUL or half a surrogate pair: an escape, or UTF-8 of half a pair, which json takes."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Malformed(Exception):
    """The body of an answer that cannot be used; says why, never what was in it. ``by_desk``: it may well be the
    desk's, where a page is a proxy's."""

    def __init__(self, why: str, by_desk: bool = True) -> None:
        super().__init__(why)
        self.by_desk = by_desk


async def inflated(blocks: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """The body without its Content-Encoding, in blocks that stay small however well it was packed.
    Raises Malformed."""
    encoding = encoding.strip().lower()  # RFC 9110 8.4.1
    if encoding in ("", "identity"):
        async for block in blocks:
            yield block
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Malformed("in an encoding that was not asked for")
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        async for packed in blocks:
            while packed:
                yield inflate.decompress(packed, BLOCK)
                packed = inflate.unconsumed_tail
        yield inflate.flush()
    except zlib.error as error:
        raise Malformed("that cannot be unpacked") from error
    if not inflate.eof:
        raise Malformed("that ends in the middle")


async def whole(blocks: AsyncIterator[bytes], encoding: str = "", largest: int = LARGEST) -> bytes:
    """The body, unpacked. Raises Malformed when it has more than ``largest`` bytes."""
    content = bytearray()
    async for block in inflated(blocks, encoding):
        content += block
        if len(content) > largest:
            raise Malformed(f"of more than {largest} bytes")
    return bytes(content)


def parsed(content: bytes) -> Any:
    """The JSON value of a body. What no database keeps (NUL, half a surrogate pair) becomes U+FFFD in its strings.
    Raises Malformed."""
    if content.count(b",") + content.count(b"[") + content.count(b"{") > MOST_VALUES:
        raise Malformed("of too many values")
    if _is_deep(content):
        raise Malformed("nested too deep")
    try:
        value = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Malformed("without JSON", by_desk=False) from error
    return _storable(value) if _TROUBLESOME.search(content) else value


def _is_deep(content: bytes) -> bool:
    """Whether brackets nest deeper than DEEPEST, or do not close: linear, and before anything recurses."""
    brackets = _STRING.sub(b"", content).translate(None, _NOT_BRACKETS)
    for _ in range(DEEPEST):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return bool(brackets)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub(_REPLACEMENT, value)
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(each) for key, each in value.items()}
    return value
