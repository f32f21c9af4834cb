"""Where an older mail begins in a text: attribution lines, header blocks, separators, banners.

One forward pass; a line looks at a handful of its neighbours at most. Every finding has a name, for the trace.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from . import quotewords as words

_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"]{1,200}@[^\s<>()\[\]:;,\"]{1,253}")
_DIGITS = re.compile(r"\d{1,2}[./ -]|\d{1,2}:\d{2}|\b(?:19|20)\d\d\b|\d{1,2}[日月시]|\d{4}年")
_TIME = re.compile(r"\d{1,2}[:.h]\d{2}")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_LEAD = "> \t*_|-\u2010\u2011\u2012\u2013\u2014\u200e\u200f\u202a\u202b\u202c\u2068\u2069\ufeff\u200b"


def _alternation(items: Sequence[str]) -> str:
    return "|".join(re.escape(item) for item in sorted(set(items), key=len, reverse=True))


# Latin words need word edges; other scripts glue.
_VERB = re.compile(
    rf"(?<![^\W\d_])(?:{_alternation(words.VERBS)})(?![^\W\d_])|(?:写道|寫道|写到|작성|のメッセージ|書きました|書き込みました)",
    re.IGNORECASE,
)
_ABOVE = 7
_TRIES = 1_000
_LETTERS = re.compile(r"[^\W\d_]+")
# The longest word of each verb: a line of none of them is not searched.
_VERB_WORDS = frozenset(max(_LETTERS.findall(verb.lower()), key=len) for verb in words.VERBS)
_START = re.compile(rf"(?:{_alternation(words.STARTS)})[\s,]", re.IGNORECASE)
_DATE_START = re.compile(
    r"(?:[^\W\d_]{2,12}[.,]{0,2}\s{1,3})?"
    r"(?:(?:19|20)\d\d[-./年]|\d{1,2}[-./ ]\s?(?:\d|[^\W\d_])|\d{1,2}:\d{2}|[^\W\d_]{3,9}\.?\s\d{1,2},)"
)
_ENDS = re.compile(r"[:：]\s*[-*_]*\s*$")
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_TAIL_OF_ADDRESS = re.compile(r"^>[ \t]{0,3}(?:[^\s>][^>:：]{0,30})?[:：]\s*$")
_FIELD_SETS = (
    ("from", words.FROM), ("date", words.DATE), ("to", words.TO), ("cc", words.CC),
    ("subject", words.SUBJECT), ("other", words.REPLY_TO),
)  # fmt: skip
FIELD_NAMES: dict[str, str] = {}
for _kind, _names in _FIELD_SETS:
    for _name in _names:
        FIELD_NAMES.setdefault(_name.rstrip(" :"), _kind)
_FIELD = re.compile(r"([^\d\s:：<>@][^:：<>@\n]{0,28}?)\s{0,3}[\*_]{0,2}\s{0,2}[:：][\*_]{0,2}(.*)$", re.DOTALL)
_RULE = re.compile(r"^\s*[-_=*#~+\u2013\u2014\u1427\u2500\u2015—·•]{2,}[\s\-_=*#~+\u1427]*$|^\s*[\u1427]\s*$")


@dataclass(frozen=True, slots=True)
class Mark:
    """An older mail begins at line ``start``; its introduction ends before ``end``."""

    start: int
    end: int
    kind: Literal["attribution", "headers", "separator", "forward", "banner", "boundary"]
    what: str = ""
    dashed: bool = True


def bare(text: str) -> str:
    return text.strip(_LEAD + " \u00a0")


def is_rule(text: str) -> bool:
    """A line of dashes or the like."""
    return bool(_RULE.match(text)) and len(text) < 400


def field_of(text: str) -> tuple[str, str, str]:
    """(kind, name, value) of a header line in any language; ("", "", "") for anything else."""
    line = text.lstrip(" \t\u00a0>*_|\u200e\u200f\u200b\ufeff").rstrip()
    match = _FIELD.match(line[:2000])
    if match is None:
        return "", "", ""
    name = match[1].strip(" *_\u00a0").lower()
    kind = FIELD_NAMES.get(name, "")
    if not kind:
        return "", "", ""
    return kind, name, match[2].strip(" *_\u00a0\t\n")


def _last_verb(text: str) -> re.Match[str] | None:
    if text.isascii() and _VERB_WORDS.isdisjoint(_LETTERS.findall(text.lower())):
        return None
    return next(reversed(list(_VERB.finditer(text))), None)


def _has_verb(line: str) -> bool:
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
        return _ABOVE if self._tried <= _TRIES else 1


def attribution(texts: Sequence[str], index: int, patience: Patience | None = None) -> int:
    """The first line of an attribution that ends at ``index``, or -1."""
    line = _BIDI.sub("", texts[index])
    if len(line) > 500 or not line.strip():
        return -1
    ends = bare(line) if not line.rstrip().endswith((":", "：")) else line.rstrip()
    if not _has_verb(line) and not _ENDS.search(line) and not _bare_date_name(line):
        return -1
    if not ends:
        return -1
    joined = ""
    blanks = 0
    depth = quote_depth(line)
    if depth == 1 and _TAIL_OF_ADDRESS.match(line):
        # "> wrote:" is the end of a wrapped "<a@b>", not a quote.
        depth = 0
    for back in range(patience.lines() if patience else _ABOVE):
        at = index - back
        if at < 0:
            break
        text = _BIDI.sub("", texts[at])
        if not text.strip(_LEAD + " "):
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
        if _is_attribution(joined):
            # A date or a name may stand on the line above ("On Monday … \n Name <a@b> wrote:").
            return _reach(texts, at, depth, joined)
    return -1


def _reach(texts: Sequence[str], at: int, depth: int, joined: str) -> int:
    if _START.match(joined) or _DATE_START.match(joined):
        above = at - 1
        text = bare(texts[above]) if at else ""
        # "Name <a@b>, 2 Nov. 2026" may be wrapped before its time.
        wrapped = "@" not in joined and "@" in text and (text.endswith((",", ";")) or bool(_DIGITS.search(text[-12:])))
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
            and _DIGITS.search(text)
            and not text.endswith((".", "!", "?"))
        ):
            return above
    return at


_CITED = re.compile(rf"(?:{_alternation(words.QUOTING)})\s", re.IGNORECASE)


def named_author(text: str) -> bool:
    """A line that only names who wrote what stands below: "Tom Berg writes:", "Quoting Tom Berg:",
    "---- Tom Berg wrote ----"."""
    line = _BIDI.sub("", text).strip()
    if len(line) > 120 or len(line.split()) > 9:
        return False
    if framed_author(line) or _DATE_ALONE.match(line):
        return True
    if not _ENDS.search(line):
        return False
    if _BRACKETED.search(line):
        return True
    line = line.strip(_LEAD + " :：\u00a0")
    if _CITED.match(line):
        return True
    verb = next(reversed(list(_VERB.finditer(line))), None)
    if verb is None or line[verb.end() :].strip():
        return False
    name = _NAME.findall(line[: verb.start()])
    return 1 <= len(name) <= 4 and not any(piece[0].islower() and len(piece) > 3 for piece in name)


# "On Tue, 24 Nov 2026 16:02:00 +0100" and no more.
_DATE_ALONE = re.compile(
    rf"(?:{_alternation(words.STARTS)})[\s,](?=.{{0,60}}(?:19|20)\d\d)(?=.{{0,60}}\d{{1,2}}[:.h]\d\d)"
    r"(?:[^\W\d_]{1,12}[.,]{0,2}\s{1,3}){0,3}[\d\s.,:/+()h-]{1,30}(?:[^\W\d_]{1,12}[.,]{0,2}\s{1,3}[\d\s.,:/+()h-]{1,40})?$",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"<[^<>\s@]{1,100}@[^<>\s@]{1,200}>")
_NAME = re.compile(r"[^\W\d_][\w'.-]*")


def framed_author(text: str) -> bool:
    """A line between dashes that ends with "wrote": "---- Tom Berg wrote ----"."""
    line = text.strip()
    if len(line) > 200 or not (line.startswith("--") and line.endswith("--")):
        return False
    verb = next(reversed(list(_VERB.finditer(line))), None)
    return verb is not None and not line[verb.end() :].strip(" -")


_ARROWS = re.compile(r"^\s*>>>\s[^>].{0,300}\d{1,2}:\d{2}.{0,20}\s>>>\s*$")


def between_arrows(text: str) -> bool:
    """GroupWise: ">>> Tom Berg <tom@a.example> 24.11.2026 16:02 >>>" introduces what is no quote by itself."""
    return len(text) < 400 and bool(_ARROWS.match(text)) and bool(_DIGITS.search(text))


def _is_attribution(text: str) -> bool:
    if len(text) > 600:
        return False
    tail = text.rstrip(" *_-")
    colon = tail.endswith((":", "："))
    address = _ADDRESS.search(text) is not None
    digits = _DIGITS.search(text) is not None
    if not address and not digits:
        return False
    verb = _last_verb(text)
    started = bool(_START.match(text) or _DATE_START.match(text))
    if verb is not None:
        after = text[verb.end() :].strip(" *_:：-")
        if not colon and after:
            return False
        if address:
            return True
        # Without an address: a date with its time or year, and no sentence in between.
        dated = bool(_YEAR.search(text) or _TIME.search(text))
        named_first = (
            verb.start() < 60 and bool(_DIGITS.search(after)) and text[:1].isupper() and len(text.split()) <= 12
        )
        return dated and (started or named_first) and len(text.split()) <= 22 and not _SENTENCE.search(text)
    if colon and address and digits and (_DATE_START.match(text) or (started and _YEAR.search(text))):
        # "2016-10-24 15:36 GMT+02:00 Name <a@b.c>:"
        before = tail.rstrip(":： ")
        return before.endswith((">", ")", "]")) or bool(_ADDRESS.search(before[-80:]))
    return _bare_date_name(text)


_SENTENCE = re.compile(r"[^\W\d_]{5,}[.!?]\s{1,3}[A-Z\u00c0-\u00de\u0410-\u042f]|[!?]\s")
_BARE = re.compile(
    r"^(?:19|20)\d\d[-/]\d{1,2}[-/]\d{1,2}\s{1,3}\d{1,2}:\d{2}(?::\d\d)?\s{1,3}(?:GMT|UTC)[+-]\d{1,2}(?::\d\d)?\s{1,3}\S"
)
_BARE_ADDRESS = re.compile(r"^(?:19|20)\d\d[-/]\d{1,2}[-/]\d{1,2}\s.{0,120}<[^<>\s]{1,200}@[^<>\s]{1,200}>?:?$")


def _bare_date_name(text: str) -> bool:
    """Gmail without a verb: "2016-03-03 17:21 GMT+01:00 Name"; older: "2012/10/18 Name <a@b>"."""
    text = bare(text)
    return len(text) < 250 and bool(_BARE.match(text) or _BARE_ADDRESS.match(text))


def _logged(texts: Sequence[str], index: int) -> bool:
    """A dated line that neither says "wrote" nor ends with a colon may be of a log: it introduces a quote that is
    marked, else it stands alone and has nothing but a name."""
    line = texts[index]
    if _has_verb(line) or not _bare_date_name(line) or (_ENDS.search(line) and _ADDRESS.search(line)):
        return False
    following = next((text for text in texts[index + 1 : index + 4] if text.strip()), "")
    if not following or following.lstrip().startswith(">"):
        return False
    name = _LETTERS.findall(line.partition("<")[0])
    return not _alone(texts, index, index + 1) or any(len(word) > 3 and word[0].islower() for word in name)


def _alone(texts: Sequence[str], start: int, end: int) -> bool:
    """A paragraph of its own."""
    return not (start and texts[start - 1].strip()) and not (end < len(texts) and texts[end].strip())


def quote_depth(text: str) -> int:
    depth = 0
    for char in text[:200]:
        if char == ">":
            depth += 1
        elif char not in " \t|":
            break
    return 0 if depth == 3 and between_arrows(text) else depth


def header_block(texts: Sequence[str], index: int) -> tuple[int, dict[str, str]] | None:
    """A coherent block of header lines beginning at ``index``: its end and its fields, or None.

    Three of from, date, to, subject; or two of them with an address and a from."""
    kind, _, value = field_of(texts[index])
    if kind not in ("from", "date", "to", "subject", "cc", "other") or (kind == "other" and not value):
        return None
    found: dict[str, str] = {}
    depth = quote_depth(texts[index])
    position = index
    last = index
    wraps = 0
    blanks = 0
    last_kind = ""
    while position < len(texts) and position - index < 40:
        text = texts[position]
        if len(text) > 5000:
            break
        kind, _, value = field_of(text)
        if kind and quote_depth(text) == depth:
            if kind != "other" and kind in found:
                break
            found[kind] = value
            last_kind = kind
            last = position
            wraps = blanks = 0
        elif not text.strip(" \t>*_|\u00a0"):
            blanks += 1
            # A value may stand on the next line; a blank after three fields ends the block.
            if blanks > 1 or len([k for k in found if k != "other"]) >= 3:
                nxt = field_of(texts[position + 1])[0] if position + 1 < len(texts) else ""
                if blanks > 1 or not nxt or nxt in found:
                    break
        else:
            wraps += 1
            blank_value = not found.get(last_kind, "x") and last_kind != ""
            indented = text[:1] in " \t" or last_kind in ("to", "cc") or blank_value or _continues(text)
            if wraps > (12 if last_kind in ("to", "cc") else 2) or not indented or blanks:
                following = field_of(texts[position + 1])[0] if position + 1 < len(texts) else ""
                if wraps > 2 or not following or following in found or blanks:
                    break
            if last_kind:
                found[last_kind] = (found[last_kind] + " " + text.strip(" >*_|")).strip()
                last = position
        position += 1
    # A wrap that turned out to be the text is given back.
    core = {key for key in found if key in ("from", "date", "to", "subject")}
    if not _coherent(found, core):
        # Two fields alone are headers only where nothing follows them.
        dated = bool(_DIGITS.search(found.get("date", ""))) and bool(_TIME.search(found.get("date", "")))
        addressed = "@" in found.get("to", "") or "@" in found.get("from", "")
        if not (dated and addressed and _ends_text(texts, last + 1)):
            return None
    return last + 1, found


def _ends_text(texts: Sequence[str], position: int) -> bool:
    return all(not text.strip() for text in texts[position : position + 40]) and position + 40 > len(texts)


def _continues(text: str) -> bool:
    return "@" in text and len(text) < 200


def _coherent(found: dict[str, str], core: set[str]) -> bool:
    if "from" not in core:
        return len(core) >= 3 and "@" in found.get("to", "")
    evidence = 0
    evidence += "@" in found["from"] or (bool(found["from"]) and "date" in core)
    evidence += bool(_DIGITS.search(found.get("date", "")))
    evidence += "subject" in core
    evidence += "@" in found.get("to", "") or "to" in core
    return (len(core) >= 3 and evidence >= 3) or (
        len(core) == 2 and "@" in found["from"] and bool(_DIGITS.search(found.get("date", "")))
    )


def separator(text: str) -> str:
    """ "original" or "forward" for a line such as -----Original Message-----, else ""."""
    if len(text) > 160 or len(text) < 4:
        return ""
    body = text.strip(" \t\u00a0>*\u200e\ufeff")
    dashed = body.startswith(_DASHES) or body.endswith(_DASHES)
    for piece in _SPLIT.split(body):
        inner = folded(piece.strip(" \t*_:：-=~"))
        if inner in _FORWARDS:
            return "forward"
        if inner in _ORIGINALS and (dashed or text.strip(" >").startswith("*")):
            return "original"
        if dashed and inner.startswith(("forwarded by", "weitergeleitet von", "forwarded message from")):
            return "forward"
    return ""


_DASHES = ("--", "__", "==", "~~", "- -", "\u2014", "\u2013\u2013", "**")
_SPLIT = re.compile(r"[-_=~\u2013\u2014]{2,}")


def folded(text: str) -> str:
    """Lower case, with the Turkish dotted capital as a plain letter."""
    return text.lower().replace("i\u0307", "i")


_ORIGINALS = frozenset(folded(one) for one in words.ORIGINAL)
_FORWARDS = frozenset(folded(one) for one in words.FORWARDED)
_BANNERS = tuple(words.BANNERS)


def banner(text: str) -> bool:
    """ "Please reply above this line", a line of its own."""
    if len(text) > 160 or len(text) < 10:
        return False
    lowered = text.lower()
    return any(phrase in lowered for phrase in _BANNERS) and len(lowered.split()) <= 14


def marks(texts: Sequence[str], before: Sequence[str] = ()) -> list[Mark]:
    """All places where an older mail is introduced, in order, without overlap."""
    patience = Patience()
    found: list[Mark] = []
    index = 0
    done = 0
    while index < len(texts):
        text = texts[index]
        if before and before[index]:
            end = _after_intro(texts, index)
            found.append(Mark(index, end, "boundary", before[index]))
            index = done = max(end, index + 1)
            continue
        if not text.strip() or len(text) > 5000:
            index += 1
            continue
        if banner(text):
            start = _introduced(texts, index, done)
            if not quote_depth(text):
                found.append(Mark(start, index + 1, "banner", "reply above this line"))
            elif start < index:
                found.append(Mark(start, index, "attribution", bare(texts[start])[:60]))
            index = done = index + 1
            continue
        if framed_author(text) or between_arrows(text):
            found.append(Mark(index, index + 1, "separator", bare(text)[:60]))
            index = done = index + 1
            continue
        kind = separator(text)
        if kind:
            end = _after_intro(texts, index + 1)
            dashed = "--" in text or "__" in text or text.rstrip(" *").endswith((":", "："))
            found.append(Mark(index, end, "forward" if kind == "forward" else "separator", bare(text)[:60], dashed))
            index = done = max(end, index + 1)
            continue
        block = header_block(texts, index) if ":" in text or "：" in text else None
        if block is not None:
            start = _top_of_block(texts, index, done)
            if start == index and not (_sent(block[1]) and (_named(block[1]) or _alone(texts, start, block[0]))):
                index = block[0]
                continue
            found.append(Mark(start, block[0], "headers", "header block"))
            index = done = block[0]
            continue
        start = attribution(texts, index, patience)
        if start >= done and not _logged(texts, index):
            found.append(Mark(start, index + 1, "attribution", bare(texts[start])[:60]))
            index = done = index + 1
            continue
        index += 1
    return found


def introduced_inside(texts: Sequence[str]) -> bool:
    """Whether the first lines of a quote say whose mail it is, inside its own marks."""
    inner = [re.sub(r"^[ \t]{0,3}>[ \t]?", "", text[:5000]) for text in texts]
    return bool(marks(inner))


def _introduced(texts: Sequence[str], index: int, done: int) -> int:
    """The line in any language that introduces the banner below it ("Quoting Ann <a@b>:", "---- Ann wrote ----"),
    else the banner's own."""
    above = index - 1
    while above >= done and above > index - 4 and not texts[above].strip(_LEAD):
        above -= 1
    if above < done or len(texts[above]) > 200 or quote_depth(texts[above]):
        return index
    line = texts[above].strip()
    framed = line.startswith("--") and line.endswith("--") and (_has_verb(line) or bool(_ADDRESS.search(line)))
    return above if framed or (bool(_ENDS.search(line)) and bool(_ADDRESS.search(line))) else index


