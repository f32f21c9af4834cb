"""A recovery ends a problem of the same thing and no other: tried with the fixtures of all shipped profiles.

Each mail is read and judged as live mail is; the client is the same for all, the worst case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from itertools import product
from typing import Any

import pytest

from gateway.config import profiles
from gateway.config.profile import FixturePart, Profile
from gateway.decide.context import DecisionContext, DeliveryContext, MailboxPolicy
from gateway.decide.notices import single
from gateway.decide.notices.context import NoticeContext
from gateway.decide.notices.whose import problem_of
from gateway.mail.read import read as read_mail
from gateway.match.ours import Ours
from gateway.model.email import Email
from gateway.model.envelope import Envelope
from gateway.model.notice import Notice, ResolvedNotice
from gateway.model.plan import Trace
from gateway.model.problem import Problem
from gateway.model.questions import Changes, Facts, OfIncident, OpenOfObject, Question, Reopens, StateOf, TicketState
from gateway.notices import fixtures
from gateway.notices.read import read as read_notice
from gateway.notices.source import Sources
from tests import sizes

NOW = 1_795_000_000.0
TICKET = TicketState("t1", "TIC1", False, "", "acme", "b", "")


class Answers(dict[Question, Any]):
    """The store and the desk, as far as a recovery asks."""

    def __contains__(self, question: object) -> bool:
        return True

    def __missing__(self, question: Question) -> Any:
        match question:
            case Changes() | Reopens():
                return 0
            case OfIncident() | OpenOfObject():
                return []
            case StateOf():
                return TICKET
        raise AssertionError(f"asked for {question.kind}")


def notice_context(notice: Notice, known: list[Problem], client: str = "acme") -> NoticeContext:
    """A notice under decision. Its profile may close."""
    handling = replace(notice.handling, close=True, flaps=0)
    notice = replace(notice, handling=handling, proven=True, at=0.0, sequence=-1)
    envelope = Envelope("", "alerts@msp.example", time=NOW)
    delivery = DeliveryContext("d2", MailboxPolicy(Ours(), {}))
    mail = DecisionContext(EMPTY, envelope, delivery, Facts(Answers()), Trace())
    return NoticeContext(mail, ResolvedNotice(notice), notice, client, False, known)


EMPTY: Email = read_mail(b"Subject: x\n\n").email


def problem_that(notice: Notice, client: str = "acme") -> Problem:
    """The open problem that a notice begins, with its ticket."""
    begun = notice_context(notice, [], client).fresh()
    return replace(begun, ticket_id="t1", number="TIC1", opened_at=NOW - 60, last_at=NOW - 60, delivery_id="d1")


def ends(notice: Notice, problem: Problem, client: str = "acme") -> bool:
    """Whether the notice leads to the closing of the problem's ticket."""
    return recovers(notice, [problem] if is_known_by(notice, problem) else [], client)


def ended(notice: Notice, problems: Mapping[str, Problem]) -> list[str]:
    """The names of those problems that a notice ends."""
    unknown = recovers(notice, [])  # the same for every problem that is not found by it
    return [
        name
        for name, problem in problems.items()
        if (recovers(notice, [problem]) if is_known_by(notice, problem) else unknown)
    ]


def is_known_by(notice: Notice, problem: Problem) -> bool:
    """Whether the store finds the problem when it is asked for the notice's."""
    return (problem.profile, problem.key) == (notice.profile, notice.key)


def recovers(notice: Notice, known: list[Problem], client: str = "acme") -> bool:
    about = notice_context(notice, known, client)
    return single.evaluate(about, problem_of(about)).act == "recover"


@cache
def profile(name: str) -> Profile:
    return profiles.read(profiles.SHIPPED / f"{name}.toml").profile


SOURCES: dict[tuple[str, frozenset[str]], Sources] = {}
"""Profiles as sources of these senders: their patterns are compiled once."""


def email_of(fixture: FixturePart) -> Email:
    return read_mail(fixtures.mail_of(fixture, profiles.SHIPPED)).email


def read(name: str, fixture: FixturePart) -> Notice | None:
    return notice_of(name, email_of(fixture))


def notice_of(name: str, email: Email) -> Notice | None:
    key = name, fixtures.senders_of(email, profile(name))
    if key not in SOURCES:
        SOURCES[key] = Sources([fixtures.source_of(email, profile(name))])
    return read_notice(email, fixtures.envelope_of(email), SOURCES[key])


