"""The edge on loopback, and a raw peer."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import trustme

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import StoreSettings, WorkSettings
from gateway.config.smtp import SmtpSettings
from gateway.intake.direct import StoreAcceptor
from gateway.intake.mailboxes import Mailboxes
from gateway.smtp.server import Listener
from gateway.store import deliveries, operator
from gateway.store.engine import Store
from tests.waiting import PATIENCE

BOXES = (MailboxSettings(address="support@msp.example"), MailboxSettings(address="sales@msp.example"))


class Peer:
    """A raw SMTP client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self) -> str:
        lines = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), PATIENCE)).decode()
            lines.append(line)
            if line[3:4] != "-":
                return "".join(lines).strip()

    async def say(self, line: str | bytes) -> str:
        await self.write(line.encode() + b"\r\n" if isinstance(line, str) else line)
        return await self.answer()

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ready(self, to: str = "support@msp.example") -> None:
        """Up to the 354."""
        await self.say("EHLO client.test")
        await self.say("MAIL FROM:<ann@acme.example>")
        await self.say(f"RCPT TO:<{to}>")
        assert (await self.say("DATA")).startswith("354")


@contextlib.asynccontextmanager
async def serving(
    store: Store,
    folder: Path,
    *,
    boxes: tuple[MailboxSettings, ...] = BOXES,
    pending: Any = None,
    refused: list[str] | None = None,
    **settings: object,
) -> AsyncIterator[Listener]:
    acceptor = StoreAcceptor(
        store, StoreSettings(spool=folder / "spool", spool_over=10_000, min_free=0), WorkSettings()
    )
    smtp = SmtpSettings.model_validate({"listen": "127.0.0.1:0", "hostname": "gw.test", "drain": 2, **settings})
    told = refused if refused is not None else []
    listener = Listener(
        acceptor, smtp, Mailboxes(boxes), pending=pending, refused=lambda reason, _: told.append(reason)
    )
    await listener.start()
    try:
        yield listener
    finally:
        await listener.drain()


@contextlib.asynccontextmanager
async def peer(
    listener: Listener, name: str = "", *, local: str = "127.0.0.1", greeted: bool = True, **options: Any
) -> AsyncIterator[Peer]:
    """A connection to the listener of that name, the first one when empty."""
    address = listener.addresses[name] if name else listener.address
    if address.startswith("/"):
        reader, writer = await asyncio.open_unix_connection(address)
    else:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port), local_addr=(local, 0), **options)
    client = Peer(reader, writer)
    if greeted:
        assert (await client.answer()).startswith("220 gw.test")
    try:
        yield client
    finally:
        writer.close()


async def contents(store: Store) -> list[bytes]:
    def look(connection: object) -> list[bytes]:
        rows = operator.listing(connection, None, 100)  # type: ignore[arg-type]
        return [deliveries.content(connection, row["raw_id"])["data"] for row in reversed(rows)]  # type: ignore[arg-type]

    return await store.read(look)


async def envelopes(store: Store) -> list[dict[str, Any]]:
    def look(connection: Any) -> list[dict[str, Any]]:
        import json

        return [json.loads(row["envelope"]) for row in reversed(operator.listing(connection, None, 100))]

    return await store.read(look)


class Tls:
    """A certificate for gw.test, as files for the server and a context for the peer."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.files = {"tls_cert": folder / "cert.pem", "tls_key": folder / "key.pem"}
        self.context = ssl.create_default_context()
        self.authority.configure_trust(self.context)
        self.issue()

    def issue(self) -> bytes:
        """A new certificate; its serial number tells it from others."""
        issued = self.authority.issue_cert("gw.test")
        issued.cert_chain_pems[0].write_to_path(self.files["tls_cert"])
        issued.private_key_pem.write_to_path(self.files["tls_key"])
        return issued.cert_chain_pems[0].bytes()
