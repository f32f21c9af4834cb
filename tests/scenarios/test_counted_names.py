"""A sender is limited by his own mail only, in both modes of verdicts: forgeries of his name use up nothing of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.smtp.server import Listener
from tests.scenarios.stage import Stage
from tests.scenarios.test_forged_senders import ALICE, NONE, OURS, OWN, PASSED, TESS, ZONE, behind_the_edge
from tests.scenarios.test_forged_senders import HOSTED as TENANT
from tests.smtp.serving import peer
from tests.smtp.zone import Zone

BOB = "bob@acme.example"
GUARD = {"tickets_per_hour": 3, "domain_tickets_per_hour": 4}
FORGED = OWN + "dmarc=none header.from=acme.example\n"
OPEN = {**ZONE, "_dmarc.acme.example": [("TXT", "v=DMARC1; p=none")]}


class Sent:
    """Mail of new matters from a network address; each is ``ticket N`` or quarantined."""

    def __init__(self, stage: Stage, listener: Listener) -> None:
        self._stage = stage
        self._listener = listener
        self._number = 0

    async def mail(self, local: str, sender: str, headers: str = "", mail_from: str = "") -> str:
        """What became of it: its stage and reason."""
        self._number += 1
        text = (
            f"{headers}From: {sender}\nTo: support@msp.example\nSubject: Matter {self._number}\n"
            f"Message-ID: <matter-{self._number}@wherever.example>\n\nIt does not work.\n"
        )
        async with peer(self._listener, local=local) as client:
            await client.say("EHLO mail.wherever.example")
            await client.say(f"MAIL FROM:<{mail_from or sender}>")
            await client.say("RCPT TO:<support@msp.example>")
            await client.say("DATA")
            answer = await client.say(text.encode().replace(b"\n", b"\r\n") + b"\r\n.\r\n")
        assert answer.startswith("250"), answer
        self._stage.ids["last"] = answer.partition("kept as ")[2].strip()
        await self._stage.work()
        row = await self._stage.row("last")
        return str(row["reason"] or row["outcome"])


class Way:
    """One mode of verdicts: where proven and forged mail comes from, and with which headers."""

    def __init__(self, sent: Sent, genuine: tuple[str, str], forged: tuple[str, str]) -> None:
        self._sent, self._genuine, self._forged = sent, genuine, forged

    async def genuine(self, sender: str = ALICE) -> str:
        local, headers = self._genuine
        return await self._sent.mail(local, sender, headers)

    async def forged(self, sender: str = ALICE, local: str = "") -> str:
        usual, headers = self._forged
        return await self._sent.mail(local or usual, sender, headers, "eve@evil.example")

    async def by_a_technician(self) -> str:
        return await self._sent.mail("127.0.1.1", TESS, NONE + TENANT + "\n")


@contextlib.asynccontextmanager
async def opened(mode: str, folder: Path, migrated: Path) -> AsyncIterator[Way]:
    async with Zone(OPEN).served() as server:
        settings = {"relays": ["127.0.1.0/24"], "authserv_ids": ["mx.msp.example"], "tenant": OURS}
        if mode == "look-ups":
            settings["verdict"] = {"direct": True, "nameservers": [server], "timeout": 2, "query_timeout": 0.5}
        async with behind_the_edge(folder, migrated, GUARD, **settings) as (stage, listener):
            sent = Sent(stage, listener)
            stamped = Way(sent, ("127.0.1.1", OWN + PASSED + "\n"), ("127.0.1.1", FORGED))
            yield stamped if mode == "stamps" else Way(sent, ("127.0.3.1", ""), ("127.0.2.1", ""))


@pytest.mark.parametrize("mode", ["stamps", "look-ups"])
async def test_forgeries_lock_out_neither_the_proven_sender_nor_the_domain(
    mode: str, tmp_path: Path, migrated_file: Path
) -> None:
    async with opened(mode, tmp_path, migrated_file) as way:
        forged = [await way.forged() for _ in range(5)]
        others = [await way.forged(f"x{number}@acme.example") for number in range(3)]

        assert forged == ["ticket"] * 3 + ["rate-limited"] * 2, "a forger is limited"
        assert others == ["ticket", "rate-limited", "rate-limited"], "and what he does in the domain's name"
        assert [await way.genuine(), await way.genuine(BOB)] == ["ticket", "ticket"]


@pytest.mark.parametrize("mode", ["stamps", "look-ups"])
async def test_a_proven_senders_own_flood_is_limited(mode: str, tmp_path: Path, migrated_file: Path) -> None:
    async with opened(mode, tmp_path, migrated_file) as way:
        assert [await way.genuine() for _ in range(4)] == ["ticket"] * 3 + ["rate-limited"]
        assert [await way.genuine(BOB) for _ in range(2)] == ["ticket", "rate-limited"], "four of the domain"
        assert await way.forged() == "ticket", "and leaves alone who is counted by another proof"


async def test_what_one_network_says_limits_no_other(tmp_path: Path, migrated_file: Path) -> None:
    """Nobody proves anything: a customer's server without SPF is told from strangers by its network."""
    async with opened("look-ups", tmp_path, migrated_file) as way:
        assert [await way.forged() for _ in range(4)][-1] == "rate-limited"
        assert await way.forged(local="127.0.4.1") == "ticket"


@pytest.mark.parametrize("mode", ["stamps", "look-ups"])
async def test_a_technician_is_exempt(mode: str, tmp_path: Path, migrated_file: Path) -> None:
    async with opened(mode, tmp_path, migrated_file) as way:
        assert [await way.by_a_technician() for _ in range(5)] == ["ticket"] * 5
