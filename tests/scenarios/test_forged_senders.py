"""Forged senders from the socket to the desk, in both modes of verdicts: no effect on the victim's ticket, no ticket
in the victim's name. The names: alice is a customer whose domain asks to reject forgeries, tess a technician."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway.config.settings import StoreSettings, WorkSettings
from gateway.config.smtp import SmtpSettings
from gateway.intake.direct import StoreAcceptor
from gateway.intake.mailboxes import Mailboxes
from gateway.smtp.server import Listener
from tests.scenarios.stage import Stage, settings_for
from tests.scenarios.test_attacks import VICTIM, picture
from tests.smtp.serving import Peer, peer
from tests.smtp.test_direct import key, signed
from tests.smtp.test_tenant import HOSTED, INTERNAL, OURS, THEIRS
from tests.smtp.zone import TROUBLE, Zone

ALICE, TESS = "alice@acme.example", "tess@msp.example"
OWN = "Authentication-Results: mx.msp.example; "
FAILED = OWN + "dmarc=fail (p=reject) header.from=acme.example\n"
PASSED = "dmarc=pass header.from=acme.example"
NONE = OWN + "dmarc=none header.from=msp.example\n"


class Attack(NamedTuple):
    """``headers`` above From, the relay's own among them; ``sender`` is From; the rest is the envelope."""

    headers: str
    sender: str = ALICE
    mail_from: str = "eve@evil.example"
    helo: str = "mail.evil.example"


RELAYED = {
    "a stamp about somebody else": Attack(OWN + "dmarc=pass header.from=evil.example\n"),
    "a stamp about nobody that can be proven": Attack(OWN + "dmarc=none header.from=evil.example\n"),
    "a second stamp with the relay's name": Attack(FAILED + OWN + PASSED + "\n"),
    "the name in quotes": Attack(FAILED + f'Authentication-Results: "mx.msp.example"; {PASSED}\n'),
    "the name in other letters": Attack(FAILED + f"AUTHENTICATION-RESULTS: MX.MSP.EXAMPLE; {PASSED}\n"),
    "a DKIM pass beside it": Attack(FAILED + OWN + "dkim=pass header.d=acme.example\n"),
    "an SPF pass beside an SPF fail": Attack(
        OWN + "spf=fail smtp.mailfrom=acme.example\n" + OWN + "spf=pass smtp.mailfrom=acme.example\n"
    ),
    "a comment closed by the envelope": Attack(
        OWN + f'spf=none (domain of "x); {PASSED}; a=b (y"@evil.example) smtp.mailfrom=evil.example\n'
    ),
    "a comment that hides the result": Attack(
        OWN + "spf=none (domain of x(@evil.example) smtp.mailfrom=x; dmarc=fail header.from=acme.example\n"
    ),
    "the hybrid headers": Attack(FAILED + INTERNAL + "\n"),
    "a technician by another tenant": Attack(NONE + INTERNAL.replace(OURS, THEIRS) + "\n", TESS),
    "a technician by direct send": Attack(NONE + INTERNAL.replace("Internal", "Anonymous") + "\n", TESS),
    "a technician with the headers twice": Attack(NONE + HOSTED + "\n" + INTERNAL + "\n", TESS),
    "a technician whom the relay failed": Attack(OWN + "dmarc=fail header.from=msp.example\n" + HOSTED + "\n", TESS),
    "a technician of whom somebody else passed": Attack(OWN + "dmarc=pass header.from=evil.example\n", TESS),
}  # fmt: skip

SIGNATURE = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={}; s={}; h=from; bh=YQ==; b=YQ==\n"

DIRECT = {
    "nothing": Attack(""),
    "a selector that cannot be asked for": Attack(SIGNATURE.format("acme.example", r"\25")),
    "a selector too long to ask": Attack(SIGNATURE.format("acme.example", "x" * 70)),
    "foreign signatures of silent servers": Attack(SIGNATURE.format("silent.example", "s") * 6),
    "an envelope of silent servers": Attack("", mail_from="x@silent.example"),
    "a HELO of silent servers": Attack("", mail_from="", helo="silent.example"),
    "an envelope of a subdomain without servers": Attack("", mail_from="x@lame.acme.example"),
    "a signature of a subdomain without servers": Attack(SIGNATURE.format("lame.acme.example", "s")),
    "an envelope that SPF fails": Attack("", mail_from="alice@acme.example"),
    "a relay's stamp": Attack(OWN + PASSED + "\n"),
    "a technician with the tenant's headers": Attack(HOSTED + "\n", TESS),
    "a technician with a selector that cannot be asked for": Attack(SIGNATURE.format("msp.example", r"\25"), TESS),
    "a technician by a subdomain without servers": Attack(SIGNATURE.format("lame.msp.example", "s"), TESS),
}

SIGNED = [b"from", b"to", b"subject", b"date", b"message-id", b"in-reply-to"]
REJECT = [("TXT", "v=DMARC1; p=reject")]
ZONE = {
    "acme.example": [("TXT", "v=spf1 ip4:127.0.3.1 ptr exists:%{h} -all")],
    "_dmarc.acme.example": REJECT,
    "_dmarc.msp.example": REJECT,
    "s1._domainkey.acme.example": [("TXT", key()[1])],
    "lame.acme.example": [(TROUBLE, "")],
    "_dmarc.lame.acme.example": [(TROUBLE, "")],
    "s._domainkey.lame.acme.example": [(TROUBLE, "")],
    "s._domainkey.lame.msp.example": [(TROUBLE, "")],
    "silent.example": [("TXT", "SILENT"), ("A", "SILENT")],
    "s._domainkey.silent.example": [("TXT", "SILENT")],
    "1.2.0.127.in-addr.arpa": [("PTR", "SILENT")],
}


