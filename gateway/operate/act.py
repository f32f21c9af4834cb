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
    Act(
        "release",
        "Release",
        "released",
        "let the mail go on, to where it belongs or to the ticket that you name",
        _PLACED,
    ),
    Act(
        "let-in",
        "Let this sender in",
        "let in",
        "release the mail, and let its sender write to the ticket from now on",
        _PLACED,
    ),
    Act("move", "Move", "moved", "move the mail to another ticket, or to a new one of its own", _PLACED),
    Act("hold", "Hold", "on hold", "hold the mail until somebody releases it"),
    Act("retry", "Try now", "due now", "try the mail now, without waiting"),
    Act("release-files", "Upload held files", "its files released", "upload the files that are held"),
    Act(
        "drop-files", "Drop held files", "its files dropped", "do not upload the held files; the stored mail keeps them"
    ),
    Act(
        "show-all",
        "Show all of it",
        "is shown whole",
        "post the whole mail again, with what was cut, as an internal comment",
    ),
    Act("drop", "Drop", "dropped", "discard the mail: nothing is posted; undo takes it back"),
    Act("undo", "Undo", "taken back", "undo the last act on the mail", frozenset()),
)
BY_NAME = {act.name: act for act in ACTS}
UNDOABLE = frozenset({"release", "let-in", "drop", "move", "hold"})
