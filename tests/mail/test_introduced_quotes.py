"""Exactly one introduced quote goes whole; what stands above and below it stays, and so does what only looks old."""

from __future__ import annotations

import pytest

from gateway.mail.html import to_lines
from gateway.mail.lines import plain
from gateway.mail.reply import reply_of

ASKED = "> Which tray is it?\n>\n> Bo"
ON = "On Tue, Nov 24, 2026 at 4:02 PM Bo Berg <bo@desk.example> wrote:"


@pytest.mark.parametrize(
    "below",
    [
        "Denne e-post er fortrolig. Er du ikke rette modtager, bedes du slette den.",
        "Acme GmbH, Amtsgericht Ulm HRB 4711, Geschäftsführer: Cy Roth, USt-IdNr. DE123456789",
        "Acme SARL au capital de 10 000 euros, RCS Lyon 123 456 789",
        "Scanned by the mail filter of Acme. No threats were found.",
        "_______________________________________________\nhelp mailing list\nhttps://lists.desk.example/help",
        "この電子メールは宛先の方のみを対象としています。",
        "And the second tray is empty as well, please bring paper when you come.",
        "Yes.",
    ],
)
def test_words_below_the_only_quote_stay_and_it_goes(below: str) -> None:
    reply = reply_of(plain(f"It is tray 2.\n\n{ON}\n{ASKED}\n\n{below}\n"))
    assert reply.text == f"It is tray 2.\n\n{below}"
    assert "Which tray is it?" in reply.quoted


@pytest.mark.parametrize(
    "source",
    [
        '<p id="reply-intro">On 2026-11-24 16:02, Bo wrote:</p><blockquote type="cite"><p>Which tray is it?</p></blockquote><p>{}</p>',
        '<div class="moz-cite-prefix">Am 24.11.26 um 16:02 schrieb Bo:</div><blockquote type="cite"><p>Which tray is it?</p></blockquote><p>{}</p>',
        '<div class="gmail_quote"><div class="gmail_attr">Le mar. 24 nov. 2026 à 16:02, Bo a écrit :</div><blockquote class="gmail_quote">Which tray is it?</blockquote></div><div>{}</div>',
        '<blockquote type="cite">On 24 Nov 2026, at 16:02, Bo &lt;bo@desk.example&gt; wrote:<br>Which tray is it?</blockquote><p>{}</p>',
        '<div class="yahoo_quoted">On Tuesday, Bo wrote:<br>Which tray is it?</div><div>{}</div>',
        '<div class="zmail_extra">---- On Tue Bo wrote ----<br><blockquote>Which tray is it?</blockquote></div><div>{}</div>',
        '<blockquote class="tutanota_quote">24 Nov 2026, 16:02 by bo@desk.example:<br>Which tray is it?</blockquote><div>{}</div>',
        '<div name="quote"><b>Gesendet:</b> 24. November 2026 um 16:02<br><b>Von:</b> Bo &lt;bo@desk.example&gt;<br><b>Betreff:</b> x<br>Which tray is it?</div><div>{}</div>',
    ],
)  # fmt: skip
@pytest.mark.parametrize("above", ["", "<p>Hello,</p>"])
def test_an_answer_below_a_quote_of_html_stays_alone(source: str, above: str) -> None:
    reply = reply_of(to_lines(above + source.format("Tray 2, and tray 3 since Monday.")).lines)
    assert "Tray 2, and tray 3 since Monday." in reply.text
    assert ("Hello," in reply.text) is bool(above)
    assert "Which tray is it?" not in reply.text


@pytest.mark.parametrize(
    "line",
    [
        "Bo Berg writes:", "Bo Berg schrieb:", "Bo a écrit :", "Bo Berg escribió:", "Bo skrev:", "Bo Berg napisał(a):",
        "Quoting Bo Berg:", "Quoting Bo Berg <bo@desk.example>:", "Zitat von Bo Berg:", "Citando Bo Berg:",
        "Cytowanie Bo Berg:", "Vous avez écrit :", "Du schriebst:", "In reply to Bo Berg:", "Thus spake Bo Berg:",
        "* Bo Berg <bo@desk.example> [2026-11-24 16:02]:", "On Tue, 24 Nov 2026 16:02:00 +0100", "Bo Berg님이 작성:",
        "Excerpts from Bo Berg's message of Tue Nov 24 16:02:40 +0100 2026:", "Quoting Bo Berg (2026-11-24 16:02:40 +0100):",
        "---- Bo Berg wrote ----", "-------- Bo Berg schrieb --------",
    ],
)  # fmt: skip
def test_a_line_that_only_names_the_author_introduces_the_quote_below_it(line: str) -> None:
    reply = reply_of(plain(f"It is tray 2.\n\n{line}\n\n{ASKED}\n"))
    assert reply.text == "It is tray 2."
    assert line in reply.quoted


