"""Header fields as some programs write them against the rules, and what they mean."""

from __future__ import annotations

import pytest

from gateway.mail.addresses import read_addresses
from gateway.mail.ids import ids_of

PEOPLE = [
    ("=?UTF-8?Q?Ann_<ann@acme.example>,_Bo_<bo@acme.example>?=", ["ann@acme.example", "bo@acme.example"]),
    (
        "=?UTF-8?Q?Ann_<ann@acme.example>,_=22B=C3=BCro=22_<bo@?= =?UTF-8?Q?acme.example>,_cy@acme.example?=",
        ["ann@acme.example", "bo@acme.example", "cy@acme.example"],
    ),
    ("=?UTF-8?Q?Ann?= ann@acme.example, bo@acme.example", ["ann@acme.example", "bo@acme.example"]),
    ("ann@acme.example., bo@acme.example>", ["ann@acme.example", "bo@acme.example"]),
    ("Ann <ann@acme.example>, =?UTF-8?Q?Bo?= <bo@acme.example>", ["ann@acme.example", "bo@acme.example"]),
]
IDS = [
    "<CAF1+x@acme.example>",
    "%3CCAF1+x@acme.example%3E",
    "%3CCAF1%2Bx%40acme.example%3e",
    "&lt;CAF1+x@acme.example&gt;",
    'Your message of "Mon, 23 Nov 2026 13:39:14 EST." <CAF1+x@acme.example>',
    "<CAF1+x@acme.example> (Ann's message of Mon, 23 Nov 2026)",
    "CAF1+x@acme.example",
    "<CAF1+x@acme.example",
]


@pytest.mark.parametrize(("field", "addresses"), PEOPLE)
def test_the_people_of_a_field(field: str, addresses: list[str]) -> None:
    assert [person.address for person in read_addresses(field)] == addresses


@pytest.mark.parametrize("field", IDS)
def test_the_id_that_a_field_names(field: str) -> None:
    assert ids_of(field) == ("CAF1+x@acme.example",)


def test_an_id_in_brackets_stays_as_it_is() -> None:
    assert ids_of("<a%3Cb&lt;c@acme.example>") == ("a%3Cb&lt;c@acme.example",)
