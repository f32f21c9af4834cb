"""One mail as a story."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

from gateway.model.effects import BODIES
from gateway.operate import story, todo
from gateway.operate.access import Access
from gateway.operate.today import today
from gateway.work.effects import KINDS
from tests.scenarios.stage import M, Stage
from tests.scenarios.vendors import NAGIOS, Machine, opened


def test_every_effect_has_words() -> None:
    assert all(KINDS[kind].did for kind in BODIES)


async def test_what_happened(stage: Stage, access: Access) -> None:
    retention = stage.settings.retention
    told = {
        name: access.look(lambda c, name=name: story.tell(c, name, retention, stage.now, UTC))
        for name in ("1", "#3", stage.ids["again"], "<printer@acme.example>")
    }

    assert [line.words for line in told["1"].happened][1:] == ["made ticket TIC001001"]
    assert told["<printer@acme.example>"].mail.number == 1
    assert [mail.number for mail in told[stage.ids["again"]].neighbours] == [1]
    held = told["#3"]
    assert (held.happened[-1].words, held.happened[-1].at) == (
        held.mail.became.words,
        held.goes_away - retention.quarantined,
    )
    assert held.remedy == "Look at the sender; release it as a new ticket, or drop it."
    assert [act.name for act in held.acts] == ["release", "let-in", "drop"]
    assert held.rules[-1].follows == "quarantine"
    assert round(held.goes_away - stage.now) == round(retention.quarantined - 3)


async def test_mail_whose_files_wait_is_kept_and_the_oldest_is_the_first_to_do(stage: Stage, access: Access) -> None:
    for number in range(2):
        await stage.accept(M(f"held{number}", subject=f"Files {number}", files={"run.exe": b"MZ\x90\x00" * 50}))
        await stage.work()
    retention = stage.settings.retention

    waiting = access.look(lambda c: todo.todo(c, retention, stage.now, UTC)).files
    told = access.look(lambda c: story.tell(c, stage.ids["held0"], retention, stage.now, UTC))

    assert [(mail.subject, gone) for mail, gone in waiting.mails] == [("Files 0", 0.0), ("Files 1", 0.0)]
    assert (told.held_files, told.goes_away) == (1, 0.0)


async def test_a_story_says_whether_the_customer_sees_the_comment(stage: Stage, access: Access) -> None:
    for key, sender, more in (
        ("open", "alice@acme.example", {}),
        ("inside", "alice@acme.example", {"headers": {"Auto-Submitted": "auto-replied"}}),
    ):
        await stage.accept(
            M(key, sender, "Re: Printer", reply="<printer@acme.example>", text=f"Words of {key}.", **more)
        )
        await stage.work()
    retention = stage.settings.retention

    said = [
        access.look(lambda c, key=key: story.tell(c, stage.ids[key], retention, stage.now, UTC)).happened[-1].words
        for key in ("open", "inside")
    ]

    assert said == ["wrote a comment on TIC001001", "wrote an internal comment on TIC001001"]


async def test_what_an_earlier_plan_left_is_not_still_to_do(stage: Stage, access: Access) -> None:
    """The desk lost a contact that was remembered, so that the mail was decided again."""
    desk = stage.simulator.desk
    contact = next(key for key, row in desk.contacts.items() if row["email"] == "gil@globex.example")
    await stage.accept(M("before", "Gil <gil@globex.example>", "Before"))
    await stage.work()
    del desk.contacts[contact]
    stage.now += 60
    await stage.accept(M("gone", "Gil <gil@globex.example>", "After", files={"run.exe": b"MZ\x90\x00" * 50}))
    await stage.work()
    told = access.look(lambda c: story.tell(c, stage.ids["gone"], stage.settings.retention, stage.now, UTC))

    number = desk.tickets[stage.order[-1]]["ticket_number"]
    assert [line.words.partition(":")[0] for line in told.happened][1:] == [f"made ticket {number}", "held run.exe"]
    assert told.held_files == 1


async def test_what_a_vendors_mail_waits_for_is_said_as_what_is_still_to_do(
    tmp_path: Path, migrated_file: Path
) -> None:
    """Its ticket is there, and closes when the hold is over: nothing of that is late, and nothing was done yet."""
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "client": "Acme"})
    machine = Machine(stage)
    problem, recovery = await machine.service("CRITICAL"), await machine.service("OK")
    access = Access(stage.settings, stage.clock)

    tell = {
        key: access.look(lambda c, key=key: story.tell(c, stage.ids[key], stage.settings.retention, stage.now, UTC))
        for key in (problem, recovery)
    }
    day = access.look(lambda c: today(c, stage.settings, "", stage.now, UTC))
    await stage.close()

    posted, _, waits = tell[problem].mail.became.words.partition("; ")
    assert (posted, waits[:12], waits[17:]) == (
        "new ticket TIC001001",
        "waits until ",
        " to move the ticket to its client",
    )
    assert tell[recovery].mail.became.words.endswith(" to close the ticket if nobody touched it")
    assert [line.words for line in tell[recovery].happened][1:] == [
        "still to do: close the ticket if nobody touched it",
        "still to do: tell what became of the ticket",
    ]
    assert tell[recovery].detail == ""
    assert (day.pending, day.oldest) == (2, 0.0)
