"""Forwards as mail programs of many languages write them."""

from __future__ import annotations

import pytest

from gateway.mail.forward import find
from gateway.mail.headerpeople import shown_people
from gateway.mail.lines import plain
from gateway.mail.read import read
from gateway.match.prefixes import is_forward
from gateway.model.email import Email

# separator, then the names of from, subject, date, to, cc
APPLE = [
    "Begin forwarded message:|From|Subject|Date|To|Cc",
    "Začátek přeposlané zprávy:|Od|Předmět|Datum|Komu|Kopie",
    "Start på videresendt besked:|Fra|Emne|Dato|Til|Cc",
    "Anfang der weitergeleiteten Nachricht:|Von|Betreff|Datum|An|Kopie",
    "Inicio del mensaje reenviado:|De|Asunto|Fecha|Para|Cc",
    "Välitetty viesti alkaa:|Lähettäjä|Aihe|Päivämäärä|Vastaanottaja|Kopio",
    "Début du message réexpédié :|De|Objet|Date|À|Cc",
    "Début du message transféré :|De|Objet|Date|À|Cc",
    "Započni proslijeđenu poruku:|Od|Predmet|Datum|Prima|Cc",
    "Továbbított levél kezdete:|Feladó|Tárgy|Dátum|Címzett|Másolat",
    "Inizio messaggio inoltrato:|Da|Oggetto|Data|A|Cc",
    "Begin doorgestuurd bericht:|Van|Onderwerp|Datum|Aan|Kopie",
    "Videresendt melding:|Fra|Emne|Dato|Til|Kopi",
    "Początek przekazywanej wiadomości:|Od|Temat|Data|Do|Dw",
    "Início da mensagem reencaminhada:|De|Assunto|Data|Para|Cc",
    "Início da mensagem encaminhada:|De|Assunto|Data|Para|Cc",
    "Începe mesajul redirecționat:|Expeditorul|Subiectul|Dată|Destinatarul|Cc",
    "Начало переадресованного сообщения:|От|Тема|Дата|Кому|Копия",
    "Začiatok preposlanej správy:|Od|Predmet|Dátum|Pre|Kópia",
    "Vidarebefordrat mejl:|Från|Ämne|Datum|Till|Kopia",
    "İleti başlangıcı:|Kimden|Konu|Tarih|Kime|Bilgi",
    "Початок листа, що пересилається:|Від|Тема|Дата|Кому|Копія",
    "-------- Přeposlaná zpráva --------|Od|Předmět|Datum|Komu|Kopie",
    "-------- Videresendt meddelelse --------|Fra|Emne|Dato|Til|CC",
    "-------- Weitergeleitete Nachricht --------|Von|Betreff|Datum|An|CC",
    "-------- Välitetty viesti --------|Lähettäjä|Aihe|Päiväys|Vastaanottaja|Kopio",
    "-------- Message transféré --------|De|Sujet|Date|Pour|Copie à",
    "-------- Proslijeđena poruka --------|Šalje|Naslov|Datum|Prima|CC",
    "-------- Továbbított üzenet --------|Feladó|Tárgy|Dátum|Címzett|CC",
    "-------- Messaggio Inoltrato --------|Mittente|Oggetto|Data|A|CC",
    "-------- Doorgestuurd bericht --------|Van|Onderwerp|Datum|Aan|CC",
    "-------- Przekazana wiadomość --------|Nadawca|Temat|Data|Adresat|DW",
    "-------- Mensagem reencaminhada --------|De|Assunto|Data|Para|CC",
    "-------- Mesaj redirecționat --------|De la|Subiect|Dată|Către|CC",
    "-------- Перенаправленное сообщение --------|От|Тема|Дата|Кому|Копия",
    "-------- Preposlaná správa --- Forwarded Message --------|Od|Predmet|Dátum|Komu|Kópia",
    "-------- İletilmiş İleti --------|Kimden|Konu|Tarih|Kime|Bilgi",
    "-------- Переслане повідомлення --------|Від|Тема|Дата|Кому|Копія",
    "---------- Forwarded message ---------|Saatja|Subject|Date|To|Cc",
    "---------- Forwarded message ---------|Feladó|Subject|Date|To|Cc",
    "---------- Forwarded message ---------|Kimden|Subject|Date|To|Cc",
    "---------- Forwarded message ---------|От|Subject|Date|To|Cc",
    "---------- メッセージを転送 ---------|送信元|件名|日付|送信先|CC",
    "---------- 转发的邮件 ----------|发件人|主题|日期|收件人|抄送",
    "---------- 전달된 메시지 ----------|보낸 사람|제목|날짜|받는 사람|참조",
    "________________________________|Von|Betreff|Gesendet|An|Cc",
    "________________________________|De|Objet|Envoyé|À|Cc",
    "________________________________|Odosielateľ|Predmet|Odoslané|Komu|Kópia",
    "________________________________|Lähettäjä|Aihe|Lähetetty|Vastaanottaja|Kopio",
    "-----Mensaje original-----|De|Asunto|Enviado el|Para|CC",
    "-----Messaggio originale-----|Da|Oggetto|Inviato|A|Cc",
    "|From|Subject|Date|To|Cc",
    "|Feladó|Tárgy|Dátum|Címzett|Másolatot kap",
    "|От|Тема|Дата|Кому|Копия",
]