@cache
def as_shipped(name: str) -> dict[str, Notice]:
    """What is read from each fixture of a profile, by its name."""
    found = {fixture.name: read(name, fixture) for fixture in profile(name).fixture if fixture.matches}
    return {fixture: notice for fixture, notice in found.items() if notice}


@cache
def told(name: str, state: str) -> list[tuple[FixturePart, Notice]]:
    """The fixtures of a profile that tell this state."""
    found = [(fixture, as_shipped(name)[fixture.name]) for fixture in profile(name).fixture if fixture.name in as_shipped(name)]
    every = [(fixture, told) for fixture, notice in found for told in (notice, *notice.parts)]
    return [(fixture, notice) for fixture, notice in every if notice.state == state and notice.parsed]


def kin(name: str, fixture: FixturePart, notice: Notice) -> str:
    """The first fixture of the problem that a fixture is about; of what a mail of several tells, what it is about."""
    if notice.text:
        return f"{notice.object}: {notice.condition}"
    by_name = {fixture.name: fixture for fixture in profile(name).fixture}
    while fixture.gives.same_as:
        fixture = by_name[fixture.gives.same_as]
    return fixture.name


def test_the_matrix_of_all_fixtures_closes_nothing_wrong() -> None:
    """Every recovery against every open problem of every other fixture."""
    wrong, right, tried = [], 0, 0
    everything = [
        (name, opening, begun, problem_that(begun))
        for name in profiles.shipped()
        for state in ("open", "planned")
        for opening, begun in told(name, state)
    ]
    for name in profiles.shipped():
        for closing, notice in told(name, "close"):
            unknown = recovers(notice, [])  # the same for every problem that is not found by it
            for other, opening, begun, problem in everything:
                tried += 1
                if not (recovers(notice, [problem]) if is_known_by(notice, problem) else unknown):
                    continue
                right += 1
                if name == other and notice.text != begun.text:  # a mail of several, and one of a single problem
                    same = (notice.object, notice.condition) == (begun.object, begun.condition)
                else:
                    same = (name, kin(name, closing, notice)) == (other, kin(other, opening, begun))
                if not same:
                    wrong.append(f"{name}: {closing.name!r} closes {other}: {opening.name!r}")
    assert wrong == []
    assert right >= 50 and tried > 10_000


def altered(fixture: FixturePart, old: str, new: str) -> FixturePart:
    """A fixture with a text replaced wherever it stands."""
    return rewritten(fixture, lambda text: text.replace(old, new))


def rewritten(fixture: FixturePart, rewrite: Callable[[str], str]) -> FixturePart:
    attachments = tuple(file.model_copy(update={"text": rewrite(file.text)}) for file in fixture.attachments)
    texts = {name: rewrite(getattr(fixture, name)) for name in ("subject", "body", "html")}
    return fixture.model_copy(update={**texts, "attachments": attachments})


def pairs(name: str) -> Iterator[tuple[FixturePart, FixturePart]]:
    """The problems of a profile with their recoveries."""
    for (opening, begun), (closing, over) in product(told(name, "open"), told(name, "close")):
        if ends(over, problem_that(replace(begun, scope=over.scope))):
            yield opening, closing


def pair_of_each(name: str) -> list[tuple[FixturePart, FixturePart]]:
    """Each recovery of a profile once, with a problem that it ends."""
    return [*{closing.name: (opening, closing) for opening, closing in pairs(name)}.values()]


def recoveries(name: str) -> Iterator[tuple[FixturePart, Notice, Problem]]:
    """Each recovery of a profile, what is read from it, and a problem that it ends."""
    for opening, closing in pair_of_each(name):
        begun, over = as_shipped(name)[opening.name], as_shipped(name)[closing.name]
        yield closing, over, problem_that(replace(begun, scope=over.scope))


