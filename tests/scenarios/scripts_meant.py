"""What programs of many kinds write stands at the desk as it was meant: words, numbers, times, targets and files.

Each row is a mail of Alice in a shape that a reader can get wrong, and what its ticket must show.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from gateway import blocks
from gateway.blocks.tags import WORD_JOINER
from tests.mail.test_as_meant import HEIC, PDF
from tests.mail.test_tnef import APPOINTMENT, attached, attribute, item, properties, when, words
from tests.scenarios.scripts import ALICE, Row, Scenario
from tests.scenarios.scripts_files import files
from tests.scenarios.stage import M, Stage

HTML = "text/html; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"


@dataclass
class Meant:
    """``shown`` and ``unseen`` are words of the ticket, ``documents`` the names of its files."""

    name: str
    body: bytes
    shown: list[str]
    unseen: list[str] = field(default_factory=list)
    kind: str = PLAIN
    head: str = ""
    subject: bytes = b"Printer"
    documents: list[str] = field(default_factory=list)

    def mail(self, number: int) -> M:
        head = f"From: {ALICE}\r\nTo: support@msp.example\r\nMessage-ID: <meant-{number}-{id(self)}@acme.example>\r\n"
        head += f"Date: Sun, 22 Nov 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\n{self.head}Content-Type: {self.kind}\r\nSubject: "
        return M(str(number), ALICE, after=7200.0, raw=head.encode() + self.subject + b"\r\n\r\n" + self.body)

    def is_right(self, stage: Stage, number: int) -> bool:
        text = blocks.words(stage.ticket(number)["attributes"]["description"]).replace(WORD_JOINER, "")
        names = sorted(name for name, _ in files(stage, number))
        return all(word in text for word in self.shown) and not any(word in text for word in self.unseen) and names == sorted(self.documents)


def page(name: str, html: str, shown: list[str], unseen: list[str] | None = None, **more: str) -> Meant:
    return Meant(name, html.encode(), shown, unseen or [], HTML, **more)


def parts(*found: tuple[str, bytes], kind: str = "mixed") -> tuple[bytes, str]:
    body = b"".join(b"--b\r\n" + head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in found)
    return body + b"--b--\r\n", f"multipart/{kind}; boundary=b"


def several(name: str, *found: tuple[str, bytes], shown: list[str], documents: list[str] | None = None, kind: str = "mixed") -> Meant:
    body, content_type = parts(*found, kind=kind)
    return Meant(name, body, shown, kind=content_type, documents=documents or [])


def event(name: str, method: str, *lines: str, shown: list[str], unseen: list[str] | None = None) -> Meant:
    text = "\r\n".join(["BEGIN:VCALENDAR", f"METHOD:{method}", "BEGIN:VEVENT", "SUMMARY:Server room", *lines, "END:VEVENT", "END:VCALENDAR", ""])
    documents = [] if method == "REPLY" else ["invitation.ics"]
    return Meant(name, text.encode(), shown, unseen or [], f"text/calendar; charset=utf-8; method={method}", documents=documents)


def winmail(name: str, message_class: str, *attributes: bytes, shown: list[str], documents: list[str] | None = None, page: int = 1252) -> Meant:
    data = base64.encodebytes(item(message_class, *attributes, code_page=page))
    return Meant(name, data, shown, kind="application/ms-tnef; name=winmail.dat", head="Content-Transfer-Encoding: base64\r\n", documents=documents or [])


OUTLOOK = "X-Mailer: Microsoft Outlook 16.0\r\nThread-Index: AdxYzA==\r\n"
PDF64 = base64.encodebytes(PDF)
NAMED = "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; "
REPORT = (
    b"From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail Returned to Sender\r\nContent-Type: multipart/report; "
    b"report-type=delivery-status; boundary=r\r\n\r\n--r\r\n\r\n<cy@x.example>: 550 5.1.1 user unknown\r\n--r\r\nContent-Type: "
    b"message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; cy@x.example\r\nAction: failed\r\n"
    b"Status: 5.1.1\r\n--r--\r\n"
)

STATUS = b"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; cy@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"

GROUPS: dict[str, list[Meant]] = {
    "people write about absences, numbers and reports": [
        Meant("Dutch, of a program", b"It is sent twice.", ["It is sent twice."], head=OUTLOOK, subject=b"Afwezigheidsbericht werkt niet"),
        Meant("French, of a phone", b"How do I write it?", ["How do I write it?"], head="X-Mailer: iPhone Mail (23B82)\r\n", subject=b"Absence: le message d'absence"),
        Meant("a parcel", b"Your parcel could not be delivered, code 550. Call 451 4711.", ["code 550"], subject=b"Delivery failed"),
        Meant("a power supply", b"Load 552 VA, 421 W, Service 503.", ["552 VA"], subject=b"UPS status"),
        several("a report shown by a phone", ("Content-Type: text/plain", b"What does this mean?"), ("Content-Type: message/rfc822", REPORT),
                shown=["What does this mean?"], documents=["Undelivered Mail Returned to Sender.eml"]),
        several("a report saved as a file", ("Content-Type: text/html", b"<p>Was ist das?"),
                ("Content-Type: application/octet-stream; name=bounce.eml\nContent-Disposition: attachment; filename=bounce.eml", REPORT),
                shown=["Was ist das?"], documents=["bounce.eml"]),
        several("the details of a report as a file", ("Content-Type: text/plain", b"Why did it fail?"),
                ("Content-Type: message/delivery-status; name=details.txt\nContent-Disposition: attachment; filename=details.txt", STATUS),
                shown=["Why did it fail?"], documents=["details.txt"]),
    ],
    "what a reader sees of a page, and nothing else": [
        page("a size set anew by a class", "<style>.t{font-size:14px}</style><td style='font-size:0'><p class=t>Licence LX ends", ["Licence LX ends"]),
        page("a button on a dark cell", "<table bgcolor=white><tr><td bgcolor='#036'><a href='https://a.example/' style='color:hsl(0,0%,100%)'>Renew now", ["Renew now"]),
        page("white on white", "<body bgcolor=white><font color='#ffffff'>not displayed</font>Hello", ["Hello"], ["not displayed"]),
        page("a box of one pixel", "<div style='width:1px;height:1px;overflow:hidden'>not displayed</div>Hello", ["Hello"], ["not displayed"]),
        page("a form as it was filled in", "<p>Room: <input value=312><p>Floor: <select><option>2<option selected>3</select>", ["Room: 312", "Floor: 3"]),
        page("a placeholder that nobody escaped", "<p>Enter <servername> and write to <cy@x.example>", ["<servername>", "<cy@x.example>"]),
        page("powers", "<p>10<sup>6</sup> pages of 2 m<sup>2</sup>", ["10⁶ pages of 2 m²"], ["106"]),
        page("what scripts would replace", "<noscript>The door is shut.</noscript>", ["The door is shut."]),
    ],
    "lists, signs and targets": [
        page("a list that goes on behind a picture", "<ol><li>Open</ol><p>see</p><ol start=2><li>Export<li>Fails", ["3. Fails"]),
        page("numbers of items", "<ol type=a><li value=3>Cable<li>Screen</ol><table><tr><td>x</table>", ["c. Cable", "d. Screen"]),
        page("bullets of Word", "<p><span style='font-family:Symbol'>·<span style='font:7pt \"Times New Roman\"'>&nbsp; </span></span>Toner", ["•\u00a0 Toner"], ["€"]),
        page("a smiley and an arrow", "<p>thanks <span style='font-family:Wingdings'>J</span> Start <font face=Wingdings>à</font> Printers", ["☺", "Start → Printers"]),
        page("an emoji of the web", "<p>Thanks <img src='https://a.example/e.png' alt='👍'>", ["Thanks 👍"]),
        page("a share", "<a href='file://fs01/sales/List%202026.xlsx'>the list</a>", ["\\\\fs01\\sales\\List 2026.xlsx"]),
        page("a chat and a notebook", "<a href='sip:bo@a.example'>Bo</a>, <a href='onenote:https://a.example/n'>notes</a>", ["sip:bo@a.example", "onenote:https://a.example/n"]),
        page("cells in their columns", "<table border=1><tr><th>Room<th>Name<tr><td rowspan=2>312<td>Ann<tr><td>Bo</table>", ["312\nAnn\n\nBo"]),
    ],
    "charsets": [
        Meant("wide characters that are none", b"Please come today!", ["Please come today!"], kind="text/plain; charset=ucs-2"),
        Meant("a page that says unicode", b"<meta charset=unicode><p>Please come today!", ["Please come today!"], kind="text/html"),
        Meant("Greek without a label", "Ο εκτυπωτής δεν λειτουργεί.".encode("cp1253"), ["Ο εκτυπωτής δεν λειτουργεί."], kind="text/plain"),
        Meant("Hebrew as ASCII", "המדפסת לא מדפיסה.".encode("cp1255"), ["המדפסת לא מדפיסה."], kind="text/plain; charset=us-ascii"),
        Meant("Japanese as UTF-8", "プリンターが動きません。".encode("cp932"), ["プリンターが動きません。"]),
        Meant("a footer in another charset", "Принтер не работает, помогите.\n".encode() * 3 + b"Gr\xfc\xdfe", ["Принтер не работает", "Grüße"]),
        Meant("a subject in another charset", b"x", ["x"], subject="Принтер".encode("koi8-r")),
        Meant("base64 that nobody names", base64.b64encode(b"The door of room 4 is shut, please come and open it."), ["The door of room 4"]),
    ],
    "files": [
        several("Russian names", ("Content-Type: text/plain; charset=koi8-r", b"x"), (NAMED + "filename*=koi8-r''%F3%DE%A3%D4.pdf", PDF64), shown=["x"], documents=["Счёт.pdf"]),
        several("an escaped name", ("Content-Type: text/plain", b"x"), (NAMED + 'filename="Angebot%20M%C3%A4rz.pdf"', PDF64), shown=["x"], documents=["Angebot März.pdf"]),
        several("a dot and no ending", ("Content-Type: text/plain", b"x"), (NAMED + 'filename="Scan 27.11.2026"', PDF64), shown=["x"], documents=["Scan 27.11.2026.pdf"]),
        several("quotation marks", ("Content-Type: text/plain", b"x"), (NAMED + 'filename="Offer "A" v2.1"', PDF64), shown=["x"], documents=['Offer "A" v2.1.pdf']),
        several("a photo of a phone", ("Content-Type: text/html", b"<p>See <img src='cid:p@x'>"),
                ("Content-Type: image/jpeg; name=IMG_1.jpg\nContent-Transfer-Encoding: base64\nContent-ID: <p@x>", base64.encodebytes(HEIC)),
                shown=["See"], documents=["IMG_1.jpg"], kind="related"),
        several("a fax", ("Content-Type: text/plain", b"Fax of 030 1234"), ("Content-Type: image/tiff\nContent-Disposition: inline", b"II*\0\x08\0\0\0"),
                shown=["Fax of 030 1234"], documents=["image.tif"]),
        several("two forms with names", ("Content-Type: text/plain; name=body.txt", b"The lift is stuck."), ("Content-Type: text/html; name=body.html", b"<p>The lift is stuck."),
                shown=["The lift is stuck."], kind="alternative"),
        several("words behind a file, of Exchange", ("Content-Type: text/plain", b"First."), (NAMED + "filename=a.pdf", PDF64),
                ("Content-Type: text/plain; name=ATT00001.txt\nContent-Disposition: inline; filename=ATT00001.txt", b"Then call me."), shown=["First.", "Then call me."], documents=["a.pdf"]),
    ],
    "calendars and winmail.dat": [
        event("declined in Google", "REPLY", 'ATTENDEE;PARTSTAT=DECLINED;X-RESPONSE-COMMENT="We are closed":mailto:alice@acme.example', shown=["Declined: Server room", "We are closed"]),
        event("another time", "COUNTER", "DTSTART:20261203T100000Z", "ATTENDEE;PARTSTAT=TENTATIVE:mailto:alice@acme.example", "COMMENT:Ten is better", shown=["Ten is better", "2026-12-03 10:00 UTC"]),
        event("whole days", "REQUEST", "DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261203", shown=["2026-12-01 to 2026-12-02 (all day)"]),
        event("folded with a tab", "REQUEST", "LOCATION:Sal\r\n\ta 4", "DTSTART:20261201T090000Z", "DURATION:PT90M", shown=["Where: Sala 4", "to 10:30"]),
        winmail("a meeting", "IPM.Schedule.Meeting.Request", attribute(1, 0x00018004, b"Move\0"), when(6, 2026, 12, 1, 9, 0), when(7, 2026, 12, 1, 11, 0),
                properties(words(0x8208, "Room 4", APPOINTMENT)), shown=["2026-12-01 09:00", "Room 4"], documents=["winmail.dat"]),
        winmail("a name in Korean", "IPM.Note", attribute(1, 0x0002800C, "주문서".encode("cp949") + b"\0"), attached("주문서.xls".encode("cp949")),
                shown=["주문서"], documents=["주문서.xls"], page=949),
    ],
}  # fmt: skip


def scenario(name: str, group: list[Meant]) -> Scenario:
    rows: list[Row] = [(meant.mail(number), f"ticket {number}") for number, meant in enumerate(group, 1)]

    def check(stage: Stage) -> bool:
        if len(stage.order) < len(group):
            return False
        wrong = [meant.name for number, meant in enumerate(group, 1) if not meant.is_right(stage, number)]
        assert not wrong, wrong
        return True

    return Scenario(f"as it was meant: {name}", rows, check=check)


ALL = [scenario(name, group) for name, group in GROUPS.items()]
