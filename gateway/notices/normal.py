"""What stays the same of a text from one mail about a problem to the next.

A key never changes with reply and forward prefixes, banners of mail gateways, counts, dates, times, percentages or
durations. Names keep their numbers: ``srv02``, ``10.0.0.5``, ``disk 3`` and ``port 1/0/12`` are no counts.
"""

from __future__ import annotations

import hashlib
import re
from functools import partial

from gateway.match import title

MOST_TEXT = 500
MOST_KEY = 240

_MONTH = (
    r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz?|apr(?:il)?|june?|juni|jul[iy]?|aug(?:ust)?|"
    r"sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)\.?"
)
_MONTH_OF_YEAR = rf"(?:{_MONTH}|may|mai)"
_DAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s)?"
_ZONE = r"(?:\s?(?:z|utc|gmt|[cewm]e?[sd]?t|bst|[aecmp][sd]t|[+-]\d{2}:?\d{2}|\((?:utc|gmt|[a-z]{2,4}t)\)))?"
_CLOCK = rf"\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d{{1,9}})?)?(?:\s?[ap]\.?m\.?)?{_ZONE}"
_UNIT = (
    r"(?:ms|msecs?|milliseconds?|s|secs?|seconds?|sekunden?|m|mins?|minutes?|minuten?|h|hrs?|hours?|stunden?|"
    r"d|days?|tagen?|w|weeks?|wochen?|months?|years?)"
)
_NUMBER = r"\d{1,15}(?:[.,]\d{1,15})?"
_TIME, _PERCENT, _DURATION, _NUMBER_ALONE, _COUNTED = "⟨time⟩", "⟨percent⟩", "⟨duration⟩", "⟨number⟩", "⟨count⟩"
_NOISE = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        # Dates, with the day of the week before; ISO 8601 with its time.
        (rf"(?<![\w.:/-]){_DAY}\d{{4}}-\d{{2}}-\d{{2}}t{_CLOCK}(?![\w:])", _TIME),
        (rf"(?<![\w.:/-]){_DAY}\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?![\w/-]|\.\d)", _TIME),
        (rf"(?<![\w.:/-]){_DAY}\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{4}}(?![\w/-]|\.\d)", _TIME),
        (rf"(?<![\w.:/-]){_DAY}\d{{2}}([/.-])\d{{2}}\1\d{{2}}(?![\w/-]|\.\d)", _TIME),
        (rf"(?<![\w.-]){_DAY}\d{{1,2}}(?:st|nd|rd|th|\.)?[\s-]{_MONTH_OF_YEAR},?[\s-]\d{{4}}(?!\w)", _TIME),
        (rf"(?<![\w.-]){_DAY}\d{{1,2}}(?:st|nd|rd|th|\.)?[\s-]{_MONTH}(?!\w)", _TIME),
        (rf"(?<![\w.-]){_DAY}{_MONTH_OF_YEAR}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}}(?![\w:])", _TIME),
        (rf"(?<![\w.-]){_DAY}{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?(?![\w:])", _TIME),
        (rf"(?<![\w:.]){_CLOCK}(?![\w:])", _TIME),
        (rf"(?<![\w.]){_NUMBER}\s?(?:%|percent\b|prozent\b)", _PERCENT),
        (
            rf"(?<![\w.]){_NUMBER}\s?{_UNIT}(?:(?:,?\s|\s?and\s|\s?und\s)?{_NUMBER}\s?{_UNIT}){{0,5}}(?!\w)",
            _DURATION,
        ),
    )
)
"""What differs between mails about one problem, each with its kind."""
_LOOSE_NOISE = tuple(
    (re.compile(pattern), _NUMBER_ALONE)
    for pattern in (
        r"(?:^|(?<=s\s)|(?<=s))[(\[]\s?\d{1,15}\s?[)\]]",
        r"[(\[]\s?(?:#\d{1,15}|x\d{1,15}|\d{1,15}x|\d{1,15}\s?/\s?\d{1,15})\s?[)\]]",
        r"(?<![\w])x\d{1,6}$",
    )
)
"""A bare number in brackets is a count at the head or behind a plural ("Alerts (4)"), else a name ("Printer (2)")."""
_SHARE = re.compile(rf"(?<![\w.]){_NUMBER}\s(?:of|out of|von|/)\s{_NUMBER}(?![\w.])")
_NOUNS = (
    r"objects?|vms?|machines?|items?|errors?|warnings?|failures?|files?|devices?|hosts?|alerts?|alarms?|messages?|issues?|"
    r"events?|problems?|users?|mailbox(?:es)?|services?|sensors?|times?|tests?|checks?|jobs?|tasks?|attempts?|retries|"
    r"retry|occurrences?|updates?|detections?|incidents?|bytes|kb|mb|gb|tb|kib|mib|gib|tib|fehlern?|warnung(?:en)?|"
    r"meldung(?:en)?|objekten?|geräten?|dateien?"
)
_COUNTED_NOUN = re.compile(rf"(?<![\w.-]){_NUMBER}\s(?:new\s|neuen?\s)?(?:{_NOUNS})(?!\w)", re.IGNORECASE)
_COUNT = re.compile(rf"(?<![\w.-]){_NUMBER}\s(?:new\s|neuen?\s)?(?:{_NOUNS}|failed|successful|succeeded)(?!\w)")
_BEFORE_COUNTS = frozenset(
    "with has had have and or of is are was were found reported total all in after for about over under by the you "
    "mit und oder hat haben von nach bei".split()
)
"""Words that stand before a count; behind another word a number is part of a name ("fan 2 failure")."""
_RUNS = frozenset("attempt try retry reminder part page step run cycle versuch erinnerung teil lauf".split())
"""Words whose number is that of a run ("attempt 2 of 3")."""

