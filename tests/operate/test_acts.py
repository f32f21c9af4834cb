"""What an operator does with a mail, and takes back."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from gateway.operate.access import Access
from gateway.operate.act import BY_NAME
from gateway.operate.acts import Asked, perform, perform_each
from gateway.store import acts
from gateway.store.acts import Actor
from gateway.store.operator import NotPossible
from gateway.store.schema import delivery
from tests.scenarios.stage import M, Stage

LEA = Actor("lea", "page", "192.0.2.50")


def do(stage: Stage, access: Access, act: str, name: str, to: str = "") -> str:
    asked = Asked(LEA, to=to)
    return access.change(lambda c: perform(c, BY_NAME[act], name, asked, stage.now)).words


async def test_a_move_is_taken_back(stage: Stage, access: Access) -> None:
    before = (await stage.row("umlaut"))["ticket_id"]
    target = (await stage.row("japanese"))["ticket_id"]

    assert do(stage, access, "move", "5", target).startswith("moved to ")
    await stage.work()
    assert (await stage.row("umlaut"))["ticket_id"] == target
    do(stage, access, "undo", "5")
    await stage.work()

    assert (await stage.row("umlaut"))["ticket_id"] == before
    with pytest.raises(NotPossible, match="nothing to take back"):
        do(stage, access, "undo", "5")


async def test_a_hold_and_a_release_are_taken_back_while_nothing_is_posted(stage: Stage, access: Access) -> None:
    await stage.accept(M("late"))
    do(stage, access, "hold", "7")
    held = (await stage.row("late"))["stage"]
    do(stage, access, "undo", "7")
    do(stage, access, "release", "3", "new")
    released = (await stage.row("stranger"))["stage"]
    do(stage, access, "undo", "3")
    back = await stage.row("stranger")

    assert (held, (await stage.row("late"))["stage"], released) == ("HELD", "ACCEPTED", "ACCEPTED")
    assert (back["stage"], back["reason"]) == ("QUARANTINED", "unverified-sender")


async def test_what_is_at_the_desk_is_not_taken_back(stage: Stage, access: Access) -> None:
    do(stage, access, "release", "3", "new")
    await stage.work()

    with pytest.raises(NotPossible, match="move it instead"):
        do(stage, access, "undo", "3")
    assert (await stage.outcome("stranger")).startswith("ticket")


async def test_a_sender_is_let_in(stage: Stage, access: Access) -> None:
    ticket = (await stage.row("printer"))["ticket_id"]
    do(stage, access, "let-in", "3", ticket)
    await stage.work()
    await stage.accept(M("once-more", "Mallory <mallory@stranger.example>", "Re: The printer", refs=["printer"]))
    await stage.work()

    assert [await stage.outcome(key) for key in ("stranger", "once-more")] == ["internal 1", "internal 1"]


async def test_a_ticket_of_one_desk_takes_no_mail_of_another(stage: Stage, access: Access) -> None:
    """Several mails at once, where the ticket was asked for at the desk of the first."""
    await stage.store.write(lambda c: c.execute(update(delivery).where(delivery.c.seq == 3).values(desk="other")) and None)
    ticket = (await stage.row("printer"))["ticket_id"]
    asked = Asked(LEA, to=ticket, ticket="TIC001001", desk="default")

    moved = perform_each(access.change, BY_NAME["release"], ["#3", "#4"], asked, stage.now)

    assert [(done.number, done.good) for done in moved] == [(3, False), (4, True)]
    assert moved[0].words == "#3 is of desk other, and ticket TIC001001 of desk default"


async def test_each_act_is_written_down_in_its_own_transaction(stage: Stage, access: Access) -> None:
    results = perform_each(access.change, BY_NAME["drop"], ["#1", "#3", "#99"], Asked(LEA, "spam"), stage.now)

    assert [(done.number, done.good) for done in results] == [(1, False), (3, True), (99, False)]
    rows = access.look(lambda c: acts.newest(c, 10))
    assert [(row["who"], row["via"], row["address"], row["what"], row["seq"], row["why"]) for row in rows] == [
        ("lea", "page", "192.0.2.50", "drop", 3, "spam")
    ]
