"""Logs and stack traces are blocks in which columns align; nothing that the desk would not escape is in one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import blocks as b
from gateway.simulator.render import blocks_html

SYSLOG = """\
Nov 28 10:14:02 mx postfix/smtpd[812]: connect from mail.acme.example[192.0.2.7]
Nov 28 10:14:03 mx postfix/smtpd[812]: NOQUEUE: reject: RCPT from mail.acme.example[192.0.2.7]
Nov 28 10:14:03 mx postfix/smtpd[812]: disconnect from mail.acme.example[192.0.2.7]"""
PYTHON = """\
Traceback (most recent call last):
  File "/srv/app/main.py", line 12, in run
    answer = fetch(url)
  File "/srv/app/net.py", line 40, in fetch
    raise TimeoutError(url)
TimeoutError: https://api.example/v1"""
JAVA = """\
java.lang.IllegalStateException: no connection
    at com.acme.Pool.take(Pool.java:81)
    at com.acme.Main.main(Main.java:12)
Caused by: java.net.ConnectException: refused
    ... 12 more"""
NET = """\
Unhandled exception. System.NullReferenceException: Object reference not set
   at Acme.Printing.Queue.Next(Int32 id) in C:\\src\\Queue.cs:line 31
   at Acme.Program.Main(String[] args)"""
ACCESS = "\n".join(f'[28/Nov/2026:10:14:0{n} +0000] "GET /login HTTP/1.1" 500 312' for n in range(4))
TIMES = "\n".join(f"10:14:0{n}.133 WARN  [pool-{n}] retry in {n} s" for n in range(3))


def kinds(text: str) -> list[str]:
    return [block["type"] for block in b.preformatted(b.paragraphs(text))]


@pytest.mark.parametrize("log", [SYSLOG, PYTHON, JAVA, NET, ACCESS, TIMES], ids=["syslog", "python", "java", "net", "access", "times"])
def test_a_log_between_words_is_one_block(log: str) -> None:
    blocks = b.preformatted(b.paragraphs(f"Hello,\n\nthis is in the log:\n{log}\nCan you look?\n\nAnn"))

    assert [block["type"] for block in blocks] == ["paragraph"] * 3 + ["codeBlock"] + ["paragraph"] * 3
    assert blocks[3]["content"][0]["text"] == log
    assert b.plain(blocks).count(log) == 1


@pytest.mark.parametrize(
    "text",
    [
        "See you at 10:14.\nOr at 10:20?\nOr at noon?",
        "2026-11-28 10:14: it broke.\nSince then nothing works.\nPlease call.",
        "Error: the printer is out of paper.\nPlease bring some.",
        "Look at line 5 (of the form)\nand at line 7 (below it)",
        "1. first\n2. second\n3. third",
    ],
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert set(kinds(text)) == {"paragraph"}


def test_markup_is_never_in_a_block_that_the_desk_does_not_escape() -> None:
    evil = SYSLOG.replace("NOQUEUE", "<img src=x onerror=alert(1)>")
    entity = SYSLOG.replace("NOQUEUE", "&lt;script&gt;")

    for text in (evil, entity, SYSLOG.replace("NOQUEUE", "```")):
        assert "codeBlock" not in kinds(text)
        assert "<img" not in blocks_html(b.harmless(b.preformatted(b.paragraphs(text))))


@given(st.text(alphabet="<&`;a 1:-\n", max_size=60), st.sampled_from(["", "x", "<script>"]))
def test_only_tame_text_stays_preformatted(text: str, language: str) -> None:
    block = {"type": "codeBlock", "props": {"language": language}, "content": [b.text(text)]}

    (*_, made) = b.harmless([block])
    again = b.harmless([made])

    assert made["props"] == {}
    assert made["type"] == "paragraph" or not set("<&") & set(made["content"][0]["text"])
    assert again == [made]


def test_a_long_log_is_cut_between_its_lines() -> None:
    log = "\n".join(f"2026-11-28 10:{n // 60 % 60:02}:{n % 60:02} worker {n} did something of interest" for n in range(200))
    blocks = b.harmless(b.preformatted(b.paragraphs(log)))

    parts = b.split(blocks, 4900, 8)

    assert all(b.measure(part) <= 4900 for part in parts)
    assert {block["type"] for part in parts for block in part} == {"codeBlock"}
    assert "\n".join(b.plain(part) for part in parts) == log
