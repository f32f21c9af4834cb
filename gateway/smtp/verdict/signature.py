"""The signatures of DKIM and ARC: canonical forms, body hashes, keys (RFC 6376, RFC 8463, RFC 8617).

The arithmetic, the key format and the hash of the header fields are dkimpy's. The body is ours: dkimpy
wants the whole mail in memory several times and takes quadratic time on runs of blanks; here it is
hashed block by block, once for each form. All of this is for a thread.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import dkim
from dkim.canonicalization import CanonicalizationPolicy
from dkim.crypto import RSASSA_PKCS1_v1_5_verify
from dkim.util import InvalidTagValueList, parse_tag_value
from nacl.exceptions import BadSignatureError

Header = tuple[bytes, bytes]

BLOCK = 256 * 1024
LONGEST = 8 * 1024  # of a signature header
LARGEST_KEY = 4096
MOST_SIGNED = 200
_BLANKS = re.compile(rb"\s{50}")
_WSP = re.compile(rb"[ \t]+")


class BadSignature(Exception):
    """The signature does not hold, or is not understood."""


class NotCovered(BadSignature):
    """The signature holds, and something that is shown is not signed."""


def tags_of(value: bytes, needed: Sequence[bytes], arc: bool = False) -> dict[bytes, bytes]:
    """The tags of a signature header. Raises BadSignature."""
    if len(value) > LONGEST or _BLANKS.search(value):
        raise BadSignature("header too long")
    try:
        tags: dict[bytes, bytes] = parse_tag_value(value)
        dkim.validate_signature_fields(tags, list(needed), arc)
    except (dkim.DKIMException, InvalidTagValueList, ValueError, IndexError) as error:
        raise BadSignature(str(error)[:200]) from error
    if not tags.get(b"a", b"").endswith(b"-sha256"):
        raise BadSignature("algorithm not accepted")  # RFC 8301: no SHA-1
    return tags


# -- the body -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BodyHash:
    """SHA-256 of a canonical body, and its length in octets."""

    digest: bytes
    length: int


def body_hash(file: IO[bytes], relaxed: bool) -> BodyHash:
    """The hash of the canonical body (RFC 6376 3.4.3, 3.4.4); the file stands at its beginning."""
    digest = hashlib.sha256()
    length = 0
    empty_lines = 0
    for lines in _whole_lines(iter(lambda: file.read(BLOCK), b"")):
        if relaxed:
            lines = _WSP.sub(b" ", lines).replace(b" \r\n", b"\r\n")
        end = len(lines)
        while lines.endswith(b"\r\n", 0, end):
            end -= 2
        trailing = (len(lines) - end) // 2
        if end:
            # The last line's own end is one of the trailing ones.
            text = b"\r\n" * empty_lines + lines[:end] + b"\r\n"
            digest.update(text)
            length += len(text)
            empty_lines = trailing - 1
        else:
            empty_lines += trailing
    if not length and not relaxed:
        digest.update(b"\r\n")
        length = 2
    return BodyHash(digest.digest(), length)


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same in pieces that end with CRLF; to an unfinished last line one is added."""
    pieces: list[bytes] = []
    for block in blocks:
        data = pieces.pop() + block if pieces and pieces[-1].endswith(b"\r") else block
        end = data.rfind(b"\r\n")
        if end < 0:
            pieces.append(data)
            continue
        yield b"".join(pieces) + data[: end + 2]
        pieces = [data[end + 2 :]] if end + 2 < len(data) else []
    if pieces:
        yield b"".join(pieces) + b"\r\n"


# -- verifying ----------------------------------------------------------------------------------------


def is_relaxed_body(tags: dict[bytes, bytes]) -> bool:
    """Whether c= asks for the relaxed form of the body. Raises BadSignature."""
    return bool(_policy(tags).body_algorithm.name == b"relaxed")


def _policy(tags: dict[bytes, bytes]) -> Any:
    try:
        return CanonicalizationPolicy.from_c_value(tags.get(b"c", b"simple/simple"))
    except Exception as error:  # its own class is not public
        raise BadSignature("c= not understood") from error


def check_body(tags: dict[bytes, bytes], body: BodyHash) -> None:
    """Raises BadSignature. A body longer than what was signed (l=) counts as changed."""
    if tags.get(b"l") and int(tags[b"l"]) != body.length:
        raise BadSignature("the body is longer than what was signed")
    try:
        signed = base64.b64decode(re.sub(rb"\s+", b"", tags[b"bh"]))
    except binascii.Error as error:
        raise BadSignature("bh= not understood") from error
    if signed != body.digest:
        raise BadSignature("the body was changed")


def check_header(
    tags: dict[bytes, bytes], header: Header, headers: Sequence[Header], signed: Sequence[bytes], record: bytes
) -> None:
    """Check the signature of ``header`` over the fields named in ``signed``. Raises BadSignature."""
    key = _key(record, tags)
    policy = _policy(tags)
    digest = hashlib.sha256()
    try:
        dkim.hash_headers(digest, policy, policy.canonicalize_headers(list(headers)), list(signed), header, tags)
        value = base64.b64decode(re.sub(rb"\s+", b"", tags[b"b"]))
        if not key.fits(digest, value):
            raise BadSignature("the signature does not fit")
    except BadSignature:
        raise
    except Exception as error:  # dkimpy raises what its parts raise on hostile numbers
        raise BadSignature(f"not verified: {type(error).__name__}") from error


@dataclass(frozen=True, slots=True)
class _Key:
    """A public key as dkimpy reads it: RSA, or Ed25519 by PyNaCl (RFC 8463)."""

    kind: bytes
    value: Any

    def fits(self, digest: Any, signature: bytes) -> bool:
        if self.kind == b"rsa":
            return bool(RSASSA_PKCS1_v1_5_verify(digest, signature, self.value))
        try:
            self.value.verify(digest.digest(), signature)
        except (BadSignatureError, ValueError):  # ValueError: not of 64 octets
            return False
        return True


def _key(record: bytes, tags: dict[bytes, bytes]) -> _Key:
    try:
        key, size, kind, _ = dkim.evaluate_pk("key", record)
        flags = parse_tag_value(record).get(b"t", b"")
    except Exception as error:  # as above
        raise BadSignature(f"key not understood: {type(error).__name__}") from error
    if kind is None or tags[b"a"] != kind + b"-sha256":
        raise BadSignature("key of another kind")
    if kind == b"rsa" and not 1024 <= size <= LARGEST_KEY:
        raise BadSignature(f"key of {size} bits")
    identity = tags.get(b"i", b"").rpartition(b"@")[2].lower()
    if b"s" in flags.split(b":") and identity and identity != tags[b"d"].lower():
        raise BadSignature("key for the domain itself only")
    return _Key(kind, key)


def signed_fields(tags: dict[bytes, bytes]) -> list[bytes]:
    """The names in h=, which must hold From (RFC 6376 5.4)."""
    names = [name.strip().lower() for name in tags[b"h"].split(b":")]
    if b"from" not in names:
        raise BadSignature("From is not signed")
    if len(names) > MOST_SIGNED:
        raise BadSignature("too many names in h=")
    return names
