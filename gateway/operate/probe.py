"""Does the relay believe what a stranger writes? A mail with forged results, sent to the relay as a stranger would.

The relay has to take the headers off, or nobody's sender is proven. The mail is in the name of one of our own
domains, so one that is not believed ends in quarantine; one that is becomes a ticket, which says what it is.
"""

from __future__ import annotations

import smtplib
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from sqlalchemy import Connection, select

from gateway.config.settings import Settings
from gateway.store.deliveries import content
from gateway.store.reading import parsed, whole
from gateway.store.schema import delivery

MARK = "gateway-probe"
TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Forgery:
    """The mail, and what it is found by."""

    recipient: str
    message_id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Arrived:
    """What the gateway made of it. ``passed_on``: a forged header is still in it."""

    delivery_id: str
    verdict: str
    reason: str
    passed_on: bool


def forgery(settings: Settings, token: str) -> Forgery:
    """In the name of the first mailbox's domain, with everything that is believed of a relay."""
    smtp, recipient = settings.smtp, settings.mailbox[0].address
    domain = recipient.rpartition("@")[2]
    message_id = f"{MARK}-{token}@{domain}"
    result = f"dmarc=pass ({MARK}) header.from={domain}"
    names = [name for name in smtp.authserv_ids if name != "-"]
    headers = [f"Authentication-Results: {name}; {result}" for name in names]
    if "-" in smtp.authserv_ids:
        headers.append(f"Authentication-Results: {result}")
    if smtp.tenant:
        headers.append("X-MS-Exchange-CrossTenant-AuthAs: Internal")
        headers.append(f"X-MS-Exchange-CrossTenant-Id: {smtp.tenant}")
    headers += [
        f"From: <{MARK}@{domain}>",
        f"To: <{recipient}>",
        "Subject: Probe of the mail gateway: forged sender",
        f"Message-ID: <{message_id}>",
        f"Date: {format_datetime(datetime.now(UTC))}",
    ]
    text = (
        "This mail was sent by `gateway check --probe`, with results of sender checks that are forged.\r\n"
        "If you read it in a ticket, the relay passed them on: see docs/install.md, and close the ticket.\r\n"
    )
    return Forgery(recipient, message_id, ("\r\n".join(headers) + "\r\n\r\n" + text).encode("ascii"))


def offer(relay: str, forged: Forgery) -> str:
    """Give it to the relay (``host`` or ``host:port``); its words when it refuses, "" when it takes the mail.

    Raises OSError when the relay cannot be reached."""
    host, _, port = relay.rpartition(":") if relay.rpartition(":")[2].isdigit() else (relay, "", "25")
    try:
        with smtplib.SMTP(host.strip("[]"), int(port), local_hostname=socket.getfqdn(), timeout=TIMEOUT) as client:
            client.sendmail("", [forged.recipient], forged.data)
    except smtplib.SMTPRecipientsRefused as refused:
        return _words(*next(iter(refused.recipients.values())))
    except smtplib.SMTPResponseException as refused:
        return _words(refused.smtp_code, refused.smtp_error)
    except smtplib.SMTPException as error:
        raise OSError(str(error)) from error
    return ""


def _words(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"


def arrived(connection: Connection, forged: Forgery) -> Arrived | None:
    """What became of it, None while it is not here."""
    query = select(delivery).where(delivery.c.message_id == forged.message_id).limit(1)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    envelope = parsed(whole(row, "envelope", "raw_id")["envelope"], f"envelope of {row['id']}")
    data = content(connection, row["raw_id"])["data"] or b""
    return Arrived(row["id"], envelope["verdict"], envelope["verdict_reason"], _passed_on(bytes(data)))


def _passed_on(data: bytes) -> bool:
    return any(
        line.lower().startswith(b"authentication-results") and MARK.encode() in line
        for line in data.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n")
    )
