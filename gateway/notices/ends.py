"""Whether what a mail tells as over is the machine's own word, and of one thing: what stands beside it.

An end closes a ticket while the trouble may go on, so that all of the mail's own line and subject has to be accounted
for: by the layout, by what was read, or by the mail with which the problem began.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from gateway.config.profile import KNOWN
from gateway.match import domains, prefixes, title, words
from gateway.match.words import folded
from gateway.model.notice import State
from gateway.notices import normal
from gateway.notices.extract import MailView, Values
from gateway.notices.source import Source

SENT_ON = "a state of its own, not one that it answers or quotes"
"""What failed where the words of a machine stand in a mail that somebody wrote."""
TWICE = "one {}, for it names several"
"""What failed where an end may be of either of two."""
_PROBES = (
    "zqx",
    "{} zqx",
    "zqx {}",
    "{}?",
    "zqx: {}",
    "[zqx] {}",
    "{} [zqx]",
    "{} (zqx)",
    "{} - zqx",
    "{}: zqx",
    "{}, zqx",
)
"""What may stand in a place of a subject instead of a text: a layout that does not notice it takes anything there."""
_ENDS = tuple(
    (re.compile(end), foreign)
    for end, foreign in (
        (r"^\[[^\]]*\]", "[zqx]"), (r"^\S+", "zqx"), (r"^[^:]*:", "zqx:"),
        (r"\S+$", "zqx"), (r"\([^()]*\)$", "(zqx)"), (r"\[[^\[\]]*\]$", "[zqx]"), (r"\s-\s[^-]*$", " - zqx"),
        (r":\s[^:]*$", ": zqx"),
    )
)  # fmt: skip
"""What may stand at the ends of a subject, each with a foreign word of its form."""


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
    own = replace(email, subject="", text=email.reply.without_quotes, html="", blocks=(), data=(), forwarded=None)
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
    """What a subject says besides states, counts and times, as other mails about the problem say it too."""
    return _plain((values.parent or values).get("rest"))


def unaccounted(values: Values, name: str) -> str:
    """What of the subject of an end the layout does not account for. A pattern that matches it from end to end accounts
    for it all, but for what stands where it takes any text and is neither in the key, nor tells the state, nor is said
    in the text once more. ``name`` holds the state."""
    if not {"rest", "subject"}.isdisjoint(values.keyed()):
        return ""
    left = [texts for pattern in values.source.subjects if (texts := _left(pattern, values, name)) is not None]
    return min(left, key=len) if left else known_by(values)


def _left(pattern: Any, values: Values, name: str) -> str | None:
    """What a pattern leaves, None where it does not match the whole subject or something else would do as well."""
    subject = _mail(values).subject
    match = _whole(pattern, subject)
    if match is None:
        return None
    said = _said(match)
    if _takes_more(pattern, subject, (0, len(subject)), said):
        return None
    free = {group for group, text in said.items() if not _is_known(values, group, text, name)}
    spans = sorted(match.span(match.re.groupindex[group]) for group in free)
    taking = (span for span in spans if _takes_more(pattern, subject, span, said, free))
    return " ".join(_plain(subject[slice(*span)]) for span in taking)


def _plain(text: str) -> str:
    return words.bare(normal.stable(text))


_NOTHING = re.compile(r"[\s.!*|–—-]*")
"""Marks at the ends of a subject that say nothing."""


def _whole(pattern: Any, subject: str) -> Any:
    match = pattern.search(subject)
    beside = subject[: match.start()] + subject[match.end() :] if match else ""
    return match if match and _NOTHING.fullmatch(beside) else None


def _said(match: Any) -> dict[str, str]:
    return {group: text for group, text in match.groupdict().items() if text}


def _takes_more(
    pattern: Any, subject: str, span: tuple[int, int], said: dict[str, str], free: Iterable[str] = ()
) -> bool:
    """Whether a foreign word may stand in a place or at its ends, and the layout still matches all of the subject and
    finds the same in it, but for what is free."""
    begin, end = span
    known = {group: text for group, text in said.items() if group not in free}
    others = [subject[:begin] + probe.format(subject[begin:end]) + subject[end:] for probe in _PROBES]
    if span == (0, len(subject)):
        others += [end.sub(foreign, subject, count=1) for end, foreign in _ENDS if end.search(subject)]
    matches = filter(None, (_whole(pattern, other) for other in others))
    return any({group: text for group, text in _said(match).items() if group not in free} == known for match in matches)


def _is_known(values: Values, group: str, text: str, name: str) -> bool:
    """Whether a captured text is in the key or tells the state, or each word of it is one of state or severity, or of
    who sent it, or stands in the mail's text as an item of its own, such as the value of a label."""
    source, line = values.source, folded(text)
    if line == folded(values.get(group)) and (group in values.keyed() or group in values.origins(name)):
        return True
    texts = (*_mail(values).bodies(), values.get("from_name"), values.get("from_domain").replace(".", " | "))
    if any(words.holds(text, line) for text in texts):
        return True
    return all(
        words.alone(word, source.states)
        or words.alone(word, source.levels)
        or any(words.holds(text, word) for text in texts)
        for word in words.bare(line).split()
    )