@pytest.mark.parametrize("name", profiles.shipped())
def test_no_recovery_closes_with_a_part_left_out_or_changed(name: str) -> None:
    """Also where both lack it: what could not be read is not the same as nothing. In the short form each recovery is
    tried with one of the problems that it ends."""
    key = profile(name).key
    for opening, closing in sizes.size(pair_of_each, pairs)(name):
        begun, over = as_shipped(name)[opening.name], as_shipped(name)[closing.name]
        begun = replace(begun, scope=over.scope)
        problem = problem_that(begun)
        assert not ends(replace(over, scope="other@vendor.example"), problem)
        assert not ends(replace(over, scope=f"{over.scope} 203.0.113.7/32"), problem)
        assert not ends(over, problem, client="globex")
        assert not ends(over, problem_that(begun, client="globex"), client="unknown")
        number = next((part for part in key.id if over.fields.get(part)), "")
        for part in (number,) if number else (*key.object, *key.condition, *key.scope):
            value = over.fields.get(part, "")
            if not value or altered(closing, value, "") == closing:
                continue  # not as it stands in the mail
            for other in ("", "zq9"):
                changed = read(name, altered(closing, value, other))
                assert changed is None or not ends(replace(changed, scope=over.scope), problem), (part, value, other)
            lost, lost_before = read(name, altered(closing, value, "")), read(name, altered(opening, value, ""))
            if lost and lost_before and not number and not lost.fields.get(part):
                lost_before = replace(lost_before, scope=lost.scope)
                assert not ends(lost, problem_that(lost_before)), (part, value)


@pytest.mark.parametrize("name", ["nagios", "cloudwatch", "zabbix"])
def test_a_subject_does_not_close_over_a_text_that_says_otherwise(name: str) -> None:
    """Where the layout tells the state in both."""
    tried = 0
    for opening, closing in pairs(name):
        if not opening.body or not {"State", "Problem started"} & {*re.findall(r"State|Problem started", opening.body)}:
            continue
        tried += 1
        over = read(name, closing)
        changed = read(name, closing.model_copy(update={"body": opening.body}))
        begun = read(name, opening)
        assert over and begun
        problem = problem_that(replace(begun, scope=over.scope))
        assert changed is None or not ends(replace(changed, scope=over.scope), problem), closing.name
    assert tried


TWISTS = (
    "zq9 {}",
    "{} zq9",
    "not {}",
    "pas encore {}",
    "{} in 2 hours",
    "{} aber langsam",
    "{} request",
    "{}?",
    '"{}"',
    "tot morgen {}",
)
"""What unknown words, a negation, a time, a condition, a request, a question and a quotation make of a word."""


def _twisted(pattern: str, hit: re.Match[str]) -> str:
    return pattern.format(hit[0])


@pytest.mark.parametrize("name", profiles.shipped())
def test_no_word_closes_beside_what_the_layout_does_not_know(name: str) -> None:
    """Wherever it stands: in a label's value, in the subject, or captured out of a layout."""
    for (closing, over, problem), pattern in sizes.pairs(recoveries(name), TWISTS, 3):
        word = re.compile(rf"(?<!\w){re.escape(over.word)}(?!\w)", re.IGNORECASE)
        changed = read(name, rewritten(closing, partial(word.sub, partial(_twisted, pattern))))
        assert changed is None or not ends(replace(changed, scope=over.scope), problem), (closing.name, pattern)


def test_each_recovery_ends_the_problems_of_its_key() -> None:
    """What keeps others from closing keeps no recovery of the product itself from it, however its problem began."""
    tried, kept = 0, []
    for name in profiles.shipped():
        begun = [notice for state in ("open", "planned") for _, notice in told(name, state)]
        for (closing, over), notice in product(told(name, "close"), begun):
            problem = problem_that(replace(notice, scope=over.scope))
            if is_known_by(over, problem):
                tried += 1
                if not ends(over, problem):
                    kept.append((name, closing.name, notice.title))
    assert kept == []
    assert tried >= 130


ROUND = (
    "Question: {}", "{}? not for us", "Re-check: {}", "not true: {}", "{} stimmt nicht", "Frage zu {}", "{} - really?",
    "{} (please check)", "[zq9] {}", "{} [zq9]", "{}: no", "zq9 {}", "{} zq9", "{}, zq9", "«{}»", "FALSE ALARM {}", "is it? {}",
    "{} | not yet", "URGENT {}", "no {}", "¿{}?", "{} - no",
)  # fmt: skip
"""What somebody puts before or behind a whole subject."""
ANSWERED = ("Fwd: {}", "Re: {}", "AW: WG: {}", "TR: {}")


@pytest.mark.parametrize("name", profiles.shipped())
def test_nothing_put_round_a_subject_closes(name: str) -> None:
    """Also where the text says the state, and the subject is but a title, or its layout ends in a free text."""
    for (closing, over, problem), pattern in sizes.pairs(recoveries(name), (*ROUND, *ANSWERED), 4):
        changed = read(name, closing.model_copy(update={"subject": pattern.format(closing.subject)}))
        assert changed is None or not ends(replace(changed, scope=over.scope), problem), (closing.name, pattern)
