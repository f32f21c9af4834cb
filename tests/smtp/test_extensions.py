"""The table of extensions: what EHLO says in each state of a session, and which parameters are understood."""

from __future__ import annotations

import pytest

from gateway.smtp.extensions import (
    EXTENSIONS,
    MAIL_PARAMETERS,
    RCPT_PARAMETERS,
    Offer,
    keywords,
    unknown_parameter,
    wrong_parameter,
)

ALWAYS = ["SIZE 100", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES", "CHUNKING", "HELP"]


@pytest.mark.parametrize(
    ("tls", "login", "more"),
    [
        (False, False, []),
        (True, False, ["STARTTLS"]),
        (False, True, ["AUTH PLAIN LOGIN"]),
    ],
)
def test_what_ehlo_offers(tls: bool, login: bool, more: list[str]) -> None:
    assert keywords(Offer(100, tls, login)) == ALWAYS[:3] + more + ALWAYS[3:]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("SIZE", ["0", "1" * 20], ["", "-1", "1e3", "²", "1" * 21]),
        ("BODY", ["7BIT", "8bitmime"], ["", "BINARYMIME"]),
        ("SMTPUTF8", [""], ["yes"]),
        ("RET", ["FULL", "hdrs"], ["", "ALL"]),
        ("ENVID", ["", "x" * 500], ["x" * 501]),
        ("AUTH", ["<>"], ["x" * 501]),
    ],
)
def test_values_of_mail(name: str, good: list[str], bad: list[str]) -> None:
    assert [value for value in good if wrong_parameter([(name, value)], MAIL_PARAMETERS)] == []
    assert [value for value in bad if not wrong_parameter([(name, value)], MAIL_PARAMETERS)] == []


def test_each_parameter_belongs_to_one_extension() -> None:
    named = [name for extension in EXTENSIONS for name in (*extension.mail, *extension.rcpt)]

    assert len(named) == len(set(named)) == len(MAIL_PARAMETERS) + len(RCPT_PARAMETERS)


def test_a_parameter_of_the_other_command_is_unknown() -> None:
    assert unknown_parameter([("SIZE", "1"), ("NOTIFY", "NEVER")], MAIL_PARAMETERS) == "NOTIFY"
    assert unknown_parameter([("NOTIFY", "NEVER"), ("SIZE", "1")], RCPT_PARAMETERS) == "SIZE"