_EMPTY = re.compile(r"[(\[{]\s*[)\]}]")
_LONELY = re.compile(r"(?<!\S)[-–—:|/,]{1,3}(?!\S)")
_EDGES = " \t,;:.-–—|/#*"


def subject(text: str) -> str:
    """A subject as it is read: without reply and forward prefixes and banners."""
    return title.clean(text[: 4 * MOST_TEXT])


def stable(text: str, loose: bool = False) -> str:
    """A value as a key has it. In a ``loose`` one, such as a whole subject, numbers in brackets are counts too."""
    return tidy(_reduced(text, loose))


def shaped(text: str, loose: bool = False) -> str:
    """A value with the kind of what a key leaves out, "⟨time⟩" or "⟨count⟩", where it stood: what is joined to it still
    shows."""
    return _reduced(text, loose, kinds=True)


def _reduced(text: str, loose: bool, kinds: bool = False) -> str:
    text = " ".join(title.clean(text[:MOST_TEXT]).casefold().split())
    for pattern, kind in (*_NOISE, *(_LOOSE_NOISE if loose else ())):
        text = pattern.sub(kind if kinds else " ", text)
    for pattern in (_SHARE, _COUNT):
        text = pattern.sub(partial(_without_count, _COUNTED if kinds else " "), " ".join(text.split()))
    return text


def _without_count(instead: str, match: re.Match[str]) -> str:
    before = match.string[: match.start()].split()
    named = bool(before) and before[-1].isalpha() and before[-1].casefold() not in _BEFORE_COUNTS | _RUNS
    return match.group() if named else instead


def uncounted(text: str) -> str:
    """A text without its counts of things; "4711 failed" may be the end of a name."""
    return _COUNTED_NOUN.sub(partial(_without_count, " "), text[:MOST_TEXT])


def tidy(text: str) -> str:
    """A text out of which words were taken, without the brackets and dashes that they left."""
    text = _EMPTY.sub(" ", " ".join(text.split()))
    return " ".join(_LONELY.sub(" ", text).split()).strip(_EDGES + "!")


def key(parts: tuple[str, ...]) -> str:
    """Values that are stable as one key; what is long ends in a digest."""
    text = " | ".join(part.replace("|", "¦") for part in parts)
    if len(text) <= MOST_KEY:
        return text
    return f"{text[: MOST_KEY - 18]}… {hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"