YAHOO = [
    "----- Forwarded Message -----|From|To|Cc|Sent|Subject",
    "----- Mensaje reenviado -----|De|Para|CC|Enviado|Asunto",
    "----- Message transmis -----|De |À |Cc |Envoyé |Objet",
    "----- Továbbított üzenet -----|Feladó|Címzett|Másolatot kap|Elküldve|Tárgy",
    "----- Välitetty viesti -----|Lähettäjä|Vastaanottaja|Kopio|Lähetetty|Aihe",
    "----- Preposlaná správa -----|Od|Komu|Kópia|Odoslané|Predmet",
    "----- Przekazana wiadomość -----|Od|Do|DW|Wysłano|Temat",
    "----- Mensagem reencaminhada -----|De|Para|Cc|Enviado|Assunto",
    "----- İletilen ileti -----|Kimden|Kime|Cc|Gönderildi|Konu",
    "----- Weitergeleitete Nachricht -----|Von|An|CC|Gesendet|Betreff",
]


def check(text: str, subject: str = "", cc: bool = True) -> None:
    found = find(plain(text), subject)
    assert found is not None and found.sender is not None
    assert (found.sender.name, found.sender.address) == ("Cy Old", "cy@client.example")
    assert found.subject == "Broken printer"
    assert "2026" in found.date
    if cc:
        assert [address.address for address in found.to] == ["ann@customer.example"]
        assert [address.address for address in found.cc] == ["di@client.example", "ed@client.example"]
        assert [address.name for address in found.cc] == ["Di", "Ed"]
    assert found.text.strip() == "It does not print.\n\nSince Monday."
    assert found.above == "for you"


@pytest.mark.parametrize("line", APPLE)
@pytest.mark.parametrize("quoted", [False, True])
def test_block(line: str, quoted: bool) -> None:
    head, sender, subject, date, to, cc = line.split("|")
    block = [
        head,
        "",
        f"{sender}: Cy Old <cy@client.example>",
        f"{subject}: Broken printer",
        f"{date}: 2. 11. 2026 09:00:00 CET",
    ]
    block += [f"{to}: ann@customer.example", f"{cc}: Di <di@client.example>, Ed <ed@client.example>", ""]
    block += ["It does not print.", "", "Since Monday."]
    text = "\n".join(f"> {row}".rstrip() for row in block) if quoted else "\n".join(block)
    check(f"for you\n\n{text}\n")


@pytest.mark.parametrize("line", YAHOO)
def test_glued_block(line: str) -> None:
    head, sender, to, cc, date, subject = line.split("|")
    glued = f'   {head} {sender}: Cy Old <cy@client.example>{to}: "ann@customer.example" <ann@customer.example>'
    glued += f"{cc}: Di <di@client.example>; Ed <ed@client.example>{date}: Monday, 2 November 2026, 09:00:00 CET"
    check(f"for you\n{glued}{subject}: Broken printer\n It does not print.\n\nSince Monday.\n")


