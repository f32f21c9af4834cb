"""An old mail is introduced in languages and by programs that nobody listed: by what its lines say, not by their names."""

from __future__ import annotations

import pytest

from gateway.mail.forward import find
from gateway.mail.html import to_lines
from gateway.mail.lines import plain
from gateway.mail.reply import reply_of

ANSWER = "It is the second tray.\nPlease bring paper."
OLD = "Which tray is it?\nThe green light is on."
WHO = "Bo Berg <bo@desk.example>"

# In order: the line between dashes, and the names of From, Date, To and Subject.
LANGUAGES = [
    ("Зыходны ліст", "Ад", "Адпраўлена", "Каму", "Тэма"),
    ("Neges Wreiddiol", "Oddi wrth", "Anfonwyd", "At", "Pwnc"),
    ("Orijinal məktub", "Kimdən", "Tarix", "Kimə", "Mövzu"),
    ("საწყისი მესიჯი", "ვისგან", "გაიგზავნა", "ვის", "საგანი"),
    ("پیام نخستین", "فرستنده", "زمان", "گیرنده", "عنوان"),
    ("Original-E-mail", "Vun", "Geschéckt", "Un", "Sujet"),
    ("Upprunaleg skilaboð", "Höfundur", "Dags", "Viðtakandi", "Titill"),
]


def _header(names: tuple[str, ...]) -> str:
    rule, sender, date, to, subject = names
    fields = ((sender, WHO), (date, "24.11.2026 16:02"), (to, "Ann Archer <ann@acme.example>"), (subject, "Printer"))
    return f"-------- {rule} --------\n" + "\n".join(f"{name}: {value}" for name, value in fields)


@pytest.mark.parametrize("names", LANGUAGES)
def test_header_lines_above_the_old_mail(names: tuple[str, ...]) -> None:
    reply = reply_of(plain(f"{ANSWER}\n\n{_header(names)}\n\n{OLD}\n"))
    assert reply.text == ANSWER
    assert "Which tray is it?" in reply.quoted


@pytest.mark.parametrize("names", LANGUAGES)
def test_header_lines_right_above_a_quote_need_no_dashes(names: tuple[str, ...]) -> None:
    fields = "<br>".join(
        line.replace("<", "&lt;").replace(">", "&gt;") for line in _header(names).splitlines()[1:] if line
    )
    source = f"<p>It is the second tray.</p><p>{fields}</p><blockquote>Which tray is it?</blockquote>"
    assert reply_of(to_lines(source).lines).text == "It is the second tray."


@pytest.mark.parametrize("names", LANGUAGES)
@pytest.mark.parametrize("is_table", [False, True])
def test_forwards(names: tuple[str, ...], is_table: bool) -> None:
    head = _header(names)
    if is_table:
        rule, *fields = head.replace("<", "&lt;").replace(">", "&gt;").splitlines()
        rows = [field.partition(": ") for field in fields]
        cells = "".join(f"<tr><th>{name}: </th><td>{value}</td></tr>" for name, _, value in rows)
        source = f"<p>Please look</p><p>{rule}</p><table>{cells}</table><p>{OLD}</p>"
        found = find(to_lines(source).lines, "Fwd: Printer")
    else:
        found = find(plain(f"Please look\n\n{head}\n\n{OLD}\n"), "Fwd: Printer")
    assert found is not None and found.sender is not None
    assert (found.sender.address, found.sender.name) == ("bo@desk.example", "Bo Berg")
    assert [person.address for person in found.to] == ["ann@acme.example"]
    assert (found.subject, found.date) == ("Printer", "24.11.2026 16:02")
    assert found.above == "Please look"
    assert " ".join(found.text.split()) == " ".join(OLD.split())


