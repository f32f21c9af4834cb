"""What pending mail waits for: as it is stored with the mail, counted, and said to people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Waiting(StrEnum):
    """``words`` say it to people; ``{on}`` is what exactly. ``in_general`` says it of several mails, each of which has
    its own: unless it is given, what stands before the colon."""

    words: str
    in_general: str

    def __new__(cls, value: str, words: str, in_general: str = "") -> Waiting:
        waiting = str.__new__(cls, value)
        waiting._value_ = value
        waiting.words = words
        waiting.in_general = in_general or words.partition(":")[0]
        return waiting

    @classmethod
    def of(cls, value: str) -> Waiting:
        """The one with this value; what a newer version stored and this one does not know is NOTHING."""
        return next((waiting for waiting in cls if waiting.value == value), cls.NOTHING)

    NOTHING = "", ""
    DESK = "desk", "the desk, which is away: {on}"
    KEY = "key", "a key that the desk takes: {on}"
    GONE = "gone", "the configuration to have its desk again: {on}"
    NAMES = "names", "the desk to have what its mailbox names: {on}"
    RATE = "rate", "the desk's rate limit to leave a call for a {on}", "the desk's rate limit to leave a call"
    EARLIER = "earlier", "earlier mail of its thread to be posted: {on}"
    READ_BACK = (
        "read-back",
        "a look whether the desk has the {on}, to which it gave no clear answer",
        "a look whether the desk has something to which it gave no clear answer",
    )
    PLACE = "place", "files of other mail to be uploaded"
    WINDOW = "window", "the end of a maintenance window: held by {on}"
    TIME = "time", "the time to {on}", "a set time, such as to close a vendor's ticket"
    ANSWER = "answer", "an answer of the desk that can be used: {on}"
    FAILURE = "failure", "another try after a failure: {on}"
    PARSER = "parser", "another try at reading it: {on}"
    TURN = "turn", "its turn to be read, after other large mail"
    STORE = "store", "a part of the database that cannot be read: {on}"
    OPERATOR = "operator", "an operator, who held it"
    WORK = "work", "its end: it is being worked on"
    WORKER = "worker", "a worker: nothing else is in its way"


@dataclass(frozen=True, slots=True)
class Waits:
    """What a mail waits for, and ``on`` what exactly: a delivery, an effect, the desk's words."""

    kind: Waiting = Waiting.NOTHING
    on: str = ""

    def __str__(self) -> str:
        return self.kind.words.format(on=self.on or "?").removesuffix(": ?")


MOST_WORDS = 300
"""Characters of ``on``."""
