"""A virus scanner over clamd's INSTREAM command (clamd(8)), on TCP or a Unix socket.

The mail goes as it is; clamd unpacks it. A mail over ``max_size`` is scanned up to there and noted.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import IO, Protocol

from gateway.config.smtp import ScannerSettings

BLOCK = 256 * 1024


class ScannerAway(Exception):
    """The scanner could not be asked, or did not answer in time or in words that are known."""


@dataclass(frozen=True, slots=True)
class Scan:
    """``virus`` is the signature's name, "" for a clean mail; ``whole`` is False for a mail too large."""

    virus: str
    whole: bool


class Scannable(Protocol):
    """A mail, or a file."""

    @property
    def size(self) -> int: ...
    def open(self) -> IO[bytes]: ...


class Scanner:
    """Asks clamd, one connection a mail."""

    def __init__(self, settings: ScannerSettings) -> None:
        self._settings = settings

    async def scan(self, mail: Scannable) -> Scan:
        """Raises ScannerAway."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                answer = await self._ask(mail)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise ScannerAway(f"{self._settings.clamd}: {type(error).__name__}") from error
        text = answer.rstrip("\0\r\n ")
        whole = mail.size <= self._settings.max_size
        if text.endswith(" OK"):
            return Scan("", whole)
        if text.endswith(" FOUND"):
            return Scan(text.removesuffix(" FOUND").partition(": ")[2][:200], whole)
        raise ScannerAway(f"{self._settings.clamd}: {text[:200]}")

    async def _ask(self, mail: Scannable) -> str:
        reader, writer = await self._connect()
        try:
            writer.write(b"zINSTREAM\0")
            with contextlib.suppress(ConnectionError):  # clamd may answer and close before the end
                async for block in _blocks(mail, self._settings.max_size):
                    writer.write(struct.pack("!L", len(block)) + block)
                    await writer.drain()
                writer.write(b"\0\0\0\0")
                await writer.drain()
            return (await reader.readuntil(b"\0")).decode("utf-8", "replace")
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        where = self._settings.clamd
        if where.startswith("unix:"):
            return await asyncio.open_unix_connection(where.removeprefix("unix:"))
        host, _, port = where.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port))


async def _blocks(mail: Scannable, most: int) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(mail.open)
    left = most
    try:
        while left > 0 and (block := await asyncio.to_thread(_read, file, min(BLOCK, left))):
            left -= len(block)
            yield block
    finally:
        file.close()


def _read(file: IO[bytes], size: int) -> bytes:
    return file.read(size)


def scanner_of(settings: ScannerSettings) -> Scanner | None:
    """The configured scanner, None without one."""
    return Scanner(settings) if settings.clamd else None
