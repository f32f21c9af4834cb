"""Signatures and the footers of phones: recognised apart from quotes, kept where there is doubt.

A signature is what follows a delimiter line ("-- " and its kin) at the end, a footer a short line that an app
adds ("Sent from my phone"). A closing with a name ("Best regards, Ann") is part of what was said and stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import compress, product

from .quotelines import is_rule
from .quotewords import CLOSINGS, DEVICES, FOOTER_ENDS, FOOTERS

_DELIMITER = re.compile(r"^\s{0,3}(?:--|__|\u2014|\u2013|---)\s{0,3}$")
# A name signed with a dash: "-Ann Berg". With a blank after it, it is an item of a list.
_CAPITAL = "[A-Z\u00c0-\u00de\u0410-\u042f]"
_JOINED = re.compile(rf"^--\s{{0,2}}{_CAPITAL}[^\n]{{0,60}}$")
_SIGNED = re.compile(
    rf"^\s{{0,3}}[-\u2013\u2014]{{1,2}}{_CAPITAL}[^\W\d_]{{1,20}}(?: {_CAPITAL}[^\W\d_]{{0,20}}){{0,2}}$"
)
_AROUND = " \t\u00a0*_-.\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_LINES = 18
_CARD = 7
_EXCUSE = re.compile(
    r"[\s,;.(–-]{1,3}(?:(?:so )?(?:please )?(?:excuse|forgive|pardon)|sorry for|bitte (?:entschuldigen|verzeihen)|"
    r"(?:merci d')?excuse[rz]|disculp|mi scusi|scusate|perdon)[^.!?]{0,60}[.!]?$"
)
_TAIL = re.compile(r"\(https?://[^\s<>()]{1,500}\)|<?https?://[^\s<>]{1,500}>?|<[^<>\n]{1,500}>")


_FOOTER_STARTS = frozenset(start[:3] for start in FOOTERS)
_ASCII_ENDS = tuple(end for end in FOOTER_ENDS if end.isascii())


def footer(text: str) -> bool:
    """A line that a mail app added."""
    line = text.strip(_AROUND).lower()
    if not 8 <= len(line) <= 250:
        return False
    if "http" in line or "<" in line:
        line = _TAIL.sub("", line)
    line = line.replace("[", "").replace("]", "").strip(" ()")
    ends = _ASCII_ENDS if line.isascii() else FOOTER_ENDS
    if line[:3] not in _FOOTER_STARTS and not any(end in line for end in ends):
        return False
    line = _EXCUSE.sub("", line)
    if len(line) > 90 or line.count(" ") > 11:
        return False
    if not line.startswith(FOOTERS) and not line.endswith(FOOTER_ENDS):
        return False
    for start in FOOTERS:
        if line.startswith(start):
            if start != "sent from my" and not any(device in line for device in DEVICES):
                continue
            rest = line[len(start) :]
            # A sentence that goes on is text: "sent from my desk, is much easier …".
            return (
                "," not in rest and not any(mark in rest for mark in (". ", "? ", "! ", "?")) and rest.count(" ") <= 8
            )
    return line.endswith(FOOTER_ENDS) and line.count(" ") <= 6 and any(device in line for device in DEVICES)


def advert(text: str) -> bool:
    """A footer with a link: the app speaks, not the sender."""
    return footer(text) and "http" in text


def find(texts: Sequence[str]) -> int:
    """The first line of the signature of a text without quotes; ``len(texts)`` when it has none."""
    end = _last_filled(texts, len(texts))
    cut = end
    # Trailing rules and footers, from the bottom up.
    position = end
    while position:
        text = texts[position - 1]
        if not text.strip():
            position -= 1
            continue
        if footer(text) or (is_rule(text) and not _code_fence(text)):
            position -= 1
            cut = position
            continue
        break
    filled = 0
    long = False
    for index in range(cut - 1, -1, -1):
        text = texts[index]
        if not text.strip():
            continue
        if _DELIMITER.match(text) or (_JOINED.match(text) and not _is_list(texts, index)):
            # Words must remain above it; a bare rule parts sections too, so below it only a card or a footer may stand.
            above_footer = not filled and cut < end
            if text != "-- " and not above_footer and not _signs(texts, index):
                break
            if text.strip() != "--" and (filled > _CARD or long):
                break
            if any(t.strip() and not is_rule(t) for t in texts[:index]):
                cut = index
            break
        if footer(text):
            # The mobile Outlook puts its footer above the mail that it answers.
            if filled <= 3 and "outlook" in text.lower() and any(t.strip() for t in texts[:index]):
                cut = index
            break
        filled += 1
        long = long or len(text) > 70
        if filled > _LINES or len(text) > 300:
            break
    if cut == end and end > 1 and _SIGNED.match(texts[end - 1]) and not texts[end - 2].strip():
        said = texts[_last_filled(texts, end - 1) - 1].rstrip() if _last_filled(texts, end - 1) else ""
        cut = end - 1 if said.endswith(_SENTENCE_ENDS) else end
    while cut and (not texts[cut - 1].strip() or (is_rule(texts[cut - 1]) and not _code_fence(texts[cut - 1]))):
        cut -= 1
    if not any(t.strip() and not is_rule(t) for t in texts[:cut]):
        return len(texts)
    return cut if cut < end and not _postscript(texts, cut) else len(texts)


def is_proven(texts: Sequence[str]) -> bool:
    """Whether lines that look like a signature are one beyond doubt: below two dashes, a card, or an app's footer.
    Others go once the ticket has shown them; so do addresses alone, which may be a list of them."""
    said = [text for text in texts if text.strip() and not is_rule(text)]
    if said and all(_is_address(text) for text in said):
        return any(text == "-- " for text in texts[:2])
    below_dashes = any(text.strip() == "--" for text in texts[:2])
    is_card = any(_kinds(text) for text in said)
    return below_dashes or is_card or all(footer(text) for text in said)


_SENTENCE_ENDS = (".", "!", "?", ")", ",", ";", "…", "。", "！", "？", ">")
_PERSON = re.compile(rf"^\s{{0,3}}{_CAPITAL}[^\W\d_]*(?:[.' -]{{1,2}}[^\W\d_]+){{0,3}}\.?,?\s*$")


def _signs(texts: Sequence[str], index: int) -> bool:
    """Whether a rule that is no "-- " parts a signature from the text: a name or a card stands right below it,
    and no rule like it above."""
    rule = texts[index].strip()
    name = next((text for text in texts[index + 1 : index + 3] if text.strip()), "")
    joined = name and name == texts[index + 1] and name.lstrip()[0].isalpha() and not name.lstrip()[0].islower()
    if not _DELIMITER.match(rule) or (rule == "--" and joined):
        return True
    if rule != "--":
        name = texts[index + 1] if index + 1 < len(texts) else ""
    if any(text.strip() == rule for text in texts[max(index - 60, 0) : index]):
        return False
    below = [text for text in texts[index + 1 : index + 2 + _CARD] if text.strip()]
    if any(_kinds(text) for text in below):
        return not any(text.rstrip().endswith(("?", "!", ":")) for text in below)
    return bool(_PERSON.match(name)) and not any(
        len(word) > 3 and word[0].islower() for word in re.findall(r"[^\W\d_]+", name)
    )


def sentence(text: str) -> bool:
    """Words that somebody says, and no line of a card."""
    line = text.strip()
    return line.endswith((".", "!", "?", "。", "！", "？")) and not footer(text) and (
        len(line.split()) >= 5 or (not line.isascii() and len(line) >= 12)
    )  # fmt: skip


_POSTSCRIPT = re.compile(
    r"\s{0,3}(?:(?:p\.?\s?){1,3}s\b|p\.?\s?d\s?[.:]|n\.?\s?b\s?[.:]|з\.?\s?ы\s?[.:]|追伸|追記|附言|추신)", re.IGNORECASE
)


def _postscript(texts: Sequence[str], at: int) -> bool:
    """Whether words follow the signature that begins at ``at``: "PS: …" after a blank line."""
    return any(not texts[i - 1].strip() and _POSTSCRIPT.match(texts[i]) for i in range(at + 2, len(texts)))


def closing(texts: Sequence[str]) -> int:
    """Where a closing and a name end a text ("Regards, / Ann"): the sender's words, so only a stricter reader
    leaves them out; ``len(texts)`` when there is none."""
    end = _last_filled(texts, len(texts))
    card = _contact_block(texts, end)
    if card < end:
        # It may be the answer to "where can I reach you?": never cut from the text itself.
        return card
    filled = 0
    for index in range(end - 1, 0, -1):
        text = texts[index].strip()
        if not text:
            continue
        filled += 1
        if filled > 6 or len(text) > 70:
            break
        if text.startswith("-") and text[1:2].isalpha() and len(text) <= 30 and filled == 1 and " - " not in text:
            return index if not texts[index - 1].lstrip().startswith("-") else len(texts)
        if filled > 1 and text.lower().strip(" ,.!*_").startswith(CLOSINGS) and len(text.split()) <= 5:
            if any(t.strip() for t in texts[:index]):
                return index
            break
    return len(texts)


def _last_filled(texts: Sequence[str], end: int) -> int:
    while end and not texts[end - 1].strip():
        end -= 1
    return end


def _is_list(texts: Sequence[str], index: int) -> bool:
    """A dashed line among others like it is an item of a list."""
    around = [*texts[max(index - 8, 0) : index], *texts[index + 1 : index + 9]]
    return any(text.lstrip().startswith("-") for text in around)


_EMAIL = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,200}\.[A-Za-z]{2,20}")
_PHONE = re.compile(r"(?:\+|\(|\b0|\b\d{3}[ .-])[\d() ./-]{6,20}\d")
_SITE = re.compile(r"(?:https?://|www\.)[^\s]{3,200}", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_KINDS = {has: frozenset(compress(("mail", "phone", "site"), has)) for has in product((False, True), repeat=3)}


def _is_address(text: str) -> bool:
    """Whether a line has an address, and no other word."""
    rest = text[:1000]
    for pattern in (_EMAIL, _SITE, _PHONE):
        rest = pattern.sub(" ", rest)
    return bool(addresses_in(text)) and not any(char.isalnum() for char in rest)


def addresses_in(text: str) -> frozenset[str]:
    """Which kinds of address a line has: mail, phone, site."""
    return _kinds(text[:1000])


def _kinds(text: str) -> frozenset[str]:
    is_mail = "@" in text and _EMAIL.search(text)
    is_phone = _DIGIT.search(text) and _PHONE.search(text)
    is_site = ("://" in text or "www." in text.lower()) and _SITE.search(text)
    return _KINDS[bool(is_mail), bool(is_phone), bool(is_site)]


def _contact_block(texts: Sequence[str], end: int) -> int:
    """The last paragraph, when it is a card: short lines with two kinds of address among them."""
    start = end
    while start and texts[start - 1].strip():
        start -= 1
        if end - start > 10:
            return end
    block = texts[start:end]
    if (
        not 2 <= len(block) <= 10
        or not start
        or any(len(line) > 80 or line.rstrip().endswith(("?", "!", ":", ",")) for line in block)
    ):
        return end
    if len(frozenset().union(*map(_kinds, block))) < 2 or _kinds(block[0]):
        return end
    # Each line is a fact of a card, none a sentence.
    return (
        end
        if any(line.count(" ") > 7 or (line.rstrip().endswith(".") and line.count(" ") > 4) for line in block)
        else start
    )


def _code_fence(text: str) -> bool:
    return text.strip().startswith("```")
