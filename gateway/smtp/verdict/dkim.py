"""DKIM: which domains signed this mail as it is? (RFC 6376)"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.intake.accept import Incoming
from gateway.smtp.verdict.resolver import DnsTrouble
from gateway.smtp.verdict.signature import (
    BadSignature,
    BodyHash,
    Header,
    body_hash,
    check_body,
    check_header,
    is_relaxed_body,
    raw_headers,
    signed_fields,
    tags_of,
)
from gateway.smtp.verdict.spf import Dns

MOST_SIGNATURES = 8
NEEDED = (b"v", b"a", b"b", b"bh", b"d", b"h", b"s")


@dataclass(frozen=True, slots=True)
class Dkim:
    """``result``: pass, fail, temperror or permerror; ``domain`` is the signer's (d=)."""

    result: str
    domain: str
    why: str = ""


class Bodies:
    """The body hashes of one mail, each made once."""

    def __init__(self, mail: Incoming) -> None:
        self._mail = mail
        self._made: dict[bool, BodyHash] = {}

    def get(self, relaxed: bool) -> BodyHash:
        """Blocks: for a thread."""
        if relaxed not in self._made:
            with self._mail.open() as file:
                self._made[relaxed] = body_hash(file, relaxed)
        return self._made[relaxed]


async def key_record(dns: Dns, tags: dict[bytes, bytes]) -> bytes:
    """The key's TXT record. Raises DnsTrouble, BadSignature."""
    try:
        name = f"{tags[b's'].decode('ascii')}._domainkey.{tags[b'd'].decode('ascii')}"
    except UnicodeDecodeError as error:
        raise BadSignature("d= or s= is not ASCII") from error
    records = await dns.txt(name)
    if not records:
        raise BadSignature(f"no key at {name}")
    return records[0]


async def check_dkim(dns: Dns, mail: Incoming, bodies: Bodies) -> list[Dkim]:
    """The result of each signature, at most ``MOST_SIGNATURES``, top first."""
    headers = raw_headers(mail.start())
    signatures = [one for one in headers if one[0].lower() == b"dkim-signature"][:MOST_SIGNATURES]
    return [await _check(dns, one, headers, bodies) for one in signatures]


async def _check(dns: Dns, header: Header, headers: Sequence[Header], bodies: Bodies) -> Dkim:
    domain = ""
    try:
        tags = tags_of(header[1], NEEDED)
        domain = tags[b"d"].decode("ascii", "replace").lower()
        names = signed_fields(tags)
        record = await key_record(dns, tags)
        await asyncio.to_thread(_verify, tags, header, headers, names, record, bodies)
    except DnsTrouble as error:
        return Dkim("temperror", domain, str(error))
    except BadSignature as error:
        return Dkim("fail", domain, str(error))
    return Dkim("pass", domain)


def _verify(
    tags: dict[bytes, bytes],
    header: Header,
    headers: Sequence[Header],
    names: Sequence[bytes],
    record: bytes,
    bodies: Bodies,
) -> None:
    check_header(tags, header, headers, names, record)  # cheap, so first: a forgery need not be hashed
    check_body(tags, bodies.get(is_relaxed_body(tags)))
