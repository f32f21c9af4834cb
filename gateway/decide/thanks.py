"""Mail that asks for nothing: a thank-you, a reaction, an accepted invitation. It is noted, and nothing more.

What structure proves (a reaction, an answer to an invitation) the reader has proven. A thank-you is a mail that says
thank you and nothing else once the quote, names, the card and the legal words below are taken away. A question, a file,
a picture that is none of the signature's, a number or any other word: then it asks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from gateway.mail.ending import PICTURE
from gateway.mail.signature import footer
from gateway.match import gratitude, prefixes, title
from gateway.match.banner import without_banner
from gateway.model.email import Attachment, Email

MOST_WORDS = 30
MOST_TEXT = 20_000  # characters: legal words are long
WORKS = "the word that it works"
"""Without a word of thanks it may be the answer that somebody waits for: it reopens nothing, and that is all."""
_CARD = re.compile(
    r"[^\s@<>]{1,64}@[^\s@<>]{1,200}\.[A-Za-z]{2,20}|(?:https?://|www\.)\S{3,200}"
    r"|(?:\+|\(|\b0|\b\d{2,4}[ .-])[\d() ./-]{5,20}\d"
)
_LEGAL = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"confidential|privileged|vertraulich|rechtlich geschützt|confidentiel|confidencial|riservat|vertrouwelijk|"
        r"konfidentiell|fortrolig|poufn",
        r"\bintended (?:recipient|for|only|solely)|\baddressee|\badressat|\bempfänger|destinataire|destinatari[oa]|"
        r"geadresseerde|mottagare|mottaker|modtager|adresat",
        r"\bif (?:you|it)\b.{0,40}\b(?:not|received|reached|error)\b|wenn sie nicht|sollten sie nicht|irrtümlich|"
        r"si vous n|si vous avez reçu|si (?:usted )?no es|por error|se non (?:è|siete)|per errore|se não|por engano|"
        r"als u niet|indien u|om du inte|hvis du ikke|jeśli nie|jeżeli nie",
        r"unauthori[sz]ed|\bdisclos|unbefugt|weitergabe|divulgation|divulgación|divulgazione|divulgação|openbaarmaking|"
        r"verspreiding",
    )
)
"""What legal words speak of: secrecy, the addressee, who else reads them, what is forbidden. One of these may stand in
words of a person ("the confidential server is down"), two of them in a paragraph are a footer."""
_REGISTER = re.compile(
    r"\bregistered (?:office|number|no)\b|\b(?:registered|incorporated) in (?:england|scotland|wales|northern|ireland|"
    r"the (?:united|republic))|\b(?:handelsregister|amtsgericht)\b.*\d|\bgeschäftsführ\w{0,10}\s?:|"
    r"\benvironment before printing",
    re.IGNORECASE,
)
"""A line that a company has to have below its mail."""
_SENTENCE_ENDS = re.compile(r"[.!:;…]\s")


def asks_for_nothing(email: Email, names: Set[str]) -> str:
    """What the mail is that asks for nothing, in words; "" where it may ask for something. ``names`` of our people, in
    lower case, may stand beside its words."""
    if email.gesture:
        return {"reaction": "a reaction", "acceptance": "an accepted invitation"}[email.gesture]
    if email.auto.is_auto or email.forwarded is not None or any(_is_file(file) for file in email.attachments):
        return ""
    text = email.reply.text
    if len(text) > MOST_TEXT:
        return ""
    if not email.attachments and gratitude.has_pictographs(text) and gratitude.is_gesture(_said(text)):
        return "a pictograph"
    said = _thanks(email, text, names)
    if not said:
        return ""
    return "a thank-you" if any(word in gratitude.THANKS for word in said) else WORKS


def asks_nothing_by_subject(email: Email, names: Set[str]) -> bool:
    """Whether the subject asks for nothing either: it is another mail's, or thanks itself."""
    if prefixes.is_reply(title.from_prefix(email.subject)) and (email.in_reply_to or email.references):
        return True
    words = gratitude.words_of(title.clean(email.subject))
    return not words or gratitude.thanks(words, names | _names(email))


def _is_file(file: Attachment) -> bool:
    return file.size > 0 and not (file.inline and file.content_type.startswith("image/"))


