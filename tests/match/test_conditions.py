"""Conditions: what they capture is the same whether or not each is told, and comes from what holds."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.mail.read import read
from gateway.match import conditions, domains
from gateway.match.captures import fill, names_in
from gateway.match.conditions import Answer, Group, View
from gateway.model.envelope import Envelope

SUBJECT = "ACME: disk full on NAS01 {from}"


def view() -> View:
    email = read(f"From: ann@acme.example\nSubject: {SUBJECT}\n\nbody".encode()).email
    return View(email, Envelope("", "desk@msp.example"))


def of(kind: str, *parts: conditions.Test | Group) -> Group:
    return Group(kind, parts)


def subject(pattern: str) -> conditions.Test:
    return conditions.test("subject", "regex", (pattern,))


NEVER = conditions.test("subject", "equals", ("other",))
CASES = {
    "the first of several": (of("any", subject("(?P<x>ACME)"), subject("(?P<x>NAS01)")), True, {"x": "ACME"}),
    "the later where all must hold": (of("all", subject("(?P<x>ACME)"), subject("(?P<x>NAS01)")), True, {"x": "NAS01"}),
    "none of a group that does not hold": (
        of("any", of("all", subject("(?P<x>ACME)"), NEVER), subject("(?P<y>NAS01)")),
        True,
        {"y": "NAS01"},
    ),
    "none of what must not hold": (of("all", of("not", subject("(?P<x>ACME)"), NEVER)), False, {}),
    "none where nothing holds": (of("all", subject("(?P<x>ACME)"), NEVER, subject("(?P<y>NAS01)")), False, {}),
    "of a group within": (of("all", of("any", NEVER, subject("(?P<x>ACME)"))), True, {"x": "ACME"}),
    "an empty group": (of("all"), True, {}),
    "any of nothing": (of("any"), False, {}),
    "not": (of("not", NEVER), True, {}),
}


@pytest.mark.parametrize("tell", [False, True])
@pytest.mark.parametrize(("group", "holds", "captures"), CASES.values(), ids=CASES)
def test_what_is_captured(group: Group, holds: bool, captures: dict[str, str], tell: bool) -> None:
    answer = Answer(tell)

    assert group.holds(view(), answer) is holds
    assert answer.captures == captures


def test_each_condition_is_told() -> None:
    answer = Answer(tell=True)
    of("any", subject("ACME"), of("all", NEVER, subject("NAS01"))).holds(view(), answer)

    assert answer.lines == [
        ("subject regex ACME", True),
        ("subject equals other", False),
        ("subject regex NAS01", True),
    ]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{x} of {from}", "{subject} of ann@acme.example"),
        ("{subject} / {from}", f"{SUBJECT} / ann@acme.example"),
        ("{missing} {from}", ""),
        ("plain } {", "plain } {"),
        ("{{from}}", "{ann@acme.example}"),
    ],
)
def test_braces_of_a_mail_are_no_names(text: str, filled: str) -> None:
    assert fill(text, {"x": "{subject}"}, view()) == filled


def test_names_in_braces() -> None:
    assert names_in("{a} {b c} } { {d{e}") == ["a", "b c", "e"]


@pytest.mark.parametrize(
    ("field", "operator", "value", "holds"),
    [
        ("from_domain", "equals", "müller.example", True),
        ("from_domain", "equals", "xn--mller-kva.example", True),
        ("from", "equals", "Ann@MÜLLER.example", True),
        ("from", "glob", "*@müller.example", True),
        ("to", "contains", "@münchen.example", True),
        ("from_domain", "equals", "muller.example", False),
        ("subject", "contains", "müller", False),
    ],
)
def test_international_domains_as_people_write_them(field: str, operator: str, value: str, holds: bool) -> None:
    raw = "From: ann@müller.example\nTo: desk@xn--mnchen-3ya.example\nSubject: xn--mller-kva\n\nbody"
    mail = View(read(raw.encode()).email, Envelope("", "desk@msp.example"))

    assert conditions.test(field, operator, (value,)).holds(mail, Answer()) is holds


@pytest.mark.parametrize("domain", ["xn--" + "a" * 60_000, "xn--\u20ac", "xn--a", "xn--mller-kva.example" + ".a" * 200])
def test_a_domain_that_is_none_stays_as_it_is(domain: str) -> None:
    assert domains.in_unicode(f"ann@{domain}") == f"ann@{domain}"


@pytest.mark.parametrize(
    ("field", "bounds", "at", "holds"),
    [
        ("date", ("2026-12-24", "2026-12-26"), "2026-12-23T23:59", False),
        ("date", ("2026-12-24", "2026-12-26"), "2026-12-24T00:00", True),
        ("date", ("2026-12-24", "2026-12-26"), "2026-12-26T23:59", True),
        ("date", ("2026-12-24", "2026-12-26"), "2026-12-27T00:00", False),
        ("date", ("2026-12-24", "2026-12-24"), "2026-12-24T12:00", True),
        ("time", ("08:00", "18:00"), "2026-12-24T18:00", False),
        ("time", ("08:00", "18:00"), "2026-12-24T17:59", True),
        ("time", ("22:00", "06:00"), "2026-12-24T05:59", True),
        ("time", ("22:00", "06:00"), "2026-12-24T06:00", False),
        ("time", ("18:00", "24:00"), "2026-12-24T23:59", True),
    ],
)
def test_between(field: str, bounds: tuple[str, str], at: str, holds: bool) -> None:
    """Of times the last does not belong to it, of days it does."""
    moment = datetime.fromisoformat(f"{at}+00:00").timestamp()
    mail = View(view().email, Envelope("", "desk@msp.example", time=moment))

    assert conditions.test(field, "between", bounds).holds(mail, Answer()) is holds