@pytest.mark.parametrize(
    "line",
    [
        "The display of the printer says:", "Excerpts from the log of the printer:",
        "--- restart of bo@desk.example at 16:02, floor 2 ---", "This is from the log of 2026-11-24 16:02, floor 2:", "My colleague from the second floor wrote:", "Das steht im Handbuch:",
        "These are the codes that were written:",
    ],
)  # fmt: skip
def test_what_the_writer_quotes_is_kept(line: str) -> None:
    text = f"{line}\n> Tray 2 jammed\n> Code 41.3"
    assert reply_of(plain(text)).text == text
    indented = reply_of(to_lines(f"<p>{line}</p><blockquote>Tray 2 jammed</blockquote>").lines)
    assert "Tray 2 jammed" in indented.text


@pytest.mark.parametrize(
    "block",
    [
        "---- Bo Berg wrote ----\n\nWhich tray is it?",
        "---- 在 星期二, 24 十一月 2026 16:02:00 +0800 Bo Berg <bo@desk.example> 撰写 ----\n\nWhich tray is it?",
        "---- Am Di, 24 Nov 2026 16:02:00 +0100 hat Bo Berg <bo@desk.example> verfasst ----\n\nWhich tray is it?",
        ">>> Bo Berg <bo@desk.example> 24.11.2026 16:02 >>>\nWhich tray is it?",
        '>>> "Bo Berg" 11/24/26 4:02 PM >>>\nWhich tray is it?',
        '================\n\nMessage du : 24/11/2026 16:02\nDe : "Bo Berg" <bo@desk.example>\nA : ann@customer.example\nSujet : Imprimante\n\nWhich tray is it?',
        "---------- Původní e-mail ----------\nOd: Bo Berg <bo@desk.example>\nKomu: ann@customer.example\nDatum: 24. 11. 2026 16:02\nPředmět: x\n\nWhich tray is it?",
        "---------- Hér er pósturinn ----------\nFrom: Bo Berg <bo@desk.example>\nTo: ann@customer.example\nDate: 24. 11. 2026 16:02\nSubject: x\n\nWhich tray is it?",
    ],
)  # fmt: skip
def test_an_introduction_of_any_language_goes_with_the_old_mail(block: str) -> None:
    assert reply_of(plain(f"It is tray 2.\n\n{block}\n")).text == "It is tray 2."


@pytest.mark.parametrize(
    "words",
    [
        "A courier, please:\nFrom: Berlin office\nTo: your workshop\nDate: 30.11.2026 10:00\nPlease confirm it today.",
        "The headers are:\n\nFrom: Pay <pay@phish.example>\nTo: ann@customer.example\nSubject: Your salary\n\nPlease block my account!",
        "Bitte buchen:\nVon: Ulm\nAn: Bonn\nDatum: 30.11.2026\nDanke.",
        "In the log:\n\n2026-11-26 08:14:02 rejected mail for <bob@customer.example>\n2026-11-26 08:15:40 rejected mail for <eva@customer.example>\n\nWhy?",
        "In the log:\n\n2026-11-26 08:14 UTC+1 spooler started\n2026-11-26 08:15 UTC+1 disk full on C:\n\nCan you make room?",
        "The log says\n\n2026-11-26 08:14 GMT+1 backup failed\n\nWhat now?",
        "The colour:\n\n- Black",
        "The colour:\n\n-Black",
        "With this option:\n\n--no-verify",
        "Mit dieser Option\n\n--verbose",
        "Printer: red.\n---\nScanner: green.\n---\nTwo toners, please.",
        "It fails.\n\n---\nError code 5 on the display",
        "It fails\n—\nError 5 again",
        "Problem:\nslow\n\n---\n\nSteps:\n1. open\n2. print",
        "1. open\n2. print\n\n--\n\nResult: nothing",
        "Call 0731 1234\n--\nor 5678 after noon, please.",
        "I typed\n> show version\nand got\n> error",
        "On 24 Nov 2026 at 16:02 the printer said:\n\nerror 5",
        "It works.\n\n-- \nAnn\n\nPS: printer 4 still blinks.",
        "Es geht.\n\n-- \nAnn\n\nP.S. Der Scanner nicht.",
    ],
)
def test_words_that_only_look_old_stay(words: str) -> None:
    assert reply_of(plain(words)).text == words