@pytest.mark.parametrize(
    "line",
    [
        'On 02/11/2026 09:00, "Cy Old" <cy@client.example> wrote:',
        'Den 02/11/2026 09.00 skrev "Cy Old" <cy@client.example> følgende:',
        "Den 02.11.2026 09.00 skrev Cy Old <cy@client.example> følgende:",
        'Am 02.11.2026, 09:00 schrieb "Cy Old" <cy@client.example>:',
        "Cy Old <cy@client.example> ezt írta 02/11/2026 09:00 időpontban:",
        'Il giorno 02/11/2026, 09:00 "Cy Old" <cy@client.example> ha scritto:',
        "Op 02/11/2026 09:00 heeft Cy Old <cy@client.example> geschreven:",
        "Cy Old <cy@client.example> skrev følgende den 02.11.2026, 09.00:",
        'Em 02/11/2026 09:00, "Cy Old" <cy@client.example> escreveu:',
        '02/11/2026 09:00 пользователь "Cy Old" <cy@client.example> написал:',
        "Dne 02/11/2026 09:00, Cy Old <cy@client.example> napsal(a):",
        "Le 02/11/2026 09:00, « Cy Old » <cy@client.example> a écrit :",
        "Dnia 02/11/2026, 09:00 użytkownik „Cy Old” <cy@client.example> napisał:",
    ],
)
def test_attribution_under_a_forward_subject(line: str) -> None:
    text = f"for you\n\n{line}\n\n    It does not print.\n\n    Since Monday.\n"
    found = find(plain(text), "FW: Broken printer")
    assert found is not None and found.text.replace("    ", "") == "It does not print.\n\nSince Monday."
    assert found.sender is not None and (found.sender.name, found.sender.address) == ("Cy Old", "cy@client.example")
    assert "2026" in found.date and "09" in found.date
    assert found.subject == "Broken printer"
    assert find(plain(text), "Re: Broken printer") is None


@pytest.mark.parametrize(
    "subject",
    ["Fwd: x", "FW: x", "WG: x", "TR: x", "Tr : x", "RV: x", "I: x", "VS: x", "VB: x", "PD: x", "ENC: x", "Doorst: x", "İLT: x", "转发: x", "転送: x", "[Fwd: x]", "x (fwd)"],
)  # fmt: skip
def test_prefixes(subject: str) -> None:
    assert is_forward(subject.lstrip("["))


@pytest.mark.parametrize("subject", ["Re: x", "x", "Information: x", "Visit: y", "Friday: z"])
def test_no_prefixes(subject: str) -> None:
    assert not is_forward(subject)


@pytest.mark.parametrize(
    ("value", "people"),
    [
        ("Ann <a@b.example>", ["Ann|a@b.example"]),
        ('"Berg, Ann" <a@b.example>, c@D.example', ["Berg, Ann|a@b.example", "|c@d.example"]),
        ("Berg, Ann <a@b.example>; Cy [mailto:c@d.example]", ["Berg, Ann|a@b.example", "Cy|c@d.example"]),
        ("Ann<mailto:a@b.example>", ["Ann|a@b.example"]),
        ("Ann <a@b.example<mailto:a@b.example>>", ["Ann|a@b.example"]),
        ("a@b.example <a@b.example>", ["|a@b.example"]),
        ("=?utf-8?q?J=C3=B6rg?= <a@b.example>", ["Jörg|a@b.example"]),
        ("Ann", ["Ann|"]),
        ("", []),
    ],
)
def test_addresses(value: str, people: list[str]) -> None:
    assert [f"{address.name}|{address.address}" if address.address else f"{address.name}|" for address in shown_people(value)] == people


# the line above, then the names of subject, date, from, to, cc
TABLES = [
    "-------- Forwarded Message --------|Subject|Date|From|To|CC",
    "-------- Weitergeleitete Nachricht --------|Betreff|Datum|Von|An|Kopie (CC)",
    "-------- Message transféré --------|Sujet |Date |De |Pour |Copie à ",
    "-------- Messaggio Inoltrato --------|Oggetto|Data|Mittente|A|CC",
    "-------- 転送されたメッセージ --------|件名|日付|差出人|宛先|CC",
    "-------- Переслане повідомлення --------|Тема|Дата|Від|Кому|Копія",
]


@pytest.mark.parametrize("names", TABLES)
def test_a_table_of_headers_is_header_lines(names: str) -> None:
    above, *fields = names.split("|")
    values = ("Old", "Tue, 3 Nov 2026 16:02:11 +0100", "Ann Berg &lt;ann@a.example&gt;", "bo@b.example", "cy@c.example")
    rows = "".join(f"<tr><th>{name}: </th><td>{value}</td></tr>" for name, value in zip(fields, values, strict=True))
    html = f"<p>Please look.</p><br>{above}<table><tbody>{rows}</tbody></table><br><p>Hello.</p>"
    head = "From: T <t@msp.example>\nSubject: Fwd: Old\nContent-Type: text/html; charset=utf-8\n\n"
    found = read((head + html).encode()).email.forwarded

    assert found is not None
    assert (found.sender.address if found.sender else "", found.subject, found.text) == ("ann@a.example", "Old", "Hello.")
    assert ([address.address for address in found.to], [address.address for address in found.cc]) == (["bo@b.example"], ["cy@c.example"])
    assert found.above == "Please look."


