"""Conversations that are made up of programs, ways to answer and languages; what of each reply its comment shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from itertools import chain, product

from gateway.blocks import dumps, paragraph, words
from gateway.decide.shown import looked
from gateway.decide.signing import known_of
from gateway.mail import fingerprints
from gateway.mail.ending import Name, Seen, ending_of, prints_of
from gateway.mail.fingerprints import Fingerprints
from gateway.mail.known import KnownWords, squeezed
from gateway.mail.look import candidates
from gateway.mail.read import read
from gateway.model.email import Email
from gateway.model.questions import Unshown
from gateway.simulator.notification import BANNER, WORDS
from tests.conversations.programs import HTML, NAMES, PHONE, TEXT, Part, Reply
from tests.headers import POLICY

ASKED = {
    "en": ("Hello Alice,", "which room is the printer in?", "May we restart it today, or is somebody printing at the moment?", "Kind regards, Tin of the service desk"),
    "de": ("Guten Tag Frau Archer,", "in welchem Raum steht der Drucker?", "Dürfen wir ihn heute neu starten, oder druckt gerade jemand?", "Mit freundlichen Grüßen, Tin vom Service Desk"),
    "fr": ("Bonjour Madame,", "dans quelle salle est l’imprimante ?", "Pouvons-nous la redémarrer aujourd’hui, ou quelqu’un imprime-t-il en ce moment ?", "Cordialement, Tin du support"),
    "es": ("Hola Alicia:", "¿en qué sala está la impresora?", "¿Podemos reiniciarla hoy, o hay alguien imprimiendo en este momento?", "Un saludo, Tin del servicio técnico"),
    "it": ("Buongiorno Alice,", "in quale stanza si trova la stampante?", "Possiamo riavviarla oggi, o qualcuno sta stampando adesso?", "Cordiali saluti, Tin dell’assistenza"),
    "nl": ("Dag Alice,", "in welke kamer staat de printer?", "Mogen we hem vandaag opnieuw starten, of is er nu iemand aan het printen?", "Met vriendelijke groet, Tin van de servicedesk"),
    "pl": ("Dzień dobry,", "w którym pokoju stoi drukarka?", "Czy możemy ją dziś uruchomić ponownie, czy ktoś teraz drukuje?", "Pozdrawiam, Tin z działu pomocy"),
    "ja": ("アリス様、", "プリンターはどの部屋にありますか。", "本日再起動してもよろしいでしょうか、それとも今どなたか印刷中でしょうか。", "サービスデスク担当のティンより"),
}  # fmt: skip
ANSWERS = {
    "en": ("Room 312", "Yes, after 5 pm please."), "de": ("Raum 312", "Ja, aber bitte erst nach 17 Uhr."), "fr": ("Salle 312", "Oui, après 17 h."),
    "es": ("Sala 312", "Sí, después de las 17 h."), "it": ("Stanza 312", "Sì, dopo le 17."), "nl": ("Kamer 312", "Ja, na 17 uur."),
    "pl": ("Pokój 312", "Tak, po 17."), "ja": ("三一二号室です", "はい、17時以降に"),
}  # fmt: skip
OPENING = ("Hello,", "the printer on our floor prints nothing but blank pages since this morning, and the toner is new.", "Alice")
DISCLAIMER = "This message and its attachments are confidential and intended for the addressee alone. If you received it in error, please delete it and tell the sender at once."
CARD = "Alice Archer\nOffice Manager\nAcme Ltd, 5 Harbour Street\nT +44 20 7946 0105"
WAYS = ("above", "below", "between", "coloured", "in a cell", "with a disclaimer", "with a signature", "on a phone")
LANGUAGES = tuple(NAMES)
PROGRAMS = (*HTML, *TEXT)


@dataclass(frozen=True)
class Case:
    program: str
    way: str
    language: str
    by_desk: bool = True
    """The answered mail is the desk's own; else a technician's, below which Alice's first mail is quoted."""

    def __str__(self) -> str:
        return f"{self.program}, {self.way}, {self.language}, {'desk' if self.by_desk else 'mail'}"


@dataclass(frozen=True)
class Result:
    """Words of the writer that the comment lacks, and words of the quote that it shows again without need; ``context``
    are those of the lines that are answered. Of ``signature`` words so many as ``signed_again`` are shown once more."""

    lost: tuple[str, ...]
    again: int
    context: int
    quoted: int
    signature: int = 0
    signed_again: int = 0


def cases() -> Iterator[Case]:
    for program, way, language, by_desk in product(PROGRAMS, WAYS, LANGUAGES, (True, False)):
        yield Case(program, way, language, by_desk)


def old_parts(case: Case) -> list[Part]:
    comment = [Part(line, old=True) for line in ASKED[case.language]]
    if not case.by_desk:
        earlier = [Part("\n".join([NAMES[case.language][5].format(who="Alice Archer <alice@acme.example>")]), old=True)]
        return [*comment, *earlier, *(Part(line, old=True) for line in OPENING)]
    said = WORDS.get(case.language, WORDS["xx"])
    rows = (("Priority", "P3 - Medium"), ("Status", "New"), ("Requester", "Alice Archer"))
    table = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows)
    head = [BANNER, said[1], "Printer", "Ticket #TIC001001 · P3 - Medium Priority · New", "Ticket #TIC001001"]
    return [
        *(Part(line, old=True) for line in head),
        Part("\n".join(" ".join(row) for row in rows), old=True, html=f"<table>{table}</table>"),
        Part("\N{SPEECH BALLOON} Comment", old=True),
        *comment,
        Part(said[4], old=True, html=f'<p><a href="https://desk.example/t">{said[4]}</a></p>'),
        Part(f"Powered by AlgaPSA · {said[5]}", old=True),
    ]


