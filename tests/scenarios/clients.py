"""Mails in the shape of real programs: what each does to ids, subjects and quotes."""

from __future__ import annotations

import base64
import zlib
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

from tests.headers import POLICY

if TYPE_CHECKING:
    from tests.scenarios.stage import M, Stage

PREFIX = {
    "gmail": "Re: ",
    "outlook": "AW: ",
    "owa": "Re: ",
    "apple": "Re: ",
    "ios": "Re: ",
    "thunderbird": "Re: ",
    "exchange": "RE: ",
    "list": "Re: [helpers] ",
    "helpdesk": "[Ticket#2026112201] Re: ",
    "device": "",
}


def compose(stage: Stage, mail: M) -> EmailMessage:
    """The mail of a script as its client would send it."""
    from tests.scenarios.stage import stamp

    message = EmailMessage(POLICY)
    parent = stage.sent.get(mail.reply)
    message["From"], message["To"] = mail.sender, mail.to
    if mail.cc:
        message["Cc"] = mail.cc
    message["Subject"] = _subject(mail, parent)
    message["Date"] = stamp(stage)
    if mail.message_id != "none":
        message["Message-ID"] = mail.message_id or _message_id(mail)
    _thread(stage, mail, message, parent)
    for name, value in mail.headers.items():
        del message[name]
        message[name] = value
    message.set_content(_text(mail, parent))
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    for name, content in mail.files.items():
        if name.endswith(".eml"):
            message.add_attachment(message_from_bytes(content, policy=policy.default), filename=name)
            continue
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


def _subject(mail: M, parent: EmailMessage | None) -> str:
    if mail.subject or parent is None:
        return mail.subject or f"Problem {mail.key}"
    return PREFIX[mail.client] + str(parent["Subject"]).removeprefix("Re: ").removeprefix("AW: ")


def _message_id(mail: M) -> str:
    domain = mail.sender.rpartition("@")[2].strip("> ")
    number = zlib.crc32(mail.key.encode())
    return {
        "gmail": f"<CAF{number:x}+{mail.key}@mail.gmail.com>",
        "outlook": f"<000001d8${number:08x}${mail.key}@{domain}>",
        "owa": f"<AM0PR{number}{mail.key}@AM0PR01.eurprd01.prod.outlook.com>",
        "exchange": f"<{number:032X}{mail.key}@{domain}>",
        "apple": f"<{number:08X}-{mail.key}@{domain}>",
        "ios": f"<{number:08X}-ABCD-{mail.key}@icloud.com>",
    }.get(mail.client, f"<{number}.{mail.key}@{domain}>")


def _thread(stage: Stage, mail: M, message: EmailMessage, parent: EmailMessage | None) -> None:
    """In-Reply-To and References, and what some programs add or lose."""
    if mail.reply:
        message["In-Reply-To"] = stage.id_of(mail.reply)
    chain = [stage.id_of(name) for name in mail.refs]
    if mail.reply and mail.client != "ios" and not chain:
        before = str(parent["References"] or "").split() if parent else []
        chain = [*before, stage.id_of(mail.reply)]
    if chain:
        message["References"] = " ".join(chain)
    if mail.client in ("outlook", "owa", "exchange"):
        message["Thread-Topic"] = _subject(mail, parent)
        message["Thread-Index"] = base64.b64encode(bytes(22)).decode()
    if mail.client in ("owa", "exchange"):
        message["X-MS-Has-Attach"] = ""
        message["X-Auto-Response-Suppress"] = "DR, OOF"
    if mail.client == "list":
        message["List-Id"] = "<helpers.lists.example>"
        message["List-Unsubscribe"] = "<mailto:leave@lists.example>"
        message["Precedence"] = "list"
    if mail.client == "helpdesk":
        message["Auto-Submitted"] = "auto-generated"
        message["X-OTRS-Loop"] = "yes"


def _text(mail: M, parent: EmailMessage | None) -> str:
    if parent is None:
        return mail.text
    body = parent.get_body(("plain",))
    old = body.get_content().strip() if body else ""  # type: ignore[attr-defined]
    quoted = "\n".join("> " + line for line in old.splitlines())
    if mail.client in ("outlook", "owa", "exchange"):
        return (
            f"{mail.text}\n\nFrom: {parent['From']}\nSent: Sunday, 22 November 2026 09:00\nTo: {parent['To']}\n"
            f"Subject: {parent['Subject']}\n\n{old}\n"
        )
    return f"{mail.text}\n\nOn Sun, 22 Nov 2026 at 09:00, {parent['From']} wrote:\n\n{quoted}\n"
