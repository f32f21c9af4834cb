"""Whether two mails with one Message-ID are one mail that was touched on the way.

A group adds a footer, a mail gateway a banner and a tag in the subject, a relay another transfer encoding; a link
checker writes links anew; a filter takes a file away, a list the signature. Sender and date stay, and so do the words:
those of one stand in the other as they are, or all but a few of them in their order. A different text under one id is
another mail, and so is one with a file that the earlier one lacks, or with more words than anything adds on the way:
the earlier one may have been cut off. Words that were added are told all the same: nothing proves that a machine wrote
them.
"""

from __future__ import annotations

import re
import unicodedata

from gateway.match import title
from gateway.model.email import Email

MOST_WORDS = 20_000
LOOKED_AT = 10 * MOST_WORDS  # characters
MOST_ADDED = 500  # words: a banner, legal words in two languages and a list's footer
NEARLY = 0.9  # of the shorter text's runs of words
FEWEST = 20  # words of a text of which some may differ
RUN = 3
SUBJECT = -1  # in place of a line's number
SIGNATURES = frozenset(("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"))
_LINK = re.compile(r"(?:https?://|www\.)\S+")


def is_touched(mail: Email, earlier: Email) -> bool:
    """Whether the mail is the earlier one, but for what was added on the way."""
    if not mail.message_id or mail.message_id != earlier.message_id or not mail.date or mail.date != earlier.date:
        return False
    if mail.sender is None or earlier.sender is None or mail.sender.key != earlier.sender.key:
        return False
    if not _files(mail) <= _files(earlier):
        return False
    words, others = _words(mail.text), _words(earlier.text)
    if max(len(words), len(others)) > MOST_WORDS or max(len(mail.text), len(earlier.text)) > LOOKED_AT:
        return False
    return len(words) - len(others) <= MOST_ADDED and _same_words(words, others)


def words_added(mail: Email, earlier: Email) -> tuple[int, ...]:
    """The lines of a mail, which is the earlier one but for what was added on the way, with words that the earlier one
    lacks; SUBJECT for those of its subject. A link that was written anew is none, but one more is."""
    texts = mail.text.split("\n")
    lines = [_words(text) for text in texts]
    known = _known([word for line in lines for word in line], _words(earlier.text))
    found, at = [], 0
    for number, line in enumerate(lines):
        if not all(known[at : at + len(line)]):
            found.append(number)
        at += len(line)
    if len(_LINK.findall(mail.text)) > len(_LINK.findall(earlier.text)):
        found += [number for number, text in enumerate(texts) if not lines[number] and _LINK.search(text)]
    if not set(_words(title.clean(mail.subject))) <= set(_words(earlier.subject)):
        found.append(SUBJECT)
    return tuple(sorted(found))


def is_reused(mail: Email, earlier: Email) -> bool:
    """Whether one sender writes mail after mail under one Message-ID, as some devices and scripts do: such an id
    identifies none of them."""
    if not mail.message_id or mail.message_id != earlier.message_id or not mail.date or not earlier.date:
        return False
    return mail.date != earlier.date and mail.sender is not None and mail.sender.key == _key(earlier)


def _key(mail: Email) -> str:
    return mail.sender.key if mail.sender else ""


def _files(mail: Email) -> set[str]:
    found = (file for file in mail.attachments if file.size and not file.inline)
    return {file.sha256 for file in found if file.content_type not in SIGNATURES}


def _words(text: str) -> list[str]:
    """Those of what is looked at, and one more where there are more."""
    text = unicodedata.normalize("NFC", text[:LOOKED_AT])
    return re.findall(r"\w+", _LINK.sub(" ", text).casefold())[: MOST_WORDS + 1]


def _known(words: list[str], others: list[str]) -> list[bool]:
    """Of each word whether it stands among the others, as part of all of them or of a run."""
    known = [False] * len(words)
    at = _place(others, words)
    if at >= 0:
        known[at : at + len(others)] = [True] * len(others)
        return known
    if _place(words, others) >= 0:
        return [True] * len(words)
    runs = _runs(others)
    for index in range(len(words) - RUN + 1):
        if tuple(words[index : index + RUN]) in runs:
            known[index : index + RUN] = [True] * RUN
    return known


def _place(short: list[str], long: list[str]) -> int:
    """Where some words stand in a row among others, -1 for nowhere."""
    before, found, _ = f" {' '.join(long)} ".partition(f" {' '.join(short)} ")
    return before.count(" ") if found else -1


def _same_words(words: list[str], others: list[str]) -> bool:
    short, long = sorted((words, others), key=len)
    if not short:
        return not long
    if _place(short, long) >= 0:
        return True
    if len(short) < FEWEST:
        return False
    runs, known = _runs(short), _runs(long)
    return len(runs & known) >= NEARLY * len(runs)


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[index : index + RUN]) for index in range(len(words) - RUN + 1)}
