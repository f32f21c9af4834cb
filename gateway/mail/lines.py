"""The body as lines: what HTML and plain text are both read into, and what blocks and text are made from.

A reply is cut between lines, so the text and the rich text of a cut always say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from . import limits

Kind = Literal["text", "heading", "bullet", "number", "check", "image", "table", "rule"]


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one look. ``styles``: bold, italic, underline, strike, code."""

    text: str
    styles: frozenset[str] = frozenset()
    href: str = ""


EVENT = "event"
"""The zone of what a calendar object says, and where files lie that the mail only names, in lines of our own below all
else: nobody quoted it."""


@dataclass(slots=True)
class Line:
    """One line as a reader sees it.

    ``quote`` is the depth of quotation by structure (blockquote), ``zone`` the structural mark that it lies
    in ("gmail_quote", "signature:…"), ``before`` a mark that begins right above it ("divRplyFwdMsg"), ``label`` what
    stands before an item of a numbered list ("3.", "b.")."""

    runs: list[Run] = field(default_factory=list)
    kind: Kind = "text"
    level: int = 0
    quote: int = 0
    zone: str = ""
    before: str = ""
    pre: bool = False
    checked: bool = False
    rows: list[list[list[Run]]] = field(default_factory=list)
    picture: int = -1
    name: str = ""
    label: str = ""

    @property
    def text(self) -> str:
        if self.kind == "table":
            return "\n".join(" | ".join("".join(run.text for run in cell) for cell in row) for row in self.rows)
        runs = self.runs
        return runs[0].text if len(runs) == 1 else "".join([run.text for run in runs])

    @property
    def blank(self) -> bool:
        if self.kind == "image" or self.kind == "table":
            return False
        text = self.text
        return not text or text.isspace()


def joined_runs(runs: list[Run]) -> list[Run]:
    """Neighbours of one look as one run."""
    out: list[Run] = []
    texts: list[str] = []
    for run in runs:
        if out and run.styles == out[-1].styles and run.href == out[-1].href:
            texts.append(run.text)
            continue
        if out:
            out[-1] = Run("".join(texts), out[-1].styles, out[-1].href)
        out.append(run)
        texts = [run.text]
    if out:
        out[-1] = Run("".join(texts), out[-1].styles, out[-1].href)
    return out


def plain(text: str) -> list[Line]:
    """Beyond the cap of lines the rest follows in long paragraphs: no word is lost, the blocks stay few."""
    pieces = text.split("\n", limits.LINES)
    lines = [Line([Run(line)] if line else [], pre=True) for line in pieces[: limits.LINES]]
    if len(pieces) > limits.LINES:
        rest = " ".join(pieces[-1].split())
        lines.extend(Line([Run(rest[at : at + 50_000])]) for at in range(0, len(rest), 50_000))
    return lines


def squeeze(lines: Iterable[Line]) -> list[Line]:
    """Without leading and trailing blank lines, and one blank line at most between others."""
    out: list[Line] = []
    for line in lines:
        if line.blank and line.kind != "rule" and (not out or out[-1].blank):
            continue
        out.append(line)
    while out and out[-1].blank:
        out.pop()
    return out


def render(lines: Sequence[Line], *, targets: bool = False, marks: bool = True, pictures: bool = True) -> str:
    """Plain text of lines; ``targets`` adds a link's address where it differs from its text, ``marks`` the
    signs of lists and quotes."""
    out: list[str] = []
    numbers: dict[int, int] = {}
    for line in lines:
        if line.kind not in ("number", "bullet"):
            numbers.clear()
        text = with_targets(line) if targets and line.kind != "table" else line.text
        if line.kind == "image":
            text = f"[{line.name or 'image'}]" if marks and pictures else ""
        elif line.kind == "rule":
            text = "---" if marks else ""
        if marks and line.kind in ("bullet", "check"):
            text = "  " * line.level + "- " + text
        elif marks and line.kind == "number":
            numbers[line.level] = numbers.get(line.level, 0) + 1
            for deeper in [level for level in numbers if level > line.level]:
                del numbers[deeper]
            text = "  " * line.level + (line.label or f"{numbers[line.level]}.") + " " + text
        if line.quote and marks:
            # A quotation of HTML is indented, as it is shown; only plain text has its own marks.
            text = ("    " * min(line.quote, 10) + text).rstrip()
        out.append(text)
    return "\n".join(out)


def with_targets(line: Line) -> str:
    out: list[str] = []
    for index, run in enumerate(line.runs):
        out.append(run.text)
        following = line.runs[index + 1].href if index + 1 < len(line.runs) else ""
        if run.href and run.href != following and not same_target(run.text, run.href):
            out.append(f" <{run.href}>")
    return "".join(out)


def same_target(text: str, href: str) -> bool:
    """Whether a link says where it goes."""
    bare = href.removeprefix("mailto:").removeprefix("tel:").split("?")[0] if href[:4] in ("mail", "tel:") else href
    return _bare_target(bare) == _bare_target(text)


def _bare_target(value: str) -> str:
    value = value.strip().lower().removeprefix("mailto:").removeprefix("https://").removeprefix("http://")
    return value.removeprefix("www.").rstrip("/")
