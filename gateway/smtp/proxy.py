"""The PROXY header, versions 1 and 2: the peer's address as a balancer saw it.

Only asked of balancers that the configuration names; who else sends one is a peer with a bad command.
Source: the PROXY protocol specification of HAProxy, 2.1 and 2.2.
"""

from __future__ import annotations

import ipaddress
import socket
import struct

from gateway.smtp.connection import Connection, Ending

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
LONGEST_V1 = 107
LONGEST_V2 = 4096


class ProxyError(Exception):
    """No PROXY header, or a broken one: the connection must end."""


async def read_proxy(reader: Connection) -> str | None:
    """The peer's address; None when the balancer speaks for itself (LOCAL, UNKNOWN): a health check.

    Raises ProxyError."""
    try:
        start = await reader.read_exactly(12)
        if start == SIGNATURE:
            return await _version_2(reader)
        if start.startswith(b"PROXY "):
            return _version_1(start + await _line_rest(reader, start))
    except (Ending, ConnectionError) as error:
        raise ProxyError("the connection ended in the header") from error
    raise ProxyError("no PROXY header")


async def _line_rest(reader: Connection, start: bytes) -> bytes:
    """Byte by byte to the line end, since the rest is the peer's."""
    rest = bytearray()
    while not rest.endswith(b"\r\n"):
        if len(start) + len(rest) >= LONGEST_V1:
            raise ProxyError("the header is too long")
        rest += await reader.read_exactly(1)
    return bytes(rest)


def _version_1(line: bytes) -> str | None:
    words = line[:-2].decode("latin-1").split(" ")
    if len(words) >= 2 and words[1] == "UNKNOWN":
        return None
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        raise ProxyError("the header is not understood")
    version = 4 if words[1] == "TCP4" else 6
    for port in words[4:]:
        if not (port.isascii() and port.isdigit()) or (port[0] == "0" and port != "0") or int(port) > 65535:
            raise ProxyError("a port is not understood")
    source, target = _address(words[2]), _address(words[3])
    if source.version != version or target.version != version:
        raise ProxyError("the addresses are of another family")
    return str(source)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        if "%" in text:
            raise ValueError("zone")
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise ProxyError("an address is not understood") from error


async def _version_2(reader: Connection) -> str | None:
    command, family, length = struct.unpack("!BBH", await reader.read_exactly(4))
    if command >> 4 != 2 or command & 15 > 1:
        raise ProxyError("version or command not known")
    if length > LONGEST_V2:
        raise ProxyError("the header is too long")
    body = await reader.read_exactly(length)
    if command & 15 == 0:
        return None
    size, kind = {0x11: (4, socket.AF_INET), 0x21: (16, socket.AF_INET6)}.get(family, (0, socket.AF_UNSPEC))
    if not size:
        if family == 0:
            return None
        raise ProxyError("the address family is not TCP over IP")
    if length < 2 * size + 4:
        raise ProxyError("the header is too short")
    return socket.inet_ntop(kind, body[:size])
