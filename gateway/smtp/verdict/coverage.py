"""Whether a signature covers all that the gateway shows or goes by: else somebody who has a genuine mail of a domain
adds a recipient, a thread or another form of the text to it, and the signature still holds (RFC 6376 8.15).

Of a mail whose fields each stand once (``Head.doubts``), a name in h= signs the one that is there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import IO

from gateway.smtp.verdict.signature import Header

GOES_BY = (
    b"subject", b"reply-to", b"to", b"cc", b"date", b"message-id", b"in-reply-to", b"references",
    b"content-type", b"content-transfer-encoding", b"content-disposition",
)  # fmt: skip
"""The fields whose words, ids, names and form of the text are used; From must be signed in every case."""

LOOKED_AT = 64 * 1024
_PLAIN = re.compile(rb"""(?i)text/plain(?: ?; ?(?:charset="?(?:utf-8|us-ascii)"?|format="?flowed"?))* ?;?""")
_PARTS = re.compile(
    rb"""(?i)multipart/(?:mixed|alternative|related) ?; ?boundary=(?:"([^"]{1,70})"|([^ ";]{1,70})) ?;?"""
)
_AS_IT_IS = (b"", b"7bit", b"8bit", b"binary")


def unsigned(headers: Sequence[Header], signed: Sequence[bytes], body: IO[bytes]) -> str:
    """The names of what is there and not signed, "" when all is. ``body`` stands at its beginning."""
    there = {name.lower(): value for name, value in headers}
    missing = [name for name in GOES_BY if name in there and name not in signed]
    if missing == [b"content-type"] and _speaks_for_itself(there, body):
        return ""
    return ", ".join(name.decode() for name in missing)


def _speaks_for_itself(there: dict[bytes, bytes], body: IO[bytes]) -> bool:
    """Whether the signed text can be read in no other way than its unsigned Content-Type says (Gmail signs none):
    its first line is the delimiter of the boundary, or it is plain text that is what it is."""
    if there.get(b"content-transfer-encoding", b"").strip().lower() not in _AS_IT_IS:
        return False
    value = b" ".join(there[b"content-type"][:500].split())
    if _PLAIN.fullmatch(value):
        return True
    match = _PARTS.fullmatch(value)
    if match is None:
        return False
    delimiter = b"--" + (match[1] or match[2])
    return re.match(re.escape(delimiter) + rb"[ \t]*\r\n", body.read(LOOKED_AT)) is not None
