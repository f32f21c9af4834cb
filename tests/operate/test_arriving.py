"""Mail that was accepted and is not in the store yet, and what is said of it to whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC
from hashlib import sha256
from typing import Any

import pytest

from gateway.config.retention import RetentionSettings
from gateway.config.settings import Settings
from gateway.model.envelope import Envelope
from gateway.operate import arriving, story
from gateway.operate.access import Access
from gateway.operate.act import ACTS
from gateway.operate.acts import Asked, perform_each
from gateway.operate.arriving import NotYet
from gateway.operate.report import day_lines
from gateway.operate.searching import read
from gateway.operate.today import today
from gateway.store import heldfiles, operator
from gateway.store.acts import Actor
from gateway.store.arrivalrow import ArrivedFor, NewArrival
from gateway.store.arrivals import FILE, ArrivalsFile
from gateway.store.operator import NotPossible
from gateway.web.health import application
from tests.scenarios.stage import SALES, START, SUPPORT, Stage
from tests.web.served import served

ID = "019fffff-0000-7000-8000-{:012d}"


def arrival(number: int, at: float, *boxes: str, header: bytes = b"") -> NewArrival:
    data = (
        b"From: Dora <dora@acme.example>\r\nSubject: The boiler\r\n%sMessage-ID: <boiler%d@Acme.Example>\r\n\r\nIt leaks."
        % (header, number)
    )
    to = [ArrivedFor(ID.format(number + place), "default", box, box) for place, box in enumerate(boxes or (SUPPORT,))]
    return NewArrival(Envelope("dora@acme.example", "", time=at), to, len(data), sha256(data).digest(), data, None)


@pytest.fixture
def file(stage: Stage) -> Iterator[ArrivalsFile]:
    folder = stage.settings.store.arrivals_dir
    assert folder is not None
    opened = ArrivalsFile(folder)
    opened.append([arrival(1, stage.now - 1), arrival(20, stage.now - 2, SUPPORT, SALES)])
    yield opened
    opened.close()


def listening(settings: Settings, address: str) -> Settings:
    return settings.model_copy(update={"http": settings.http.model_copy(update={"listen": address})})


ASKS: dict[str, Callable[[Any, str], Any]] = {
    "show": lambda c, name: story.tell(c, name, RetentionSettings(), START, None),
    "queue show": operator.find,
    "hold": lambda c, name: operator.hold(c, name, now=START),
    "files": lambda c, name: heldfiles.release(c, name, now=START),
}


@pytest.mark.parametrize("ask", ASKS)
async def test_whatever_asks_for_it_is_told_that_it_was_accepted(access: Access, file: ArrivalsFile, ask: str) -> None:
    told = r"accepted 1 second ago, from dora@acme.example for support.*that takes a moment"
    for name in (ID.format(1), ID.format(1)[:-1], "<boiler1@acme.example>", "boiler1@ACME.example"):
        with pytest.raises(NotYet, match=told):
            access.look(lambda c, name=name: ASKS[ask](c, name))


async def test_what_was_never_accepted_is_nowhere(access: Access, file: ArrivalsFile) -> None:
    for name in ("7", "#7", "nobody@acme.example", "boiler2@acme.example", "019ffffe", "", " "):
        with pytest.raises(NotPossible, match=r"no mail has this number, id or Message-ID$"):
            access.look(lambda c, name=name: operator.find(c, name))


def test_a_number_is_no_beginning_of_an_id() -> None:
    """Ids of these years begin with 0, and their first characters may all be digits."""
    assert [name for name in ("7", "#7", "412", "0190", "019", "#0190", "7a", "٤", "") if operator.is_number(name)] == [
        "7", "#7", "412", "#0190",
    ]  # fmt: skip


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
async def test_no_act_is_done_to_it_and_others_go_on(
    stage: Stage, access: Access, file: ArrivalsFile, act: Any
) -> None:
    (first, second) = perform_each(access.change, act, [ID.format(1), "#99"], Asked(Actor("lea")), stage.now)

    assert not first.good and "is not in the store yet" in first.words
    assert not second.good and "no mail has this number" in second.words


async def test_one_that_comes_into_the_store_between_two_looks_is_found(
    stage: Stage, access: Access, file: ArrivalsFile
) -> None:
    looked = []

    def look(connection: Any) -> int:
        looked.append(1)
        return int(operator.find(connection, "zz" if len(looked) == 1 else "1")["seq"])

    assert access.look(look) == 1


SEARCHES = (
    ("boiler", 3), ("dora@acme.example", 3), (ID.format(1), 1), ("boiler20@acme.example", 2), ("is:waiting", 3),
    ("", 3), ("today", 3), ("from:dora subject:boiler", 3), ("to:sales boiler", 1), ("4F2C1A99", 1),
    ("is:held boiler", 0), ("from:boiler", 0), ("radiator", 0), ("yesterday", 0), ("#1", 0), ("is:refused", 0),
    ("reason:bounce", 0), ("ticket:TIC001001", 0),
)  # fmt: skip


async def test_it_is_found_by_its_words(stage: Stage, access: Access, file: ArrivalsFile) -> None:
    file.append([arrival(40, stage.now - 86400 * 3, header=b"Received: from a by b with ESMTP id 4F2C1A99; now\r\n")])

    for typed, found in SEARCHES:
        mails = arriving.find(access.look, stage.settings, read(typed, stage.now, None), stage.now, None).arriving

        assert len([mail for mail in mails if mail.id < ID.format(40) or typed == "4F2C1A99"]) == found, typed
        assert all(mail.became.tone == "waits" and not mail.number for mail in mails), typed


async def test_what_is_in_both_is_listed_once(stage: Stage, access: Access, file: ArrivalsFile) -> None:
    """The importer died between its two commits."""
    again = [ArrivedFor(stage.ids["printer"], "default", SUPPORT, SUPPORT)]
    file.append([replace(arrival(1, stage.now), recipients=again)])

    found = arriving.find(access.look, stage.settings, read(stage.ids["printer"], stage.now, None), stage.now, None)

    assert not found.arriving
    assert [mail.number for mail in found.mails] == [1]


WHYS = {
    "the worker is away": (
        {"worker": ["the worker does not answer"]},
        "the worker is away (the worker does not answer)",
    ),
    "one process": ({"reasons": ["store: StoreFailed"]}, "the worker is away (store: StoreFailed)"),
    "it is well": ({"worker": []}, "the worker has not come to it; its log says more"),
}


@pytest.mark.parametrize("how", WHYS)
async def test_when_it_takes_long_the_gateway_says_why(
    stage: Stage, access: Access, file: ArrivalsFile, how: str
) -> None:
    body, why = WHYS[how]
    file.append([arrival(60, stage.now - 180)])

    async def readiness() -> dict[str, Any]:
        return {"ready": True, **body}

    with served(application(_nobody, readiness)) as address:
        settings = listening(stage.settings, address.removeprefix("http://"))
        found = arriving.look(settings, ID.format(60), stage.now)

    assert found is not None
    assert str(found).endswith(
        f"accepted 3 minutes ago, from dora@acme.example for {SUPPORT}, and is not in the store yet: {why}"
    )


async def _nobody() -> bytes:
    return b""


async def test_no_gateway_runs(stage: Stage, file: ArrivalsFile) -> None:
    address = "127.0.0.1:1"
    file.append([arrival(60, stage.now - 7200)])

    found = arriving.look(listening(stage.settings, address), ID.format(60), stage.now)

    assert str(found).endswith(f"2 hours ago, from dora@acme.example for {SUPPORT}, and is not in the store yet: "
                               f"no gateway answers at {address}: does it run?")  # fmt: skip


async def test_one_that_cannot_be_imported_says_why(stage: Stage, file: ArrivalsFile) -> None:
    file.set_aside(file.read()[0].seq, "its file is gone")

    found = arriving.look(stage.settings, ID.format(1), stage.now)

    assert "it could not be taken in (its file is gone); it is kept" in str(found)


async def test_a_large_mail_is_read_from_its_file(stage: Stage, file: ArrivalsFile) -> None:
    small = arrival(70, stage.now)
    (file.folder / "large.eml").write_bytes((small.data or b"") + b"x" * 100_000)
    file.append([replace(small, size=100_000, data=None, path="large.eml")])

    by_id, by_message_id = (
        arriving.look(stage.settings, name, stage.now) for name in (ID.format(70), "boiler70@acme.example")
    )

    assert by_id is not None and by_message_id is not None
    assert by_id.mails == by_message_id.mails
    (file.folder / "large.eml").unlink()  # it is in the store by now
    assert arriving.look(stage.settings, "boiler70@acme.example", stage.now) is None


async def test_while_the_store_is_away_the_arrivals_are_still_told_of(stage: Stage, file: ArrivalsFile) -> None:
    (named,) = arriving.beside(stage.settings, [ID.format(1), "nothing"], stage.now)
    (counted,) = arriving.beside(stage.settings, [""], stage.now)

    assert named.startswith(f"{ID.format(1)}: it was accepted 1 second ago")
    assert counted == "3 accepted mails wait for it"


async def test_the_day_names_what_is_late(stage: Stage, access: Access, file: ArrivalsFile) -> None:
    def day(settings: Settings, now: float) -> list[str]:
        found = access.look(lambda c: today(c, settings, "sqlite", now, UTC))
        return [line for line in day_lines(found, now, UTC) if "store yet" in line or "could not" in line]

    closed = listening(stage.settings, "127.0.0.1:1")
    assert day(closed, stage.now) == []
    file.set_aside(file.read()[0].seq, "its file is gone")
    (line,) = day(closed, stage.now + 60)

    assert line == (
        "2 accepted mails are not in the store yet, the oldest for 1 minute: no gateway answers at 127.0.0.1:1: does it run?;"
        " 1 accepted mail could not be taken into the store: gateway verify says why.   gateway find is:waiting"
    )


async def test_arrivals_that_cannot_be_read_are_no_answer(stage: Stage, access: Access, file: ArrivalsFile) -> None:
    file.close()
    for path in file.folder.iterdir():
        path.unlink()
    (file.folder / FILE).write_bytes(b"this is no database" * 100)

    with pytest.raises(NotPossible, match="no mail has this"):
        access.look(lambda c: operator.find(c, ID.format(1)))
    assert arriving.beside(stage.settings, [ID.format(1)], stage.now) == []
