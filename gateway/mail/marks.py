"""The desk's own marks in a mail (docs/algapsa.md "Marks in the desk's own mail"): claims, bound to nothing."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from gateway.model.email import DeskMarks

from .lines import Line, Run

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_ROOT = re.compile(rf"^ticket-({_UUID})@", re.IGNORECASE)
_TOKEN = re.compile(r"ALGA-REPLY-TOKEN[\s>]{1,20}([A-Za-z0-9._~:-]{8,400})", re.IGNORECASE)
_TICKET = re.compile(
    rf"(?:ticketId\s{{0,5}}=[\s>]{{0,10}}|ALGA-TICKET-ID\s{{0,5}}:[\s>]{{0,10}})({_UUID})", re.IGNORECASE
)
_DATA_TOKEN = re.compile(r"""data-alga-reply-token\s{0,5}=\s{0,5}["']?([A-Za-z0-9._~:-]{8,400})""", re.IGNORECASE)
_DATA_TICKET = re.compile(rf"""data-alga-ticket-id\s{{0,5}}=\s{{0,5}}["']?({_UUID})""", re.IGNORECASE)
_NUMBER = re.compile(r"\[Ticket #\s{0,3}([A-Za-z0-9._-]{1,40})\]", re.IGNORECASE)
_CAP = 50
_GAP = r"[\s>\\]"
_ID_LINES = re.compile(
    rf"\\?\[?ALGA-REPLY-TOKEN{_GAP}{{1,20}}[A-Za-z0-9._~:-]{{8,400}}"
    rf"(?:{_GAP}{{1,20}}[A-Za-z]{{2,20}}Id{_GAP}{{0,10}}={_GAP}{{0,10}}[A-Za-z0-9-]{{8,60}}){{0,6}}{_GAP}{{0,20}}\]?"
    rf"|ALGA-[A-Z]{{2,12}}-ID\s{{0,5}}:{_GAP}{{0,20}}{_UUID}",
    re.IGNORECASE,
)
"""The desk's reply token and id lines, in brackets or without, wrapped, quoted or escaped."""


def find(ids: Iterable[str], subject: str, text: str, html: str) -> DeskMarks:
    tickets = [match[1].lower() for message_id in ids if (match := _ROOT.match(message_id))]
    tokens: list[str] = []
    # An escaped or wrapped mark reads the same once backslashes are gone.
    plain = text.replace("\\", "") if "\\" in text else text
    if "alga-" in plain.lower():
        tickets += _TICKET.findall(plain)
        tokens += _TOKEN.findall(plain)
    if "alga-" in html.lower():
        tickets += _TICKET.findall(html) + _DATA_TICKET.findall(html)
        tokens += _DATA_TOKEN.findall(html) + _TOKEN.findall(html)
    return DeskMarks(
        tuple(dict.fromkeys(ticket_id.lower() for ticket_id in tickets))[:_CAP],
        tuple(dict.fromkeys(tokens))[:_CAP],
        tuple(dict.fromkeys(_NUMBER.findall(subject)))[:_CAP],
    )


def root_of(message_id: str) -> str:
    """The ticket of the id with which the desk begins its threads, "" for any other."""
    match = _ROOT.match(message_id)
    return match[1].lower() if match else ""


def last_id(text: str) -> tuple[int, int]:
    """Where the last token or id line begins and ends; 0 and 0 without one."""
    span = (0, 0)
    for match in _ID_LINES.finditer(text):
        span = match.span()
    return span


def without_ids(lines: Sequence[Line]) -> list[Line]:
    """The lines without the desk's token and id lines: nobody wrote them, and the token is a secret of its ticket.
    A line of nothing else goes."""
    text = "\n".join(line.text for line in lines)
    if "alga-" not in text.lower():
        return list(lines)
    spans = deque(match.span() for match in _ID_LINES.finditer(text))
    out: list[Line] = []
    begin = 0
    for line in lines:
        end = begin + len(line.text)
        while spans and spans[0][1] <= begin:
            spans.popleft()
        if spans and spans[0][0] < end:
            cut = _cut(line, spans, begin)
            if cut.kind == "table" or any(char.isalnum() for char in cut.text):
                out.append(cut)
        else:
            out.append(line)
        begin = end + 1
    return out


def _cut(line: Line, spans: deque[tuple[int, int]], begin: int) -> Line:
    """A line that begins at ``begin`` without these stretches of the whole text."""
    if line.kind == "table":
        return replace(line, rows=[[[_bare(run) for run in cell] for cell in row] for row in line.rows])
    runs: list[Run] = []
    for run in line.runs:
        kept: list[str] = []
        at, end = begin, begin + len(run.text)
        while at < end:
            while spans and spans[0][1] <= at:
                spans.popleft()
            start, stop = spans[0] if spans else (end, end)
            kept.append(run.text[at - begin : max(at, start) - begin] if start < end else run.text[at - begin :])
            at = max(at, min(stop, end)) if start < end else end
        runs.append(replace(run, text="".join(kept)))
        begin = end
    return replace(line, runs=runs)


def _bare(run: Run) -> Run:
    return replace(run, text=_ID_LINES.sub("", run.text))
