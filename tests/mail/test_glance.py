"""The subject as it is shown before the mail is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.glance import LENGTH, subject
from gateway.mail.headers import decode_value
from tests.pace import processor_time


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"", ""),
        (b" Printer on fire", "Printer on fire"),
        (b"Printer\r\n on fire", "Printer on fire"),
        ("Drucker f\u00e4llt aus".encode(), "Drucker f\u00e4llt aus"),
        (b"=?utf-8?Q?Drucker_f=C3=A4llt_aus?=", "Drucker f\u00e4llt aus"),
        (b"=?UTF-8?B?w4RyZ2Vy?= =?UTF-8?B?IMO8YmVy?=", "\u00c4rger \u00fcber"),
        (b"Re: =?iso-8859-1*de?q?=C4rger?= again", "Re: \u00c4rger again"),
        (b"=?iso-2022-jp?B?GyRCJTUhPCVQITwbKEI=?=", "\u30b5\u30fc\u30d0\u30fc"),
        (b"=?x-unknown?B?AAAA?=", "=?x-unknown?B?AAAA?="),
        (b"=?utf-7?Q?+2AA-?=", "=?utf-7?Q?+2AA-?="),
        (b"=?utf-8?B?!!!?=", ""),
        (b"\x1b[31mred\x07", "[31mred"),
        ("right\u202eleft\u0000".encode(), "right left"),
        (b"\xe4rger", "\ufffdrger"),
        (b"=?utf-8?Q?a=0D=0Ab?=", "a b"),
        (b"x" * 5_000, "x" * LENGTH),
    ],
)
def test_glance(raw: bytes, shown: str) -> None:
    assert subject(raw) == shown


@pytest.mark.parametrize(
    "raw", [b"Plain words", "\u00dcmlaut".encode(), b"=?utf-8?q?a?= =?utf-8?q?b?= c", b"=?koi8-r?B?8NLJ18XU?="]
)
def test_it_is_what_the_reader_finds(raw: bytes) -> None:
    assert subject(raw) == decode_value(raw)


@given(
    st.binary(max_size=300)
    | st.from_regex(rb"(=\?(utf-8|gb2312|big5|koi8-r)\?[bq]\?[A-Za-z0-9=+/_]{0,40}\?= ?){1,5}", fullmatch=True)
)
def test_it_can_be_kept_and_shown_anywhere(raw: bytes) -> None:
    shown = subject(raw)

    assert shown.isprintable() and len(shown) <= LENGTH
    shown.encode()  # no half of a surrogate pair


@pytest.mark.parametrize("shape", [b"=?", b"=?utf-8?q?", b"=?utf-8?q?a?= ", b"?= =?", b"\xff", b"=?a?b?c?="])
def test_it_costs_nothing(shape: bytes) -> None:
    raw = shape * (256_000 // len(shape))
    subject(b"\xff")  # loads the detector of charsets
    with processor_time() as spent:
        subject(raw)

    assert spent.seconds < 0.01
