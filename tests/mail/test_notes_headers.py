"""The header that Notes writes above an old mail, without colons, beside or below each other: of replies and forwards."""

from __future__ import annotations

import pytest

from gateway.mail.forward import find
from gateway.mail.html import to_lines
from gateway.mail.lines import plain
from gateway.mail.reply import reply_of

SAID = "It is the second tray.\n\nRegards\nAnn"
OLD = "Which tray is it?"
BELOW = [
    "Bo Berg/Desk/ACME\n24.11.2026 16:02\n\nAn\tAnn Archer/ACME@ACME\nKopie\t\nThema\tPrinter\n",
    "Bo Berg <bo@desk.example>\nSent by: Cy <cy@desk.example>\n\n24/11/26 16:02\nPlease respond to\n"
    "Bo Berg <bo@desk.example>\n\nTo\tann@acme.example\ncc\nSubject\tPrinter\n",
    "Bo Berg/Desk@ACME  24.11.2026 16:02\n\nPour\tann@acme.example\ncc\t\nObjet\tPrinter\n",
    "Bo Berg\n24-11-2026 16:02\n\nAan\tann@acme.example\ncc\tcy@acme.example\nOnderwerp\tPrinter\n",
]
BESIDE = (
    "                      Bo Berg                                       \n"
    '                      <bo@desk.example>             To:       "Ann" <ann@acme.example>\n'
    "                                                    cc:                  \n"
    "                      11/24/2026 04:02 PM           Subject:  Printer\n"
)
HTML = (
    "<table><tr><td><b>Bo Berg &lt;bo@desk.example&gt;</b><p>24-11-2026 16:02</p>"
    "<td><table><tr><td>To<td>ann@acme.example<tr><td>cc<td><tr><td>Subject<td>Printer</table></table>"
)


@pytest.mark.parametrize("header", [*BELOW, BESIDE])
def test_reply(header: str) -> None:
    reply = reply_of(plain(f"{SAID}\n\n\n{header}\n\n{OLD}\n"))
    assert (reply.text, reply.method) == (SAID, "headers: Notes header")
    assert OLD in reply.quoted


def test_reply_in_html() -> None:
    reply = reply_of(to_lines(f"<p>It is the second tray.</p><br>{HTML}<br><br><tt>{OLD}</tt>").lines)
    assert reply.text == "It is the second tray."


@pytest.mark.parametrize("header", [*BELOW, BESIDE])
def test_forward(header: str) -> None:
    by = "----- Forwarded by Ann Archer/ACME on 24.11.2026 17:00 -----"
    found = find(plain(f"{SAID}\n\n{by}\n\n{header}\n\n{OLD}\n"), "Fw: Printer")
    assert found is not None and found.sender is not None
    assert found.sender.name == "Bo Berg"
    assert found.sender.address in ("", "bo@desk.example")
    assert (found.subject, found.text, found.above) == ("Printer", OLD, SAID)
    assert "16:02" in found.date or "04:02 PM" in found.date
    assert all("/" not in person.address for person in found.to)


@pytest.mark.parametrize(
    "said",
    [
        "Please order:\n\nTo\tThe storeroom\ncc\tBo\nSubject\tPaper",
        "We meet on 24.11.2026 16:02.\n\nSubject matter: trays\ncc is not needed.",
        "A table:\n\n24.11.2026 16:02\nTo clean the tray takes an hour.\nSubject to change.",
    ],
)
def test_such_words_in_a_letter_stay(said: str) -> None:
    assert reply_of(plain(said)).text == said
