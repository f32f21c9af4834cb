"""What becomes of each file of a mail: an ordered list, the first rule that holds decides.

The mailbox's rules come first, then the operator's for all, then those shipped here. Files of a mail that
was not scanned for malware are held whatever the rules allow.

A page that a browser would run is uploaded under a neutral name and type. Programs wait for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.match.files import FileRule, FileView
from gateway.model.email import Attachment
from gateway.model.plan import Trace

UNSCANNED = "unscanned"
INTERNAL = "for technicians only"
"""The hold on files of internal words: whatever is on a ticket its customer may open."""

MOST_SHOWN = 8


SHIPPED = (
    FileRule("programs", "hold", program=True),
    FileRule("programs in archives", "hold", holds_program=True),
    FileRule("archives in archives", "hold", deeper=2),
    FileRule("archives of many files", "hold", more_files=1000),
    FileRule("archives that cannot be read", "hold", closed=True),
    FileRule("pages", "rename", page=True),
)


@dataclass(frozen=True, slots=True)
class Fate:
    """``held`` and ``dropped`` name the rule; ``neutral``: uploaded under a name and type that nothing runs."""

    held: str = ""
    dropped: str = ""
    neutral: bool = False

    @property
    def uploads(self) -> bool:
        return not (self.held or self.dropped)


def classify(files: Sequence[Attachment], rules: Sequence[FileRule], hold: str, released: bool) -> list[Fate]:
    """The fate of each file. ``hold`` is why files are held whatever the rules allow, "" for nothing; ``released``:
    an operator let held files go, which says nothing of other rules."""
    return [_fate(file, rules, hold, released) for file in files]


def _fate(file: Attachment, rules: Sequence[FileRule], hold: str, released: bool) -> Fate:
    file_view = FileView(file)
    rule = next((file_rule for file_rule in (*rules, *SHIPPED) if file_rule.holds(file_view)), None)
    action = rule.action if rule else "allow"
    if rule and action == "drop":
        return Fate(dropped=rule.name)
    held = rule.name if rule and action == "hold" else hold
    # What was held for what it is stays harmless when it is let go.
    neutral = action == "rename" or (action == "hold" and file_view.is_page)
    return Fate(held="" if released else held, neutral=neutral)


def tell(files: Sequence[Attachment], fates: Sequence[Fate], trace: Trace, everything: bool) -> None:
    """Into the trace what is not simply uploaded, or all of it."""
    for file, fate in zip(files, fates, strict=True):
        became = (
            f"dropped by {fate.dropped!r}" if fate.dropped else f"held by {fate.held!r}" if fate.held else "uploaded"
        )
        if fate.neutral and not fate.dropped:
            became += f" as {neutral_name(file.filename)}"
        if everything or fate != Fate():
            trace.add("file", f"{file.filename}: {file.sniffed or 'empty'}", became)


def neutral_name(name: str) -> str:
    """A name that a browser and a double click show as text."""
    return name if name.lower().endswith(".txt") else f"{name}.txt"


def remarks(file: Attachment, fate: Fate) -> list[str]:
    """What people are told of a file beside its name and size."""
    said = []
    if fate.held == UNSCANNED:
        said.append("held until it is scanned for malware")
    elif fate.held:
        said.append(f"held back: {fate.held}")
    elif fate.dropped:
        said.append(f"not uploaded: {fate.dropped}")
    if fate.neutral and not fate.dropped:
        said.append(f"as {neutral_name(file.filename)}")
    if FileView(file).has_macros:
        said.append("with macros")
    inside = file.inside
    if inside and "encrypted" in inside.marks:
        said.append("encrypted")
    if inside and "closed" in inside.marks and not inside.names:
        said.append("its content could not be checked")
    if inside and inside.names:
        more = inside.count - MOST_SHOWN
        said.append("holds " + ", ".join(inside.names[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else ""))
    return said
