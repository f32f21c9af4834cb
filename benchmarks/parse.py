"""Reading mail: CPU of a 10 kB multipart mail, CPU and memory of a 25 MB one beside stdlib `email`.

Targets: 5 ms; 1.5 times stdlib's parse and decode; 6 times the mail's size in memory of the process.
`python benchmarks/parse.py [--json]`; each memory figure comes from a process of its own.
"""

from __future__ import annotations

import base64
import json
import random
import resource
import subprocess
import sys
import time
from email import message_from_bytes

MAIL_MB = 25


def small() -> bytes:
    """10 kB: alternative with a reply, a quoted mail, a signature and a picture, and the headers of a real path."""
    received = "".join(
        f"Received: from mx{n}.example.net (mx{n}.example.net [192.0.2.{n}]) by in{n}.example.org"
        f" with ESMTPS id {n:032x}"
        f" for <help@desk.example>; Mon, 2 Nov 2026 10:0{n}:00 +0100\r\n"
        for n in range(5)
    )
    quoted_text = "".join(f"> Line {n} of the older mail, about the printer in room {n}.\r\n" for n in range(34))
    quoted_html = "".join(
        f"<p style='margin:0cm'>Line {n} of the <b>older</b> mail, about the printer in room {n}.</p>"
        for n in range(34)
    )
    picture = base64.encodebytes(random.Random(1).randbytes(1500)).decode().replace("\n", "\r\n")
    return (
        received
        + "DKIM-Signature: v=1; a=rsa-sha256; d=example.net; s=a; h=from:to; bh="
        + "A" * 44
        + "; b="
        + "B" * 340
        + "\r\n"
        "From: =?utf-8?q?J=C3=B6rg_M=C3=BCller?= <joerg@example.net>\r\nTo: Help <help@desk.example>\r\n"
        "Subject: =?utf-8?b?UmU6IERydWNrZXIgZHJ1Y2t0IG5pY2h0?=\r\nDate: Mon, 2 Nov 2026 10:10:00 +0100\r\n"
        "Message-ID: <a1@example.net>\r\nIn-Reply-To: <b2@desk.example>\r\n"
        "References: <b1@desk.example> <b2@desk.example>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="rel"\r\n\r\n--rel\r\n'
        'Content-Type: multipart/alternative; boundary="alt"\r\n\r\n--alt\r\n'
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        "Hello,\r\n\r\nit prints again, thank you. Could you look at the scanner too?\r\n\r\n-- \r\nJörg\r\n\r\n"
        "Am 01.11.2026 um 09:00 schrieb Help <help@desk.example>:\r\n" + quoted_text + "\r\n--alt\r\n"
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        "<html><head><style>p {margin:0}</style></head><body><p>Hello,</p><p>it prints <b>again</b>, thank you."
        " Could you look at the <a href='https://example.net/scanner'>scanner</a> too?</p><p><img src='cid:pic@x'></p>"
        "<div class='moz-cite-prefix'>Am 01.11.2026 um 09:00 schrieb Help:</div><blockquote type='cite'>"
        + quoted_html
        + "</blockquote></body></html>\r\n--alt--\r\n--rel\r\n"
        'Content-Type: image/png; name="p.png"\r\nContent-ID: <pic@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + picture
        + "\r\n--rel--\r\n"
    ).encode()


def big() -> bytes:
    """Three files in base64."""
    data = random.Random(2).randbytes(MAIL_MB * 1024 * 1024 * 3 // 4 // 3)
    encoded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    part = (
        b'--b\r\nContent-Type: application/pdf; name="%d.pdf"\r\n'
        b"Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n%b\r\n"
    )
    head = (
        b"From: a@b.c\r\nTo: d@e.f\r\nSubject: big\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsee files\r\n'
    )
    return head + b"".join(part % (n, encoded) for n in range(3)) + b"--b--\r\n"


def text() -> bytes:
    """One text, a log of that size."""
    line = b"2026-11-02 10:00:00 INFO worker 7 took job 12345 for customer example, 0.123 s, all well\r\n"
    head = b"From: a@b.c\r\nTo: d@e.f\r\nSubject: log\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    return head + line * (MAIL_MB * 1024 * 1024 // len(line))


def stdlib(raw: bytes) -> int:
    """Parsed and decoded, text to characters too."""
    size = 0
    for part in message_from_bytes(raw).walk():
        data = part.get_payload(decode=True)
        if isinstance(data, bytes):
            size += len(data.decode("utf-8", "replace") if part.get_content_maintype() == "text" else data)
    return size


def ours(raw: bytes) -> int:
    from gateway.mail.read import read

    reading = read(raw)
    return sum(len(reading.payload(n)) for n in range(len(reading.email.attachments)))


def best(function: object, raw: bytes, times: int) -> float:
    figures = []
    for _ in range(times):
        start = time.process_time()
        function(raw)  # type: ignore[operator]
        figures.append(time.process_time() - start)
    return min(figures)


def memory(which: str) -> float:
    """Peak of a process that receives the mail, reads it and hands its files out one by one, over the mail's size."""
    code = (
        "import sys; sys.path.insert(0, '.'); from benchmarks import parse as p\n"
        "def peak():\n"
        "    return next(int(l.split()[1]) for l in open('/proc/self/status') if l.startswith('VmHWM'))\n"
        f"import gateway.mail.read; {'p.ours' if which == 'ours' else 'p.stdlib'}(p.small())\n"
        "base = peak()\n"
        "raw = sys.stdin.buffer.read()\n"
        f"{'p.ours' if which == 'ours' else 'p.stdlib'}(raw)\n"
        "print((peak() - base) * 1024 / len(raw))"
    )
    run = subprocess.run([sys.executable, "-c", code], input=big(), capture_output=True, check=True)
    return float(run.stdout)


def measure() -> dict[str, float]:
    raw, large, log = small(), big(), text()
    best(ours, raw, 20)
    figures = {
        "small_bytes": len(raw),
        "small_ms": best(ours, raw, 100) * 1000,
        "small_stdlib_ms": best(stdlib, raw, 100) * 1000,
        "big_s": best(ours, large, 3),
        "big_stdlib_s": best(stdlib, large, 3),
    }
    figures["text_s"], figures["text_stdlib_s"] = best(ours, log, 3), best(stdlib, log, 3)
    figures["text_ratio"] = figures["text_s"] / figures["text_stdlib_s"]
    figures["big_ratio"] = figures["big_s"] / figures["big_stdlib_s"]
    figures["big_memory_times_size"] = memory("ours")
    figures["big_stdlib_memory_times_size"] = memory("stdlib")
    figures["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {key: round(value, 3) for key, value in figures.items()}


if __name__ == "__main__":
    sys.path.insert(0, ".")
    found = measure()
    if "--json" in sys.argv:
        print(json.dumps(found))
    else:
        for key, value in found.items():
            print(f"{key:32} {value}")
