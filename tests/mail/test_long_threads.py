"""A thread of many mails: the ids that say most are read, however long the field that names them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.config.settings import WorkSettings
from gateway.intake.register import MOST_MENTIONS, deliveries_of
from gateway.mail.head import split_head
from gateway.mail.ids import scan_ids
from gateway.mail.read import read
from gateway.model.envelope import Envelope
from gateway.store.arrivalrow import ArrivedFor
from gateway.store.mapping import key

DESK = "default"


def thread(mails: int, width: int = 40) -> list[str]:
    return [f"{number:06d}.{'x' * (width - 20)}@acme.example" for number in range(mails)]


def bracketed(ids: list[str], between: str = "\r\n ") -> str:
    return between.join(f"<{message_id}>" for message_id in ids)


def mail(*fields: str) -> bytes:
    return (
        "From: ann@acme.example\r\nMessage-ID: <last@acme.example>\r\n" + "".join(fields) + "\r\nHello\r\n"
    ).encode()


SHAPES: dict[str, Callable[[list[str]], str]] = {
    "64 kB": lambda ids: f"References: {bracketed(ids)}\r\n",
    "of one line": lambda ids: f"References: {bracketed(ids, ' ')}\r\n",
    "without blanks": lambda ids: f"References: {bracketed(ids, '')}\r\n",
    "without brackets": lambda ids: "References: " + "\r\n ".join(ids) + "\r\n",
    "a field for each": lambda ids: "".join(f"References: <{message_id}>\r\n" for message_id in ids),
    "in lower case": lambda ids: f"references: {bracketed(ids)}\r\n",
}


@pytest.mark.parametrize(
    ("shape", "mails"),
    [
        pytest.param(shape, mails, id=f"{name}, {mails}")
        for name, shape in SHAPES.items()
        for mails in (3, 60, 400, 900, 2500)
        if mails < 1000 or name != "a field for each"  # of which no more are read
    ],
)
def test_the_first_and_the_newest_are_known(shape: Callable[[list[str]], str], mails: int) -> None:
    ids = thread(mails)
    raw = mail(shape(ids))

    for found in (scan_ids(raw).references, read(raw).email.references):
        assert found[0] == ids[0]
        assert found[-20:] == tuple(ids[-20:])
        assert set(found) <= set(ids)


def test_so_it_is_with_those_that_are_answered() -> None:
    ids = thread(2500)

    assert scan_ids(mail(f"In-Reply-To: {bracketed(ids)}\r\n")).in_reply_to[-1] == ids[-1]


def test_of_another_field_the_beginning_is_read() -> None:
    head = split_head(mail("Subject: first " + "x" * 70_000 + " last\r\n"))

    assert head.values("subject")[0].startswith(b"first") and not head.values("subject")[0].endswith(b"last")


@pytest.mark.parametrize("answered", [0, 1, 100])
def test_the_newest_are_waited_for(answered: int) -> None:
    """Those that are answered leave room for the newest of the thread."""
    ids, others = thread(2500), [f"other.{number}@acme.example" for number in range(answered)]
    raw = mail(f"References: {bracketed(ids)}\r\n", f"In-Reply-To: {bracketed(others)}\r\n" if others else "")
    recipients = [ArrivedFor("id", DESK, "support@msp.example", "support@msp.example")]
    (new,) = deliveries_of(split_head(raw), b"\0" * 32, Envelope("", "", time=1.0), recipients, WorkSettings())

    assert len(new.mention_keys) == MOST_MENTIONS
    expected = ["last@acme.example", *others[-1:], *ids[-20:]]
    assert {key(DESK, message_id) for message_id in expected} <= set(new.mention_keys)
