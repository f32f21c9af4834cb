"""What mail programs put before a subject when they reply or forward: the one list that all readers use.

Some words mean a reply in one language and a forward in another (VS is Finnish for the one and Danish for the
other); those stand with the forwards, for a forward shows in the text as well.
"""

from __future__ import annotations

import re

REPLIES = frozenset(
    "re aw antw antwort sv odp ynt ref rép rep bls ang r ris res отв ответ betreff חזרה השב رد αντ απ "
    "回复 答复 回覆 返信 답장 trả".split()
)
FORWARDS = frozenset(
    "fw fwd wg tr rv enc i vs vb pd pr doorst videresendt vidarebefordrat vl vá fs továbbítás ynt ilt i̇lt πρθ ðã fyi "
    "hsl trs res-fwd prp rif przekazane atb reenv rtr doorgestuurd välitetty weitergeleitet inoltra inoltro "
    "переслать перeсл пересл העברה הועבר 转发 轉寄 轉呈 転送 전달".split()
) | {"chuyển tiếp", "إعادة توجيه"}


def _pattern(words: frozenset[str]) -> re.Pattern[str]:
    longest_first = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    counted = r"(?:\s{0,2}(?:\[\d{1,4}\]|\(\d{1,4}\)|\^\d{1,4}|\d{1,2}))?"
    return re.compile(rf"\s*(?:{longest_first}){counted}\s{{0,2}}[:：]\s*", re.IGNORECASE)


_REPLY, _FORWARD, _ANY = _pattern(REPLIES), _pattern(FORWARDS), _pattern(REPLIES | FORWARDS)


def is_reply(subject: str) -> bool:
    """Whether the subject begins with a word for a reply, such as "Re:" or "AW[2]:"."""
    return bool(_REPLY.match(subject))


def is_forward(subject: str) -> bool:
    """Whether the subject begins with a word for a forward, or ends with the "(fwd)" of old programs."""
    return bool(_FORWARD.match(subject)) or subject.rstrip().lower().endswith("(fwd)")


def is_any(subject: str) -> bool:
    """Whether a mail program put something before the subject."""
    return bool(_ANY.match(subject))


def without_forward(subject: str) -> str:
    """The subject without one word for a forward."""
    return _FORWARD.sub("", subject, count=1).strip() if _FORWARD.match(subject) else subject.strip()


def without(subject: str) -> str:
    """The subject without one word for a reply or a forward."""
    found = _ANY.match(subject)
    return subject[found.end() :] if found else subject
