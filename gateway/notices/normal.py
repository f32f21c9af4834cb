"""What stays the same of a text from one mail about a problem to the next.

A key never changes with reply and forward prefixes, banners of mail gateways, counts, dates, times,
percentages or durations. Names keep their numbers: ``srv02`` and ``10.0.0.5`` are no counts.
"""

from __future__ import annotations

import hashlib
import re

from gateway.decide import title

MOST_TEXT = 500
MOST_KEY = 240

_MONTH = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-zé]{0,6}\.?"
_DAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?\s)?"
_ZONE = r"(?:\s?(?:z|utc|gmt|[cewm]e?[sd]?t|bst|[aecmp][sd]t|[+-]\d{2}:?\d{2}|\([a-z ]{2,30}\)))?"
_UNIT = (
    r"(?:ms|msecs?|milliseconds?|s|secs?|seconds?|sekunden?|m|mins?|minutes?|minuten?|h|hrs?|hours?|stunden?|"
    r"d|days?|tagen?|w|weeks?|wochen?|months?|years?)"
)
_COUNTED = (
    r"(?:objects?|vms?|machines?|items?|errors?|warnings?|failures?|failed|successful|succeeded|files?|devices?|hosts?|"
    r"alerts?|alarms?|messages?|issues?|events?|problems?|users?|mailbox(?:es)?|services?|sensors?|times?|tests?|checks?|"
    r"jobs?|tasks?|attempts?|retries|retry|occurrences?|updates?|detections?|incidents?|"
    r"(?:bytes|kb|mb|gb|tb|kib|mib|gib|tib))"
)
_NUMBER = r"\d{1,15}(?:[.,]\d{1,15})?"
_NOISE = tuple(
    re.compile(pattern)
    for pattern in (
        # Dates, with the day of the week before and the time behind.
        rf"(?<![\w.:/-]){_DAY}\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?![\w/-]|\.\d)(?:t(?=\d))?",
        rf"(?<![\w.:/-]){_DAY}\d{{4}}-\d{{2}}-\d{{2}}t\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d{{1,9}})?)?{_ZONE}(?![\w:])",
        rf"(?<![\w.:/-]){_DAY}\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{2,4}}(?![\w/-]|\.\d)",
        rf"(?<![\w.]){_DAY}\d{{1,2}}(?:st|nd|rd|th|\.)?[\s-]{_MONTH}(?:,?[\s-]\d{{2,4}})?(?!\w)",
        rf"(?<![\w.]){_DAY}{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s\d{{4}})?(?![\w:])",
        # Times.
        rf"(?<![\w:.])\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d{{1,9}})?)?(?:\s?[ap]\.?m\.?)?{_ZONE}(?![\w:])",
        # Percentages, durations, counts.
        rf"(?<![\w.]){_NUMBER}\s?(?:%|percent\b|prozent\b)",
        rf"(?<![\w.]){_NUMBER}\s?{_UNIT}(?:(?:,?\s|\s?and\s|\s?und\s)?{_NUMBER}\s?{_UNIT}){{0,5}}(?!\w)",
        rf"(?<![\w.]){_NUMBER}\s(?:of|out of|von|/)\s{_NUMBER}(?![\w.])",
        rf"(?<![\w.-]){_NUMBER}\s{_COUNTED}(?!\w)",
        r"[(\[]\s?[#x]?\d{1,15}(?:\s?/\s?\d{1,15})?x?\s?[)\]]",
        r"(?<!\w)x\d{1,6}(?!\w)",
    )
)
_EMPTY = re.compile(r"[(\[{]\s*[)\]}]")
_LOOSE = re.compile(r"(?<!\S)[-–—:|/,]{1,3}(?!\S)")
_EDGES = " \t,;:.-–—|/#*"


def subject(text: str) -> str:
    """A subject as it is read: without reply and forward prefixes and banners."""
    return title.clean(text[: 4 * MOST_TEXT])


def stable(text: str) -> str:
    """A value as a key has it."""
    text = " ".join(title.clean(text[:MOST_TEXT]).casefold().split())
    for pattern in _NOISE:
        text = pattern.sub(" ", text)
    text = " ".join(_EMPTY.sub(" ", text).split())
    return text.strip(_EDGES)


def tidy(text: str) -> str:
    """A text out of which words were taken, without the brackets and dashes that they left."""
    text = _EMPTY.sub(" ", " ".join(text.split()))
    return " ".join(_LOOSE.sub(" ", text).split()).strip(_EDGES + "!")


def key(parts: tuple[str, ...]) -> str:
    """Values that are stable as one key; what is long ends in a digest."""
    text = " | ".join(parts)
    if len(text) <= MOST_KEY:
        return text
    return f"{text[: MOST_KEY - 18]}… {hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"
