"""Lines that say whose words follow: "On 24 Nov 2026 at 9:00, Ann <a@b.example> wrote:", in any language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from . import quotewords as words
from .quotelines import ADDRESS, DIGITS, LEAD, TIME, YEAR, alternation, bare, quote_depth

# Latin words need word edges; other scripts glue.
_VERB = re.compile(
    rf"(?<![^\W\d_])(?:{alternation(words.VERBS)})(?![^\W\d_])|(?:写道|寫道|写到|작성|のメッセージ|書きました|書き込みました)",
    re.IGNORECASE,
)
ABOVE = 7
_TRIES = 1_000
_WRAPPED = 55
"""Letters of a line, with the word that would have come next, that a program wraps."""
_LETTERS = re.compile(r"[^\W\d_]+")
# The longest word of each verb: a line of none of them is not searched.
_VERB_WORDS = frozenset(max(_LETTERS.findall(verb.lower()), key=len) for verb in words.VERBS)
_START = re.compile(rf"(?:{alternation(words.STARTS)})[\s,]", re.IGNORECASE)
_DATE_START = re.compile(
    r"(?:[^\W\d_]{2,12}[.,]{0,2}\s{1,3})?"
    r"(?:(?:19|20)\d\d[-./年]|\d{1,2}[-./ ]\s?(?:\d|[^\W\d_])|\d{1,2}:\d{2}|[^\W\d_]{3,9}\.?\s\d{1,2},)"
)
ENDS = re.compile(r"[:：]\s*[-*_]*\s*$")
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_TAIL_OF_ADDRESS = re.compile(r"^>[ \t]{0,3}(?:[^\s>][^>:：]{0,30})?[:：]\s*$")


def _last_verb(text: str) -> re.Match[str] | None:
    if text.isascii() and _VERB_WORDS.isdisjoint(_LETTERS.findall(text.lower())):
        return None
    return next(reversed(list(_VERB.finditer(text))), None)


@lru_cache(maxsize=64)
def has_verb(line: str) -> bool:
    """Each line is asked for several times in a row."""
    if line.isascii() and _VERB_WORDS.isdisjoint(_LETTERS.findall(line.lower())):
        return False
    return bool(_VERB.search(line))


class Patience:
    """How many lines above a possible end of an attribution are looked at: fewer once many of them were none, so that
    a text of nothing else takes no longer than others."""

    def __init__(self) -> None:
        self._tried = 0

    def lines(self) -> int:
        self._tried += 1
        return ABOVE if self._tried <= _TRIES else 1


def attribution(texts: Sequence[str], index: int, patience: Patience | None = None) -> int:
    """The first line of an attribution that ends at ``index``, or -1."""
    line = _BIDI.sub("", texts[index])
    if len(line) > 500 or not line.strip():
        return -1
    if not has_verb(line) and not ENDS.search(line) and not _bare_date_name(line):
        return -1
    ends = bare(line) if not line.rstrip().endswith((":", "：")) else line.rstrip()
    if not ends:
        return -1
    joined = below = ""
    is_full = True
    blanks = 0
    depth = quote_depth(line)
    if depth == 1 and _TAIL_OF_ADDRESS.match(line):
        # "> wrote:" is the end of a wrapped "<a@b>", not a quote.
        depth = 0
    for back in range(patience.lines() if patience else ABOVE):
        at = index - back
        if at < 0:
            break
        text = _BIDI.sub("", texts[at])
        if not text.strip(LEAD + " "):
            blanks += 1
            if blanks > 2 or back == 0:
                break
            continue
        if back and (quote_depth(text) != depth or len(text) > 300):
            break
        piece = bare(text) if back or depth or not text.startswith(">") else text.strip(" >")
        joined = piece + (" " + joined if joined else "")
        if len(joined) > 700:
            break
        is_full = is_full and (not back or len(f"{piece} {below.partition(' ')[0]}") > _WRAPPED)
        below = piece
        if _is_attribution(joined, is_full):
            # A date or a name may stand on the line above ("On Monday … \n Name <a@b> wrote:").
            return _reach(texts, at, depth, joined)
    return -1


def _reach(texts: Sequence[str], at: int, depth: int, joined: str) -> int:
    if _START.match(joined) or _DATE_START.match(joined):
        above = at - 1
        text = bare(texts[above]) if at else ""
        # "Name <a@b>, 2 Nov. 2026" may be wrapped before its time; so may "Am 2.11.2026".
        wrapped = "@" not in joined and "@" in text and (text.endswith((",", ";")) or bool(DIGITS.search(text[-12:])))
        wrapped = wrapped or bool(not DIGITS.search(_TIMES.sub("", joined)) and _BARE_DAY.match(text))
        return above if wrapped and len(text) < 200 and quote_depth(texts[above]) == depth else at
    blanks = 0
    for above in range(at - 1, max(at - 6, -1), -1):
        text = bare(texts[above])
        if text == "<":
            joined = "< " + joined
            continue
        if not text:
            # Only an address that a program put on lines of its own reaches over a blank line.
            blanks += 1
            if blanks > 1 or not joined.startswith(("<", "mailto:")):
                break
            continue
        if quote_depth(texts[above]) != depth or len(text) > 200:
            break
        if (
            (_START.match(text) or _DATE_START.match(text))
            and DIGITS.search(text)
            and not text.endswith((".", "!", "?"))
        ):
            return above
    return at


_TIMES = re.compile(r"\d{1,2}[:.h]\d{2}(?:[:.]\d{2})?")
_BARE_DAY = re.compile(
    rf"(?:{alternation(words.STARTS)})\s[^@.!?]{{0,30}}(?:\d{{1,2}}[./]\s?){{2}}\d{{2,4}},?$", re.IGNORECASE
)
_CITED = re.compile(rf"(?:{alternation(words.QUOTING)})\s", re.IGNORECASE)


def named_author(text: str) -> bool:
    """A line that only names who wrote what stands below: "Tom Berg writes:", "Quoting Tom Berg:",
    "---- Tom Berg wrote ----"."""
    line = _BIDI.sub("", text).strip()
    if _is_person_and_moment(line):
        return True
    if ENDS.search(line) and _CITED.match(line) and YEAR.search(line) and TIME.search(line):
        return len(line.split()) <= _MOST_WORDS
    if len(line) > 120 or len(line.split()) > 9:
        return False
    if framed_author(line) or _DATE_ALONE.match(line):
        return True
    if not ENDS.search(line):
        return False
    if _BRACKETED.search(line):
        return True
    line = line.strip(LEAD + " :：\u00a0")
    if _CITED.match(line):
        return True
    verb = next(reversed(list(_VERB.finditer(line))), None)
    if verb is None or line[verb.end() :].strip():
        return False
    name = _NAME.findall(line[: verb.start()])
    return 1 <= len(name) <= 4 and not any(piece[0].islower() and len(piece) > 3 for piece in name)


# "On Tue, 24 Nov 2026 16:02:00 +0100" and no more.
_DATE_ALONE = re.compile(
    rf"(?:{alternation(words.STARTS)})[\s,](?=.{{0,60}}(?:19|20)\d\d)(?=.{{0,60}}\d{{1,2}}[:.h]\d\d)"
    r"(?:[^\W\d_]{1,12}[.,]{0,2}\s{1,3}){0,3}[\d\s.,:/+()h-]{1,30}(?:[^\W\d_]{1,12}[.,]{0,2}\s{1,3}[\d\s.,:/+()h-]{1,40})?$",
    re.IGNORECASE,
)


def _is_person_and_moment(line: str) -> bool:
    """In whatever language and order: a person as programs write one, "Tom Berg <tom@a.example>", when it was, few
    other words, and a colon at the end ("Am 24.11.26, 16:02 schrieb Tom Berg <tom@a.example>:").

    People write of persons and moments as well ("please call Tom Berg <tom@a.example> at 16:00"): without the colon it
    begins with the moment, or has a verb that programs use.
    """
    person = _BRACKETED.search(line)
    if person is None or len(line) > 200 or line.endswith((".", "!", "?")):
        return False
    rest = line[: person.start()] + " " + line[person.end() :]
    if not DIGITS.search(rest) or not (TIME.search(rest) or YEAR.search(rest)):
        return False
    if line.endswith((":", "：")):
        return len(line.split()) <= _MOST_WORDS
    return len(line.split()) <= _MOST_BARE and bool(_MOMENT_FIRST.match(line) or _VERB.search(rest))


_MOST_WORDS, _MOST_BARE = 20, 12
_MOMENT_FIRST = re.compile(r"^(?=.{0,30}\d[./-]\s?\d)(?=.{0,30}\d[:.]\d\d)\W{0,3}[^\W\d_]?\d")
"""A date and a time, before which a language may have one character."""
_BRACKETED = re.compile(r"<[^<>\s@]{1,100}@[^<>\s@]{1,200}>")
_NAME = re.compile(r"[^\W\d_][\w'.-]*")


def says_when(text: str) -> bool:
    """A line of attribution without a colon, which proves nothing but above header lines: "On 24.11.26 at 16:20 Tom
    wrote"."""
    line = bare(_BIDI.sub("", text))
    if not _START.match(line) or not TIME.search(line) or line.endswith((".", "!", "?")):
        return False
    return has_verb(line) and len(line.split()) <= _MOST_WORDS