def test_a_table_of_other_words_stays_a_table() -> None:
    html = "<p>-------- Forwarded Message --------</p><table><tr><th>From</th><td>Berlin</td></tr><tr><th>Price</th><td>9</td></tr></table>"
    email = read(f"Subject: Trip\nContent-Type: text/html\n\n{html}".encode()).email

    assert email.forwarded is None
    assert "Berlin" in email.text


TWO = [
    ("---------- Forwarded message ----------", "From: Ann <ann@a.example>\nSubject: Old"),
    ("-------- Weitergeleitete Nachricht --------", "Betreff: Old\nVon: Ann <ann@a.example>"),
    ("---------- Message transféré ----------", "De : Ann <ann@a.example>\nObjet : Old"),
]


@pytest.mark.parametrize("line, fields", TWO)
@pytest.mark.parametrize("gap", ["\n", "\n\n\n"])
def test_two_fields_under_a_line_that_says_forwarded(line: str, fields: str, gap: str) -> None:
    found = find(plain(f"See below.\n\n{line}{gap}{fields}\n\nHello."), "Fwd: Old")

    assert found is not None
    assert (found.sender.address if found.sender else "", found.subject, found.text) == ("ann@a.example", "Old", "Hello.")


FRAMES = [
    ("============ Forwarded message ============", "============ Forwarded message ============\n\n", ""),
    ("----- Forwarded message from Ann <ann@a.example> -----", "", "\n\n----- End forwarded message -----"),
    ("----- Weitergeleitete Nachricht von Ann <ann@a.example> -----", "", "\n\n----- Ende der weitergeleiteten Nachricht -----"),
    ("----------  Forwarded Message  ----------", "", "\n-----------------------------------------"),
]


@pytest.mark.parametrize("line, again, end", FRAMES)
def test_the_frame_of_a_forward_is_no_part_of_the_mail(line: str, again: str, end: str) -> None:
    fields = "Date: Tue, 3 Nov 2026 16:02:11 +0100\nFrom: Ann <ann@a.example>\nSubject: Old\nTo: bo@b.example\n"
    found = find(plain(f"See below.\n\n{line}\n{fields}{again}\nHello.\n\nAnn{end}"), "Fwd: Old")

    assert found is not None
    assert found.text == "Hello.\n\nAnn"


FIELDS = [
    "От|Изпратено|До|Копие|Относно",
    "من|تاريخ الإرسال|إلى|نسخة|الموضوع",
    "Nuo|Išsiųsta|Kam|Kopija|Tema",
    "No|Nosūtīts|Kam|Kopija|Temats",
]


@pytest.mark.parametrize("names", FIELDS)
def test_fields_in_further_languages(names: str) -> None:
    values = ("Ann <ann@a.example>", "3.11.2026 16:02", "bo@b.example", "cy@c.example", "Old")
    head = "\n".join(f"{name}: {value}" for name, value in zip(names.split("|"), values, strict=True))
    found = find(plain(f"See below.\n\n________________________________\n{head}\n\nHello."), "FW: Old")

    assert found is not None
    assert (found.date, [address.address for address in found.cc], found.subject) == ("3.11.2026 16:02", ["cy@c.example"], "Old")


