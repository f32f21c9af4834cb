"""Lines that introduce an older mail, as mail programs of many languages write them, whole and wrapped."""

from __future__ import annotations

import pytest

from gateway.mail.lines import plain
from gateway.mail.reply import reply_of

ATTRIBUTIONS = [
    "On Mon, Nov 2, 2026 at 9:00 AM Bo Berg <bo@desk.example> wrote:",
    "On Monday, November 2, 2026, Bo Berg <bo@desk.example> wrote:",
    "On 2 Nov 2026, at 09:00, Bo Berg <bo@desk.example> wrote:",
    "On 11/2/26 9:00 AM, Bo Berg wrote:",
    "On Nov 2, 2026 9:00 AM, \"Bo Berg\" <bo@desk.example> wrote:",
    "On Monday, November 2nd, 2026 at 9:00 AM, Bo Berg <bo@desk.example> wrote:",
    "Wiadomość napisana przez Bo Berg w dniu 2 lis 2026, o godz. 09:00:",
    "Wiadomość napisana przez bo@desk.example w dniu 02.11.2026, o godz. 09:00:",
    "Am 2.11.2026\num 09:00 schrieb Bo Berg\n<bo@desk.example>:",
    "On 2/11/2026\nat 09:00 Bo Berg wrote:",
    "-------- Original message --------From: Bo Berg <bo@desk.example> Date: 02/11/2026  09:00  (GMT+01:00) To: "
    "ann@customer.example Subject: Re: The printer on the second floor, which prints stripes since last Monday",
    "-------- Ursprüngliche Nachricht --------Von: Bo Berg Datum: 02.11.26  09:00  (GMT+01:00) An: ann@customer.example "
    "Betreff: Re: Der Drucker im zweiten Stock, der seit letztem Montag nur noch Streifen druckt",
    "Am 02.11.26 um 09:00 schrieb Bo Berg\nVon: \"Bo Berg\" <bo@desk.example>\nDatum: 2. November 2026\nAn: Ann",
    "On Mon, 02 Nov 2026 09:00:00 +0100, Bo Berg <bo@desk.example> wrote:",
    "---- On Mon, 02 Nov 2026 09:00:00 +0100 Bo Berg <bo@desk.example> wrote ----",
    "------- Original Message -------\nOn Monday, November 2nd, 2026 at 9:00 AM, Bo Berg <bo@desk.example> wrote:",
    "Bo Berg <bo@desk.example> wrote:",
    "Bo Berg <bo@desk.example> writes:",
    "Bo Berg wrote on 2/11/2026 9:00 AM:",
    "From: Bo Berg <bo@desk.example>\nDate: Mon, 2 Nov 2026 09:00\nTo: Ann <ann@customer.example>\nSubject: Re: printer",
    "2026-11-02 9:00 GMT+01:00 Bo Berg <bo@desk.example>:",
    "2026/11/2 Bo Berg <bo@desk.example>",
    "Am 02.11.2026 um 09:00 schrieb Bo Berg:",
    "Am Mo., 2. Nov. 2026 um 09:00 Uhr schrieb Bo Berg <bo@desk.example>:",
    "Bo Berg <bo@desk.example> schrieb am Mo., 2. Nov. 2026, 09:00:",
    "Le lun. 2 nov. 2026 à 09:00, Bo Berg <bo@desk.example> a écrit :",
    "Le 02/11/2026 à 09:00, Bo Berg a écrit :",
    "El lun, 2 nov 2026 a las 9:00, Bo Berg (<bo@desk.example>) escribió:",
    "El 2/11/26 a las 9:00, Bo Berg escribió:",
    "Il giorno lun 2 nov 2026 alle ore 09:00 Bo Berg <bo@desk.example> ha scritto:",
    "Il 02/11/2026 09:00, Bo Berg ha scritto:",
    "Em seg., 2 de nov. de 2026 às 09:00, Bo Berg <bo@desk.example> escreveu:",
    "Em 02/11/2026 09:00, Bo Berg escreveu:",
    "A segunda, 2/11/2026, 09:00, Bo Berg <bo@desk.example> escreveu:",
    "Op ma 2 nov. 2026 om 09:00 schreef Bo Berg <bo@desk.example>:",
    "Op 2 nov. 2026 om 09:00 heeft Bo Berg <bo@desk.example> het volgende geschreven:",
    "Den mån 2 nov. 2026 kl 09:00 skrev Bo Berg <bo@desk.example>:",
    "2 nov. 2026 kl. 09:00 skrev Bo Berg <bo@desk.example>:",
    "Den man. 2. nov. 2026 kl. 09.00 skrev Bo Berg <bo@desk.example>:",
    "man. 2. nov. 2026 kl. 09:00 skrev Bo Berg <bo@desk.example>:",
    "ma 2. marrask. 2026 klo 9.00 Bo Berg (bo@desk.example) kirjoitti:",
    "Bo Berg <bo@desk.example> kirjoitti 2.11.2026 kello 9.00:",
    "pon., 2 lis 2026 o 09:00 Bo Berg <bo@desk.example> napisał(a):",
    "W dniu 2.11.2026 o 09:00, Bo Berg pisze:",
    "Dnia 2 listopada 2026 09:00 Bo Berg <bo@desk.example> napisał(a):",
    "po 2. 11. 2026 v 9:00 odesílatel Bo Berg <bo@desk.example> napsal:",
    "Dne 2. 11. 2026 v 9:00 Bo Berg napsal(a):",
    "po 2. 11. 2026 o 9:00 Bo Berg <bo@desk.example> napísal(a):",
    "Bo Berg <bo@desk.example> ezt írta (időpont: 2026. nov. 2., H, 9:00):",
    "2026. 11. 02. 9:00 keltezéssel, Bo Berg írta:",
    "În lun., 2 nov. 2026 la 09:00, Bo Berg <bo@desk.example> a scris:",
    "пн, 2 нояб. 2026 г. в 09:00, Bo Berg <bo@desk.example>:",
    "2 ноября 2026 г. 9:00 пользователь Bo Berg <bo@desk.example> написал:",
    "02.11.2026 9:00, Bo Berg пишет:",
    "пн, 2 лист. 2026 р. о 09:00 Bo Berg <bo@desk.example> пише:",
    "На пн, 2.11.2026 г. в 9:00 Bo Berg <bo@desk.example> написа:",
    "Στις Δευ, 2 Νοε 2026 στις 9:00 π.μ., ο χρήστης Bo Berg <bo@desk.example> έγραψε:",
    "Bo Berg <bo@desk.example>, 2 Kas 2026 Pzt, 09:00 tarihinde şunu yazdı:",
    "Vào 09:00, Th 2, 2 thg 11, 2026 Bo Berg <bo@desk.example> đã viết:",
    "Pada Sen, 2 Nov 2026 09:00, Bo Berg <bo@desk.example> menulis:",
    "Bo Berg <bo@desk.example> 于2026年11月2日周一 09:00写道：",
    "在 2026年11月2日，09:00，Bo Berg <bo@desk.example> 写道：",
    "Bo Berg <bo@desk.example> 於 2026年11月2日 週一 上午9:00寫道：",
    "2026年11月2日(月) 9:00 Bo Berg <bo@desk.example>:",
    "2026年11月2日(月) 9:00 Bo Berg <bo@desk.example> のメッセージ:",
    "2026년 11월 2일 (월) 오전 9:00, Bo Berg <bo@desk.example>님이 작성:",
    "‫בתאריך יום ב׳, 2 בנוב׳ 2026 ב-9:00 מאת ‪Bo Berg‬‏ <‪bo@desk.example‬‏>:‬",
    "في الاثنين، 2 نوفمبر 2026 في 9:00 ص تمت كتابة ما يلي بواسطة Bo Berg <bo@desk.example>:",
    "Dana pon, 2. stu 2026. u 09:00 Bo Berg <bo@desk.example> napisao je:",
    "V pon., 2. nov. 2026 ob 09:00 je oseba Bo Berg <bo@desk.example> napisala:",
    "Kuupäev E, 2. november 2026 kell 09:00 kirjutas Bo Berg <bo@desk.example>:",
    "2026-11-02, pr, 09:00 Bo Berg <bo@desk.example> rašė:",
    "El dl., 2 de nov. 2026, 9:00, Bo Berg <bo@desk.example> va escriure:",
    "-----Ursprüngliche Nachricht-----\nVon: Bo Berg <bo@desk.example>\nGesendet: Montag, 2. November 2026 09:00\nAn: Ann",
    "-----Message d'origine-----\nDe : Bo Berg\nEnvoyé : lundi 2 novembre 2026 09:00\nÀ : Ann\nObjet : imprimante",
    "________________________________\nDe: Bo Berg <bo@desk.example>\nEnviado: lunes, 2 de noviembre de 2026 9:00\nPara: Ann\nAsunto: x",
    "*Fra:* Bo Berg <bo@desk.example>\n*Sendt:* 2. november 2026 09:00\n*Til:* Ann\n*Emne:* x",
    "Da: Bo Berg\nInviato: lunedì 2 novembre 2026 09:00\nA: Ann\nOggetto: x",
    "Från: Bo Berg\nSkickat: den 2 november 2026 09:00\nTill: Ann\nÄmne: x",
    "Lähettäjä: Bo Berg\nLähetetty: maanantai 2. marraskuuta 2026 9.00\nVastaanottaja: Ann\nAihe: x",
    "От: Bo Berg <bo@desk.example>\nОтправлено: 2 ноября 2026 г. 9:00\nКому: Ann\nТема: x",
    "发件人: Bo Berg <bo@desk.example>\n发送时间: 2026年11月2日 9:00\n收件人: Ann\n主题: x",
    "差出人: Bo Berg <bo@desk.example>\n送信日時: 2026年11月2日 9:00\n宛先: Ann\n件名: x",
    "보낸 사람: Bo Berg <bo@desk.example>\n보낸 날짜: 2026년 11월 2일 9:00\n받는 사람: Ann\n제목: x",
    "Kimden: Bo Berg\nGönderildi: 2 Kasım 2026 Pazartesi 09:00\nKime: Ann\nKonu: x",
    "Von: Bo Berg [mailto:bo@desk.example]\nGesendet: Montag, 2. November 2026 09:00\nAn: Ann; Cy;\nDi\nBetreff: x",
]  # fmt: skip


