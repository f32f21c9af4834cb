"""What asks for nothing: thank-yous in many languages and shapes, and what only begins like one."""

from __future__ import annotations

import pytest

from gateway.decide.thanks import WORKS, asks_for_nothing
from gateway.mail.read import read

NAMES = frozenset({"tess", "technician", "tom", "tools"})
QUOTE = "\n\nOn Sun, 22 Nov 2026 at 09:00, Tess Technician <support@msp.example> wrote:\n\n> It is fixed.\n> Tess\n"
CARD = "\n\nBest regards\nAnn Archer\nHead of Sales | Acme Ltd\n1 High Street, Manchester M1 1AA\nTel. +44 161 496 0000\nwww.acme.example"
LEGAL = (
    "\n\nThis e-mail and its attachments are confidential. If you are not the intended recipient, please delete it.\n"
    "Acme Ltd is registered in England."
)


def idle(text: str, subject: str = "Re: Printer", quote: str = QUOTE, more: str = "", **headers: str) -> str:
    fields = {"From": "Ann Archer <ann@acme.example>", "To": "Support <support@msp.example>", "Subject": subject}
    fields |= {"In-Reply-To": "<x@y.example>", "Content-Type": "text/plain; charset=utf-8", **headers}
    head = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return asks_for_nothing(read(f"{head}\n{text}{quote}{more}".encode()).email, NAMES)


THANKS = [
    "Thanks!", "Thank you very much, it works again.", "Many thanks for your quick help!", "Perfect, thanks Tess", "Hi Tess,\n\nall good now, thank you.",
    "Cheers", "OK, thanks.", "That fixed it. Thank you all!", "Thank you 👍", "Brilliant - works now!",
    "Vielen Dank, es funktioniert wieder.", "Hallo Tess,\n\ndanke, läuft wieder!", "Perfekt, danke für die schnelle Hilfe", "Super, geht wieder", "Passt, danke.",
    "Merci beaucoup, ça marche.", "Bonjour,\n\nmerci pour votre aide rapide, tout fonctionne de nouveau.", "Parfait merci",
    "Muchas gracias, ya funciona todo.", "Gracias por su ayuda", "Perfecto, gracias",
    "Grazie mille, ora funziona di nuovo.", "Perfetto, grazie per il vostro aiuto", "Muito obrigada pela ajuda, já está tudo bem.", "Obrigado, agora funciona novamente!",
    "Bedankt, het werkt weer.", "Hartelijk dank voor jullie snelle hulp!", "Tack så mycket för hjälpen, nu fungerar allt igen.", "Tack!",
    "Mange tak for hjælpen, det virker igen.", "Tusen takk, nå virker det igjen", "Dziękuję bardzo za pomoc, już działa.", "Dzięki, wszystko działa",
    "Kiitos!", "Děkuji, už to funguje", "Köszönöm szépen", "Большое спасибо, снова работает", "Teşekkürler, çalışıyor", "谢谢", "ありがとうございました",
]  # fmt: skip
ASKING = [
    "Thanks, still broken.", "Thanks, but it is not working", "Thanks! And the other printer?", "Thanks. Broken again.", "Thank you, please close the ticket of Bob too",
    "Thanks, call me at 5551234", "It works again, but the scanner fails", "Thanks, the server is down", "Is it fixed now", "Thanks for nothing, I want my money back",
    "Danke, geht leider nicht", "Danke, aber der Drucker steht noch", "Danke. Und der andere Drucker?", "Danke, morgen bitte anrufen",
    "Merci, mais ça ne marche pas", "Merci, toujours en panne", "Gracias, pero no funciona", "Gracias, sigue igual", "Grazie, ma non funziona", "Grazie, ancora rotto",
    "Obrigado, mas não funciona", "Bedankt, maar het werkt niet", "Bedankt, nog steeds kapot", "Tack, men det fungerar inte", "Takk, men det virker ikke", "Dziękuję, ale nie działa",
    "Hello", "", "Yes", "Alice", "Please call me", "不行，谢谢", "谢谢，打印机坏了", "ありがとう、でもまだ動きません",
]  # fmt: skip


@pytest.mark.parametrize("text", THANKS)
@pytest.mark.parametrize("below", ["", "\n\nAnn", CARD, CARD + LEGAL, "\n\n-- \nAnn Archer\nAcme Ltd", "\n\nSent from my iPhone"], ids=["bare", "name", "card", "legal", "sig", "phone"])
def test_a_thank_you_asks_for_nothing(text: str, below: str) -> None:
    assert idle(text + below) in ("a thank-you", WORKS)


@pytest.mark.parametrize("text", ["It works.", "Super, geht wieder", "Perfecto, ya funciona"])
def test_that_it_works_is_no_thanks(text: str) -> None:
    assert idle(text) == WORKS


@pytest.mark.parametrize("text", ASKING)
@pytest.mark.parametrize("below", ["", CARD], ids=["bare", "card"])
def test_anything_else_may_ask(text: str, below: str) -> None:
    assert idle(text + below) == ""