WHEN = "Tue, 3 Nov 2026 16:02:11 +0100"
NAMES = ["From", "Date", "Subject", "To"]
VALUES = ["Ann Berg <ann@a.example>", WHEN, "Old", "bo@b.example"]
SHAPES = {
    "all in one line": "{0}: {4} {1}: {5} {3}: {7} {2}: {6}",
    "behind the line that says forwarded": "---------- Forwarded message ---------- {0}: {4} {1}: {5} {2}: {6} {3}: {7}",
    "in one line below it": "-----Original Message-----\n{0}: {4} {1}: {5} {3}: {7} {2}: {6}",
    "two to a line": "----- Forwarded Message -----\n{0}: {4}  {3}: {7}\n{1}: {5}  {2}: {6}",
    "the subject behind the date": "----- Forwarded Message -----\n{0}: {4}\n{1}: {5} {2}: {6}\n{3}: {7}",
    "a blank line after each": "{0}: {4}\n\n{1}: {5}\n\n{3}: {7}\n\n{2}: {6}",
    "two blank lines after each": "---------- Forwarded message ----------\n\n\n{0}: {4}\n\n\n{1}: {5}\n\n\n{2}: {6}\n\n\n{3}: {7}",
    "without colons": "---------- Forwarded message ----------\n{0}\t{4}\n{1}\t{5}\n{2}\t{6}\n{3}\t{7}",
    "values below their names": "---------- Forwarded message ----------\n{0}\n{4}\n{1}\n{5}\n{2}\n{6}\n{3}\n{7}",
    "names in stars": "**{0}:** {4}\n**{1}:** {5}\n**{3}:** {7}\n**{2}:** {6}",
}


def is_read(email: Email) -> None:
    found = email.forwarded
    assert found is not None and found.sender is not None
    assert (found.sender.name, found.sender.address, found.date, found.subject) == ("Ann Berg", "ann@a.example", WHEN, "Old")
    assert [address.address for address in found.to] == ["bo@b.example"]
    assert (found.above, found.text) == ("Please look.", "It is broken.")


@pytest.mark.parametrize("names", [NAMES, ["Von", "Gesendet", "Betreff", "An"], ["De", "Envoyé", "Objet", "À"], ["差出人", "送信日時", "件名", "宛先"]])
@pytest.mark.parametrize("shape", SHAPES)
def test_header_lines_however_they_are_laid_out(shape: str, names: list[str]) -> None:
    text = f"Please look.\n\n{SHAPES[shape].format(*names, *VALUES)}\n\nIt is broken.\n"
    is_read(read(f"Subject: Fwd: Old\nContent-Type: text/plain; charset=utf-8\n\n{text}".encode()).email)


CELLS = ["<td>{}", "<th>{}", "<td>{}:", "<th>{}:"]
LAYOUTS = ["<tr>{0}{4}<tr>{1}{5}<tr>{2}{6}<tr>{3}{7}", "<tr>{0}{4}{1}{5}<tr>{3}{7}{2}{6}", "<tr>{0}{4}<tr>{1}{5}{2}{6}<tr>{3}{7}"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("cell", CELLS)
def test_tables_of_headers(layout: str, cell: str) -> None:
    if cell == "<td>{}" and layout != LAYOUTS[0]:
        pytest.skip("nothing parts a value from the next name")
    values = [f"<td>{value.replace('<', '&lt;')}" for value in VALUES]
    rows = layout.format(*(cell.format(name) for name in NAMES), *values)
    html = f"<p>Please look.<p>-------- Forwarded Message --------<table>{rows}</table><p>It is broken."
    is_read(read(f"Subject: Fwd: Old\nContent-Type: text/html; charset=utf-8\n\n{html}".encode()).email)


# Languages whose names are not listed, or in part: the values say what they are.
UNLISTED = [
    "---------- Mesej yang dimajukan ---------|Daripada|Tarikh|Subjek|Kepada",
    "-------- Прослеђена порука --------|Од|Датум|Наслов|За",
    "-------- Birbidalitako mezua --------|Nork|Data|Gaia|Nori",
    "-------- Teachtaireacht Seolta Ar Aghaidh --------|Ó|Dáta|Ábhar|Chuig",
    "-------- Mesazh i Përcjellë --------|Nga|Data|Subjekti|Për",
    "---------- अग्रेषित संदेश ---------|प्रेषक|दिनांक|विषय|प्रति",
    "---------- پیام ارسال‌شده ---------|از|تاریخ|موضوع|به",
    "-------- გადაგზავნილი წერილი --------|გამგზავნი|თარიღი|თემა|ადრესატი",
    "-------- Վերահասցէագրված --------|Ումից|Ամսաթիվ|Թեմա|Ում",
    "-------- Yönləndirilmiş mesaj --------|Kimdən|Tarix|Mövzu|Kimə",
    "-------- Áframsend skilaboð --------|Frá|Dagsetning|Efni|Til",
]


@pytest.mark.parametrize("subject", ["Fwd: Old", "Ынт: Old", "Fwd: another one"])
@pytest.mark.parametrize("line", UNLISTED)
def test_a_language_that_is_not_listed(line: str, subject: str) -> None:
    head, *names = line.split("|")
    fields = "\n".join(f"{name}: {value}" for name, value in zip(names, VALUES, strict=True))
    text = f"Please look.\n\n{head}\n{fields}\n\nIt is broken.\n"
    is_read(read(f"Subject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}".encode()).email)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        # A form that names places, and fields that share lines with other words.
        ("Move", "Please order.\n\nFrom: Berlin\nTo: Paris\nDate: 3.11.2026\nSubject: Move"),
        ("Login", "The log says From: a To: b Date: 3.11.2026 Subject: y, please look"),
        ("Contact form", "Naam: Ann\nE-mail: ann@a.example\nWanneer: 3.11.2026 16:02\nOnderwerp: printer"),
        ("Fwd: order", "----- Bestelling -----\nNaam: Ann\nE-mail: ann@a.example\nWanneer: 3.11.2026 16:02\nArtikel: toner"),
    ],
)
def test_forms_are_no_forwards(subject: str, text: str) -> None:
    assert read(f"Subject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}".encode()).email.forwarded is None


