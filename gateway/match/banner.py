"""What a mail gateway puts above the text of a mail from outside: that it is from there, and what to mind.

Each sentence has to say so, or warn of links, files and senders; a question, or a person's own words beside it, and all
of it stays. Where a product marks what it puts in (Proofpoint), the marks count. Linear in what stands at the top.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from gateway.match import gratitude, title

MOST_BANNERS = 3
MOST_BANNER = 1000  # characters
MOST_LINES = 12
MOST_PREVIEW = 600  # characters
WRAPPED = 60
"""Characters of a line behind which a sentence may go on in the next."""

_FROM_OUTSIDE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bthis (?:e-?mail|message)(?: \w+){0,2} (?:originated|came|comes|sent|is) (?:from )?(?:an? |the )?"
        r"(?:outside|external|untrusted|unverified)",
        r"\bdiese (?:e-?mail|nachricht) (?:stammt|kommt|wurde) (?:von|aus|außerhalb)\b.{0,30}"
        r"(?:extern|organisation|unternehmen)",
        r"\bce(?:t e-?mail| courriel| message| mail) provient\b.{0,20}\bexte?[ée]?r",
        r"\beste (?:correo|mensaje)\b.{0,20}\b(?:proviene|procede)\b.{0,20}\b(?:fuera|extern)",
        r"\bquest[ao] (?:e-?mail|messaggio) proviene\b.{0,20}\bestern",
        r"\bdeze e-?mail is afkomstig\b.{0,20}\b(?:buiten|extern)",
        r"\bta wiadomość pochodzi\b.{0,20}(?:spoza|zewn)",
        r"\beste e-?mail (?:veio|provém)\b.{0,20}\b(?:fora|extern)",
        r"\bdet(?:ta|te)? (?:mejl\w{0,2}|e-post\w{0,4}) kommer från en extern|\bdenne e-mail kommer fra en ekstern",
    )
)
_NEW_SENDER = re.compile(
    r"\W?(?:you don['’]t often get e-?mail from|you have not previously corresponded with this sender|"
    r"sie erhalten nicht (?:häufig|oft) e-?mails? von|no suele recibir correo electrónico de|"
    r"u ontvangt niet vaak e-?mail van)\b\W{0,3}\S{0,320}\W{0,3}",
    re.IGNORECASE,
)
"""Of a sender who is new (Microsoft, Proofpoint)."""
_THINGS = re.compile(
    r"\b(?:links?|attach\w{0,8}|files?|sender|content|source|anhäng\w{0,3}|dateien|absender\w{0,2}|pièces? jointes?|"
    r"liens?|expéditeur|enlaces?|adjuntos?|remitente|allegati|collegamenti|mittente|bijlagen?|koppelingen|afzender|"
    r"załącznik\w{0,3}|link\w{0,3}|nadawc\w{1,2}|anexos?|remetente|bilagor|länkar|avsändare\w?|vedhæftede|vedlegg)\b",
    re.IGNORECASE,
)
_WARNS = re.compile(
    r"\b(?:do not|don['’]t|never|avoid|unless|caution\w{0,3}|careful|safe|recogni[sz]e|verify|trust|make sure|nicht|"
    r"keine|vorsicht\w{0,3}|ne|n['’]ouvrez|prudence|no|cuidado|precaución|non|attenzione|niet|geen|voorzichtig|nie|"
    r"ostrożn\w{1,3}|não|cuidado|inte|ikke)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"\b(?:i|i['’]\w{1,2}|my|me|we|ich|mir|mein\w{0,2}|wir|je|j['’]ai|mon|nous|yo|nosotros|io|noi|ik|mijn|wij|eu|nós|jag|jeg|vi)\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"(?:learn (?:why|more)(?: this is important)?(?: at)?|report (?:suspicious|phishing|this (?:message|e-?mail)))"
    r"\W{0,3}(?:https?://\S{1,400})?",
    re.IGNORECASE,
)
_LABEL = re.compile(rf"\W{{0,5}}{title.EXTERNAL}\W{{0,5}}", re.IGNORECASE)
_ATTENTION = re.compile(
    r"\W{0,5}(?:caution|warning|attention|important|achtung|vorsicht|hinweis|atención|aviso|attenzione|let op|uwaga|"
    r"atenção|varning|advarsel)\W{1,5}",
    re.IGNORECASE,
)
_RULE = re.compile(r"[-=_*#~|!+<>\u2015]{3,100}")
_SENTENCES = re.compile(r"(?<=[.!:])\s+")
_START, _END = "ZjQcmQRYFpfptBannerStart", "ZjQcmQRYFpfptBannerEnd"
"""Between these Proofpoint's banner stands, below the first words of the mail for a preview."""
_MARKED = re.compile(rf"^{_START}$.{{0,3000}}?^{_END}$", re.MULTILINE | re.DOTALL)


