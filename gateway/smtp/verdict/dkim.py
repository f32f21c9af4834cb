"""DKIM: which domains signed this mail as it is? (RFC 6376)"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog

from gateway.intake.maildata import MailData
from gateway.smtp.turns import FairSlots
from gateway.smtp.verdict.coverage import unsigned
from gateway.smtp.verdict.resolver import DnsTrouble
from gateway.smtp.verdict.signature import (
    BadSignature,
    BodyHash,
    Header,
    NotCovered,
    body_hash,
    check_body,
    check_header,
    is_relaxed_body,
    signed_fields,
    tags_of,
)
from gateway.smtp.verdict.spf import Dns

log = structlog.get_logger("smtp")

T = TypeVar("T")

MOST_SIGNATURES = 8
HASHED_FREELY = 1024 * 1024  # smaller mails need no slot
NEEDED = (b"v", b"a", b"b", b"bh", b"d", b"h", b"s")

_SIGNER = re.compile(rb"(?:^|;)[ \t\r\n]*d[ \t\r\n]*=([^;]*)")
_LABEL = rb"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rb"(?:" + _LABEL + rb"\.)*" + _LABEL)
_LONGEST_NAME = 253


@dataclass(frozen=True, slots=True)
class Dkim:
    """``result``: pass, partial (it holds, and does not cover all that is shown), fail, temperror, or not-asked;
    ``domain`` is the signer's (d=)."""

    result: str
    domain: str
    why: str = ""


class Bodies:
    """The body hashes of one mail, each made once. Large mails take one of the ``slots`` while they are hashed."""

    def __init__(self, mail: MailData, slots: FairSlots | None = None, network: str = "") -> None:
        self._mail = mail
        self._slots = slots if mail.size > HASHED_FREELY else None
        self._network = network
        self._one_at_a_time = threading.Lock()  # the signatures of a mail are checked at the same time
        self._made: dict[bool, BodyHash] = {}

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run what may hash the body."""
        async with self._slots.hold(self._network) if self._slots else contextlib.nullcontext():
            return await asyncio.to_thread(work)

    def check_coverage(self, headers: Sequence[Header], signed: Sequence[bytes]) -> None:
        """Raises NotCovered. Blocks: for a thread."""
        with self._mail.open() as file:
            file.seek(self._mail.split().body)
            if missing := unsigned(headers, signed, file):
                raise NotCovered(f"not signed: {missing}")

    def get(self, relaxed: bool) -> BodyHash:
        """Blocks: for a thread."""
        with self._one_at_a_time:
            if relaxed not in self._made:
                with self._mail.open() as file:
                    file.seek(self._mail.split().body)
                    self._made[relaxed] = body_hash(file, relaxed)
        return self._made[relaxed]


async def key_record(dns: Dns, tags: dict[bytes, bytes]) -> bytes:
    """The key's TXT record. Raises DnsTrouble, BadSignature."""
    name = tags[b"s"] + b"._domainkey." + tags[b"d"]
    if not _HOST.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise BadSignature("s= and d= make no name that can be asked for")
    records = await dns.txt(name.decode("ascii"))
    if not records:
        raise BadSignature(f"no key at {name.decode('ascii')}")
    return records[0]


async def check_dkim(
    dns: Dns, mail: MailData, bodies: Bodies, proves: Callable[[str], bool] = lambda signer: True
) -> list[Dkim]:
    """The result of each signature, top first; of those whose signer ``proves`` something at most
    ``MOST_SIGNATURES``, which are checked at the same time. The others are not asked for. No signature of a mail
    whose header has more than one reading counts."""
    if mail.split().doubts:
        return []
    headers = mail.split().folded()
    asked: list[Header] = []
    others: list[Dkim] = []
    for header in headers:
        if header[0].lower() != b"dkim-signature":
            continue
        signer = signer_of(header[1])
        if not proves(signer):
            others.append(Dkim("not-asked", signer))
        elif len(asked) < MOST_SIGNATURES:
            asked.append(header)
    found = await asyncio.gather(*(_check(dns, header, headers, bodies) for header in asked))
    return [*found, *others[:MOST_SIGNATURES]]


def signer_of(value: bytes) -> str:
    """The d= of a signature header, "" without one; cheap, and whether it is well-formed comes later."""
    match = _SIGNER.search(value)
    return match.group(1).strip().decode("ascii", "replace").lower() if match else ""


async def _check(dns: Dns, header: Header, headers: Sequence[Header], bodies: Bodies) -> Dkim:
    domain = signer_of(header[1])
    try:
        tags = tags_of(header[1], NEEDED)
        if tags[b"d"].decode("ascii", "replace").lower() != domain:
            raise BadSignature("d= is not read by everybody alike")
        names = signed_fields(tags)
        record = await key_record(dns, tags)
        await bodies.in_thread(lambda: _verify(tags, header, headers, names, record, bodies))
    except DnsTrouble as error:
        return Dkim("temperror", domain, str(error))
    except NotCovered as error:
        return Dkim("partial", domain, str(error))
    except BadSignature as error:
        return Dkim("fail", domain, str(error))
    except Exception as error:  # a signature that a library of ours does not survive proves nothing
        log.error("DKIM failed", domain=domain, error=type(error).__name__, exc_info=error)
        return Dkim("fail", domain, "could not be checked")
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
    bodies.check_coverage(headers, names)