def _top_of_block(texts: Sequence[str], index: int, done: int) -> int:
    """Where a header block begins that was recognised at ``index``: above it may stand a field with a name that
    is not known ("Message du : 24/11/2026 16:02"), then a rule or a line between dashes in any language."""
    top = index
    while top > done and top > index - 3 and _dated_field(texts[top - 1]):
        top -= 1
    above = top - 1
    while above >= done and above > top - 4 and not texts[above].strip(" >"):
        above -= 1
    return above if above >= done and _line_above(texts[above]) else top


def _sent(fields: dict[str, str]) -> bool:
    """A mail that was sent has a date; what was pasted, or a form, may not."""
    return bool(_DIGITS.search(fields.get("date", "")))


def _named(fields: dict[str, str]) -> bool:
    return "subject" in fields or any("@" in value for value in fields.values())


def _dated_field(text: str) -> bool:
    match = _FIELD.match(text.strip()[:200])
    return match is not None and bool(_YEAR.search(match[2])) and bool(_TIME.search(match[2]))


def _line_above(text: str) -> bool:
    """A rule that belongs to the header block below it, also with words in it ("----- Původní e-mail -----")."""
    line = text.strip(" >")
    if line.startswith("---") and line.endswith("---"):
        return 5 <= len(line) <= 160
    return is_rule(text) and len(line) >= 5


def _after_intro(texts: Sequence[str], index: int) -> int:
    """Past blank lines and a header block or attribution, if one follows."""
    position = index
    while (
        position < len(texts) and position < index + 4 and (not texts[position].strip(" >") or is_rule(texts[position]))
    ):
        position += 1
    if position >= len(texts):
        return index
    block = header_block(texts, position)
    if block is not None:
        return block[0]
    for end in range(position, min(position + 4, len(texts))):
        start = attribution(texts, end)
        if start >= 0 and start <= position:
            return end + 1
    return index