def reply_of(case: Case) -> Reply:
    first, second = ANSWERS[case.language]
    old = old_parts(case)
    said = Part(f"{first}. {second}")
    if case.way in ("between", "coloured", "in a cell"):
        return Reply([Part("Hello Tin, see below.")], _answered(case, old), [], case.language)
    if case.way == "below":
        return Reply([], old, [said], case.language)
    return Reply([said, *signature_of(case)], old, [], case.language)


def signature_of(case: Case) -> list[Part]:
    return {
        "with a disclaimer": [Part(DISCLAIMER)],
        "with a signature": [Part(CARD, html="<p>" + CARD.replace("\n", "<br>") + '<br><img src="cid:logo@acme" alt=""></p>')],
        "on a phone": [Part(NAMES[case.language][6].format(phone=PHONE.get(case.program, "iPhone")))],
    }.get(case.way, [])


def opening_of(case: Case) -> Reply:
    """An earlier mail of the writer, with the same signature."""
    return Reply([*map(Part, OPENING[:2]), *signature_of(case)], [], [], case.language)


def _answered(case: Case, old: list[Part]) -> list[Part]:
    """The quote with an answer below each question, or beside it."""
    questions = dict(zip(ASKED[case.language][1:3], ANSWERS[case.language], strict=True))
    found: list[Part] = []
    for part in old:
        answer = questions.get(part.text)
        if answer is None:
            found.append(part)
        elif case.way == "in a cell":
            # In text a table's row is a line with a tab.
            html = f"<table border=1><tr><td>{part.text}</td><td>{answer}</td></tr></table>"
            found.append(replace(part, text=f"{part.text}\t{answer}", html=html))
        elif case.way == "coloured" and case.program in TEXT:
            # Text has no colour: who writes it puts asterisks, in the line where the caret stands.
            found += [part, Part(f"*{answer}*")]
        else:
            style = ' style="color:#C00000"' if case.way == "coloured" else ""
            found += [part, Part(answer, inside=case.way == "between", html=f"<p><span{style}>{answer}</span></p>")]
    return found


def mail_of(case: Case, reply: Reply) -> bytes:
    mail = EmailMessage(POLICY)
    mail["From"], mail["To"], mail["Subject"] = "Alice Archer <alice@acme.example>", "support@msp.example", "Re: Printer"
    mail["Message-ID"], mail["In-Reply-To"] = "<r1@acme.example>", "<t1@msp.example>"
    if case.program in TEXT:
        mail.set_content(TEXT[case.program](reply) if reply.quote else "\n\n".join(part.text for part in reply.above))
        return mail.as_bytes()
    mail.set_content(HTML[case.program](reply) if reply.quote else reply.html(reply.above), subtype="html")
    if case.way == "with a signature":
        mail.add_related(b"\x89PNG\r\n\x1a\n logo", "image", "png", cid="<logo@acme>")
    return mail.as_bytes()


def known_words(case: Case) -> KnownWords:
    note = dumps([paragraph(line) for line in ASKED[case.language]])
    prints = fingerprints.of(squeezed(line) for line in OPENING)
    return KnownWords([words(note)], Fingerprints([prints]))


def comment_of(case: Case, email: Email, known: KnownWords) -> tuple[str, str]:
    """What the comment shows, and of that the lines of the ticket that are answered."""
    passages = email.reply.passages
    if not passages:
        return email.reply.text, ""
    found = candidates(passages)
    counts = known.unknown([[passages[i].text for i in mail] for mail in found])
    missing = tuple((i, count) for i, count in zip(chain(*found), chain(*counts), strict=True) if count)
    seen = looked(email, Unshown(missing, 1, 1, True), {}, signed_before(case, email))
    answers = [squeezed(answer) for answer in ANSWERS[case.language]]
    beside = [part.text for part in seen.shown if part.role != "new" and any(answer in squeezed(part.text) for answer in answers)]
    context = [part.text for part in seen.shown if part.text.startswith("> ") and part.role == "kept"]
    return "\n".join(part.text for part in seen.shown), "\n".join([*context, *beside])


def signed_before(case: Case, email: Email) -> frozenset[int]:
    """What is known of the signature after a mail on this ticket, and two of others."""
    name = Name("proven alice@acme.example", "proven acme.example")
    prints = prints_of(read(mail_of(case, opening_of(case))).email)
    seen = [Seen(name.sender, name.domain, ticket_id, prints) for ticket_id in ("T1", "T2", "T3")]
    return known_of(email, ending_of(email, email.sender, "T1", name, seen), {}).passages


def result_of(case: Case) -> Result:
    shown, context = comment_of(case, read(mail_of(case, reply_of(case))).email, known_words(case))
    mine = list(ANSWERS[case.language])
    quoted = " ".join(part.text for part in old_parts(case))
    have = squeezed(shown)
    lost = tuple(word for answer in mine for word in answer.split() if squeezed(word) not in have)
    writers = _tokens(" ".join([*mine, DISCLAIMER, CARD, "Hello Tin, see below. logo image", *NAMES[case.language][6].split()]))
    again = sum((Counter(_tokens(shown)) - Counter(_tokens(context)) - Counter(writers) - Counter(writers)).values())
    answered = Counter(_tokens(context)) - Counter(_tokens(" ".join(mine)))
    signature = Counter(_tokens(" ".join(part.text for part in signature_of(case))))
    signed = sum((signature & (Counter(_tokens(shown)) - Counter(_tokens(" ".join(mine))))).values())
    return Result(lost, again, sum(answered.values()), len(_tokens(quoted)), sum(signature.values()), signed)


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())
