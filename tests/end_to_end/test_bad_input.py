"""Mail as it should not be: a clear outcome each, nothing lost, nothing that the desk answers with 500."""

from __future__ import annotations

import pytest

from gateway.simulator import Simulator
from tests.harness import GatewayProcess, mail

HEAD = b"From: Alice <alice@acme.example>\r\nTo: support@msp.example\r\nMIME-Version: 1.0\r\n"


def nested(depth: int) -> bytes:
    parts = [HEAD]
    for n in range(depth):
        parts.append(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n))
    parts.append(b"Content-Type: text/plain\r\n\r\nthe heart of it\r\n")
    return b"".join(parts)


def with_file(name: str) -> bytes:
    message = mail("A file", sender="alice@acme.example")
    message.add_attachment(b"content of the file", maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()


BAD = {
    "an empty message": b"",
    "no headers": b"just words, no header at all\r\nand more\r\n",
    "only headers": HEAD + b"Subject: nothing else\r\n",
    "1,500 nested parts": nested(1500),
    "100,000 parameters": HEAD + b"Content-Type: text/plain" + b";a=b" * 100_000 + b"\r\n\r\nbody\r\n",
    "NUL": HEAD + b"Subject: n\0ul\r\n\r\nbo\0dy\r\n",
    "lone surrogates": HEAD
    + b"Subject: =?utf-8?B?7aCA?= x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xed\xa0\x80 body\r\n",
    "a title of 300 emoji": HEAD + b"Subject: =?utf-8?Q?" + b"=F0=9F=98=80" * 300 + b"?=\r\n\r\nbody\r\n",
    "a body 12345": HEAD + b"Subject: number\r\n\r\n12345\r\n",
    "a body []": HEAD + b"Subject: list\r\n\r\n[]\r\n",
    "a blank subject and body": HEAD + b"Subject:   \r\n\r\n   \r\n",
    "control characters": HEAD + b"Subject: \x1b[31mred\x07\r\n\r\n\x1b[2Jcleared\x08\r\n",
    "bare line feeds": b"From: alice@acme.example\nSubject: unix\n\nbody\n",
    "script": HEAD
    + b"Content-Type: text/html\r\n\r\n<a href='javascript:alert(1)'>x</a><script>alert(1)</script>ok\r\n",
    "From that is no address": b"From: not an address\r\nSubject: x\r\n\r\nbody\r\n",
    "quotes in a file name": with_file('a "quoted" \\ name.pdf'),
    "a path in a file name": with_file("../../etc/passwd"),
    "a long file name": with_file("x" * 400 + ".pdf"),
    "a file name of blanks": with_file("   "),
}


@pytest.mark.parametrize("name", BAD)
def test_new_mail(simulator: Simulator, running: GatewayProcess, name: str) -> None:
    answer = running.send(BAD[name], sender="alice@acme.example")
    shown = running.became(answer)

    assert (shown["stage"], shown["reason"]) == ("DONE", ""), shown
    assert [(call.path, call.status) for call in simulator.desk.refusals] == []


def test_the_same_as_replies(simulator: Simulator, running: GatewayProcess) -> None:
    """A comment has rules of its own: 5,000 units, no text that is JSON."""
    first = mail("A thread for bad replies", sender="alice@acme.example")
    ticket = running.became(running.send(first))["ticket_id"]
    thread = b"In-Reply-To: " + first["Message-ID"].encode() + b"\r\n"
    replies = [raw for raw in BAD.values() if raw.lower().startswith(b"from: alice")]

    answers = [
        running.send(thread + b"Message-ID: <bad%d@acme.example>\r\n" % number + raw, sender="alice@acme.example")
        for number, raw in enumerate(replies)
    ]
    tickets = {running.became(answer)["ticket_id"] for answer in answers}

    assert tickets == {ticket}
    assert len(simulator.desk.comments[ticket]) >= len(replies)
    assert [(call.path, call.status) for call in simulator.desk.refusals] == []


def test_a_line_of_30_megabytes(simulator: Simulator, running: GatewayProcess) -> None:
    answer = running.send(
        HEAD + b"Subject: one line\r\n\r\n" + b"x" * 30_000_000 + b"\r\n", sender="alice@acme.example"
    )

    assert running.became(answer)["stage"] == "DONE"


def test_a_line_of_150_megabytes_is_refused_in_words(running: GatewayProcess) -> None:
    with running.smtp() as client:
        client.ehlo()
        client.mail("alice@acme.example")
        client.rcpt("support@msp.example")
        client.putcmd("DATA")
        client.getreply()
        for _ in range(150):
            client.send(b"x" * 1_000_000)
        client.send(b"\r\n.\r\n")
        code, text = client.getreply()

    assert (code, text[:5]) == (552, b"5.3.4")
    running.drained()
