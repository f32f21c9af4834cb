"""A smarthost on loopback that fails where it is told to, and keeps what it took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.config.smarthost import SmarthostSettings

SPOKEN = {
    "greeting": "220 relay.test",
    "EHLO": "250 relay.test",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
}
GONE = "gone"


@dataclass
class Relay:
    """``says`` replaces its answers by step (greeting, EHLO, MAIL, RCPT, DATA, content): GONE ends the connection. It
    has taken what it says 250 to, and with ``takes_silently`` also what it does not answer."""

    says: dict[str, str] = field(default_factory=dict)
    takes_silently: bool = False
    taken: list[bytes] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def settings(self, **more: object) -> SmarthostSettings:
        values = {"host": f"127.0.0.1:{self.port}", "from": "gateway@ops.example", "tls": "none", "timeout": 5, **more}
        return SmarthostSettings.model_validate(values)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if not await self._answer(writer, "greeting"):
                return
            while line := (await reader.readline()).decode().strip():
                step = line.split(" ")[0].upper()
                if step == "MAIL":
                    self.senders.append(line)
                if not await self._answer(writer, step):
                    return
                if step == "DATA" and self.says.get("DATA", "354").startswith("354"):
                    content = await reader.readuntil(b"\r\n.\r\n")
                    answer = self.says.get("content", "250 kept")
                    if answer.startswith("250") or self.takes_silently:
                        self.taken.append(content.removesuffix(b".\r\n"))
                    if not await self._answer(writer, "content"):
                        return
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, step: str) -> bool:
        words = self.says.get(step, SPOKEN.get(step, "250 kept"))
        if words == GONE:
            return False
        writer.write(f"{words}\r\n".encode())
        await writer.drain()
        return True


@asynccontextmanager
async def relay(**says: str) -> AsyncIterator[Relay]:
    made = Relay(says)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made
