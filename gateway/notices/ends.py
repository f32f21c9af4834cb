"""Whether what a mail tells as over is the machine's own word, and of one thing: what stands beside it.

An end closes a ticket while the trouble may go on, so that all of the mail's own line and subject has to be accounted
for: by the layout, by what was read, or by the mail with which the problem began.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from gateway.config.profile import KNOWN
from gateway.match import domains, prefixes, signs, title, words
from gateway.match.signs import STATE
from gateway.match.words import folded
from gateway.model.notice import State
from gateway.notices import normal
from gateway.notices.extract import MailView, Values
from gateway.notices.source import Source

SENT_ON = "a state of its own, not one that it answers or quotes"
"""What failed where the words of a machine stand in a mail that somebody wrote."""
TWICE = "one {}, for it names several"
"""What failed where an end may be of either of two."""
_FOREIGN = ("zqx", "\u2602")
"""A word and a symbol that no layout has: a layout that takes one in a place of a subject takes anything there."""
_PIECE = re.compile(r"\w+|[^\w\s()\[\]{}]+")
_MARKS = re.compile(r"[^\w\s]+")
_TOKEN = re.compile(r"(?:[(\[{]*\d+\s(?=[^\W\d_]))?(?:(?!\*\*)\S)+")
"""What is joined, with a number before it that may be its count."""
_UNBRACKETED = re.compile(r"[^\s()\[\]{}]+")


def told_in(values: Values) -> tuple[str, State, str]:
    """Which of the names that may hold the state holds it, the state, and its word; "" where there is nothing."""
    source, last = values.source, ""
    for name in source.profile.state.fields:
        if text := values.get(name):
            last = name
            state, word = words.state_in(text, source.states, free=values.whole(name))
            if word or name not in KNOWN:
                return name, state, word or text
    return last, "update", ""


def surely(values: Values, state: State, name: str) -> State:
    """An end is one only if each word of its line is accounted for: it is of the state, the layout, or what was read.
    What a profile of no product in particular takes for an end, or for nothing, is that only if the mail has no word of
    a problem anywhere, and a text only if it says so of the whole; the rest of its line is in the key."""
    source = values.source
    if source.profile.generic and state in ("close", "ignore"):
        text = "\n".join((values.mail.subject, *values.mail.bodies()))
        elsewhere = name == "body" and words.of_another(values.get(name), source.states)
        return "update" if elsewhere or words.holds_doubt(text, source.states) else state
    sure = state != "close" or (values.told_alone(name) and not values.contradicted(name))
    return state if sure else "update"


def doubts(values: Values) -> list[str]:
    """What keeps a mail from being a machine's own word about one thing, as the names of what could not be read."""
    return [
        *([SENT_ON] if is_answer(_mail(values), values.source) else []),
        *(TWICE.format(name) for name in named_twice(values)),
    ]


def is_answer(mail: MailView, source: Source) -> bool:
    """Whether somebody answers or sends on a machine's mail: his words may say the contrary of what it quotes. Who
    quotes his own earlier mail tells the state in his text above it."""
    email = mail.email
    if prefixes.is_any(title.without_banners(email.subject)):
        return True
    inner = email.forwarded
    if not email.reply.quoted.strip() and inner is None:
        return False
    if inner and not (
        inner.text.strip() or inner.attached
    ):  # an invitation, which names who and when, and quotes nothing
        return False
    quoted = inner.sender if inner and not inner.attached else None
    if quoted is None or email.sender is None or domains.of(quoted.key) != domains.of(email.sender.key):
        return True
    own = replace(email, subject="", text=email.reply.without_quotes, html="", rich=(), data=(), forwarded=None)
    values = Values(source, MailView(own, mail.envelope))
    values.run()
    return told_in(values)[1] not in ("close", "ignore")


def _mail(values: Values) -> MailView:
    """The whole mail, also of a part."""
    return (values.parent or values).mail