@pytest.mark.parametrize("line", ATTRIBUTIONS)
def test_the_old_mail_is_cut(line: str) -> None:
    reply = reply_of(plain(f"New words.\n\n{line}\n\nOld words.\n"))
    assert reply.text == "New words."


@pytest.mark.parametrize("line", [attribution for attribution in ATTRIBUTIONS if "\n" not in attribution and len(attribution) > 60 and "<" in attribution])
def test_a_wrapped_one_is_cut_with_its_quote(line: str) -> None:
    half = line.rfind(" ", 0, len(line) * 2 // 3)
    reply = reply_of(plain(f"New words.\n\n{line[:half]}\n{line[half + 1 :]}\n> Old words.\n"))
    assert reply.text == "New words."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote:\nnothing happened since.",
        "On this day\n\nI wrote something\n\nwhich was interesting.",
        "He said at 9:00 that he wrote:\nthe file, the log and the mail.",
        "The steps are:\nFrom: the menu choose Print\nTo: get there, click twice.",
        "From: Berlin\nTo: Munich\nwe drove in 5 hours.",
        "Please note the following:\n2026-11-02 09:00 error in bo@desk.example: mailbox full",
        "To: do list\nDate: open\n- call Bo",
        "The log says:\n2026-11-02 09:00:01 INFO started\n2026-11-02 09:00:02 ERROR failed:",
        "Am Montag um 9:00 habe ich angerufen. Niemand hat geschrieben:\ndas ist schlecht.",
        "I see \"error: 550\" on 2.11.2026:\nwhat is it?",
        "Subject: to change\nwe should meet.",
        "--------\nnot a signature but a line\nof several sentences that go on. And on.\n--------\nmore words here.",
        "Please merge:\n\n2026-11-02  Bo Berg  <bo@desk.example>\n\n\t* spool.c (print): Close the file.\n\nIs it right?",
        "> quoted command\nthis is what I ran, and then\n> another one\nand it failed.",
    ],
)  # fmt: skip
def test_words_of_people_are_kept(text: str) -> None:
    assert reply_of(plain(text)).text == text