def framed_author(text: str) -> bool:
    """A line between dashes that ends with "wrote" ("---- Tom Berg wrote ----"), or, in whatever language, has a person
    as programs write one and the date and the time."""
    line = text.strip()
    if len(line) > 200 or not (line.startswith("--") and line.endswith("--")):
        return False
    inner = line.strip("- ")
    if _BRACKETED.search(inner) and YEAR.search(inner) and TIME.search(inner) and len(inner.split()) <= _MOST_WORDS:
        return True
    verb = next(reversed(list(_VERB.finditer(line))), None)
    return verb is not None and not line[verb.end() :].strip(" -")


def _is_attribution(text: str, is_full: bool) -> bool:
    """``is_full``: each of its lines but the last was full. Where it only begins with a name, what stands above in a
    shorter line is a name or words of its own ("Kind regards")."""
    if len(text) > 600:
        return False
    tail = text.rstrip(" *_-")
    colon = tail.endswith((":", "："))
    address = ADDRESS.search(text) is not None
    digits = DIGITS.search(text) is not None
    if not address and not digits:
        return False
    if colon and _is_person_and_moment(text.strip()):
        return True
    verb = _last_verb(text)
    started = bool(_START.match(text) or _DATE_START.match(text))
    if verb is not None:
        after = text[verb.end() :].strip(" *_:：-")
        if not colon and after:
            return False
        if address:
            return True
        # Without an address: a date with its time or year, and no sentence in between.
        dated = bool(YEAR.search(text) or TIME.search(text))
        named_first = (
            is_full
            and verb.start() < 60
            and bool(DIGITS.search(after))
            and text[:1].isupper()
            and len(text.split()) <= 14
        )
        return dated and (started or named_first) and len(text.split()) <= 22 and not _SENTENCE.search(text)
    if colon and address and digits and (_DATE_START.match(text) or (started and YEAR.search(text))):
        # "2016-10-24 15:36 GMT+02:00 Name <a@b.c>:"
        before = tail.rstrip(":： ")
        return before.endswith((">", ")", "]")) or bool(ADDRESS.search(before[-80:]))
    return _bare_date_name(text)