def named_twice(values: Values) -> list[str]:
    """The names of the key that the mail gives several values: what is over is one of them."""
    return [name for name in values.keyed() if len({folded(text) for text in values.every(name)}) > 1]


def known_by(values: Values) -> str:
    """What a subject says besides states, as other mails about the problem say it too: of counts and times the kind."""
    return _said_of(_mail(values).subject, values.source)


def _said_of(text: str, source: Source) -> str:
    said = signs.signs(normal.shaped(source.without_states(text, STATE), loose=True))
    return " ".join(sign for sign in said if sign != STATE)


def unaccounted(values: Values, name: str) -> str:
    """What of the subject of an end the layout does not account for. A pattern that matches it from end to end accounts
    for what would be noticed if it were another: a text of the layout's own, a value of the form that it asks for, and
    what is in the key, tells the state, or is said in the text once more. ``name`` holds the state."""
    left = []
    if {"rest", "subject"}.isdisjoint(values.keyed()):
        left = [said for pattern in values.source.subjects if (said := _left(pattern, values, name)) is not None]
    return min(left, key=len) if left else known_by(values)


def _left(pattern: Any, values: Values, name: str) -> str | None:
    """What a pattern leaves, None where it does not match the whole subject."""
    subject = _mail(values).subject
    match = _whole(pattern, subject)
    if match is None:
        return None
    known = {group: text for group, text in _said(match).items() if _is_known(values, group, text, name)}

    def unless_sure(token: re.Match[str]) -> str:
        pieces = [piece for piece in _PIECE.finditer(subject, *token.span()) if signs.signs(piece[0])]
        if not pieces or any(_is_free(pattern, subject, piece.span(), known) for piece in pieces):
            return token[0]
        return _UNBRACKETED.sub(STATE, token[0])

    exact = values.source.profile.key.exact
    keyed = (text for group, text in known.items() if group in values.keyed() and group not in exact)
    lost = (sign for text in keyed for sign in _not_in_key(text))
    return " ".join((_said_of(_TOKEN.sub(unless_sure, subject), values.source), *lost)).strip()


def _not_in_key(text: str) -> list[str]:
    """What a key leaves out of a value."""
    kept = signs.signs(normal.stable(text))
    return [sign for sign in signs.signs(normal.shaped(text)) if sign not in kept]


def _whole(pattern: Any, subject: str) -> Any:
    """How a pattern matches a whole subject; None also where it takes marks alone for a value: it stands askew."""
    match = pattern.search(subject)
    if match is None or signs.beside(subject, *match.span()):
        return None
    return match if all(signs.signs(text) for text in _said(match).values()) else None


def _said(match: Any) -> dict[str, str]:
    return {group: text for group, text in match.groupdict().items() if text}


def _is_free(pattern: Any, subject: str, span: tuple[int, int], known: dict[str, str]) -> bool:
    """Whether another word or symbol, or a mark once more, may stand in a place of a subject, and the layout still
    matches all of it and finds the same."""
    begin, end = span
    piece = subject[begin:end]
    instead = (*_FOREIGN, piece * 2) if _MARKS.fullmatch(piece) else _FOREIGN
    others = (_whole(pattern, subject[:begin] + foreign + subject[end:]) for foreign in instead)
    return any(match and known.items() <= _said(match).items() for match in others)


def _is_known(values: Values, group: str, text: str, name: str) -> bool:
    """Whether a captured text is in the key or tells the state, or each word of it is one of state or severity, or of
    who sent it, or stands in the mail's text as an item of its own, such as the value of a label."""
    source, line = values.source, folded(text)
    if line == folded(values.get(group)) and (group in values.keyed() or group in values.origins(name)):
        return True
    texts = (*_mail(values).bodies(), values.get("from_name"), values.get("from_domain").replace(".", " | "))
    if any(signs.holds(text, line) for text in texts):
        return True
    return all(
        words.alone(word, source.states)
        or words.alone(word, source.levels)
        or any(signs.holds(text, word) for text in texts)
        for word in signs.signs(line)
    )