@pytest.mark.parametrize("closing", ["Kind regards", "Freundliche Grüße", "Thanks, Ann Archer"])
@pytest.mark.parametrize("line", ["Bo Berg wrote on 2 Nov 2026 at 09:00:", "bo_berg schrieb am Mo. 2. November 2026 um 09:00:"])
def test_a_closing_right_above_an_attribution_is_the_writers(closing: str, line: str) -> None:
    assert closing in reply_of(plain(f"New words.\n{closing}\n{line}\n\nOld words.\n")).text


@pytest.mark.parametrize("mark", "|:}%")
def test_words_between_lines_with_another_mark_of_quoting_stay(mark: str) -> None:
    quote = f"Bo Berg <bo@desk.example> wrote:\n{mark} Which tray?\n{mark} The first?"
    reply = reply_of(plain(f"Hello.\n\n{quote}\n\nThe second.\n\n{mark} Paper?\n\nA4.\n"))
    assert {"Hello.", "The second.", "A4."} <= set(reply.text.split("\n"))
    once = reply_of(plain(f"Hello.\n\n{quote}\n"))
    assert (once.text, once.quoted) == ("Hello.", quote)


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone", "Sent from my Samsung Galaxy smartphone.", "Get Outlook for iOS<https://aka.ms/o0ukef>", "Sent from Yahoo Mail on Android",
        "Von meinem iPhone gesendet", "Gesendet von Mail für Windows", "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        "Envoyé de mon iPhone", "Télécharger Outlook pour Android", "Enviado desde mi iPhone", "Enviado do meu iPhone", "Inviato da iPhone", "Verstuurd vanaf mijn iPhone",
        "Skickat från min iPhone", "Sendt fra min iPhone", "Lähetetty iPhonesta", "Wysłane z iPhone'a", "Отправлено с iPhone", "Надіслано з iPhone", "Odesláno z iPhonu",
        "iPhone'umdan gönderildi", "Στάλθηκε από το iPhone μου", "iPhoneから送信", "发自我的 iPhone", "나의 iPhone에서 보냄", "Gửi từ iPhone của tôi", "Đã gửi từ iPhone của tôi", "Az iPhone-omról küldve", "Dihantar daripada iPhone saya", "\u202bأُرسلت من الـ iPhone\u202c",  "נשלח מה-iPhone שלי", "أُرسلت من الـ iPhone",
    ],
)  # fmt: skip
def test_footers_of_phones_are_signatures(line: str) -> None:
    reply = reply_of(plain(f"New words.\n\n{line}\n"))
    assert (reply.text, reply.signature) == ("New words.", line)


