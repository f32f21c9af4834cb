"""What is proven and what is shown are the same: no change outside of the signed part passes."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import dkim
import pytest

from gateway.config.smtp import SmtpSettings, VerdictSettings
from gateway.intake.maildata import MailData
from gateway.mail.head import split_head
from gateway.mail.read import read
from gateway.model.email import Email
from gateway.smtp.verdict.direct import Direct
from gateway.smtp.verdict.verdict import Peer, Verdicts
from tests.sizes import size
from tests.smtp.test_direct import key
from tests.smtp.zone import Zone

MAIL = (
    b"From: Ann <ann@acme.example>\r\nTo: support@msp.example\r\nSubject: Salaries\r\nDate: Sun, 22 Nov 2026 08:30:00 +0100\r\n"
    b"Message-ID: <1@acme.example>\r\nIn-Reply-To: <0@acme.example>\r\nReferences: <0@acme.example>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe words of Ann.\r\n"
)
PARTS = MAIL.replace(b"text/plain; charset=utf-8", b'multipart/alternative; boundary="b"').replace(
    b"The words of Ann.\r\n",
    b"--b\r\nContent-Type: text/plain\r\n\r\nThe words of Ann.\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>The words of Ann.</p>\r\n--b--\r\n",
)
ALL = b"from to subject date message-id in-reply-to references content-type mime-version".split()
NAMES = {
    "acme.example": "v=spf1 -all",
    "_dmarc.acme.example": "v=DMARC1; p=reject",
    "_dmarc.relaxed.example": "v=DMARC1; p=none",
}


def sign(mail: bytes, names: list[bytes], domain: bytes = b"acme.example", canon: bytes = b"relaxed") -> bytes:
    there = [name for name in names if b"\n" + name + b":" in b"\n" + mail.lower()]
    return bytes(dkim.sign(mail, b"s1", domain, key()[0], canonicalize=(canon, canon), include_headers=there)) + mail


def zone(policy: str = "reject") -> Zone:
    records = {name: [("TXT", text)] for name, text in NAMES.items()}
    records["_dmarc.acme.example"] = [("TXT", f"v=DMARC1; p={policy}")] if policy else []
    return Zone({**records, "s1._domainkey.acme.example": [("TXT", key()[1])]})


async def verdict(raw: bytes, folder: Path, names: Zone, mail_from: str = "x@elsewhere.example") -> tuple[str, str]:
    folder.mkdir(exist_ok=True)
    mail = MailData(folder, 1 << 20)
    mail.add(raw)
    verdicts = Verdicts(SmtpSettings(verdict=VerdictSettings(direct=True)), ["msp.example"])
    verdicts._direct = Direct(VerdictSettings(direct=True), names)
    found = await verdicts.judge(Peer("192.0.2.1", "mx.evil.example", mail_from), mail)
    return found.verdict, found.reason


def shown(email: Email) -> tuple[object, ...]:
    """What a technician sees, and what a ticket is found by."""
    return (
        email.sender, email.to, email.cc, email.reply_to, email.subject, email.message_id, email.in_reply_to,
        email.references, email.date, email.text, email.html, [replace(attachment, sniffed="") for attachment in email.attachments],
    )  # fmt: skip


async def test_what_is_signed_as_it_is_passes(tmp_path: Path) -> None:
    for mail in (MAIL, PARTS):
        for canon in (b"relaxed", b"simple"):
            assert (await verdict(sign(mail, ALL, canon=canon), tmp_path, zone()))[0] == "pass"


TOPS = {
    "a bare LF that hides a From": b"X-J: a\nFrom: ceo@acme.example\nSubject: other\n\nother words\r\n",
    "a bare CR": b"X-J: a\rFrom: ceo@acme.example\r\n",
    "a NUL": b"X-J: a\0b\r\n",
    "a line that is no field": b"no field here\r\n",
    "an mbox line": b"From ann@acme.example Sun Nov 22 08:30:00 2026\r\n",
    "blanks before the colon": b"X-J : a\r\n",
    "a second Subject": b"Subject: other\r\n",
    "a second Subject in other case": b"SUBJECT: other\r\n",
    "a second From": b"From: ceo@acme.example\r\n",
    "a second To": b"To: eve@evil.example\r\n",
    "a second In-Reply-To": b"In-Reply-To: <victim@acme.example>\r\n",
    "a second References": b"References: <victim@acme.example>\r\n",
    "a second Message-ID": b"Message-ID: <2@acme.example>\r\n",
    "a second Content-Type": b"Content-Type: text/html\r\n",
    "a second Date": b"Date: Sun, 22 Nov 2025 08:30:00 +0100\r\n",
    "Cc that is not signed": b"Cc: eve@evil.example\r\n",
    "Reply-To that is not signed": b"Reply-To: eve@evil.example\r\n",
    "Content-Transfer-Encoding that is not signed": b"Content-Transfer-Encoding: base64\r\n",
    "Content-Disposition that is not signed": b"Content-Disposition: attachment; filename=run.txt\r\n",
    "a fold at the top": b" folded\r\n",
    "an empty line": b"\r\n",
    "over 256 kB": b"X-Long: " + b"x" * 262_200 + b"\r\n",
    "over 1,000 fields": b"X-A: b\r\n" * 1001,
}


@pytest.mark.parametrize("mail", [MAIL, PARTS], ids=["text", "parts"])
@pytest.mark.parametrize("top", TOPS)
async def test_what_stands_on_top_of_a_signed_mail_is_not_proven(top: str, mail: bytes, tmp_path: Path) -> None:
    raw = TOPS[top] + sign(mail, ALL)

    assert (await verdict(raw, tmp_path, zone("reject")))[0] == "fail", top
    assert (await verdict(raw, tmp_path, zone("")))[0] in ("none", "fail")
    assert (await verdict(raw, tmp_path, zone("none")))[0] in ("none", "fail")


async def test_a_doubtful_header_proves_nothing_by_spf_or_a_relay_either(tmp_path: Path) -> None:
    names = zone()
    names.records["acme.example"] = [("TXT", "v=spf1 ip4:192.0.2.1 -all")]
    assert (await verdict(MAIL, tmp_path, names, "ann@acme.example"))[0] == "pass"
    assert (await verdict(b"Subject: other\r\n" + MAIL, tmp_path, names, "ann@acme.example"))[0] == "fail"

    verdicts = Verdicts(SmtpSettings(authserv_ids=("mx",), relays=("192.0.2.0/24",)), ["msp.example"])
    for stamp, clean, doubtful in (
        (b"dmarc=pass header.from=acme.example", "pass", "fail"),
        (b"dmarc=pass (p=none) header.from=acme.example", "pass", "none"),
        (b"dkim=pass header.d=acme.example", "pass", "none"),
        (b"dmarc=fail header.from=acme.example", "fail", "fail"),
    ):
        for top, expected in ((b"", clean), (b"Subject: other\r\n", doubtful)):
            mail = MailData(tmp_path, 1 << 20)
            mail.add(b"Authentication-Results: mx; " + stamp + b"\r\n" + top + MAIL)
            found = await verdicts.judge(Peer("192.0.2.1", is_relay=True), mail)
            assert found.verdict == expected, (stamp, top)


# Gmail signs no Content-Type: the text says itself how it is read.
@pytest.mark.parametrize(
    ("mail", "old", "new", "expected"),
    [
        (MAIL, b"", b"", "pass"),
        (PARTS, b"", b"", "pass"),
        (MAIL, b"text/plain; charset=utf-8", b"text/plain; charset=utf-16", "fail"),
        (MAIL, b"text/plain; charset=utf-8", b"text/html", "fail"),
        (MAIL, b"text/plain; charset=utf-8", b"text/plain; name=run.txt", "fail"),
        (PARTS, b'boundary="b"', b'boundary="c"', "fail"),
        (PARTS, b"multipart/alternative", b"multipart/report", "fail"),
        (PARTS, b"multipart/alternative", b"text/plain", "fail"),
        (PARTS, b'boundary="b"', b'boundary="b"; charset=utf-7', "fail"),
    ],
)
async def test_a_content_type_that_is_not_signed(
    mail: bytes, old: bytes, new: bytes, expected: str, tmp_path: Path
) -> None:
    signed = sign(mail, [name for name in ALL if name != b"content-type"])

    assert (await verdict(signed.replace(old, new, 1), tmp_path, zone()))[0] == expected


async def test_no_change_outside_of_the_signed_part_passes_with_what_was_not_signed(tmp_path: Path) -> None:
    """Mails signed in random ways, changed at random: who passes shows what was signed."""
    rng = random.Random(14)
    optional = [
        b"to",
        b"subject",
        b"date",
        b"message-id",
        b"in-reply-to",
        b"references",
        b"content-type",
        b"cc",
        b"reply-to",
    ]
    passed = 0
    for number in range(size(100, 600)):
        mail = rng.choice([MAIL, PARTS])
        names = [b"from", *(name for name in optional if rng.random() < 0.97), b"mime-version"]
        original = sign(mail, names, canon=rng.choice([b"relaxed", b"simple"]))
        without = b"\r\n".join(line for line in original.split(b"\r\n") if not is_unsigned(line, optional, names))
        raw = changed(original, rng)
        if (await verdict(raw, tmp_path, zone(), "x@elsewhere.example"))[0] != "pass":
            continue
        passed += 1
        signed, bare = shown(read(original).email), shown(read(without).email)
        for found, as_signed, other in zip(shown(read(raw).email), signed, bare, strict=True):
            assert found in (as_signed, other), (number, raw)
    assert passed > size(5, 30)  # or the test shows nothing


def is_unsigned(line: bytes, optional: list[bytes], names: list[bytes]) -> bool:
    name = line.partition(b":")[0].lower()
    return name in optional and name not in names


def changed(raw: bytes, rng: random.Random) -> bytes:
    """One to three changes of the header, some of none that matters."""
    for _ in range(rng.randrange(1, 4)):
        lines = raw.split(b"\r\n")
        end = lines.index(b"") if b"" in lines else len(lines)
        at = rng.randrange(end + 1)
        kind = rng.randrange(7)
        if kind == 0:
            lines.insert(at, rng.choice([*TOPS.values()]).removesuffix(b"\r\n"))
        elif kind == 1:
            name = rng.choice(
                [b"Subject", b"Cc", b"References", b"Reply-To", b"X-Note", b"Received", b"Sender", b"Content-Type"]
            )
            lines.insert(at, name + b": " + rng.choice([b"<eve@evil.example>", b"text/html", b"other", b""]))
        elif kind == 2 and at < end:
            lines[at] = rng.choice(
                [lines[at].upper(), lines[at].replace(b": ", b":  "), lines[at] + b" x", lines[at] + b" "]
            )
        elif kind == 3 and at < end:
            del lines[at]
        elif kind == 4:
            lines.append(rng.choice([b"", b"more words", b"--b\r\n\r\nmore\r\n--b--"]))
        elif kind == 5 and at < end:
            lines[at] = lines[at] + rng.choice([b"\n", b"\r", b"\0"]) + b"X: y"
        else:
            lines.insert(0, b"Received: from a by b; Sun, 22 Nov 2026 08:30:00 +0100")
        raw = b"\r\n".join(lines)
    return raw


@pytest.mark.parametrize("top", TOPS)
def test_edge_and_child_see_the_same_fields(top: str, tmp_path: Path) -> None:
    """One split: also where it is doubtful, nobody reads another From or other ids than the edge."""
    raw = TOPS[top] + MAIL
    mail = MailData(tmp_path, 1 << 20)
    mail.add(raw)
    email = read(raw).email

    assert mail.split().doubts == email.doubts
    assert (mail.ids().message_id, mail.ids().references) == (email.message_id, email.references)
    assert mail.ids().author == (email.sender.key if email.sender else "")
    assert split_head(raw).fields == mail.split().fields


@pytest.mark.parametrize(
    ("value", "mail_from", "verdict"),
    [
        ("MAILER-DAEMON@mx.acme.example (Mail Delivery System)", "", "none"),
        ("Mail Delivery System <MAILER-DAEMON@mx.acme.example>", "", "fail"),
        ("MAILER-DAEMON@mx.acme.example (Mail Delivery System)", "eve@evil.example", "fail"),
        ("root@mx.acme.example (Cron Daemon)", "", "fail"),
        ("(x) ann@acme.example", "", "fail"),
    ],
)
async def test_a_servers_report_proves_nobody_and_fails_nobody(
    value: str, mail_from: str, verdict: str, tmp_path: Path
) -> None:
    """Its name stands behind its address, as Postfix writes it; what else is written so has the verdict of its domain."""
    mail = MailData(tmp_path, 1 << 20)
    mail.add(
        f"Authentication-Results: mx; dmarc=fail (p=reject) header.from=mx.acme.example\r\nFrom: {value}\r\n".encode()
    )
    mail.add(b"Subject: x\r\n\r\nx\r\n")
    verdicts = Verdicts(SmtpSettings(authserv_ids=("mx",), relays=("192.0.2.0/24",)), ["msp.example"])

    found = await verdicts.judge(Peer("192.0.2.1", "mx.acme.example", mail_from, is_relay=True), mail)

    assert found.verdict == verdict, found
