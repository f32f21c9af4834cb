"""HTML to lines, by an own forward scan: browsers' parsers are quadratic in depth or attributes, this is not.

Promised: linear in the input; text is never lost but for what a reader would not see (scripts, styles, hidden
elements, counted in ``hidden``) and what no other form of the mail says either; pictures stand where they were;
structural marks of quoting are kept on the lines. Refused: every attribute but the few read here.
Source: docs/mail-rules.md "Text", WHATWG HTML.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from . import limits
from .clean import clean
from .htmlinline import control, figures, instead_of, resolved, words_of
from .htmllists import LISTS, WORD, Counter, item_of
from .htmlmarks import boundary
from .htmlsight import Said, declarations, entered, looks_of
from .htmlstack import NONE, Stack
from .htmlstate import State
from .htmltables import Table, as_data, bordered, flattened
from .htmltags import BLOCKS, PARAGRAPHS, VOID, tight
from .lines import Line, Run, joined_runs
from .scan import Token, sheets, tokens
from .symbols import as_shown, is_emoji

# Text before the page, or that has no tag at all.
_UNTAGGED = re.compile(r"[^<]++(?=<(?:!doctype|html|head|body)\b|\Z)", re.IGNORECASE)
_BLANK = re.compile(r"[ \t\n\r\f]+")


@dataclass(slots=True)
class Html:
    """The lines of an HTML body; ``hidden`` characters were left out, ``pictures`` are the shown attachments."""

    lines: list[Line]
    hidden: int = 0
    pictures: list[int] = field(default_factory=list)
    capped: bool = False


def to_lines(source: str, picture: Callable[[str], int] = lambda _: -1, said: Said | None = None) -> Html:
    """``picture`` gives the index of the attachment that an img source names, or -1; hidden words are shown where they
    are ``said`` elsewhere."""
    return _Reader(picture, said).read(source)


class _Reader:
    def __init__(self, picture: Callable[[str], int], said: Said | None) -> None:
        self.picture = picture
        self.said = said
        self.styled: frozenset[str] = frozenset()
        self.lines: list[Line] = []
        self.runs: list[Run] = []
        self.state = State()
        self.stack: Stack[State] = Stack()
        self.tables: list[Table] = []
        self.space = False
        self.item = ""
        self.counters: list[Counter] = []
        self.before = ""
        self.gap = False
        self.base = ""
        self.links = 0
        self.result = Html([])

    def read(self, source: str) -> Html:
        source = clean(source)
        self.styled = looks_of(sheets(source))
        written = _UNTAGGED.match(source)
        if written and not written[0].isspace():
            self.lines_as_written(written[0])
            source = source[written.end() :]
        for token in tokens(source):
            if token.kind == "text":
                self.text(token.text)
            elif token.kind == "open":
                self.opened(token)
            elif token.kind == "close":
                self.closed(token.name)
            elif token.kind == "capped":
                self.result.capped = True
        self.flush()
        while self.tables:
            self.end_table()
        self.result.lines = self.lines
        return self.result

    # -- text

    def lines_as_written(self, text: str) -> None:
        """Plain text where HTML should be: scripts put it above their page, or label it so. Its lines stay."""
        self.state = replace(self.state, pre=True)
        self.text(text.strip("\n"))
        self.flush()
        self.gap = True
        self.state = State()

    def text(self, raw: str) -> None:
        text = entities.unescape(raw) if "&" in raw else raw
        text = clean(text)
        if not text:
            return
        if not self.state.sight.text and (self.state.dropped or self.said is None or text not in self.said):
            self.result.hidden += len(text.strip())
            return
        if self.state.font or not text.isascii():
            text = as_shown(text, self.state.font)
        if self.state.figures:
            text = figures(text, self.state.figures)
        if self.state.pre:
            pieces = text.split("\n")
            for number, piece in enumerate(pieces):
                if number:
                    self.flush(force=True)
                if piece:
                    self.add(piece)
            return
        folded = _BLANK.sub(" ", text)
        if folded.startswith(" "):
            self.space = True
            folded = folded[1:]
        if not folded:
            return
        tail = folded.endswith(" ")
        if tail:
            folded = folded[:-1]
        if self.space and self.runs:
            last, now = self.runs[-1], self.state
            self.runs.append(Run(" ", last.styles & now.styles, now.href if last.href == now.href else ""))
        self.space = tail
        self.add(folded)

    def add(self, text: str) -> None:
        if self.state.label:
            self.item += text
            return
        # Neighbours of one look are joined at flush: a list keeps repeated adding linear.
        self.runs.append(Run(text, self.state.styles, self.state.href))

    def word(self, text: str, href: str = "") -> None:
        """A word beside others."""
        if not text:
            return
        if self.runs:
            self.add(" ")
        self.runs.append(Run(text, self.state.styles, href or self.state.href))
        self.space = True

    def link(self, href: str) -> str:
        self.links += 1
        return resolved(href, self.base) if self.links <= limits.LINKS else ""

    def flush(self, force: bool = False) -> None:
        """Ends the line. A blank one is kept only when asked for (br, pre)."""
        self.space = False
        runs = joined_runs(self.runs)
        self.runs = []
        if not runs and not force:
            return
        state = self.state
        line = Line(runs, quote=state.quote, zone=state.zone, pre=state.pre, before=self.before)
        if state.heading and runs:
            line.kind, line.level = "heading", state.heading
        elif state.list_kind and self.item and runs:
            line.kind, line.label = item_of(state.list_kind, self.item)
            line.level = max(state.list_level, 0)
            self.item = ""
        if runs and any(not run.text.isspace() for run in runs):
            self.before = ""
        elif self.before:
            line.before = ""
        self.put(line)

    def put(self, line: Line) -> None:
        if self.gap and self.lines and not self.lines[-1].blank:
            self.lines.append(
                Line(
                    quote=min(line.quote, self.lines[-1].quote),
                    zone=line.zone if line.zone == self.lines[-1].zone else "",
                )
            )
        self.gap = False
        self.lines.append(line)

    # -- tags

    def opened(self, token: Token) -> None:
        name = token.name
        for depth in self.stack.implied(name):
            self.end(depth)
        if name in BLOCKS:
            self.flush()
            if name in PARAGRAPHS and not self.state.list_kind and not tight(token):
                self.gap = True
        if name in VOID:
            self.lone(name, token)
        elif self.stack.push(name, self.state):
            self.before = boundary(token) or self.before
            self.state = self.state.inside(token, self.styled)
            self.begun(name, token)

    def lone(self, name: str, token: Token) -> None:
        """An element that has no end."""
        if name == "br":
            if self.state.sight.text:
                self.flush(force=True)
        elif name == "img":
            self.image(token)
        elif name == "hr":
            self.rule(token)
        elif name == "base":
            self.base = self.base or token.attribute("href").strip()
        elif name == "input" and self.state.sight.pictures:
            self.word(control(token))
        elif name == "area" and (alt := words_of(token, "alt")) and self.state.sight.pictures:
            self.word(f"[{alt}]", self.link(token.attribute("href")))

    def begun(self, name: str, token: Token) -> None:
        """What an element does before its content."""
        if name == "a":
            self.state = replace(self.state, href=self.link(token.attribute("href")))
        elif name in LISTS:
            self.counters.append(Counter.of(token))
        elif name == "table":
            self.tables.append(Table(outer=self.lines, bordered=bordered(token)))
            self.lines = self.tables[-1].stray
        elif name == "tr" and self.tables:
            self.tables[-1].row()
        elif name in ("td", "th") and self.tables:
            self.lines = self.tables[-1].cell(token)
            self.gap = False
        elif name == "li":
            counted = self.counters and not self.state.sight.gone
            self.item = self.counters[-1].next(token) if counted else "*"
        elif name == "p" and self.state.list_kind == WORD:
            self.item = ""
        elif name == "q":
            self.space, blank = False, self.space
            self.add(" \u201c" if blank and self.runs else "\u201c")

    def end(self, depth: int) -> None:
        """Ends the elements from that depth on."""
        while len(self.stack) > depth:
            name, before = self.stack.pop()
            if name in BLOCKS:
                self.flush()
                if name in PARAGRAPHS and not before.list_kind and not self.state.tight:
                    self.gap = True
            if name == "li":
                self.item = ""
            elif name in LISTS:
                self.counters.pop()
            elif name == "q":
                self.add("\u201d")
            if name == "table":
                self.end_table()
            self.state = before

    def closed(self, name: str) -> None:
        if self.stack.passed_over(name):
            if name in BLOCKS:
                self.flush()
        elif not self.stack.is_open(name):
            if name in BLOCKS or name == "br":
                self.flush(force=name in ("p", "br"))
        elif (depth := self.stack.closed_by(name)) != NONE:
            self.end(depth)

    # -- special elements

    def rule(self, token: Token) -> None:
        if not self.state.sight.pictures:
            return
        mark = boundary(token)
        if mark:
            self.before = mark
            return
        self.put(Line(kind="rule", quote=self.state.quote, zone=self.state.zone))

    def image(self, token: Token) -> None:
        if not entered(self.state.sight, token, declarations(token.attribute("style").lower()), self.styled).pictures:
            return
        source = token.attribute("src").strip()
        alt = words_of(token, "alt")
        index = self.picture(source) if source else -1
        if index >= 0:
            item = self.item
            self.flush()
            self.item = item
            state = self.state
            line = Line(kind="image", picture=index, name=alt, quote=state.quote, zone=state.zone, before=self.before)
            self.put(line)
            self.result.pictures.append(index)
            return
        if is_emoji(alt):
            self.add(" " + alt if self.space and self.runs else alt)
            self.space = False
            return
        words, target = instead_of(token, alt, bool(self.state.href))
        if words:
            if self.space and self.runs:
                self.runs.append(Run(" "))
            self.space = False
            self.runs.append(Run(words, frozenset(), self.state.href or (self.link(target) if target else "")))

    def end_table(self) -> None:
        self.flush()
        if not self.tables:
            return
        table = self.tables.pop()
        self.lines = table.outer
        # Text that stands in the table outside its cells is shown above it, as browsers do.
        self.lines.extend(table.stray)
        data = as_data(table)
        if data is not None:
            self.gap = True
            self.put(data)
        else:
            self.lines.extend(line for row in table.rows for line in flattened(row))
        self.gap = True