def test_the_footer_of_an_app_is_no_word_above_a_forward() -> None:
    html = (
        "<div>Please look.</div><div id=ms-outlook-mobile-signature>Get <a href='https://a.example/x'>Outlook for iOS</a></div>"
        "<div id=mail-editor-reference-message-container><hr><div id=divRplyFwdMsg>"
        + "<br>".join(f"<b>{name}:</b> {value.replace('<', '&lt;')}" for name, value in zip(NAMES, VALUES, strict=True))
        + "</div><p>It is broken.</p></div>"
    )
    is_read(read(f"Subject: Fw: Old\nContent-Type: text/html; charset=utf-8\n\n{html}".encode()).email)


@pytest.mark.parametrize(
    ("line", "address", "name"),
    [
        ("From: Bob <bob@acme.example> on behalf of Ann Archer <ann@acme.example>", "ann@acme.example", "Ann Archer"),
        ("Von: Bob <bob@acme.example> im Auftrag von Ann <ann@acme.example>", "ann@acme.example", "Ann"),
        ("From: Ann <ann@acme.example> via Support <list@msp.example>", "ann@acme.example", "Ann"),
        ("From: Ann <ann@acme.example> <bob@acme.example>", "ann@acme.example", "Ann"),
        ("From: Ann <ann@acme.example<mailto:ann@acme.example>>", "ann@acme.example", "Ann"),
    ],
)
def test_who_wrote_is_in_whose_name_it_is(line: str, address: str, name: str) -> None:
    text = f"fyi\n\n{line}\nSent: Monday, November 2, 2026 9:29 AM\nTo: Tess\nSubject: Printer\n\nIt is broken."
    found = find(plain(text), "FW: Printer")
    assert found is not None and found.sender is not None
    assert (found.sender.address, found.sender.name) == (address, name)


@pytest.mark.parametrize("clock", ["9:29 AM", "9:29 p.m.", "21:29"])
def test_the_hour_is_no_part_of_a_name(clock: str) -> None:
    found = find(plain(f"fyi\n\nOn Mon, Nov 2, 2026 at {clock} Ann Archer <ann@acme.example> wrote:\n> It is broken."), "Fwd: x")
    assert found is not None and found.sender is not None and found.sender.name == "Ann Archer"


def test_an_address_that_is_a_link_alone() -> None:
    page = "<p>fyi</p><hr><p><b>From:</b> <a href='mailto:ann@acme.example?subject=x'>Ann Archer</a><br><b>Sent:</b> Monday, "
    page += "November 2, 2026 9:29 AM<br><b>To:</b> <a href='mailto:tess@msp.example'>Tess</a>; <a href='mailto:bob@acme.example'>Bob</a><br>"
    page += "<b>Subject:</b> Printer</p><p>It is broken.</p>"
    head = b"From: Tess <tess@msp.example>\r\nSubject: FW: Printer\r\nContent-Type: text/html\r\n\r\n"
    found = read(head + page.encode()).email.forwarded
    assert found is not None and found.sender is not None
    assert (found.sender.address, found.sender.name) == ("ann@acme.example", "Ann Archer")
    assert [person.address for person in found.to] == ["tess@msp.example", "bob@acme.example"]
