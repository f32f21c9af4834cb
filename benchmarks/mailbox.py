"""A made-up mailbox of a service desk, as an mbox: threads, notices of machines, absence notes, strangers, files.

``python -m benchmarks.mailbox FILE MAILS`` writes one, in a process of its own, as it holds much of what it wrote.
"""

from __future__ import annotations

import random
import sys
from base64 import encodebytes
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

BOX = "support@msp.example"
START = 1_780_000_000.0
CLIENTS = 120
KNOWN = ("acme.example", "globex.example", "initech.example")
WORDS = (
    "printer scanner laptop phone mailbox password VPN tunnel backup server disk invoice licence update screen "
    "keyboard calendar meeting room network cable switch office account login file share folder report"
).split()


def mails(count: int, seed: int = 1) -> Iterator[tuple[float, str]]:
    """So many mails with the times at which they came. Written by hand, as ``email`` takes many times as long."""
    chance = random.Random(seed)
    now = START
    threads: list[tuple[str, str, str]] = []  # Message-ID, person and subject
    open_hosts: set[str] = set()
    for number in range(count):
        now += chance.expovariate(1 / 180)
        kind = chance.random()
        fields: dict[str, str] = {}
        domain = chance.choice(KNOWN) if chance.random() < 0.3 else f"customer{chance.randrange(CLIENTS)}.example"
        person = f"Person {chance.randrange(9)} <p{chance.randrange(9)}@{domain}>"
        subject = " ".join(chance.choices(WORDS, k=5))
        text = "\n\n".join(
            " ".join(chance.choices(WORDS, k=chance.randrange(8, 60))) for _ in range(chance.randrange(1, 9))
        )
        reply = None
        if kind < 0.35 and threads:
            reply = chance.choice(threads[-200:])
            person, subject = reply[1], f"Re: {reply[2]}"
            text += f"\n\nOn Monday, Support <{BOX}> wrote:\n> " + text.replace("\n", "\n> ")
        elif kind < 0.55:
            host = f"srv{chance.randrange(60):02d}"
            word = "RECOVERY" if host in open_hosts else "PROBLEM"
            open_hosts.symmetric_difference_update({host})
            state = "OK" if word == "RECOVERY" else "CRITICAL"
            person, subject = "Nagios <nagios@monitor.example>", f"** {word} Service Alert: {host}/HTTP is {state} **"
            text = f"***** Nagios *****\n\nNotification Type: {word}\n\nService: HTTP\nHost: {host}\nState: {state}\n"
            fields["Auto-Submitted"] = "auto-generated"
        elif kind < 0.60:
            subject = f"Automatic reply: {subject}"
            fields["Auto-Submitted"] = "auto-replied"
        date, message_id = format_datetime(datetime.fromtimestamp(now, UTC)), f"<{number}.{seed}@{domain}>"
        fields |= {"From": person, "To": f"Support <{BOX}>", "Subject": subject, "Date": date, "Message-ID": message_id}
        fields["Received"] = f"from mx by mail; {date}"
        if reply:
            fields |= {"In-Reply-To": reply[0], "References": reply[0]}
        body = part("text/plain", text)
        if chance.random() < 0.5:
            html = f"<html><body><p>{'</p><p>'.join(text.split(chr(10)))}</p></body></html>"
            body = several("alternative", body, part("text/html", html))
        if chance.random() < 0.1:
            content = chance.randbytes(chance.randrange(1_000, 200_000))
            body = several("mixed", body, attached(content, f"{subject[:20]}.pdf"))
        if not reply and kind >= 0.6:
            threads.append((message_id, person, subject))
        yield now, headed(fields) + "MIME-Version: 1.0\n" + body


def headed(fields: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def part(kind: str, text: str) -> str:
    return f'Content-Type: {kind}; charset="utf-8"\nContent-Transfer-Encoding: 7bit\n\n{text}\n'


def several(kind: str, *parts: str) -> str:
    boundary = f"=={kind}=="
    inner = "".join(f"--{boundary}\n{each}\n" for each in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{inner}--{boundary}--\n'


def attached(content: bytes, name: str) -> str:
    head = f'Content-Type: application/pdf\nContent-Disposition: attachment; filename="{name}"\n'
    return f"{head}Content-Transfer-Encoding: base64\n\n{encodebytes(content).decode()}"


def write_mbox(path: Path, count: int, seed: int = 1) -> int:
    """Write so many mails. Returns the bytes."""
    with path.open("w", encoding="ascii", newline="\n") as out:
        for at, message in mails(count, seed):
            stamp = datetime.fromtimestamp(at, UTC).strftime("%a %b %d %H:%M:%S +0000 %Y")
            quoted = message.replace("\nFrom ", "\n>From ").rstrip("\n")
            out.write(f"From {int(at)}@xxx {stamp}\n{quoted}\n\n")
    return path.stat().st_size


if __name__ == "__main__":
    write_mbox(Path(sys.argv[1]), int(sys.argv[2]))
