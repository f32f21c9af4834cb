"""Logs and stack traces as blocks in which columns align: a paragraph a line tears them apart.

Known by their shape: lines that begin with a date or time, frames of a stack trace, and what is indented below them.
The desk's renderer does not escape such a block, so only text without any tag or entity becomes one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gateway.blocks.make import Block, text
from gateway.blocks.measure import string

LEAST_STAMPS = 3  # lines with a time of their own make a log
LEAST_FRAMES = 2  # frames make a stack trace
LONGEST_LINE = 400  # characters; a longer line is text, which wraps
MOST_LINES = 60  # of one block: a longer log is several, so that a comment can be cut between them
MOST_TEXT = 3000

_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
_STAMP = re.compile(
    r"[\[(<]?(?:"
    rf"\d{{4}}-\d{{2}}-\d{{2}}[T ]{_TIME}"  # 2026-11-28 10:14:02,133
    rf"|\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{2,4}},?\s+{_TIME}"  # 28.11.2026 10:14:02, 11/28/2026, 10:14:02 AM
    rf"|[A-Z][a-z]{{2}}\s{{1,2}}\d{{1,2}}\s{_TIME}"  # Nov 28 10:14:02 (syslog)
    rf"|\d{{1,2}}/[A-Z][a-z]{{2}}/\d{{4}}:{_TIME}"  # 28/Nov/2026:10:14:02 (access logs)
    r"|\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?=\W)"  # 10:14:02.133
    r"|\s{0,8}\d{1,8}\.\d{3,6}\]"  # [   12.345678] (kernel)
    r")"
)
_FRAME = re.compile(
    r"\s*(?:at\s[\w$.<>\[\]`/ ,+-]+\(.*\)|at\s\S+:\d+(?::\d+)?|File \"[^\"]+\", line \d+|#\d+\s.+(?:\(\d+\)|:\d+).*"
    r"|\.\.\. \d+ more|Caused by: \S+|Traceback \(most recent call last\):|goroutine \d+ \[.*\]:)"
)
_RAISED = re.compile(r"(?:Unhandled exception[. ].*|(?:[\w$]+[.:])*[\w$]*(?:Exception|Error|Fault)\b(?::.*)?)")
_MARKUP = re.compile(r"[<&]|```")


def preformatted(blocks: Sequence[Block]) -> list[Block]:
    """The same blocks, runs of lines of a log or trace as one block each."""
    lines = [_line(block) for block in blocks]
    if not _may_hold_a_log(lines):
        return list(blocks)
    out: list[Block] = []
    at = 0
    while at < len(blocks):
        end = _run(lines, at)
        if end == at:
            out.append(blocks[at])
            end += 1
        else:
            out += _code([line for line in lines[at:end] if line is not None])
        at = end
    return out


def is_tame(code: str) -> bool:
    """Whether the text stays text where the desk does not escape it."""
    return not _MARKUP.search(code)


def _line(block: Block) -> str | None:
    """The text of a paragraph without any markup, None for other blocks."""
    content = block.get("content")
    if block.get("type") != "paragraph" or block.get("children") or not isinstance(content, list):
        return None
    for item in content:
        if not isinstance(item, dict) or item.get("type") != "text" or item.get("styles"):
            return None
    line = "".join(string(item.get("text")) for item in content).replace("\u00a0", " ")
    return line if len(line) <= LONGEST_LINE and is_tame(line) else None


def _may_hold_a_log(lines: Sequence[str | None]) -> bool:
    """Whether there are lines enough that make a log or trace, wherever they stand."""
    frames = sum(1 for line in lines if line and _FRAME.match(line))
    stamps = sum(1 for line in lines if line and _STAMP.match(line))
    return frames >= LEAST_FRAMES or stamps >= LEAST_STAMPS


def _run(lines: Sequence[str | None], at: int) -> int:
    """Where the log or trace that begins here ends; ``at`` where none begins."""
    stamps = frames = 0
    end = number = at
    while number < len(lines) and (line := lines[number]) is not None:
        if _FRAME.match(line):
            frames += 1
        elif _STAMP.match(line):
            stamps += 1
        elif not (_RAISED.fullmatch(line) or (number > at and line[:1] in (" ", "\t") and line.strip())):
            break
        number += 1
        end = number
    return end if stamps >= LEAST_STAMPS or frames >= LEAST_FRAMES else at


def _code(lines: list[str]) -> list[Block]:
    blocks: list[Block] = []
    part: list[str] = []
    for line in lines:
        if part and (len(part) == MOST_LINES or sum(map(len, part)) + len(line) > MOST_TEXT):
            blocks.append(code_block(part))
            part = []
        part.append(line)
    return [*blocks, code_block(part)]


def code_block(lines: Sequence[str]) -> Block:
    content: list[dict[str, Any]] = [text("\n".join(lines))]
    return {"type": "codeBlock", "props": {}, "content": content}
