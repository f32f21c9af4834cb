"""ARC: what a forwarder saw before it changed the mail, when we believe that forwarder (RFC 8617).

The chain must be whole; only the newest set's message signature is checked, as 5.2 asks. Of the sets,
those of trusted sealers count, from the newest down to the first one that is not trusted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.intake.maildata import MailData
from gateway.smtp.verdict.dkim import Bodies, key_record, signer_of
from gateway.smtp.verdict.resolver import DnsTrouble
from gateway.smtp.verdict.results import Stamp, parse_stamp
from gateway.smtp.verdict.signature import (
    BadSignature,
    Header,
    check_body,
    check_header,
    is_relaxed_body,
    signed_fields,
    tags_of,
)
from gateway.smtp.verdict.spf import Dns

MOST_SETS = 20  # 50 are allowed, nobody has them, and each costs a signature
KINDS = (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")
MESSAGE_TAGS = (b"i", b"a", b"b", b"bh", b"d", b"h", b"s")
SEAL_TAGS = (b"i", b"a", b"b", b"cv", b"d", b"s")


@dataclass(frozen=True, slots=True)
class Arc:
    """``result``: none, pass, fail or temperror. ``seen``: the sealer and its stamp, newest first."""

    result: str
    why: str = ""
    seen: tuple[tuple[str, Stamp], ...] = field(default=())


async def check_arc(dns: Dns, mail: MailData, bodies: Bodies, sealers: frozenset[str] | None = None) -> Arc:
    """``sealers``: nothing is asked of a chain whose newest seal is of none of them; all count without."""
    if mail.split().doubts:
        return Arc("none", "the header has more than one reading")
    headers = mail.split().folded()
    try:
        sets = _sets(headers)
        if not sets:
            return Arc("none")
        if sealers is not None and signer_of(sets[-1][b"arc-seal"][1]) not in sealers:
            return Arc("none", "the newest seal is of nobody who is trusted")
        return Arc("pass", "", await _check(dns, headers, sets, bodies))
    except DnsTrouble as error:
        return Arc("temperror", str(error))
    except BadSignature as error:
        return Arc("fail", str(error))


def trusted_sets(arc: Arc, sealers: frozenset[str]) -> list[tuple[str, Stamp]]:
    """The sets of trusted sealers, newest first, down to the first one that is not."""
    found = []
    for domain, stamp in arc.seen:
        if domain not in sealers:
            break
        found.append((domain, stamp))
    return found


def _sets(headers: Sequence[Header]) -> list[dict[bytes, Header]]:
    """The sets from i=1 up, each whole. Raises BadSignature."""
    by_instance: dict[int, dict[bytes, Header]] = {}
    for header in headers:
        kind = header[0].lower()
        if kind not in KINDS:
            continue
        number = _instance(header[1])
        members = by_instance.setdefault(number, {})
        if kind in members:
            raise BadSignature(f"two {kind.decode()} with i={number}")
        members[kind] = header
    if len(by_instance) > MOST_SETS:
        raise BadSignature("too many sets")
    if sorted(by_instance) != list(range(1, len(by_instance) + 1)):
        raise BadSignature("a set is missing")
    if any(len(members) != len(KINDS) for members in by_instance.values()):
        raise BadSignature("a set is not whole")
    return [by_instance[number] for number in sorted(by_instance)]


def _instance(value: bytes) -> int:
    for part in value.split(b";", 20)[:20]:
        name, _, number = part.partition(b"=")
        if name.strip() == b"i" and number.strip().isdigit() and len(number.strip()) <= 3:
            return int(number)
    raise BadSignature("no i=")


async def _check(
    dns: Dns, headers: Sequence[Header], sets: Sequence[dict[bytes, Header]], bodies: Bodies
) -> tuple[tuple[str, Stamp], ...]:
    seals = [tags_of(members[b"arc-seal"][1], SEAL_TAGS, arc=True) for members in sets]
    for number, tags in enumerate(seals, 1):
        if tags[b"cv"] != (b"none" if number == 1 else b"pass"):
            raise BadSignature(f"set {number} says cv={tags[b'cv'].decode('ascii', 'replace')}")
        if b"h" in tags:
            raise BadSignature("a seal with h=")
    newest = sets[-1][b"arc-message-signature"]
    tags = tags_of(newest[1], MESSAGE_TAGS, arc=True)
    tags.setdefault(b"c", b"relaxed/relaxed")
    names = signed_fields(tags)
    if b"arc-seal" in names:
        raise BadSignature("the message signature signs a seal")
    record = await key_record(dns, tags)
    await asyncio.to_thread(check_header, tags, newest, headers, names, record)
    await bodies.in_thread(lambda: check_body(tags, bodies.get(is_relaxed_body(tags))))
    await asyncio.to_thread(bodies.check_coverage, headers, names)
    seen = []
    for number in range(len(sets), 0, -1):
        seal = seals[number - 1] | {b"c": b"relaxed/relaxed"}
        # 5.1.1: the sets in the order they were made, the seal itself last and without its b=.
        chain = [members[kind] for members in sets[:number] for kind in KINDS][:-1]
        record = await key_record(dns, seal)
        await asyncio.to_thread(_check_seal, seal, sets[number - 1][b"arc-seal"], chain, record)
        domain = seal[b"d"].decode("ascii", "replace").lower()
        seen.append((domain, _stamp(sets[number - 1][b"arc-authentication-results"])))
    return tuple(seen)


def _check_seal(tags: dict[bytes, bytes], seal: Header, chain: Sequence[Header], record: bytes) -> None:
    """``select_headers`` takes fields from the bottom up, so the chain is handed over upside down."""
    names = [header[0].lower() for header in chain]
    check_header(tags, seal, list(reversed(chain)), names, record)


def _stamp(header: Header) -> Stamp:
    """ARC-Authentication-Results is "i=1; authserv-id; results" (4.1.1)."""
    return parse_stamp(header[1].partition(b";")[2])
