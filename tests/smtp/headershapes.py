"""Header blocks of 256 kB made to be slow, and what the event loop spends on one until the mail is kept."""

from __future__ import annotations

import time
from pathlib import Path

from gateway.config.smtp import SmtpSettings, VerdictSettings
from gateway.intake.maildata import MailData
from gateway.smtp.spam import spam_of
from gateway.smtp.verdict.direct import Direct
from gateway.smtp.verdict.verdict import Peer, Verdicts
from tests.pace import processor_time
from tests.smtp.zone import Zone

SIZE = 256 * 1024
REST = b"From: ann@acme.example\r\nMessage-ID: <1@acme.example>\r\n"


def _fill(piece: bytes, size: int = SIZE - 2000) -> bytes:
    return piece * (size // len(piece))


def _fields(name: bytes, value: bytes, each: int) -> bytes:
    return _fill(name + b": " + _fill(value, each) + b"\r\n")


SHAPES = {
    "semicolons in From": b"From: " + _fill(b";"),
    "quotes in From": b"From: " + _fill(b'"'),
    "raw octets in From": b"From: " + _fill(b"\xff\xfe"),
    "words in From": b"From: " + _fill(b"=?utf-8?q?a?= "),
    "2 kB of From": b"From: " + b"a. " * 660 + b"<",
    "many From": _fields(b"From", b"a@b.example", 100),
    "names without a value": _fill(b"X:\r\n"),
    "unknown fields": _fill(b"Foo: bar\r\n"),
    "lines that are no fields": _fill(b"zzz\r\n"),
    "known after unknown": _fill(b"zzz\r\n" * 29 + b"To: x\r\n"),
    "bare line feeds": _fill(b"a\n"),
    "folds": b"X-A: a" + _fill(b"\r\n "),
    "bare folds": b"Subject: a" + _fill(b"\n\t"),
    "bare carriage returns": _fill(b"a\r"),
    "raw octets in Message-ID": b"Message-ID: " + _fill(b"\xc3\x28"),
    "references": b"References: " + _fill(b"<a@b> "),
    "short references": _fields(b"References", b"<a@b>", 16_000),
    "open references": b"References: " + _fill(b"<"),
    "ids without brackets": b"In-Reply-To: " + _fill(b"a@b "),
    "words in References": b"References: " + _fill(b"=?gb2312?b?/+D/?= "),
    "raw octets in References": b"References: " + _fill(b"\xb0\xa1<"),
    "stamps": _fields(b"Authentication-Results", b"mx; dkim=pass header.d=a.example;", 200),
    "long stamps": _fields(b"Authentication-Results", b"mx; spf=pass (x) smtp.mailfrom=a@b;", 16_000),
    "comments in stamps": b"Authentication-Results: mx; " + _fill(b"("),
    "spam scores": _fields(b"X-Spam-Status", b"Yes, score=1.0 ", 4_000),
    "spam reports": _fields(b"X-Forefront-Antispam-Report", b"SCL:1;", 4_000),
    "signatures": _fields(b"DKIM-Signature", b"v=1; d=acme.example; s=s; h=from; a=rsa-sha256; bh=x; b=y; ", 7_000),
    "short signatures": _fields(b"DKIM-Signature", b"v=1; d=acme.example; s=s; h=from; a=rsa-sha256; bh=eA==; b=eA==", 60),
    "seals": _fields(b"ARC-Seal", b"i=1; a=rsa-sha256; cv=none; d=acme.example; s=s; b=eA==", 60),
    "received": _fields(b"Received", b"from a by b; ", 4_000),
}  # fmt: skip


async def in_the_loop(block: bytes, folder: Path, relay: bool) -> float:
    """Seconds of processor time of the loop's thread."""
    mail = MailData(folder, 1 << 20)
    mail.add(block.removesuffix(b"\r\n") + b"\r\n" + REST + b"\r\nx\r\n")
    settings = SmtpSettings(authserv_ids=("mx",), relays=("192.0.2.0/24",), verdict=VerdictSettings(direct=True))
    verdicts = Verdicts(settings, ["msp.example"])
    verdicts._direct = Direct(
        VerdictSettings(direct=True), Zone({"_dmarc.acme.example": [("TXT", "v=DMARC1; p=reject")]})
    )
    with processor_time(time.thread_time) as spent:
        mail.ids()
        spam_of(mail.fields())
        await verdicts.judge(Peer("192.0.2.1", "mx.acme.example", "ann@acme.example", is_relay=relay), mail)
    return spent.seconds
