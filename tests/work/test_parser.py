"""The parser's children: read, die, stall, and are replaced."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from gateway.work.parser import LARGE, Parser, ParserBusy, ParserDied
from tests.harness import mail
from tests.waiting import PATIENCE


async def test_reads_and_writes_the_files(tmp_path: Path) -> None:
    message = mail("With file", sender="Ann <ann@acme.example>")
    message.add_attachment(b"content", maintype="application", subtype="pdf", filename="a.pdf")
    parser = Parser(children=1)

    email = await parser.read(message.as_bytes(), tmp_path / "files")
    await parser.file(message.as_bytes(), 0, tmp_path / "again")
    await parser.close()

    assert (email.subject, email.attachments[0].filename) == ("With file", "a.pdf")
    assert (tmp_path / "files" / "0").read_bytes() == (tmp_path / "again").read_bytes() == b"content"


async def test_a_file_that_is_written_again_is_replaced_not_written_over(tmp_path: Path) -> None:
    message = mail("With file")
    message.add_attachment(b"content", maintype="application", subtype="pdf", filename="a.pdf")
    parser = Parser(children=1)

    await parser.read(message.as_bytes(), tmp_path)
    with (tmp_path / "0").open("rb") as uploading:
        await parser.file(message.as_bytes(), 0, tmp_path / "0")
        assert (tmp_path / "0").stat().st_ino != os.fstat(uploading.fileno()).st_ino
        assert uploading.read() == b"content"
    await parser.close()

    assert [file.name for file in tmp_path.iterdir()] == ["0"]


async def test_reads_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(mail("From a file").as_bytes())
    parser = Parser(children=1)

    email = await parser.read(file)
    await parser.close()

    assert email.subject == "From a file"


async def test_a_child_that_dies_counts_against_its_mail_only() -> None:
    parser = Parser(children=1)
    raw = mail("x").as_bytes()
    await parser.read(raw)
    (child,) = parser._idle
    child.process.kill()
    await child.process.wait()

    with pytest.raises(ParserDied):
        await parser.read(raw)
    email = await parser.read(raw)
    await parser.close()

    assert email.subject == "x"
    assert parser.deaths == 1


async def test_a_child_that_stalls_is_killed_at_the_deadline() -> None:
    parser = Parser(children=1, deadline=0.3)
    parser._idle.append(await parser._start())
    os.kill(parser._idle[0].process.pid, signal.SIGSTOP)

    with pytest.raises(ParserDied, match=r"no answer within 0\.3"):
        await parser.read(mail("x").as_bytes())

    await parser.close()


async def test_the_time_that_a_child_takes_to_start_is_not_the_mails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep(2.5)")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[2]}")
    parser = Parser(children=1, deadline=2)

    email = await parser.read(mail("x").as_bytes())
    await parser.close()

    assert (email.subject, parser.deaths) == ("x", 0)


async def test_a_child_is_held_to_its_memory() -> None:
    parser = Parser(children=1, memory=64 << 20)
    huge = b"Subject: x\r\nContent-Type: text/plain\r\n\r\n" + b"y" * (60 << 20)

    with pytest.raises(ParserDied, match=r"ended|Memory"):
        email = await parser.read(huge)
        raise AssertionError(f"Memory was not limited: {email.defects}")
    await parser.close()


async def test_many_at_once_use_two_children() -> None:
    parser = Parser(children=2)
    emails = await asyncio.gather(*(parser.read(mail(str(n)).as_bytes()) for n in range(20)))

    assert sorted(int(email.subject) for email in emails) == list(range(20))
    assert len(parser._idle) == 2
    await parser.close()


def large(words: str) -> bytes:
    return mail(words, "x" * 70 + "\n" * (LARGE // 70 + 1) * 70).as_bytes()


async def test_a_mail_takes_the_child_that_is_starting_and_the_next_starts_its_own() -> None:
    parser = Parser(children=2)
    warm = asyncio.create_task(parser.warm())
    await asyncio.sleep(0)  # it has begun

    await parser.read(mail("first").as_bytes())
    await warm
    assert len(parser._idle) == 1
    await asyncio.gather(*(parser.read(mail(subject).as_bytes()) for subject in ("second", "third")))
    assert len(parser._idle) == 2
    await parser.close()


async def test_without_mail_it_is_there_for_the_first() -> None:
    parser = Parser(children=2)
    await parser.warm()
    (child,) = parser._idle

    await parser.read(mail("first").as_bytes())

    assert parser._idle == [child]
    await parser.close()


async def test_a_child_knows_our_addresses_from_its_start() -> None:
    parser = Parser(children=1, own=["support@msp.example"])
    answer = mail("Out of office", sender="support@msp.example", Auto_Submitted="auto-replied").as_bytes()
    assert [(await parser.read(answer)).auto.kind for _ in range(2)] == ["own", "own"]
    await parser.close()


async def test_an_answer_without_its_mark_counts_against_its_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = b"\\0\\0\\0\\5ready\\0\\0\\0\\0+"
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys\nsys.stdout.buffer.write(b'{said.decode()}')\nsys.stdout.flush()\nsys.stdin.buffer.read()"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[2]}")
    parser = Parser(children=1)
    with pytest.raises(ParserDied):
        await parser.read(mail("first").as_bytes())
    assert parser.deaths == 1
    await parser.close()


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[asyncio.subprocess.Process]:
    """The children's processes, which do not get ready."""
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[2]}")
    start, found = asyncio.create_subprocess_exec, []

    async def noted(*command: str, **how: Any) -> asyncio.subprocess.Process:
        found.append(await start(*command, **how))
        return found[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    return found


async def begun(started: list[asyncio.subprocess.Process]) -> None:
    while not started:
        await asyncio.sleep(0.01)


async def test_a_start_that_is_not_waited_for_any_more_leaves_no_child(
    started: list[asyncio.subprocess.Process],
) -> None:
    parser = Parser(children=1)
    warm = asyncio.create_task(parser.warm())
    await begun(started)

    warm.cancel()
    await asyncio.gather(warm, return_exceptions=True)
    await parser.close()

    assert warm.cancelled()
    assert [process.returncode for process in started] == [-signal.SIGKILL]


@pytest.mark.parametrize("warmed", [True, False])
async def test_a_mail_that_is_given_up_while_its_child_starts_leaves_none(
    started: list[asyncio.subprocess.Process], warmed: bool
) -> None:
    parser = Parser(children=1)
    warm = asyncio.create_task(parser.warm() if warmed else asyncio.sleep(0))
    await asyncio.sleep(0)
    reading = asyncio.create_task(parser.read(mail("x").as_bytes()))
    await begun(started)

    reading.cancel()
    await asyncio.gather(reading, warm, return_exceptions=True)
    await parser.close()

    assert reading.cancelled()
    assert [process.returncode for process in started] == [-signal.SIGKILL]


async def test_what_a_child_did_not_read_of_a_mail_is_no_report_of_asyncios() -> None:
    """Python 3.11.2 reports it when it throws the pipe away, wherever that is."""
    reports: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, report: reports.append(report))
    parser = Parser(children=1, deadline=0.3)
    parser._idle.append(await parser._start())
    os.kill(parser._idle[0].process.pid, signal.SIGSTOP)

    with pytest.raises(ParserDied):
        await parser.read(b"Subject: x\r\n\r\n" + b"y" * 200_000)
    await parser.close()
    gc.collect()

    assert reports == []