@pytest.mark.parametrize(
    "below",
    [
        "Ann\n\nBy the way, the server is down.", "Ann\n\nPS: please call me", "Ann\nserver is down again", "Best regards\nAnn\n\nWhat about Monday?", "Ann\nnot yet",
        "Ann\n\nWe still wait for the other one!", "Ann\n\n打印机坏了吗？",
    ],
)  # fmt: skip
def test_words_below_the_name_are_words(below: str) -> None:
    assert idle(f"Thanks!\n\n{below}") == ""


def test_a_line_that_the_quote_shows_is_known() -> None:
    quote = "\n\nOn Sun, 22 Nov 2026 at 09:00, Tess wrote:\n\n> Fixed.\n>> our motto: we love simple printers and plain words\n"
    assert idle("Thanks!\n\nAnn\nour motto: we love simple printers and plain words", quote=quote) == "a thank-you"
    assert idle("Thanks!\n\nAnn\nour motto: we love simple printers and plain words") == ""


@pytest.mark.parametrize("text", ["👍", "👍🙏", "🎉 ", "❤️"])
def test_a_pictograph_asks_for_nothing(text: str) -> None:
    assert idle(text) == "a pictograph"


def letter(html: str, *files: tuple[str, int, str]) -> str:
    """A mail with pictures (name, size, cid) or, without cid, files."""
    head = "From: Ann Archer <ann@acme.example>\nTo: support@msp.example\nSubject: Re: Printer\nIn-Reply-To: <x@y.example>\nMIME-Version: 1.0\n"
    parts = [f"--b\nContent-Type: text/html; charset=utf-8\n\n{html}\n"]
    for name, size, cid in files:
        place = f"Content-ID: <{cid}>\nContent-Disposition: inline" if cid else "Content-Disposition: attachment"
        parts.append(f'--b\nContent-Type: image/png; name="{name}"\n{place}; filename="{name}"\n\n{"x" * size}\n')
    raw = f"{head}Content-Type: multipart/related; boundary=b\n\n{''.join(parts)}--b--\n"
    return asks_for_nothing(read(raw.encode()).email, NAMES)


LOGO = '<p>Thanks!</p><p>Best regards<br>Ann Archer<br><img src="cid:l"></p>'


def test_pictures() -> None:
    assert letter(LOGO, ("logo.png", 5_000, "l")) == "a thank-you"
    assert letter(LOGO, ("shot.png", 90_000, "l")) == ""
    assert letter('<p>Thanks!</p><p><img src="cid:l"></p><p>Ann</p>', ("shot.png", 90_000, "l")) == ""
    assert letter("<p>Thanks!</p>", ("shot.png", 500, "")) == ""


def calendar(answer: str, words: str = "", more: str = "", params: str = "", **headers: str) -> str:
    head = "".join(f"{name}: {value}\n" for name, value in headers.items())
    event = f"ATTENDEE;PARTSTAT={answer};CN=Ann{params}:mailto:ann@acme.example\nSUMMARY:Visit\nDTSTART:20261201T100000Z\n{more}"
    raw = (
        f"From: Ann <ann@acme.example>\nTo: support@msp.example\nSubject: {answer}: Visit\n{head}MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\n{words}\n--b\nContent-Type: text/calendar; method=REPLY\n\n"
        f"BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:1\n{event}END:VEVENT\nEND:VCALENDAR\n--b--\n"
    )
    return asks_for_nothing(read(raw.encode()).email, NAMES)


def test_answers_to_invitations() -> None:
    assert calendar("ACCEPTED") == "an accepted invitation"
    assert calendar("ACCEPTED", "Ann has accepted this invitation.", Sender="Google Calendar <calendar-notification@google.com>") == "an accepted invitation"
    assert calendar("ACCEPTED", "I will be ten minutes late.") == ""
    assert calendar("ACCEPTED", more="COMMENT:I bring Bob\n") == ""
    assert calendar("ACCEPTED", params=';X-RESPONSE-COMMENT="late"') == ""
    assert calendar("DECLINED") == calendar("TENTATIVE") == ""


def reaction(body: str, kind: str = "text/vnd.google.email-reaction+json", disposition: str = "") -> str:
    extra = f"Content-Disposition: {disposition}\n" if disposition else ""
    raw = (
        "From: Ann <ann@acme.example>\nTo: support@msp.example\nSubject: Re: Printer\nIn-Reply-To: <x@y.example>\nMIME-Version: 1.0\n"
        "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n\U0001f44d\n\nAnn reacted via Gmail\n"
        f"--b\nContent-Type: {kind}; charset=utf-8\n{extra}\n{body}\n--b--\n"
    )
    return asks_for_nothing(read(raw.encode()).email, NAMES)


def test_reactions() -> None:
    assert reaction('{"emoji": "\U0001f44d", "version": 1}') == "a reaction"
    assert reaction("\U0001f44d", "text/plain", "reaction") == "a reaction"
    assert reaction("not json") == reaction('{"version": 1}') == reaction("[]") == ""
    assert reaction("please call", "text/plain", "reaction") == ""