@pytest.mark.parametrize(
    ("head", "date"),
    [
        ("Från: {who}\nTill: ann@acme.example\nAvsändningstid: 2026-11-24 16:02\nÄmne: Printer", "2026-11-24 16:02"),
        ("Da: {who}\nA: ann@acme.example\nInviato il: 24/11/26, 16:02\nOggetto: Printer", "24/11/26, 16:02"),
        ("Från: {who}\nMottagande: ann@acme.example\nDatum: 24.11.2026\nÄmne: Printer", "24.11.2026"),
    ],
)
def test_the_one_name_that_is_not_known(head: str, date: str) -> None:
    found = find(plain(f"-------- Forwarded message --------\n{head.format(who=WHO)}\n\n{OLD}\n"), "Fwd: Printer")
    assert found is not None
    assert [person.address for person in found.to] == ["ann@acme.example"]
    assert found.date == date


@pytest.mark.parametrize(
    "line",
    [
        f"Am 24.11.26, 16:02 schrieb {WHO}",
        f"{WHO} skrev 24.11.2026, 16:02",
        f"24.11.26, 16:02, {WHO} напісаў",
        f"2026. 11. 24. 16:02에 {WHO}이(가) 보낸 메시지",
        f":כתב {WHO}, 24.11.2026, 16:02 בתאריך",
        f"D'an/ar 24/11/2026 16:02 eo bet skrivet gant {WHO}:",
    ],
)
def test_a_person_and_a_moment_right_above_a_quote(line: str) -> None:
    quote = "\n".join(f"> {text}" for text in OLD.splitlines())
    assert reply_of(plain(f"{ANSWER}\n\n{line}\n{quote}\n")).text == ANSWER


@pytest.mark.parametrize(
    "line",
    [f"於 2026/11/24 下午4:02，{WHO} 寫到：", f"{WHO} skreau op 24-11-26 16:02:", f"{WHO} yozgan kun 24/11/26, 16:02:"],
)
def test_a_person_a_moment_and_a_colon_without_marks_below(line: str) -> None:
    assert reply_of(plain(f"{ANSWER}\n\n{line}\n{OLD}\n")).text == ANSWER


def test_header_lines_above_header_lines_are_no_words_of_the_writer() -> None:
    """Between them stands nothing that the lower mail was answered with, so all of it is what the writer shows."""
    replied = "---------- Replied message ----------\n" + "\n".join(_header(LANGUAGES[1]).splitlines()[1:])
    text = f"{replied}\n\nFrom: {WHO}\nSent: 24 November 2026 15:18\nTo: ann@acme.example\nSubject: Printer\n\n{OLD}"
    assert reply_of(plain(text)).text == text


@pytest.mark.parametrize(
    "said",
    [
        "Our order:\n\n------ Order ------\nItem: paper\nMail: ann@acme.example\nWhen: 24.11.2026 10:00\nRoom: 4\n\nThanks",
        "Who comes:\n\nFirst: Ann <ann@acme.example>\nSecond: Bo <bo@desk.example>\nThird: Cy <cy@acme.example>\n\nThanks",
        "------ Visit ------\nHost: Ann <ann@acme.example>\nGuest: Bo <bo@desk.example>\nWhen: 24.11.2026 10:00",
        "Look at this.\n\nI have it from Bo Berg <bo@desk.example> since 24.11.2026 16:02.\n> a line of a log",
        "It failed:\n\nJob: 24.11.2026 16:02\nOwner: ann@acme.example\nState: failed\n\nCan you look?",
    ],
)
def test_what_a_person_wrote_in_such_a_shape_stays(said: str) -> None:
    assert reply_of(plain(said)).text.split() == said.split()


@pytest.mark.parametrize(
    "said",
    [
        f"please invite {WHO} on 24.11. at 16:00",
        f"Call {WHO} 24.11.2026 at 16:00",
        f"bitte {WHO} am 24.11.2026 um 16:00 anrufen",
        f"{WHO} has it since 24.11.2026 16:02",
        f"send it to {WHO} before 16:00, to her as well, and to me",
    ],
)
@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_a_persons_line_about_a_person_and_a_moment_stays(said: str, between: str) -> None:
    quote = "\n".join(f"> {text}" for text in OLD.splitlines())
    assert said in reply_of(plain(f"{said}{between}{quote}\n")).text
