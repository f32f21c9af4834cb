"""What an operator can do with a mail, by name: the commands and the pages offer exactly these."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Act:
    """``name`` is the command, ``title`` the button, ``told`` what was done, ``about`` what it does. It ``takes`` a
    ticket (to), who may read it (audience), a reason (why)."""

    name: str
    title: str
    told: str
    about: str
    takes: frozenset[str] = frozenset({"why"})


_PLACED = frozenset({"to", "audience", "why"})

ACTS: tuple[Act, ...] = (
    Act("release", "Release", "released", "let it go on: to where it belongs, or where you say", _PLACED),
    Act("let-in", "Let this sender in", "let in", "release it, and its sender's later mail", _PLACED),
    Act("move", "Move", "moved", "take it to another ticket, or to one of its own", _PLACED),
    Act("hold", "Hold", "on hold", "keep it from being posted until it is released"),
    Act("retry", "Try now", "due now", "do not wait for its time"),
    Act("release-files", "Upload held files", "its files released", "upload the files that are held"),
    Act("drop-files", "Drop held files", "its files dropped", "leave the held files out; the kept mail has them"),
    Act("show-all", "Show all of it", "is shown whole", "post all of it once more, with what was cut, internally"),
    Act("drop", "Drop", "dropped", "post nothing"),
    Act("undo", "Undo", "taken back", "take the last act on it back", frozenset()),
)  # fmt: skip
BY_NAME = {act.name: act for act in ACTS}
UNDOABLE = frozenset({"release", "let-in", "drop", "move", "hold"})
