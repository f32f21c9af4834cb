"""What somebody types, and the mails that it finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import ColumnElement, bindparam, literal, select, update

from gateway.operate import finding
from gateway.operate.access import Access
from gateway.operate.searching import NotUnderstood, Search, read
from gateway.store import headings, refusals
from gateway.store.engine import Store
from gateway.store.raw import RawMail
from gateway.store.schema import delivery
from gateway.upkeep.headings import HeadingReader
from tests.operate.conftest import MORNING, REFUSED
from tests.scenarios.stage import M, Stage
from tests.store.test_contract import accept, new

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC).timestamp()
HOUR, DAY = 3600.0, 86400.0
MIDNIGHT = NOON - 12 * HOUR


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bob printer", Search(("bob", "printer"))),
        ('"floor 2" bob', Search(("floor 2", "bob"))),
        ("it's late", Search(("it's", "late"))),
        ("#412", Search(number=412)),
        ("from:acme to:support subject:toner", Search(sender="acme", mailbox="support", subject="toner")),
        ("ticket:TIC001083", Search(ticket="TIC001083")),
        ("is:held reason:bounce", Search(state="held", reason="bounce")),
        ("10:14", Search(since=MIDNIGHT + 10 * HOUR + 540, until=MIDNIGHT + 10 * HOUR + 1140)),
        ("10:00-10:30", Search(since=MIDNIGHT + 10 * HOUR, until=MIDNIGHT + 10 * HOUR + 1860)),
        ("23:50-0:10", Search(since=MIDNIGHT - 600, until=MIDNIGHT + 660)),
        ("13:00", Search(since=MIDNIGHT - 11 * HOUR - 300, until=MIDNIGHT - 11 * HOUR + 300)),
        ("today", Search(since=MIDNIGHT, until=MIDNIGHT + DAY)),
        ("yesterday 10:00-11:00", Search(since=MIDNIGHT - 14 * HOUR, until=MIDNIGHT - 13 * HOUR + 60)),
        ("2026-11-01", Search(since=MIDNIGHT - 27 * DAY, until=MIDNIGHT - 26 * DAY)),
        ("re: printer", Search(("re:", "printer"))),
        ('subject:"floor 2" bob', Search(("bob",), subject="floor 2")),
        ('From:acme RE:"floor 2"', Search(("floor 2",), sender="acme")),
        ('"10:14" "is:held"', Search(("10:14", "is:held"))),
        ('" unclosed', Search(('"', "unclosed"))),
        ("", Search()),
    ],
)  # fmt: skip
def test_what_is_typed(typed: str, meant: Search) -> None:
    assert read(typed, NOON, UTC) == meant


BERLIN = ZoneInfo("Europe/Berlin")


def at(hour: int, minute: int, *, day: int) -> float:
    """A time of October 2026, UTC."""
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("typed", "since", "until"),
    [
        ("2026-10-25 2:30", at(0, 25, day=25), at(1, 35, day=25)),  # the clock showed it twice
        ("2026-10-25 2:30-3:30", at(0, 30, day=25), at(2, 31, day=25)),
        ("2026-10-25", at(22, 0, day=24), at(23, 0, day=25)),
        ("2026-10-26 2:30", at(1, 25, day=26), at(1, 35, day=26)),
    ],
)
def test_the_night_in_which_the_clocks_are_changed(typed: str, since: float, until: float) -> None:
    found = read(typed, NOON, BERLIN)

    assert (found.since, found.until) == (since, until)


def test_a_time_that_the_clock_left_out() -> None:
    found = read("2026-03-29 2:30", NOON, BERLIN)

    assert found.since < datetime(2026, 3, 29, 1, 0, tzinfo=UTC).timestamp() < found.until


@pytest.mark.parametrize(
    "typed", ["is:lost", "reason:boredom", "25:10", "2026-13-01", "9999-12-31", "0001-01-01", "1969-12-31 10:00"]
)
def test_what_is_not_understood(typed: str) -> None:
    with pytest.raises(NotUnderstood):
        read(typed, NOON, UTC)


FOUND = [
    ("printer", {"printer", "again", "stranger"}),
    ("PRINT", {"printer", "again", "stranger"}),
    ("bob@acme.example", {"vacation"}),
    ("alice", {"printer", "again"}),
    ("mallory printer", {"stranger"}),
    ("muller", {"umlaut"}),
    ("störung", {"umlaut"}),
    ("4F2C1A77", {"umlaut"}),
    ("印刷", {"japanese"}),
    ("<printer@acme.example>", {"printer"}),
    ("#2", {"again"}),
    ("TIC001001", {"printer", "again"}),
    ("ticket:tic001001", {"printer", "again"}),
    ("is:held", {"stranger"}),
    ("is:none", {"vacation"}),
    ("is:ticket", {"printer", "umlaut", "japanese"}),
    ("is:comment", {"again"}),
    ("printer is:comment", {"again"}),
    ("reason:vacation", {"vacation"}),
    ("printer is:held", {"stranger"}),
    ("from:acme is:done", {"printer", "again"}),
    ("to:sales", set()),
    ("nothing of that kind", set()),
    ("192.0.2.1", {mail.key for mail in MORNING}),
    ("192.0.2.99", {"refused"}),
    ("carol", {"refused"}),
    ("nobody@msp.example", {"refused"}),
    ("is:refused", {"refused"}),
    ("acme.example is:refused", {"refused"}),
    ("[00002a]", {"refused"}),
    ("00002a", {"refused"}),
    ("550 mailbox", {"refused"}),
    ("5.1.1", {"refused"}),
    ('"550 5.1.1"', {"refused"}),
    ("5.1.2", set()),
    ("no-mailbox", {"refused"}),
    ("refused:1", {"refused"}),
    ("refused:2", set()),
    ("yesterday", set()),
    ('") OR 1=1 --', set()),
    ("* NEAR(a", set()),
]


async def test_what_is_found(stage: Stage, access: Access) -> None:
    keys = {stage.ids[mail.key]: mail.key for mail in MORNING}
    for typed, wanted in FOUND:
        search = read(typed, stage.now, UTC)
        found = access.look(lambda c, search=search: finding.find(c, search, stage.now, UTC))

        assert {keys.get(mail.id, "refused") for mail in found.mails} == wanted, typed


async def test_what_is_said(stage: Stage, access: Access) -> None:
    found = access.look(lambda c: finding.find(c, Search(), stage.now, UTC))

    assert {mail.became.words for mail in found.mails} == {
        "new ticket TIC001001",
        "comment on TIC001001",
        "held back: a stranger wrote into a ticket",
        "no ticket: out of office",
        "refused: 550 5.1.1 There is no such mailbox here",
        "new ticket TIC001002",
        "new ticket TIC001003",
    }


async def test_mail_is_found_before_it_is_indexed(stage: Stage, access: Access) -> None:
    await stage.accept(M("late", subject="A toner that was ordered"))

    found = access.look(lambda c: finding.find(c, Search(("toner",)), stage.now, UTC))

    assert [(mail.number, mail.became.words) for mail in found.mails] == [
        (7, "waits for a worker: nothing else is in its way")
    ]


async def test_words_are_found_on_both_databases(store: Store) -> None:
    (first,) = await accept(store, new("one", "first.mail@acme.example"))
    await accept(store, new("two", "second@globex.example"))
    await HeadingReader(store, None).batch()  # type: ignore[arg-type]

    for typed, count in (
        ("acme", 1),
        ("mail@acme.example", 1),
        ("globex first", 0),
        ("example", 2),
        ("x@y.example", 2),
        (first, 1),
    ):
        found = await store.read_to_show(lambda c, typed=typed: finding.find(c, Search((typed,)), NOON, UTC))

        assert len(found.mails) == count, typed


async def test_an_index_that_begins_late_says_so(store: Store) -> None:
    await accept(store, new("old"), new("newer"))
    rows = await store.read_to_show(lambda c: headings.unindexed(c, 1))
    await store.write(lambda c: headings.write(c, [(rows[0]["seq"], "newer")]))

    found = await store.read_to_show(lambda c: finding.find(c, Search(("newer",)), NOON, UTC))
    assert rows[0]["seq"] == 2
    assert found.since == pytest.approx(1_800_000_000.0)
    await HeadingReader(store, None).batch()  # type: ignore[arg-type]
    found = await store.read_to_show(lambda c: finding.find(c, Search(("newer",)), NOON, UTC))
    assert found.since == 0.0


async def test_pages_have_each_mail_and_each_refusal_once(stage: Stage, access: Access) -> None:
    """Refusals beside accepted mail, some of it in another order than its time: nothing falls between two pages."""
    for number in range(7):
        await stage.accept(M(f"m{number}", subject=f"Toner {number}"))
        refusal = replace(REFUSED, at=stage.now - 1.5, subject=f"Toner {number}")
        await stage.store.write(lambda c, refusal=refusal: refusals.add(c, [refusal, refusal]))
    late = update(delivery).where(delivery.c.subject == "Toner 3").values(accepted_at=stage.now + 60)
    await stage.store.write(lambda c: c.execute(late) and None)

    search, seen = read("toner", stage.now, UTC), []
    for _ in range(20):
        found = access.look(lambda c: finding.find(c, search, stage.now, UTC, 4))  # noqa: B023
        seen += [(mail.number, mail.refusal) for mail in found.mails]
        if not found.more:
            break
        search = finding.further(search, found)

    assert len(seen) == len(set(seen)) == 7 + 14
    assert not found.more


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("subject:STÖRUNG", {"umlaut"}),
        ("subject:stoerung", set()),
        ("subject:störung", {"umlaut"}),
        ('subject:"floor 2"', {"printer", "again"}),
        ('subject:"2 floor"', set()),
        ("from:JUERGEN@Initech.example", {"umlaut"}),
        ("from:printer", set()),
        ("from:alice", {"printer", "again"}),
    ],
)
async def test_words_in_their_place(stage: Stage, access: Access, typed: str, found: set[str]) -> None:
    search = read(typed, stage.now, UTC)
    mails = access.look(lambda c: finding.find(c, search, stage.now, UTC)).mails

    assert {mail.number for mail in mails} == {(await stage.row(key))["seq"] for key in found}


async def test_an_address_is_looked_for_as_it_stands(stage: Stage, access: Access) -> None:
    """And as the beginning of one where nobody has it: whoever types one by hand sees what there is so far."""
    for key, sender in (
        ("co", "dan@acme.co"),
        ("com", "dan@acme.com"),
        ("uk", "dan@acme.co.uk"),
        ("on", "x@acme.company"),
    ):
        await stage.accept(M(key, f"Dan <{sender}>", "Paper"))
    await HeadingReader(stage.store, RawMail(stage.settings.store)).batch()

    def found(typed: str) -> set[str]:
        search = read(typed, stage.now, UTC)
        return {mail.sender for mail in access.look(lambda c: finding.find(c, search, stage.now, UTC)).mails}

    assert found("dan@acme.com") == found("from:dan@acme.com") == {"dan@acme.com"}
    assert found("dan@acme.co") == {"dan@acme.co", "dan@acme.co.uk"}
    assert found("dan@acme.comp") == set()
    assert found("x@acme.comp") == {"x@acme.company"}
    assert found("dan@acme") == {"dan@acme.co", "dan@acme.com", "dan@acme.co.uk"}
    assert found("x@acme.company") == found("x@acme.compan") == {"x@acme.company"}
    assert found("x@acme.comp is:waiting") == {"x@acme.company"}


@pytest.mark.parametrize(
    ("typed", "looks", "found"),
    [
        ("dan@acme.com is:done", 1, set()),  # it is there, and waits
        ("dan@acme.com toner", 3, set()),  # the address is there, without the other word
        ("x@acme.comp", 3, {"x@acme.company"}),  # as it stands, as a beginning, whether anybody has it
        ("nobody@acme.comp", 2, set()),
    ],
)
async def test_an_address_is_looked_for_no_oftener_than_it_must(
    stage: Stage, access: Access, monkeypatch: pytest.MonkeyPatch, typed: str, looks: int, found: set[str]
) -> None:
    for key, sender, subject in (
        ("com", "dan@acme.com", "Paper"),
        ("company", "dan@acme.company", "Toner"),
        ("other", "x@acme.company", "Paper"),
    ):
        await stage.accept(M(key, f"<{sender}>", subject))
    await HeadingReader(stage.store, RawMail(stage.settings.store)).batch()
    looked, newest = [], headings.newest
    monkeypatch.setattr(headings, "newest", lambda *how: looked.append(how[1]) or newest(*how))

    search = read(typed, stage.now, UTC)
    mails = access.look(lambda c: finding.find(c, search, stage.now, UTC)).mails

    assert {mail.sender for mail in mails} == found
    assert len(looked) == looks


WORDS = ("printer", "printing", "pri", "toner", "toners", "info", "q")
SUBJECTS = [" ".join(WORDS[number // step % len(WORDS)] for step in (1, 3, 7)) for number in range(90)]


TYPED = (
    "printer", "pri", "print ton", "q", "info q", '"printer toner"', "nothing", "pri nothing", "printing toners info",
    "subject:q", "subject:info pri", "is:held pri", "is:waiting toner", "is:none q", 'is:held "q pri"',
)  # fmt: skip


async def test_all_is_found_page_by_page_wherever_it_is_looked_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among the newest, by the index, among the few of a state: the same as by reading all."""
    monkeypatch.setattr(headings, "NEWEST", 5)
    monkeypatch.setattr(headings, "MOST_READ", 20)
    monkeypatch.setattr(headings, "MOST_BY_INDEX", 40)
    monkeypatch.setattr(finding, "LOOKED_AT", 7)
    monkeypatch.setattr(finding, "FEW", 9)
    stages = ("ACCEPTED", "QUARANTINED", "SUPPRESSED", "DONE", "DONE", "DONE", "DONE", "DONE", "SUPPRESSED")
    await accept(store, *(new(f"m{number}") for number in range(len(SUBJECTS))))
    changed = update(delivery).where(delivery.c.seq == bindparam("number")).values(
        subject=bindparam("words"), stage=bindparam("becomes")
    )  # fmt: skip
    rows = [
        {"number": number, "words": subject, "becomes": stages[number % len(stages)] if number % 4 == 0 else "DONE"}
        for number, subject in enumerate(SUBJECTS, 1)
    ]
    await store.write(lambda c: c.execute(changed, rows) and None)
    await HeadingReader(store, None).batch()  # type: ignore[arg-type]

    otherwise = {typed: await _found_otherwise(store, typed) for typed in TYPED}
    assert {typed: rows for typed, rows in otherwise.items() if rows} == {}


async def _found_otherwise(store: Store, typed: str) -> list[list[int]]:
    """What is found page by page and what by reading all, where they differ."""
    search = read(typed, NOON, UTC)
    naively = naive(search)
    wanted = await store.read_to_show(lambda c: [row[0] for row in c.execute(select(delivery.c.seq).where(*naively))])
    seen: list[int] = []
    for _ in range(40):
        found = await store.read_to_show(lambda c: finding.find(c, search, NOON, UTC, 4))  # noqa: B023
        seen += [mail.number for mail in found.mails]
        assert len(found.mails) == 4 or found.reached or not found.more, typed
        if not found.more:
            break
        search = finding.further(search, found)
    return [] if seen == sorted(wanted, reverse=True) else [seen, wanted]


def naive(search: Search) -> list[ColumnElement[bool]]:
    """The same by reading every subject."""
    padded = literal(" ").concat(delivery.c.subject).concat(" ")
    texts = [f" {text}{'' if len(text.split()[-1]) >= headings.PREFIX else ' '}" for text in search.words]
    stages = [stage.value for stage in finding.STAGES.get(search.state, ())]
    return [*(padded.contains(text) for text in texts), *([delivery.c.stage.in_(stages)] if stages else [])]