def without_banner(text: str) -> str:
    """The text below what mail gateways put above it."""
    for _ in range(MOST_BANNERS):
        below = _below_marks(text)
        below = _below(text) if below is None else below
        if below is None:
            break
        text = below
    return text


def _below_marks(text: str) -> str | None:
    """The text below a banner that is marked; None where none is, or something else stands above it."""
    found = _MARKED.search(text, 0, MOST_PREVIEW + 4000) if _START in text[: MOST_PREVIEW + 100] else None
    if found is None:
        return None
    above, below = text[: found.start()], text[found.end() :]
    return below.lstrip("\n") if _letters(below).startswith(_letters(above)) else None


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text[: 2 * MOST_PREVIEW]))


def _below(text: str) -> str | None:
    """The text below the first lines, as many as are a banner; None for none. A rule above or below belongs to it."""
    lines = text[:MOST_BANNER].split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip() and not _is_rule(line)), len(lines))
    last = next((at for at in range(first, len(lines)) if not lines[at].strip()), len(lines))
    for end in range(min(last, first + MOST_LINES), first, -1):
        if is_banner(lines[first:end]):
            while end < len(lines) and (not lines[end].strip() or _is_rule(lines[end])):
                end += 1
            return text[sum(len(line) + 1 for line in lines[:end]) :]
    return None


def _is_rule(line: str) -> bool:
    return bool(_RULE.fullmatch(line.strip()))


def is_banner(lines: list[str]) -> bool:
    """Whether these lines say that a mail is from outside, and no more. A question, or that none comes from there, does
    not."""
    if lines[0].strip() == _START and lines[-1].strip() == _END:
        return True
    text = "\n".join(lines)
    if any(mark in text for mark in gratitude.QUESTIONS):
        return False
    says_outside = False
    for sentence in _sentences(lines):
        kind = _kind(sentence)
        if not kind:
            return False
        says_outside = says_outside or kind == "outside"
    return says_outside


def _sentences(lines: list[str]) -> Iterator[str]:
    whole = ""
    for line in map(str.strip, lines):
        whole = f"{whole} {line}".strip()
        if len(line) < WRAPPED:
            yield from _SENTENCES.split(whole)
            whole = ""
    if whole:
        yield from _SENTENCES.split(whole)


@lru_cache(maxsize=16)
def _kind(sentence: str) -> str:
    """What a sentence is: "outside", a "warning", or "" for one of somebody's own. The first ones of a text are asked
    for again with each line less."""
    said = _ATTENTION.sub("", sentence, count=1) if _ATTENTION.match(sentence) else sentence
    if not said:
        return "warning"
    if any(map(_is_label, (sentence, said))) or _NEW_SENDER.fullmatch(said):
        return "outside"
    if _PERSON.search(said):
        return ""
    if _says_outside(said):
        return "outside"
    is_warning = _MORE.fullmatch(said.strip("[]. ")) or (_THINGS.search(said) and _WARNS.search(said))
    return "warning" if is_warning else ""


def _is_label(sentence: str) -> bool:
    """Of "[EXTERNAL]" or "External sender"; one word alone may be anything's name."""
    return not sentence.isalpha() and bool(_LABEL.fullmatch(sentence))


def _says_outside(sentence: str) -> bool:
    found = next(filter(None, (kind.search(sentence) for kind in _FROM_OUTSIDE)), None)
    return found is not None and not any(
        word in gratitude.NEGATIONS for word in gratitude.words_of(sentence[found.start() :])
    )