@pytest.mark.parametrize(
    "line",
    [
        "Sent from [Mail](https://go.microsoft.com/fwlink/?LinkId=550986) for Windows",
        "Get [Outlook for Android](https://aka.ms/x)",
        "Outlook for Android を入手",
        "获取 Outlook for Android",
        "傳送自我的 iPhone",
        "Stáhnout Outlook pro Android",
        "Pobierz program Outlook dla systemu iOS",
        "Отправлено из мобильной Почты Mail",
        "Изпратено от моя iPhone",
        "मेरे iPhone से भेजा गया",
        "Sent from my phone, please excuse typos.",
        "Diese Nachricht wurde von meinem Android Mobiltelefon mit WEB.DE Mail gesendet.",
    ],
)
def test_footers_of_apps(line: str) -> None:
    assert reply_of(plain(f"It works.\n\n{line}\n")).text == "It works."


@pytest.mark.parametrize("mark", ['id="Signature"', 'class="gmail_signature"', 'class="moz-signature"'])
def test_a_sentence_typed_into_the_element_of_the_signature_stays(mark: str) -> None:
    source = f"<div>Hello,</div><div {mark}><div>it is red again, please send somebody.</div><br><p>Ann Berg</p></div>"
    reply = reply_of(to_lines(source).lines)
    assert reply.text == "Hello,\nit is red again, please send somebody."
    assert reply.signature == "Ann Berg"


@pytest.mark.parametrize("below", ["And the second tray is empty as well.", "Yes", "PS: tray 3 too."])
def test_words_below_the_element_of_the_signature_stay(below: str) -> None:
    source = (
        "<div>It is tray 2.</div>{}-- <br><div class='gmail_signature'>Ann Berg<br>Acme, 555 0147 000</div>"
        f"<div>{below}</div>"
    )
    quote = f"<blockquote type='cite'>{ON}<br>Which tray is it?</blockquote>".replace("<bo@desk.example>", "Bo")
    for old in ("", quote):
        reply = reply_of(to_lines(source.format(old)).lines)
        assert reply.text == f"It is tray 2.\n\n{below}" or reply.text == f"It is tray 2.\n{below}"
        assert reply.signature.endswith("Acme, 555 0147 000")


def test_an_apps_footer_below_the_element_of_the_signature_goes_with_it() -> None:
    source = "<div>It is tray 2.</div><br><div class='gmail_signature'>Ann Berg</div><div>Sent from my phone</div>"
    assert reply_of(to_lines(source).lines).text == "It is tray 2."


def test_two_quotes_with_answers_stay() -> None:
    text = f"{ON}\n> Which tray is it?\n\nTray 2.\n\n> Since when?\n\nMonday."
    assert "> Which tray is it?\n\nTray 2.\n\n> Since when?\n\nMonday." in reply_of(plain(text)).text


@pytest.mark.parametrize(
    ("above", "names"),
    [
        ("  Original Message  ", ("From", "Sent", "To", "Reply To", "Subject")),
        ("  Originalnachricht  ", ("Von", "Gesendet", "An", "Antwort an", "Betreff")),
        ("Mensaje original", ("De", "Enviado", "Para", "Responder a", "Asunto")),
        ("> Message d'origine", ("De", "Envoyé", "À", "Répondre à", "Objet")),
    ],
)
def test_a_line_without_dashes_belongs_to_the_header_lines_below_it(above: str, names: tuple[str, ...]) -> None:
    values = ("Tin", "Saturday, November 28, 2026 4:26 AM", "Alice", "support@msp.example", "Printer")
    lines = [above, *(f"{name}: {value}" for name, value in zip(names, values, strict=True)), "", "Which room?"]
    mark = "> " if above.startswith(">") else ""
    text = "\n".join([lines[0], *(f"{mark}{line}" for line in lines[1:])])
    assert reply_of(plain(f"Room 312.\n\n{text}\n")).text == "Room 312."
    assert "Original message" in reply_of(plain("Here it is.\n\nOriginal message\n\nFrom the warehouse.\n")).text