@pytest.mark.parametrize(
    "line",
    [
        "Sent by courier on Monday.", "Sent with DHL, number 123.", "Von meinem Kollegen weiß ich nichts.", "Sent via the warehouse in Ulm",
        "Gesendet mit der Post", "Sent from my desk, is much easier than from home.", "Envoyé par la poste hier", "Inviato da Mario ieri", "Posted via the front desk", "Sent by mail yesterday", "Sent with happy greetings", "Das Paket wurde gesendet",
    ],
)  # fmt: skip
def test_last_words_of_people_are_no_footers(line: str) -> None:
    assert reply_of(plain(f"New words.\n\n{line}\n")).text == f"New words.\n\n{line}"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Words.\n\n-- \nAnn\nBoss", "Words."),
        ("Words.\n--\nAnn", "Words."),
        ("Words.\n\n—\nAnn\nBoss", "Words."),
        ("Words.\n\n-Ann Berg", "Words."),
        ("Words.\n\n—\nSent from Mailbox", "Words."),
        ("Words.\n\n--\n\nSent from my iPhone", "Words."),
        (
            "Words.\n\n---\nA second section with a sentence that is certainly longer than any line of a card.\nMore.",
            None,
        ),
        ("Words.\n\n---\n" + "\n".join(f"step {n}" for n in range(12)), None),
        ("-- \nAnn", None),
        ("- one\n- two", None),
        ("Call me:\n\nAnn Berg\nann@customer.example\n+49 731 123456", None),
    ],
)
def test_signatures_by_delimiter(text: str, kept: str | None) -> None:
    assert reply_of(plain(text)).text == (text if kept is None else kept)
