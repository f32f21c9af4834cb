"""Names for tests: as an object that is asked, or as a DNS server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.rrset

from gateway.smtp.verdict.resolver import DnsTrouble

TROUBLE = "TROUBLE"


class Zone:
    """``records``: name to a list of (type, text); the type TROUBLE fails. Counts what is asked."""

    def __init__(self, records: dict[str, list[tuple[str, str]]]) -> None:
        self.records = {name.lower().rstrip("."): found for name, found in records.items()}
        self.asked: list[tuple[str, str]] = []

    def find(self, name: str, kind: str) -> list[str]:
        name = name.lower().rstrip(".")
        self.asked.append((name, kind))
        found = self.records.get(name, [])
        if any(held == TROUBLE for held, _ in found):
            raise DnsTrouble(f"{name} {kind}")
        return [text for held, text in found if held == kind]

    async def txt(self, name: str) -> list[bytes]:
        return [text.encode() for text in self.find(name, "TXT")]

    async def addresses(self, name: str, version: int) -> list[str]:
        return self.find(name, "A" if version == 4 else "AAAA")

    async def mx(self, name: str) -> list[str]:
        return [text.split()[1] for text in sorted(self.find(name, "MX"))]

    async def names(self, address: str) -> list[str]:
        return self.find(dns.reversename.from_address(address).to_text(), "PTR")

    # -- as a server ------------------------------------------------------------------------------

    def answer(self, data: bytes) -> bytes | None:
        question = dns.message.from_wire(data)
        reply = dns.message.make_response(question)
        reply.flags |= dns.flags.AA | dns.flags.RA
        name, kind = question.question[0].name, question.question[0].rdtype
        text = name.to_text()
        try:
            found = self.find(text, dns.rdatatype.to_text(kind))
        except DnsTrouble:
            reply.set_rcode(dns.rcode.SERVFAIL)
            return reply.to_wire()
        if text.lower().rstrip(".") not in self.records:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        if "SILENT" in found:
            return None
        if found:
            quoted = [_quoted(value) if kind == dns.rdatatype.TXT else value for value in found]
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", dns.rdatatype.to_text(kind), *quoted))
        return reply.to_wire()

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """A server over UDP; its address for the configuration."""
        zone = self

        class Protocol(asyncio.DatagramProtocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, address: Any) -> None:
                reply = zone.answer(data)
                if reply is not None:
                    self.transport.sendto(reply, address)

        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Protocol, local_addr=("127.0.0.1", 0))
        try:
            yield "127.0.0.1:{}".format(transport.get_extra_info("sockname")[1])
        finally:
            transport.close()


def _quoted(text: str) -> str:
    """A TXT record's strings of at most 255 octets."""
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in _pieces(text))


def _pieces(text: str) -> Iterator[str]:
    for at in range(0, max(1, len(text)), 200):
        yield text[at : at + 200]
