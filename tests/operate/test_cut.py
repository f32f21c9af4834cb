"""Who looks at a mail sees which lines its comment does not show, and why."""

from __future__ import annotations

from pathlib import Path

from gateway.config.retention import RetentionSettings
from gateway.mail.read import read
from gateway.operate import reading, story
from tests.scenarios.play import fill
from tests.scenarios.scripts_quotes import ASKED, RED, reply
from tests.scenarios.scripts_signatures import CARD, END, new
from tests.scenarios.stage import M, Stage, answer


async def looked(folder: Path, migrated: Path, mail: M) -> tuple[str, list[tuple[str, str]]]:
    stage = Stage(folder, migrated)
    await stage.open()
    try:
        for each in (new("a", 1, verdict="unknown"), mail):
            await stage.accept(fill(each, stage))
            await stage.work()
            await answer(1, ASKED)(stage)
        told = await stage.store.read(lambda c: story.tell(c, stage.ids["b"], RetentionSettings(), stage.now, None))
        return reading.new_words(read(stage.bytes["b"]).email, told.answers)
    finally:
        await stage.close()


async def test_a_known_signature_is_listed_line_by_line(tmp_path: Path, migrated_file: Path) -> None:
    new_words, cut = await looked(tmp_path, migrated_file, reply(f"Room 312.{END}"))
    assert new_words.split("\n")[0] == "Room 312."
    assert CARD not in new_words
    assert [line for why, line in cut if why == "signature"][:3] == CARD.split("\n")


async def test_an_answer_inside_the_quote_is_among_the_new_words(tmp_path: Path, migrated_file: Path) -> None:
    new_words, cut = await looked(tmp_path, migrated_file, reply("Hello, my answers are in red below.", RED))
    assert "Room 312" in new_words
    assert ("on the ticket", "Hello Alice,") in cut
    assert ("says whose words follow", "From: Support") in cut


async def test_without_a_trace_the_rules_say_what_they_would_cut() -> None:
    new_words, cut = reading.new_words(read(b"Subject: Re: x\n\nYes.\n\nOn Mon, 2 Nov 2026 at 09:00, Sue <s@x.example> wrote:\n> Really?\n").email, {})
    assert new_words == "Yes."
    assert [why for why, _ in cut] == ["quoted", "quoted"]