async def test_large_mail_leaves_a_child_to_small_mail_and_its_senders_take_turns() -> None:
    parser = Parser(children=2, deadline=30)
    stalled = await parser._start()
    parser._idle.append(stalled)
    os.kill(stalled.process.pid, signal.SIGSTOP)
    first = asyncio.create_task(parser.read(large("one"), peer="192.0.2.1"))
    await asyncio.sleep(0)
    second = asyncio.create_task(parser.read(large("two"), peer="192.0.2.1"))
    await asyncio.sleep(0)

    with pytest.raises(ParserBusy):
        await parser.read(large("three"), peer="192.0.2.1")
    assert (await parser.read(mail("small").as_bytes(), peer="198.51.100.7")).subject == "small"

    os.kill(stalled.process.pid, signal.SIGCONT)
    assert [email.subject for email in await asyncio.gather(first, second)] == ["one", "two"]
    assert (await parser.read(large("three"), peer="192.0.2.1")).subject == "three"
    await parser.close()


async def test_children_that_have_no_work_end_but_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.work.parser.REST", 0.2)
    parser = Parser(children=2)
    raw = mail("x").as_bytes()
    await asyncio.gather(parser.read(raw), parser.read(raw))
    first, last = parser._idle
    async with asyncio.timeout(PATIENCE):
        await first.process.wait()
    assert parser._idle == [last]
    assert last.process.returncode is None

    await asyncio.gather(parser.read(raw), parser.read(raw))  # another is started for it
    assert parser.deaths == 0
    await parser.close()