_SENTENCE = re.compile(r"[^\W\d_]{5,}[.!?]\s{1,3}[A-Z\u00c0-\u00de\u0410-\u042f]|[!?]\s")
_BARE = re.compile(
    r"^(?:19|20)\d\d[-/]\d{1,2}[-/]\d{1,2}\s{1,3}\d{1,2}:\d{2}(?::\d\d)?\s{1,3}(?:GMT|UTC)[+-]\d{1,2}(?::\d\d)?\s{1,3}\S"
)
# Two blanks behind the date are those of a GNU ChangeLog.
_BARE_ADDRESS = re.compile(r"^(?:19|20)\d\d[-/]\d{1,2}[-/]\d{1,2}\s(?!\s).{0,120}<[^<>\s]{1,200}@[^<>\s]{1,200}>?:?$")


def _bare_date_name(text: str) -> bool:
    """Gmail without a verb: "2016-03-03 17:21 GMT+01:00 Name"; older: "2012/10/18 Name <a@b>"."""
    text = bare(text)
    return len(text) < 250 and bool(_BARE.match(text) or _BARE_ADDRESS.match(text))


def is_logged(texts: Sequence[str], index: int) -> bool:
    """A dated line that neither says "wrote" nor ends with a colon may be of a log: it introduces a quote that is
    marked, else it stands alone and has nothing but a name."""
    line = texts[index]
    if has_verb(line) or not _bare_date_name(line) or (ENDS.search(line) and ADDRESS.search(line)):
        return False
    following = next((text for text in texts[index + 1 : index + 4] if text.strip()), "")
    if not following or following.lstrip().startswith(">"):
        return False
    name = _LETTERS.findall(line.partition("<")[0])
    return not is_alone(texts, index, index + 1) or any(len(word) > 3 and word[0].islower() for word in name)


def is_alone(texts: Sequence[str], start: int, end: int) -> bool:
    """A paragraph of its own."""
    return not (start and texts[start - 1].strip()) and not (end < len(texts) and texts[end].strip())
