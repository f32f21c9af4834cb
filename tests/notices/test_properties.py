"""What holds for every mail: reading never raises, its time is bounded, and a key is of the problem alone."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import profiles
from gateway.mail.read import read as read_mail
from gateway.match import prefixes, title, words
from gateway.model.email import DataFile, Email
from gateway.model.envelope import Envelope
from gateway.model.notice import Notice
from gateway.notices import ends, fixtures, normal
from gateway.notices.read import read
from gateway.notices.source import Identity, Source, Sources
from tests.pace import processor_time
from tests.sizes import size

NAMES = profiles.shipped()
BLANK = read_mail(b"From: a@vendor.example\nTo: x@msp.example\nSubject: s\n\nb\n").email
PASS = Envelope("a@vendor.example", "x@msp.example", verdict="pass", verdict_for="a@vendor.example")


@cache
def source(name: str) -> Source:
    profile = profiles.read(profiles.SHIPPED / f"{name}.toml").profile
    return Source.of(profile, Identity(senders=frozenset(["vendor.example"])), dedicated=True)


@cache
def mails() -> tuple[tuple[str, Email, Notice], ...]:
    """All fixtures that are notices, as mails with what is read out of them."""
    out = []
    for name in NAMES:
        loaded = profiles.read(profiles.SHIPPED / f"{name}.toml")
        for fixture in loaded.profile.fixture:
            email = read_mail(fixtures.mail_of(fixture, profiles.SHIPPED)).email
            notice = fixtures.notice_of(email, loaded.profile)
            if notice is not None and not notice.forwarded:
                out.append((name, email, notice))
    return tuple(out)


def every(email: Email) -> list[Notice]:
    found = [read(email, PASS, Sources([source(name)])) for name in NAMES]
    return [notice for notice in found if notice is not None]


TEXT = st.text(st.characters(codec="utf-8"), max_size=300)
BITS = st.sampled_from(
    ["[Failed] ", "** PROBLEM ", "Host: ", "State: DOWN", "\n", " | ", "\t", ": ", "{", '"detail":', "[", "]", "(3 objects)",
     "INC0012345", "MC123456", "EX123456", "is DOWN", "resolved", "not ", "Problem: ", "Maintenance ID: CHG00123", "\x00", "\u202e", "="]
)  # fmt: skip
MIXED = st.lists(st.one_of(BITS, TEXT), max_size=12).map("".join)
FILES = st.lists(
    st.builds(DataFile, st.sampled_from(["calendar", "json", "xml", "csv"]), st.just("f"), MIXED), max_size=2
)


@settings(max_examples=size(25, 150), deadline=None)
@given(subject=MIXED, text=MIXED, files=FILES)
def test_reading_never_raises(subject: str, text: str, files: list[DataFile]) -> None:
    for notice in every(replace(BLANK, subject=subject, text=text, html=text, data=tuple(files))):
        assert notice.key or notice.failed
        assert max(map(len, (notice.key, notice.object, notice.condition, notice.title))) <= 255


HOSTILE = {
    "one letter": "a" * 1_000_000,
    "labels": "Host: x\n" * 130_000,
    "colons": ":" * 1_000_000,
    "cells": "a | b | c\n" * 100_000,
    "blanks": " " * 1_000_000 + "x",
    "brackets": "[(" * 500_000,
    "almost a match": "[Failed] " + "x (" * 300_000,
    "numbers": "1 of 2 " * 140_000,
    "braces": '{"a":' * 200_000,
    "state words": "resolved failed down up " * 40_000,
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_megabyte_takes_no_longer_than_its_first_part(shape: str) -> None:
    """In the short form a shape is read by every third profile, the next ones for the next shape."""
    text = HOSTILE[shape]
    names = size(NAMES[[*HOSTILE].index(shape) % 3 :: 3], NAMES)
    files = tuple(DataFile(kind, "f", text[:65_536]) for kind in ("calendar", "json", "xml", "csv"))

    seconds = []
    for length in (len(text), 100_000):
        email = replace(BLANK, subject=text[:length], text=text[:length], data=files)
        sources = [source(name) for name in names]
        with processor_time() as spent:
            for source_name in sources:
                read(email, PASS, Sources([source_name]))
        seconds.append(spent.seconds / len(sources))

    assert seconds[0] < 0.25
    assert seconds[0] < 4 * seconds[1] + 0.02


NOISE = st.sampled_from(
    ["3 errors", "(12 objects)", "2 failed", "97%", "12.5 %", "5m 3s", "2 hours", "2026-11-22", "22.11.2026", "11/22/2026 8:00 PM",
     "22 Nov 2026", "November 22, 2026", "10:00:03", "10:00 UTC", "1 of 3", "2 warnings", "17 days", "Sun, 22 Nov 2026 10:00:03 +0100"]
)  # fmt: skip
PREFIX = st.sampled_from(["Re: ", "RE: ", "Fwd: ", "AW: ", "WG: ", "[EXTERNAL] ", "[EXT] ", "***EXTERNAL*** "])


@given(st.lists(PREFIX, max_size=3).map("".join), NOISE, NOISE)
def test_noise_does_not_change_a_value(prefix: str, first: str, other: str) -> None:
    base = "Backup of SRV-FS01 disk C: on 10.0.0.5"

    assert normal.stable(f"{prefix}{base} {first}") == normal.stable(f"{base} {other}") == normal.stable(base)
    assert normal.stable(f"{base} - {first} - late") == normal.stable(f"{base} - {other} - late")
    assert normal.stable(f"Alerts (4): {first}, x3", loose=True) == normal.stable("alerts [17]", loose=True) == "alerts"


@pytest.mark.parametrize(
    ("first", "other"),
    [("SRV-01", "SRV-02"), ("Job 1", "Job 2"), ("10.0.0.5", "10.0.0.6"), ("disk 3", "disk 4"), ("00:11:22:33:44:55", "00:11:22:33:44:66"),
     ("port 1/0/3", "port 1/0/4"), ("v1.2.3", "v1.2.4"), ("Volume 1", "Volume 2"), ("fe80::1", "fe80::2"), ("Store 2026", "Store 2027"),
     ("disk 3 failed", "disk 4 failed"), ("Fan 1 failure", "Fan 2 failure"), ("port 1/0/12", "port 1/0/13"), ("Disk 1 marked", "Disk 2 marked"),
     ("Port 5 errors", "Port 6 errors"), ("Printer (2)", "Printer (3)"), ("Fan 2 may fail", "Fan 3 may fail"), ("v10.1.24", "v10.1.25"),
     ("Pool 3 separated", "Pool 4 separated"), ("monitor 2026-11-22", "2026-11-22"), ("10:00 (disk full)", "10:00 (fan loud)")],
)  # fmt: skip
def test_names_keep_their_numbers(first: str, other: str) -> None:
    assert normal.stable(first) != normal.stable(other)


@settings(max_examples=size(30, 200), deadline=None)
@given(st.integers(0, 10_000), st.lists(PREFIX, min_size=1, max_size=3).map("".join))
def test_prefixes_change_no_key_and_who_answers_ends_nothing(number: int, prefix: str) -> None:
    name, email, notice = mails()[number % len(mails())]

    again = fixtures.notice_of(replace(email, subject=prefix + email.subject), source(name).profile)

    assert again is not None
    assert again.key == notice.key
    if notice.state in ("close", "ignore") and prefixes.is_any(title.without_banners(prefix)):
        assert (again.state, again.failed) == ("update", (*notice.failed, ends.SENT_ON))
    else:
        assert (again.state, again.failed) == (notice.state, notice.failed)


@pytest.mark.parametrize("name", NAMES)
def test_words_of_a_problem_win(name: str) -> None:
    known = source(name)
    for bad in known.profile.state.open:
        for good in known.profile.state.close:
            assert words.state_in(f"{bad}. {good}.", known.states)[0] == "open", (bad, good)
            assert words.state_in(f"{good}. {bad}.", known.states)[0] == "open", (good, bad)


@pytest.mark.parametrize(
    "text", ["is not resolved", "could not yet be resolved", "nicht behoben", "cannot be restored", "never recovered"]
)
def test_a_denied_end_is_none(text: str) -> None:
    assert words.state_in(f"The problem {text}", source("words").states)[0] == "open"
    assert words.state_in(f"It {text}", source("words").states)[0] == "update"


@given(TEXT)
def test_an_unknown_word_never_closes(text: str) -> None:
    states = source("veeam").states
    found, word = words.state_in(text, states)

    assert found == "update" or words.folded(word) in states.meanings


def test_what_cannot_be_read_is_known_by_its_subject() -> None:
    nagios = source("nagios")
    first, second = (
        read(replace(BLANK, subject=f"{prefix}New layout on web01 ({count} errors)"), PASS, Sources([nagios]))
        for prefix, count in (("", 3), ("Re: [EXTERNAL] ", 17))
    )

    assert first is not None and second is not None
    assert first.key == second.key == "subject | new layout on web01"
    assert first.state == "update" and not first.parsed
