"""Words of state and severity in a text, without case, as whole words.

At each place the longest word counts, so "no longer on battery" is not "on battery". A closing word that
is denied ("not resolved", "konnte nicht behoben werden") closes nothing. In a free text, such as a whole subject, what
may hide a problem counts only where a machine puts a state: alone between marks, at the head, or at the end of what it
says. Elsewhere it is part of a name ("Online shop: no answer").
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import re2

from gateway.match import signs
from gateway.match.signs import MOST_TEXT, STATE
from gateway.model.notice import State

MOST_FOUND = 200
PRECEDENCE: tuple[State, ...] = ("open", "planned", "update", "close", "ignore")
"""Which state counts when a text has words of several: what may hide a problem comes last."""
LABEL = "label"
"""What a phrase means that holds a word and says nothing: "alert for", "(critical)"."""

_DENIALS = frozenset(
    "not no never cannot can't couldn't wasn't isn't hasn't unable failed without before until once when if unless "
    "will would should shall may might must 0 zero only partly partially almost nearly hardly nicht kein keine ohne "
    "falsely wrongly awaiting waiting sobald wenn falls wird werden soll kaum nur teilweise fast pas sans non sin niet "
    "geen".split()
)
_NEGATED = re.compile(
    r"\b(?:not|never|cannot|can't|couldn't|wasn't|isn't|hasn't|hadn't|unable to|failed to|no longer|partially|partly|"
    r"almost|nearly|falsely|wrongly|awaiting|waiting for|will be|to be|once|until|unless|nicht|wird|werden|niet|wordt|"
    r"pas|sera|será|sarà|teilweise|(?-i:if|when|wenn|falls))\b(?:\s+\w+){0,2}\s*$|"
    r"\b(?:un-|(?-i:no|non|ne|geen|keine?|sans|sin|senza)\s+)$",
    re.IGNORECASE,
)
"""What negates, before a word, beyond doubt: in a layout the words before a state may be a name."""
_ANSWERED_NO = re.compile(
    r"\s*[:=?]\s*(?:no|not|not yet|never|false|nein|non|niet|nee|unknown|pending|n/a)\s*(?:$|[.,;!)\]\n])",
    re.IGNORECASE,
)
"""What denies, behind a word: "Resolved: no"."""
_PUT_OFF = re.compile(
    r"[^\S\n]*[,;(–-]?[^\S\n]*(?:(?:no longer|not|nicht|pas|niet)\b|\(?no\)|"
    r"(?:but|however|though|aber|jedoch|mais|pero|però|maar)\s|"
    r"(?:is |are |still )?(?:pending|soon|shortly|expected|awaited|ausstehend|erwartet|bald|attendue?|prévue?|verwacht)"
    r"\s*(?:$|[.,;:!)\]\n]|(?:by|at|in|for|um|in|bis|à|dans|om)\s)|"
    r"(?:has |have |was )?(?:failed|cancell?ed|aborted|fehlgeschlagen|abgebrochen|échouée?|mislukt)"
    r"\s*(?:$|[.,;!)\]\n]))",
    re.IGNORECASE,
)
"""What takes an end back, behind its word: "recovery expected at 10:00", "restored, but slow", "recovery failed"."""
_NONE = re.compile(
    r"\s*[:=]\s*(?:0+(?:[.,]0+)?[^\S\n]?%?|none|nothing|keine?r?|\[\s*\]|-+)[^\S\n]*"
    r"(?:$|[,;|)\]}\n]|\.(?=\s|$)|(?=[^\S\n]\w[\w ]{0,30}[:=]))",
    re.IGNORECASE,
)
"""What says, behind a word of a problem, that there is none of it: "Errors: 0"."""
_LABELLED = re.compile(r"[^\S\n]*[*•>-]*[^\S\n]*([^:=\n]{1,60}?)[^\S\n]*[:=](?=\s)")
_OF_STATE = re.compile(
    r"\b(?:stat(?:us|e|ut|o)|result|outcome|termination|conclusion|condition|event|message|subject|alert|alarm|severity|"
    r"summary|zustand|ergebnis|meldung)\w*|\w*(?:status|state|result)$",
    re.IGNORECASE,
)
"""Labels whose value tells of the whole; behind others stands how that thing is: "Action: cleaned successfully"."""
_MOVED_ON = re.compile(r"\s*(?:->|=>|→|\(\s*now\s*[:=])", re.IGNORECASE)
"""What says, behind a state, that another holds now."""
_NOW = re.compile(
    r"(?:(?<!<)->|=>|→|⇒|➔|➜|\b(?:now|jetzt|nun|maintenant|ahora|adesso|nu)\s*[:=]|"
    r"\b(?:from\s[^\n]{1,40}?\sto|von\s[^\n]{1,40}?\sauf)\b)",
    re.IGNORECASE,
)
"""What stands before the state that holds now, in a text of two: "Down ended (now: Warning)", "OK -> ALARM"."""
_BEFORE = re.compile(
    r"\(\s*(?:(?:before|previously|was|formerly|vorher|zuvor|avant)\b[\w\s:,.-]{0,60}|"
    r"(?:down|offline)\s(?:for|since)(?:\s(?:and\s|und\s|at\s)?\d[\d:.,/-]*\s?[a-zäöü]{0,9},?){1,8}\s*)\)",
    re.IGNORECASE,
)
"""The state that held before: "Down (before: Warning)", "(down for 5m)"."""
_VERB = re.compile(
    r"(?:\b(?:is|are|has|have|been|went|gone|became|now|again|ist|sind|hat|wurde|wieder)\s+){1,3}$", re.IGNORECASE
)
"""What joins an object with its state."""
_PAST = re.compile(
    r"(?:\b(?:was|were|had|been|before|previous(?:ly)?|former(?:ly)?|last|old|prior|from|war|waren|vorher\w*|zuvor|"
    r"letzte\w*)\b[^\n.;|]{0,30}$)",
    re.IGNORECASE,
)
"""What tells, before a word, that it no longer holds: "Previous state: down", "it was down for 5 minutes"."""
_MARK = re.compile(r"[:;,!?|()\[\]{}<>*\"“”„\n]|\.(?=\s|$)|(?<=\s)[-–—]+(?=\s)|->|=>|→")
"""What parts the items of a subject or a sentence."""
_AFTER = re.compile(
    r"(?:again|now|wieder|jetzt|nun)?\s*(?:(?:in|after|within|since|at|for|um|nach|seit)\s+\d[\w\s:.-]{0,30})?"
    r"(?:(?:on|at|for|auf|bei|für|from|von)\s+\S+(?:\s+\S+){0,3})?",
    re.IGNORECASE,
)
"""What may follow a state in its item: when, and on what."""
_ONE_WORD = re.compile(r"[\s\[(:]*[^\W\d_]{2,20}[\s\])!.]*")
"""What holds now, where it is a word that nobody knows."""
MOST_TRANSITION = 120
_BEFORE_DENIED = 3  # words between the denial and the word


def folded(text: str) -> str:
    """A text as words compare: one blank, no case."""
    return " ".join(text.casefold().split())


class Hit(NamedTuple):
    """A word in a text: as it stands there, what it means, and where."""

    word: str
    meaning: Any
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Words:
    """A vocabulary: each word with what it means."""

    meanings: Mapping[str, Any]
    pattern: Any

    @classmethod
    def of(cls, meanings: Mapping[str, Any]) -> Words:
        """``meanings`` by folded word."""
        options = re2.Options()
        options.case_sensitive = False
        options.longest_match = True
        options.log_errors = False
        options.max_mem = 1 << 22
        if not meanings:
            return cls({}, None)
        return cls(dict(meanings), re2.compile("|".join(_bounded(meaning) for meaning in meanings), options=options))

    def found(self, text: str) -> list[Hit]:
        """The words in a text. A label is none."""
        if self.pattern is None:
            return []
        out = []
        for match in self.pattern.finditer(text[:MOST_TEXT]):
            meaning = self.meanings.get(folded(match.group()))
            if meaning is not None and meaning != LABEL:
                out.append(Hit(" ".join(match.group().split()), meaning, match.start(), match.end()))
            if len(out) >= MOST_FOUND:
                break
        return out

    def removed(self, text: str, instead: str = " ") -> str:
        """A text without the words that stand where a state does, or with something instead of each; what is part of a
        name stays."""
        kept, last = [], 0
        text = _BEFORE.sub(" ", text[:MOST_TEXT])
        for hit in self.found(text):
            if placed(text, hit.start, hit.end):
                kept += [_VERB.sub("", text[last : hit.start]), instead]
                last = hit.end
        return "".join([*kept, text[last:]])


def _bounded(word: str) -> str:
    """A word as RE2: its blanks any blanks, at its ends no letter or digit of its own kind."""
    inner = r"\s+".join(re2.escape(part) for part in word.split())
    left = r"\b" if word[0].isascii() and word[0].isalnum() else ""
    right = r"\b" if word[-1].isascii() and word[-1].isalnum() else ""
    return f"{left}{inner}{right}"


def state_words(lists: Mapping[State, Sequence[str]], labels: Sequence[str] = ()) -> Words:
    """The words of state, and phrases that hold one and say nothing."""
    known: dict[str, Any] = {folded(phrase): LABEL for phrase in labels}
    return Words.of(known | {folded(word): state for state, words in lists.items() for word in words})


def placed(text: str, start: int, end: int) -> bool:
    """Whether a word stands where a machine puts a state: it ends its item but for when and where ("Tunnel HQ is up",
    "Backup successful on NAS01"), or is all of it ("[OK]"), or heads the text in capitals ("RECOVERY web01")."""
    left = max((mark.end() for mark in _MARK.finditer(text, max(0, start - 200), start)), default=max(0, start - 200))
    mark = _MARK.search(text, end, end + 200)
    before = text[left:start].strip()
    after = text[end : mark.start() if mark else end + 200].strip()
    if not after:
        return True
    if before:
        return _AFTER.fullmatch(after) is not None
    word = text[start:end]
    return not text[:start].strip() and word.isupper() and not text.isupper()


def state_in(text: str, words: Words, free: bool = False) -> tuple[State, str]:
    """The state that a text tells, and the word that says so; "update" and "" when it has none. A text of two states is
    read by the one that holds now. Of a text that goes on where nobody looked, nothing is known to be over. In a
    ``free`` text only an open word counts wherever it stands."""
    if len(text) <= MOST_TRANSITION:
        *before, now = _parts(text)
        state, word = _told(now, words, free)
        if before and word and (state != "close" or folded(now.strip(" ()[].!")) == folded(word)):
            return state, word
        text = _BEFORE.sub(" ", text)
        state, word = _told(text, words, free)
        unknown = bool(before) and not words.found(now) and _ONE_WORD.fullmatch(now) is not None
        return ("update", word) if unknown and state == "close" else (state, word)
    return _told(text, words, free)


def _parts(text: str) -> list[str]:
    """A text cut where it says what holds now, without what held before."""
    return _NOW.split(_BEFORE.sub(" ", text))


def _told(text: str, words: Words, free: bool) -> tuple[State, str]:
    states: dict[State, str] = {}
    for hit, state, _ in judged(text, words, free):
        if state:
            states.setdefault(state, hit.word)
    return next(((state, states[state]) for state in PRECEDENCE if state in states), ("update", ""))


def judged(text: str, words: Words, free: bool = False) -> list[tuple[Hit, State | None, str]]:
    """Each word of a text with the state that it stands for, None for none, and why it is none or another."""
    found = words.found(text)
    whole = len(text) <= MOST_TEXT and len(found) < MOST_FOUND
    return [(hit, *_judged(hit, text, free, whole)) for hit in found]


def _judged(hit: Hit, text: str, free: bool, whole: bool) -> tuple[State | None, str]:
    state: State = hit.meaning
    if free and state not in ("open", "planned") and not placed(text, hit.start, hit.end):
        return None, "not where a machine puts a state"
    if state == "open" and _NONE.match(text, hit.end):
        return None, "there is none of it"
    if state == "close" and not whole:
        return "update", "the text is too long to be read whole"
    if state != "open" and (_denied(text[: hit.start]) or _taken_back(text, hit.end)):
        return (None if free else "update" if state == "close" else state), "denied"
    return state, ""


def holds_doubt(text: str, words: Words) -> bool:
    """Whether a text has a word of a problem that it neither denies nor tells as past."""
    text = _BEFORE.sub(" ", text[:MOST_TEXT])
    return any(
        hit.meaning == "open"
        and not _denied(text[: hit.start])
        and not _NONE.match(text, hit.end)
        and not _PAST.search(text[max(0, hit.start - 60) : hit.start])
        for hit in words.found(text)
    )


def of_another(text: str, words: Words) -> bool:
    """Whether all that a text tells as over stands behind labels of something else: "Action: cleaned successfully"."""
    ends = [hit for hit, state, _ in judged(text, words, free=True) if state in ("close", "ignore")]
    return bool(ends) and all(
        (label := _LABELLED.match(text, text.rfind("\n", 0, hit.start) + 1)) is not None
        and label.end() <= hit.start
        and not _OF_STATE.search(label[1])
        for hit in ends
    )


def negated(text: str, start: int, end: int) -> bool:
    """Whether what stands around a word in a layout negates it: "not restored", "Resolved: no"."""
    before = text[max(0, start - 60) : start]
    return bool(_NEGATED.search(before) or _taken_back(text, end) or _MOVED_ON.match(text, end))


def alone(text: str, words: Words) -> bool:
    """Whether a text is nothing but words of state: what it says now, behind what held before, has no other sign."""
    *before, now = _parts(text) if len(text) <= MOST_TRANSITION else [text]
    if words.pattern is None or len(now) > MOST_TEXT:
        return False
    begun = "(" * sum(part.count("(") - part.count(")") for part in before)  # "Down ended (now: Up)"
    return {*signs.signs(begun + words.pattern.sub(lambda _: STATE, now))} == {STATE}


def _taken_back(text: str, end: int) -> bool:
    """Whether what follows a word denies it; a mark at the word's end is no part of it."""
    end = len(text[:end].rstrip(":=?"))
    return bool(_ANSWERED_NO.match(text, end) or _PUT_OFF.match(text, end))


def _denied(before: str) -> bool:
    """Whether the sentence that leads to a word denies it."""
    near = before[-60:].casefold()
    for stop in ".!?;:|\n()[]":
        near = near.rpartition(stop)[2]
    return any(word.strip(",'\"") in _DENIALS for word in near.split()[-_BEFORE_DENIED:])


def level_in(text: str, words: Words) -> tuple[int, str]:
    """The worst level that a text names, and its word; 0 and "" when it has none. Of two states the one that holds now
    counts."""
    if len(text) <= MOST_TRANSITION and (found := _worst(_parts(text)[-1], words))[0]:
        return found
    return _worst(text, words)


def _worst(text: str, words: Words) -> tuple[int, str]:
    return max(((hit.meaning, hit.word) for hit in words.found(text)), default=(0, ""), key=lambda found: found[0])