def _thanks(email: Email, text: str, names: Set[str]) -> list[str]:
    """The words of a thank-you, [] for a mail that is none."""
    if email.reply.confidence != "high" and (email.in_reply_to or email.references) and ">" in text:
        return []
    known = {line.strip() for line in email.reply.quoted.replace(">", " ").splitlines()}
    pictures = {f"[{file.filename}]": file for file in email.attachments}
    text = without_banner(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    all_names = names | _names(email)
    about = frozenset(gratitude.words_of(title.clean(email.subject)))
    if _says_more(lines, all_names, about, pictures.keys()):
        return []
    legal = _legal(text)
    said, below = _parted(lines, all_names, pictures.keys() | legal)
    words: list[str] = []
    for line in said:
        words += gratitude.words_of(line)
        if len(words) > MOST_WORDS:
            return []
    if not words or any(mark in line for line in said for mark in gratitude.QUESTIONS):
        return []
    if not gratitude.thanks(words, all_names, about):
        return []
    if any(line in pictures for line in said):
        return []
    return words if all(line in legal or _says_nothing(line, all_names, known, pictures) for line in below) else []


def _says_more(lines: Sequence[str], names: Set[str], about: Set[str], ends: Set[str]) -> bool:
    """Whether a line among the words, and above all that could be legal, says more than thanks: so do most mails, soon,
    and legal words take long to look for."""
    count = 0
    for index, line in enumerate(lines):
        words = gratitude.words_of(line)
        if index and count <= MOST_WORDS and _closes(line, words, names, ends):
            return False
        count += len(words)
        if any(kind.search(line) for kind in _LEGAL):
            return False
        if not all(gratitude.may_stand(word, names, about) for word in words):
            return True
    return False


def _legal(text: str) -> set[str]:
    """The lines of legal words: in a paragraph that is a footer beyond doubt, from the first that is about one on."""
    found: set[str] = set()
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        whole = " ".join(lines)
        if sum(bool(kind.search(whole)) for kind in _LEGAL) < 2 or any(mark in whole for mark in gratitude.QUESTIONS):
            continue
        for first, line in enumerate(lines):
            begins = [match.start() for kind in _LEGAL if (match := kind.search(line))]
            if begins and not _SENTENCE_ENDS.search(line[: min(begins)]):  # else a person's sentence leads to it
                found.update(lines[first:])
            if begins:
                break
    return found


def _parted(lines: Sequence[str], names: Set[str], ends: Set[str]) -> tuple[list[str], list[str]]:
    """The words, and what stands from a closing, a name of the sender's or one of these ``ends`` on."""
    count = 0
    for index, line in enumerate(lines):
        if count > MOST_WORDS:  # too many before anything closes
            break
        words = gratitude.words_of(line)
        count += len(words)
        if index and _closes(line, words, names, ends):
            return list(lines[:index]), list(lines[index:])
    return list(lines), []


def _closes(line: str, words: Sequence[str], names: Set[str], ends: Set[str]) -> bool:
    is_closing = words and all(word in gratitude.CLOSINGS or word in names for word in words)
    return bool(is_closing) or line in ends or line.startswith("--")


def _says_nothing(line: str, names: Set[str], known: Set[str], pictures: dict[str, Attachment]) -> bool:
    """Whether a line below the words belongs to a signature: known from the quote, a card, a company's register, a
    logo."""
    if line in pictures:
        return pictures[line].size <= PICTURE
    if line in known or footer(line):
        return True
    if _REGISTER.search(line) and not any(mark in line for mark in gratitude.QUESTIONS):
        return True
    rest = _CARD.sub(" ", line)
    words = gratitude.words_of(rest)
    if any(mark in line for mark in gratitude.QUESTIONS) or any(word in gratitude.NEGATIONS for word in words):
        return False
    if len(line) > 90 or line.endswith(("!", ":")) or (line.endswith(".") and len(words) > 4):
        return False
    return all(_is_of_a_card(word.strip(".,;:()[]|&-"), names) for word in rest.split())


def _is_of_a_card(word: str, names: Set[str]) -> bool:
    """A name, a title or a number: on a card longer words begin with a capital."""
    known = word.casefold() in names or word.casefold() in gratitude.CLOSINGS
    return known or len(word) <= 3 or word[0].isupper() or word[0].isdigit()


def _said(text: str) -> str:
    """The text without the lines of a signature's footer."""
    return "\n".join(line for line in text.splitlines() if not footer(line))


def _names(email: Email) -> frozenset[str]:
    """The words of the names of those whom the header names."""
    people = [person for person in (email.sender, *email.to[:20], *email.cc[:20]) if person]
    texts = [text for person in people for text in (person.name, person.address.partition("@")[0])]
    return frozenset(word for text in texts for word in gratitude.words_of(re.sub(r"[._@,-]", " ", text)))