@contextlib.asynccontextmanager
async def behind_the_edge(
    folder: Path, migrated: Path, guard: dict[str, int] | None = None, /, **settings: Any
) -> AsyncIterator[tuple[Stage, Listener]]:
    """A stage whose mail comes in by SMTP, with the victim's ticket."""
    stage = Stage(folder, migrated, {**settings_for(closed="reopen"), "guard": guard or {}})
    await stage.open()
    await stage.accept(VICTIM)
    await stage.work()
    smtp = SmtpSettings.model_validate({"listen": "127.0.0.1:0", "hostname": "gw.test", "drain": 1, **settings})
    spool = StoreSettings(spool=folder / "spool", min_free=0)
    listener = Listener(
        StoreAcceptor(stage.store, spool, WorkSettings()), smtp, Mailboxes(stage.settings.mailbox), clock=stage.clock
    )
    await listener.start()
    try:
        yield stage, listener
    finally:
        await listener.drain()
        await stage.close()


async def send(client: Peer, attack: Attack, number: int, whole: bytes = b"") -> str:
    """The answer to the mail."""
    await client.say(f"EHLO {attack.helo}")
    await client.say(f"MAIL FROM:<{attack.mail_from}>")
    await client.say("RCPT TO:<support@msp.example>")
    await client.say("DATA")
    text = (
        f"{attack.headers}From: {attack.sender}\nTo: support@msp.example\nSubject: Re: Salaries\n"
        f"Message-ID: <forged-{number}@evil.example>\nIn-Reply-To: <victim@acme.example>\n\nPay me.\n"
    )
    return await client.say((whole or text.encode().replace(b"\n", b"\r\n")) + b"\r\n.\r\n")


def in_the_name_of(stage: Stage, address: str) -> int:
    """How many tickets have the address as their contact."""
    desk = stage.simulator.desk
    ids = {name for name, contact in desk.contacts.items() if contact["email"] == address}
    return sum(ticket["contact_name_id"] in ids for ticket in desk.tickets.values())


@pytest.mark.parametrize("name", RELAYED)
async def test_behind_a_relay(name: str, tmp_path: Path, migrated_file: Path) -> None:
    settings = {"authserv_ids": ["mx.msp.example"], "relays": ["127.0.1.0/24"], "tenant": OURS}
    await without_effect(RELAYED[name], "127.0.1.1", tmp_path, migrated_file, settings)


@pytest.mark.parametrize("name", DIRECT)
async def test_by_our_own_look_ups(name: str, tmp_path: Path, migrated_file: Path) -> None:
    async with Zone(ZONE).served() as server:
        verdict = {"direct": True, "nameservers": [server], "timeout": 2, "query_timeout": 0.5}
        settings = {"verdict": verdict, "relays": ["127.0.1.0/24"], "authserv_ids": ["mx.msp.example"], "tenant": OURS}
        await without_effect(DIRECT[name], "127.0.2.1", tmp_path, migrated_file, settings)


async def without_effect(attack: Attack, local: str, folder: Path, migrated: Path, settings: dict[str, Any]) -> None:
    async with behind_the_edge(folder, migrated, **settings) as (stage, listener):
        before = picture(stage)
        async with peer(listener, local=local) as client:
            answer = await send(client, attack, 1)
        assert answer.startswith(("250", "451 4.7.24")), answer
        await stage.work()

        assert picture(stage) == before
        assert in_the_name_of(stage, ALICE) == 1
        assert in_the_name_of(stage, TESS) == 0
        assert len(stage.simulator.desk.tickets) == 1, "mail that is disproven makes no ticket"


async def test_the_genuine_ones_still_come_in(tmp_path: Path, migrated_file: Path) -> None:
    """By the relay's stamp, by SPF, by a signature among foreign ones of silent servers; a technician by the tenant."""
    async with Zone(ZONE).served() as server:
        settings = {
            "verdict": {"direct": True, "nameservers": [server], "timeout": 2, "query_timeout": 0.5},
            "relays": ["127.0.1.0/24"],
            "authserv_ids": ["mx.msp.example", "-"],
            "tenant": OURS,
        }
        mail = (
            b"From: Alice Archer <alice@acme.example>\r\nTo: support@msp.example\r\nSubject: Re: Salaries\r\n"
            b"Date: Sun, 22 Nov 2026 08:30:00 +0100\r\nMessage-ID: <signed@acme.example>\r\n"
            b"In-Reply-To: <victim@acme.example>\r\n\r\nMine."
        )
        foreign = SIGNATURE.format("silent.example", "s").encode().replace(b"\n", b"\r\n") * 6
        genuine = [
            ("127.0.1.1", Attack(OWN + PASSED + "\n"), b""),
            ("127.0.1.1", Attack(NONE.replace("mx.msp.example; ", "") + HOSTED + "\n", TESS), b""),
            ("127.0.3.1", Attack("", mail_from=ALICE), b""),
            ("127.0.2.1", Attack(""), foreign + signed(mail, headers=SIGNED)),
        ]
        async with behind_the_edge(tmp_path, migrated_file, **settings) as (stage, listener):
            for number, (local, attack, whole) in enumerate(genuine):
                comments = len(stage.simulator.desk.comments.get(stage.order[0], []))
                async with peer(listener, local=local) as client:
                    assert (await send(client, attack, number, whole)).startswith("250")
                await stage.work()
                assert len(stage.simulator.desk.comments.get(stage.order[0], [])) == comments + 1, number
