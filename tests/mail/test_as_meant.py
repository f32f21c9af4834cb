"""Charsets, names, forms and reports of a mail, as their sender meant them."""

from __future__ import annotations

import base64
import mimetypes

import pytest

from gateway.mail.charset import decode
from gateway.mail.headers import date_of
from gateway.mail.names import guessed_type, with_ending
from gateway.mail.read import read
from gateway.model.email import Email
from tests.mail.test_charset import RUSSIAN

PDF = b"%PDF-1.4\n%%EOF\n"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")


def mail(body: bytes, content_type: str = "multipart/mixed; boundary=b", subject: bytes = b"s") -> Email:
    head = b"From: ann@customer.example\r\nTo: help@desk.example\r\nSubject: " + subject + b"\r\nMIME-Version: 1.0\r\n"
    return read(head + f"Content-Type: {content_type}\r\n\r\n".encode() + body).email


def part(content_type: str, content: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join([b"--b", f"Content-Type: {content_type}".encode(), *fields, b"", content, b""])


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        (b"Please come today, nobody!", "utf-16", "Please come today, nobody!"),
        (b"Please come today, nobody!", "unicode", "Please come today, nobody!"),
        (b"Please come today, nobody!", "utf-16be", "Please come today, nobody!"),
        (b"Please come today, nobody!..", "utf-32", "Please come today, nobody!.."),
        ("Tür in Köln öffnet nicht".encode(), "utf-16", "Tür in Köln öffnet nicht"),
        ("Tür in Köln öffnet nicht".encode("cp1252"), "unicode", "Tür in Köln öffnet nicht"),
        ("門が開かない".encode(), "utf-16", "門が開かない"),
        # True ones, and with the octets in the order that their blanks show.
        ("Please come".encode("utf-16"), "utf-16", "Please come"),
        ("Please come".encode("utf-16-be"), "utf-16", "Please come"),
        ("Please come".encode("utf-16-le"), "utf-16", "Please come"),
        ("門が 開かない".encode("utf-16-be"), "utf-16be", "門が 開かない"),
    ],
)
def test_a_label_that_cannot_be_true_is_not_believed(data: bytes, label: str, text: str) -> None:
    assert decode(data, label)[0] == text


def test_a_type_the_wrong_way_round_is_a_text() -> None:
    for kind in ("plain/text", "text/text", "text"):
        found = mail(b"The door is shut", kind)
        assert (found.text, found.attachments) == ("The door is shut", ()), kind
    assert mail(b"<p>The door <b>is</b> shut</p>", "html/text").text == "The door is shut"
    spoken = mail(b"T=C3=BCr", "text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted_printable")
    assert spoken.text == "Tür"


@pytest.mark.parametrize("label", ["unicode", "utf-16", "UTF-16LE"])
def test_a_page_that_names_wide_characters_in_ascii_has_none(label: str) -> None:
    page = f"<html><meta charset={label}><p>The door of room 4 is shut</p></html>"
    assert mail(page.encode(), "text/html").text == "The door of room 4 is shut"
    assert mail((page + "é ").encode(), "text/html").text == "The door of room 4 is shut\n\né"


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Принтер не работает", "cp1251"),
        ("Принтер не работает", "koi8_r"),
        ("СРОЧНО: ПРИНТЕР СТОИТ", "cp1251"),
        ("СРОЧНО: ПРИНТЕР СТОИТ", "koi8_r"),
        ("Сервер 4711", "cp1251"),
        (RUSSIAN, "koi8_r"),
        ("打印机无法工作，请帮助", "gb18030"),
        ("Störung: Käse, Grüße, Öl", "cp1252"),
        ("Ça n'a pas marché à l'été", "cp1252"),
    ],
)
def test_a_short_text_without_a_label(text: str, charset: str) -> None:
    assert decode(text.encode(charset))[0] == text
    assert mail(b"x", "text/plain", subject=text.encode(charset)).subject == text


@pytest.mark.parametrize(
    ("name", "charset", "body"),
    [
        ("見積書 十一月.pdf", "iso2022_jp", "iso-2022-jp"),
        ("見積書.pdf", "cp932", "shift_jis"),
        ("表示.pdf", "iso2022_jp", "iso-2022-jp"),
        ("報價單.pdf", "cp950", "big5"),
        ("счёт.pdf", "koi8_r", "koi8-r"),
        ("견적서.pdf", "cp949", "euc-kr"),
        ("Übersicht.pdf", "utf-8", "iso-8859-1"),
    ],
)
def test_a_file_is_named_in_the_charset_of_the_body(name: str, charset: str, body: str) -> None:
    encoded = name.encode(charset)
    letter = part(f"text/plain; charset={body}", name.encode(charset))
    attached = part("application/pdf", PDF, b'Content-Disposition: attachment; filename="' + encoded + b'"')
    found = mail(letter + attached + b"--b--\r\n")
    assert [file.filename for file in found.attachments] == [name]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        # Quotation marks within, forgotten, and of the wrong kind.
        ('filename="Angebot "Drucker" 2026.pdf"', 'Angebot "Drucker" 2026.pdf'),
        ('filename="Angebot "Drucker" 2026.pdf"; size=12', 'Angebot "Drucker" 2026.pdf'),
        ('filename="a.pdf" size="12"', "a.pdf"),
        ('filename="a.pdf" (the "offer")', "a.pdf"),
        ('filename="Angebot 2026.pdf', "Angebot 2026.pdf"),
        ("filename='Rechnung.pdf'", "Rechnung.pdf"),
        ('filename="Re \\"x\\".pdf"', 'Re "x".pdf'),
        # Paths, and names that are none.
        ('filename="C:\\Users\\ann\\new.pdf"', "new.pdf"),
        ('filename="C:\\\\Users\\\\ann\\\\new.pdf"', "new.pdf"),
        ('filename="\\\\fs01\\sales\\a.pdf"', "a.pdf"),
        ('filename="../../etc/a.pdf"', "a.pdf"),
        ('filename="Offer 3/2026.pdf"', "Offer 3_2026.pdf"),
        ('filename="Angebot A\\B.pdf"', "Angebot A_B.pdf"),
        # Escaped as for a link or a page.
        ('filename="Rechnung%20M%C3%A4rz.pdf"', "Rechnung März.pdf"),
        ('filename="100% Rabatt.pdf"', "100% Rabatt.pdf"),
        ('filename="50%ab.pdf"', "50%ab.pdf"),
        ('filename="a%2F..%2Fb.pdf"', "b.pdf"),
        ('filename="offer%E2%80%AEfdp.exe"', "offerfdp.exe"),
        ('filename="offer&#8238;fdp.exe"', "offerfdp.exe"),
        ('filename="24/11/2026.pdf"', "24_11_2026.pdf"),
        ('filename="2026/11/24/scan.pdf"', "2026_11_24_scan.pdf"),
        ('filename="scans/2026/a.pdf"', "a.pdf"),
        ('filename="&#1057;&#1095;&#1105;&#1090;.pdf"', "Счёт.pdf"),
        ('filename="R&#38;D &#0; &#99999999;.pdf"', "R&D &#0; &#99999999;.pdf"),
        # RFC 2231 as programs write it.
        ("filename*1*=utf-8''%C3%9Cber; filename*2=sicht.pdf", "Übersicht.pdf"),
        ("filename*00*=utf-8''%C3%9Cber; filename*01*=sicht.pdf", "Übersicht.pdf"),
        ("filename*=us-ascii''%C3%9Cbersicht.pdf", "Übersicht.pdf"),
        ('filename*0="=?utf-8?B?w5xiZXJz"; filename*1="aWNodC5wZGY=?="', "Übersicht.pdf"),
        # Without the star that says it is encoded.
        ("filename*0=UTF-8''%C3%9Cber; filename*1=sicht.pdf", "Übersicht.pdf"),
        ("filename*0=\"iso-8859-1'de'%DCbersicht\"; filename*1=\".pdf\"", "Übersicht.pdf"),
        ("filename*0=UTF-8''report.pdf", "report.pdf"),
        ("filename=\"UTF-8''%C3%9Cbersicht.pdf\"", "Übersicht.pdf"),
        ("filename=utf-8'en'report.pdf", "report.pdf"),
        ("filename*0=\"Bob's and Ann's offer.pdf\"", "Bob's and Ann's offer.pdf"),
        ("filename=\"Fish'n'chips 100%25.pdf\"", "Fish'n'chips 100%25.pdf"),
    ],
)
def test_a_file_is_named_as_its_sender_meant(field: str, name: str) -> None:
    attached = part("application/pdf", PDF, f"Content-Disposition: attachment; {field}".encode())
    found = mail(part("text/plain", b"See.") + attached + b"--b--\r\n")
    assert [file.filename for file in found.attachments] == [name]


PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256))
ARCHIVE = b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(range(256))


@pytest.mark.parametrize(
    ("fields", "data", "named"),
    [
        (b"", PDF, "file.pdf"),
        (b"Content-Type: text/plain\r\n", PDF, "file.pdf"),
        (b"Content-Type: text/html; charset=utf-8\r\n", ARCHIVE, "file.zip"),
        (b"Content-Type: pdf\r\n", PDF, "file.pdf"),
        (b"Content-Disposition: attachment\r\n", PICTURE, "image.png"),
        (b"", ARCHIVE, "file.zip"),
        (b"", b"\x03\0\x02a" * 500, "file"),
        (b"Content-Type: =?utf-8?Q?application/pdf=3B_name=3D=22plan=2Epdf=22?=\r\n", PDF, "plan.pdf"),
        # Text, with what is seldom in it.
        (b"", b"The device said \0 and \x07.", None),
        (b"", "Gr\u00fc\u00dfe".encode("utf-16"), None),
        (b"", "Gr\u00fc\u00dfe, and more words".encode("utf-16-le"), None),
        (b"", b"\x1b[31mERROR\x1b[0m \x08\x08 on srv1\r\n" * 50, None),
        (b"", "\u30d7\u30ea\u30f3\u30bf\u304c\u52d5\u304d\u307e\u305b\u3093".encode("iso-2022-jp"), None),
        (b"", b"%PDF is what I need, and PK is my name.", None),
    ],
)
def test_a_file_without_its_type_is_a_file(fields: bytes, data: bytes, named: str | None) -> None:
    encoded = b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data)
    found = mail(part("text/plain", b"See.") + b"--b\r\n" + fields + encoded + b"--b--\r\n")
    assert [file.filename for file in found.attachments] == ([named] if named else [])
    assert (found.text.strip() == "See.") is bool(named)


def test_the_file_of_a_mac_has_its_name() -> None:
    fork = part("application/applefile; name=plan.pdf", b"\0\5\x16\7")
    file = part("application/pdf; name=plan.pdf", PDF)
    found = mail(part("text/plain", b"See.") + fork + file + b"--b--\r\n")
    assert [file.filename for file in found.attachments] == ["._plan.pdf", "plan.pdf"]


@pytest.mark.parametrize(
    ("name", "kind", "data", "named"),
    [
        ("Delivery note No. 4711", "application/pdf", PDF, "Delivery note No. 4711.pdf"),
        ("Scan 27.11.2026", "application/octet-stream", PDF, "Scan 27.11.2026.pdf"),
        ("Angebot v2.1", "application/pdf", PDF, "Angebot v2.1.pdf"),
        ("Letter to Mr.Smith", "application/pdf", PDF, "Letter to Mr.Smith.pdf"),
        ("photo", "image/png", PNG, "photo.png"),
        ("plan.dwg", "application/octet-stream", b"AC1032", "plan.dwg"),
        ("notes.log1", "text/plain", b"a", "notes.log1"),
        ("backup.001", "application/octet-stream", b"x", "backup.001"),
        ("a.7z", "application/octet-stream", b"x", "a.7z"),
        ("form.pdf", "application/octet-stream", PDF, "form.pdf"),
        ("tool.exe", "application/octet-stream", PDF, "tool.exe"),
        (".profile", "text/plain", b"a", ".profile.txt"),
    ],
)
def test_a_name_ends_as_its_content_asks(name: str, kind: str, data: bytes, named: str) -> None:
    from gateway.mail.sniff import type_of

    assert with_ending(name, kind, type_of(data), data) == named


@pytest.mark.parametrize("kind", ["image/heic", "image/tiff", "image/x-wmf", "image/vnd.adobe.photoshop", "image/jp2"])
def test_a_picture_that_browsers_do_not_show_is_a_file(kind: str) -> None:
    shown = part("text/html", b"<p>See:</p><img src='cid:p@x'>")
    picture = part(kind, b"x" * 40, b"Content-ID: <p@x>", b"Content-Disposition: inline; filename=a")
    found = mail(shown + picture + b"--b--\r\n", "multipart/related; boundary=b")
    assert [file.inline for file in found.attachments] == [False]
    assert {item["type"] for item in found.blocks} == {"paragraph"}
    assert mail(shown + picture.replace(kind.encode(), b"image/png") + b"--b--\r\n").attachments[0].inline


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.mark.parametrize("data", [HEIC, b"II*\0\x08\0\0\0"])
@pytest.mark.parametrize("kind", ["image/jpeg", "image/png"])
def test_a_label_makes_no_browser_show_it(kind: str, data: bytes) -> None:
    """Phones send what they call a JPEG, scanners what they call a PNG."""
    picture = part(kind, data, b"Content-ID: <p@x>", b"Content-Disposition: inline; filename=a.jpg")
    found = mail(part("text/html", b"<p>See:</p><img src='cid:p@x'>") + picture + b"--b--\r\n")
    assert [file.inline for file in found.attachments] == [False]


SAME = b"Order 88 waits for your approval until Friday."


@pytest.mark.parametrize(
    ("body", "content_type", "text", "files"),
    [
        (part("text/plain; name=message.txt", SAME) + part("text/html; name=m.html", b"<p>" + SAME),
         "multipart/alternative; boundary=b", SAME.decode(), []),
        (part("text/plain", SAME, b"Content-Disposition: inline; filename=a.txt") + part("text/html", b"<p>" + SAME),
         "multipart/alternative; boundary=b", SAME.decode(), []),
        (part("text/plain", SAME, b"Content-Disposition: attachment; filename=a.txt") + part("text/html", b"<p>hello"),
         "multipart/alternative; boundary=b", "hello", ["a.txt"]),
        # Two forms in mixed; and two texts.
        (part("text/plain", SAME) + part("text/html", b"<p>" + SAME), "multipart/mixed; boundary=b", SAME.decode(), []),
        (part("text/plain", SAME) + part("text/html", b"<p>And a page"), "multipart/mixed; boundary=b",
         SAME.decode() + "\n\nAnd a page", []),
        (part("text/plain", b"yes") + part("text/html", b"<b>yes</b>"), "multipart/mixed; boundary=b", "yes", []),
        # A reaction has a form for its program.
        (part("text/plain", b"+1") + part("text/vnd.google.email-reaction+json", b"{}") + part("text/html", b"+1"),
         "multipart/alternative; boundary=b", "+1", []),
        (part("text/plain", b"a") + part("text/x-card+xml", b"<a/>"), "multipart/alternative; boundary=b", "a", []),
        (part("text/plain", b"a") + part("text/csv; name=a.csv", b"1;2"), "multipart/alternative; boundary=b", "a",
         ["a.csv"]),
        (part("text/plain", b"a") + part("application/pdf", PDF), "multipart/*; boundary=b", "a", ["file.pdf"]),
        # Exchange makes files of the words between the files of an Apple.
        (part("text/plain", b"One.") + part("application/pdf; name=a.pdf", PDF)
         + part("text/plain; name=ATT00001.txt", b"Two.", b"Content-Disposition: inline; filename=ATT00001.txt"),
         "multipart/mixed; boundary=b", "One.\n\nTwo.", ["a.pdf"]),
        (part("text/html", b"<p>One.") + part("text/html; name=ATT00002.htm", b"<p>Two.",
         b"Content-Disposition: attachment; filename=ATT00002.htm"),
         "multipart/mixed; boundary=b", "One.\n\nTwo.", ["ATT00002.htm"]),
        (part("text/html", b"<p>One.") + part("text/html; name=ATT00003.htm", b"<html><body><br></body></html>",
         b"Content-Disposition: attachment; filename=ATT00003.htm"), "multipart/mixed; boundary=b", "One.", []),
        # Text of a kind that nobody knows is text where there is no other, and RTF is.
        (part("text/x-note", b"The door is shut."), "multipart/mixed; boundary=b", "The door is shut.", ["text"]),
        (part("application/rtf", rb"{\rtf1\ansi The door is {\b shut}.\par}"), "multipart/mixed; boundary=b",
         "The door is shut.", ["file.rtf"]),
        (part("text/plain", b"a") + part("text/x-note", b"b"), "multipart/mixed; boundary=b", "a", ["text"]),
    ],
)  # fmt: skip
def test_the_forms_of_a_letter_are_said_once(body: bytes, content_type: str, text: str, files: list[str]) -> None:
    found = mail(body + b"--b--\r\n", content_type)
    assert "\n".join("".join(run["text"] for run in block["content"]) for block in found.blocks).strip() == text
    assert found.text.strip() == text
    assert [file.filename for file in found.attachments] == files


@pytest.mark.parametrize(
    ("field", "recipient"),
    [
        ("utf-8; jürgen@bücher.example", "jürgen@xn--bcher-kva.example"),
        ("utf-8;j\\x{FC}rgen@example.com", "jürgen@example.com"),
        ("rfc822; ann@customer.example", "ann@customer.example"),
        ("UTF-8; 用户@例子.example", "用户@xn--fsqu00a.example"),
    ],
)
def test_a_report_on_an_address_beyond_ascii(field: str, recipient: str) -> None:
    status = f"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: {field}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    report = part("text/plain", b"It could not be delivered.") + part("message/global-delivery-status", status.encode())
    report += part("message/global-headers", b"From: help@desk.example\r\nMessage-ID: <a.1@desk.example>\r\n")
    found = mail(report + b"--b--\r\n", "multipart/report; boundary=b; report-type=delivery-status")
    assert found.auto.bounce is not None
    assert (found.auto.bounce.recipient, found.auto.bounce.original_message_id) == (recipient, "a.1@desk.example")


@pytest.mark.parametrize("label", ["us-ascii", "iso-8859-1", "windows-1252"])
@pytest.mark.parametrize("charset", ["cp1251", "koi8-u"])
def test_cyrillic_under_a_western_label(label: str, charset: str) -> None:
    assert decode("Это сообщение имеет неправильную кодировку.".encode(charset), label)[:2] == (
        "Это сообщение имеет неправильную кодировку.",
        charset,
    )


@pytest.mark.parametrize(
    "text",
    [
        "Störung: Käse, Grüße",
        "L'été à Évry, où ça s'est passé",
        "Hääyöaie, jää-äär",
        "ÅÄÖ åäö ÆØÅ æøå",
        "Það er í lagi",
    ],
)
def test_western_text_stays_western(text: str) -> None:
    assert decode(text.encode("cp1252"), "iso-8859-1")[0] == text


@pytest.mark.parametrize(
    "words",
    ["ploozdect nispplul swunkglap\nfroontnooch nubstrisk lectkamp\n", "please call me back today\nthe printer is out"],
)
@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
def test_declared_base64_that_is_words(words: str, kind: str) -> None:
    body = part(f"{kind}; charset=utf-8", words.encode(), b"Content-Transfer-Encoding: base64")
    assert mail(body + b"--b--\r\n").text.split() == words.split()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Gr=C3=B6=C3=9Fe: the whole door =\r\nis shut", "Größe: the whole door is shut"),
        (b"VGhlIGRvb3Igb2Ygcm9vbSA0IGlzIHNodXQsIHBsZWFzZSBjb21lIGFuZCBvcGVuIGl0Lg==",
         "The door of room 4 is shut, please come and open it."),
        # What only looks so: a link, a key, a line that ends with an equals sign.
        (b"https://a.example/?a=B1&b=C2 =\r\nhttps://a.example/?x=yz", None),
        (b"c2VjcmV0LWtleS0xMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", None),
        (b"total =\r\n12", None),
        (b"4711471147114711471147114711471147114711", None),
    ],
)  # fmt: skip
def test_text_that_is_encoded_without_a_label(data: bytes, text: str | None) -> None:
    assert mail(data, "text/plain; charset=utf-8").text == (text or data.decode().replace("\r\n", "\n"))


def pieces(email: Email) -> list[str]:
    """The blocks of the whole letter in short: their words, or the name of a picture's part."""
    return [text for block in email.blocks if (text := "[picture]" if block["type"] == "image" else "".join(
        run.get("text", "") for run in block["content"] if isinstance(run, dict)))]  # fmt: skip


SHOT = part("image/png; name=p.png", PNG, b"Content-Disposition: inline; filename=p.png")
PAPER = part("application/pdf; name=a.pdf", PDF, b"Content-Disposition: inline; filename=a.pdf")
REFERRED = part("image/png", PNG, b"Content-ID: <x>")


# Mails of which users of other help desks saw a part, or nothing.
@pytest.mark.parametrize(
    ("body", "content_type", "shown", "files"),
    [
        # Words between files, as an Apple writes them.
        (part("text/plain", b"One.") + PAPER + SHOT + part("text/plain", b"Two.") + PAPER + part("text/plain", b"Three."),
         "multipart/mixed; boundary=b", ["One.", "[picture]", "Two.", "Three."], ["a.pdf", "p.png", "a (2).pdf"]),
        # The letter in plain text, the signature as a page.
        (part("text/plain", b"The lift is stuck.") + part("text/html", b"<h1>Ann Berg</h1>"),
         "multipart/mixed; boundary=b", ["The lift is stuck.", "Ann Berg"], []),
        # The picture has an element of its own, which nobody else knows.
        (part("text/html", b"<p>See <attachment id=x></attachment></p>") + REFERRED, "multipart/related; boundary=b",
         ["See", "[picture]"], ["image.png"]),
        # No disposition, only a reference.
        (part("text/html", b"<p>See</p><img src='cid:x'>") + REFERRED, "multipart/related; boundary=b",
         ["See", "[picture]"], ["image.png"]),
        # Nothing but a picture.
        (SHOT, "multipart/mixed; boundary=b", ["[picture]"], ["p.png"]),
        # A kind of container that mail does not have.
        (part("text/plain", b"The lift is stuck.", b"Content-Disposition: form-data; name=m"), "multipart/form-data; boundary=b",
         ["The lift is stuck."], []),
        # A plain form of blanks beside the page.
        (part("text/plain", b"   ") + part("text/html", b"<font>The lift</font> <b>is stuck"), "multipart/alternative; boundary=b",
         ["The lift is stuck"], []),
        # Hundreds of elements around it.
        (part("text/html", b"<div>" * 318 + b"<p>The lift is stuck.</p><img src='cid:x'>" + b"</div>" * 318 + b"<p>Ann</p>") + REFERRED,
         "multipart/related; boundary=b", ["The lift is stuck.", "[picture]", "Ann"], ["image.png"]),
    ],
)  # fmt: skip
def test_nothing_of_a_letter_is_missing(body: bytes, content_type: str, shown: list[str], files: list[str]) -> None:
    found = mail(body + b"--b--\r\n", content_type)
    assert [" ".join(text.split()) for text in pieces(found)] == shown
    assert [file.filename for file in found.attachments] == files


def signed(words: bytes) -> bytes:
    """An opaque S/MIME signature around a mail (RFC 5652 5: SignedData, indefinite lengths, no signers)."""
    octets = b"\x04" + bytes([len(words)]) + words
    return (
        bytes.fromhex("308006092a864886f70d010702a08030800201013100308006092a864886f70d010701a0802480")
        + octets
        + bytes(6)
        + b"\x31\x00"
        + bytes(6)
    )


@pytest.mark.parametrize(
    ("words", "text", "files"),
    [
        (b"Content-Type: text/plain\r\n\r\nPrinter 4 burns.", "Printer 4 burns.", []),
        (b"Content-Type: text/plain\r\n\r\n \r\n", "", ["smime.p7m"]),
        (b"Content-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-1.4", "", ["a.pdf"]),
    ],
)
def test_a_signature_around_nothing_stays_a_file(words: bytes, text: str, files: list[str]) -> None:
    """Some programs send only their certificate so."""
    email = mail(signed(words), 'application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"')

    assert (email.text, [file.filename for file in email.attachments]) == (text, files)


def test_a_long_name_is_cut_as_the_desk_counts() -> None:
    attached = part(
        "application/pdf",
        PDF,
        "Content-Disposition: attachment; filename*=utf-8''{}.pdf".format("%F0%9F%98%80" * 200).encode(),
    )
    (file,) = mail(part("text/plain", b"See.") + attached + b"--b--\r\n").attachments
    assert file.filename == "\U0001f600" * 60 + "….pdf"


def test_a_file_within_the_page_is_looked_at_as_any_other() -> None:
    """Its label says picture; what it is, and whether its name is taken, is looked at all the same."""
    letter = part(
        "text/html", b"<p>Look</p><img src='data:image/png;base64,TVoAAAAAAAAA'><img src='data:image/png;base64,!'>"
    )
    picture = part("image/png", PNG, b'Content-Disposition: inline; filename="embedded-1.png"')
    found = mail(letter + picture + b"--b--\r\n").attachments
    assert [(file.filename, file.sniffed) for file in found[:2]] == [
        ("embedded-1.png", "image/png"),
        ("embedded-1 (2).png", "application/vnd.microsoft.portable-executable"),
    ]


def test_pictures_within_the_page_beyond_the_limit_are_noted() -> None:
    page = "".join(f"<img src='data:image/png;base64,iVBORw0KGgoA{number:04}'>" for number in range(60))
    found = mail(page.encode(), "text/html")
    assert len(found.attachments) == 50
    assert "more than 50 pictures in the HTML: the others are left out" in found.defects


def test_a_picture_within_the_page_need_not_be_padded() -> None:
    (file,) = mail(b"<img src='data:image/png;base64,iVBORw0KGgo'>", "text/html").attachments
    assert (file.size, file.sniffed, file.inline) == (8, "image/png", True)


def test_a_page_that_is_read_twice_has_its_pictures_once() -> None:
    """What stands above an attached mail is read for itself as well."""
    letter = part("text/html", b"<p>See below</p><img src='data:image/png;base64,iVBORw0KGgo='>")
    attached = part("message/rfc822", b"From: bo@b.example\r\nSubject: Printer\r\n\r\nIt does not print.")
    found = mail(letter + attached + b"--b--\r\n", subject=b"Fwd: Printer")
    assert found.forwarded
    assert found.forwarded.above_blocks[1]["props"]["url"] == "attachment:1"
    assert [file.filename for file in found.attachments] == ["Printer.eml", "embedded-1.png"]


def test_a_long_line_that_begins_like_a_delimiter_is_words() -> None:
    found = mail(b"--b\r\n\r\nabove\r\n--b" + b"o" * 1500 + b"\r\nbelow\r\n--b--\r\n")
    assert [line[:10] for line in found.text.split("\n")] == ["above", "--boooooo" + "o", "below"]


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "file.docx"),
        ("application/vnd.ms-outlook", "file.msg"),
        ("application/x-7z-compressed", "file.7z"),
        ("audio/ogg", "audio.ogg"),
        ("application/vnd.made-up", "file"),
    ],
)
def test_a_file_without_a_name_has_one_name_on_every_machine(
    kind: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever types and endings the machine knows."""
    monkeypatch.setattr(mimetypes, "guess_extension", lambda *_, **__: ".of-this-machine")
    found = mail(part("text/plain", b"See.") + part(kind, b"\1\2\3\4") + b"--b--\r\n")
    assert [file.filename for file in found.attachments] == [named]


def test_the_type_of_a_file_that_has_only_a_name() -> None:
    assert guessed_type("a.DOCX").endswith("wordprocessingml.document")
    assert guessed_type("a.pdf") == "application/pdf"
    assert guessed_type("a.made-up") == "application/octet-stream"


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("Mon, 2 Nov 2026 09:00:00 +0100", "2026-11-02T08:00:00+00:00"),
        ("Mon, 2 Nov 2026 09:00:00 +0100 (CET)", "2026-11-02T08:00:00+00:00"),
        ("Mon, 2 Nov 2026 09:00:00 +01:00", "2026-11-02T08:00:00+00:00"),
        ("2026-11-02T09:00:00Z", "2026-11-02T09:00:00+00:00"),
        ("2026-11-02T09:00:00.123456-05:30", "2026-11-02T14:30:00.123456+00:00"),
        ("2026-11-02 09:00:00 +0100", "2026-11-02T08:00:00+00:00"),
        ("Sat, 31 Dec 2016 23:59:60 +0000", "2016-12-31T23:59:59+00:00"),
        ("2 Nov 26 09:00 EST", "2026-11-02T14:00:00+00:00"),
        ("Mon, 2 Nov 2026 09:00:00 CET", "2026-11-02T08:00:00+00:00"),
        ("2 Jul 2026 09:00 MESZ", "2026-07-02T07:00:00+00:00"),
        ("Mon, 2 Nov 2026 09:00:00 GMT+1", "2026-11-02T08:00:00+00:00"),
        ("Mon, 2 Nov 2026 09:00:00 UTC-05:30", "2026-11-02T14:30:00+00:00"),
        ("Mon, 2 Nov 2026 09:00:00 GMT", "2026-11-02T09:00:00+00:00"),
        ("Mon, 2 Nov 2026 09:00:00 XYZ", "2026-11-02T09:00:00+00:00"),
        ("Mon, 2 Nov 2026 09:00:00 -0000", "2026-11-02T09:00:00+00:00"),
        ("2026-11-02", ""),
        ("2026-13-02T09:00:00", ""),
        ("Mon, 32 Nov 2026 09:00:00 +0100", ""),
        ("1 Jan 2026 10:00:00 +9999", ""),
        ("yesterday", ""),
    ],
)
def test_a_date_is_the_moment_that_its_program_meant(written: str, date: str) -> None:
    assert date_of(written) == date


def test_each_field_that_names_other_mails_counts() -> None:
    fields = b"References: <a@x.example>\r\nReferences: <b@x.example> <a@x.example>\r\n"
    fields += b"In-Reply-To: <b@x.example>\r\nIn-Reply-To: <c@x.example>\r\n"
    found = read(b"From: ann@customer.example\r\n" + fields + b"\r\nx\r\n").email
    assert found.references == ("a@x.example", "b@x.example")
    assert found.in_reply_to == ("b@x.example", "c@x.example")


@pytest.mark.parametrize("mark", ['protected-headers="v1"', 'hp="cipher"', 'hp="clear"'])
@pytest.mark.parametrize("outer", [b"...", b"[...]", b""])
def test_the_subject_of_a_mail_that_was_encrypted_stands_within(mark: str, outer: bytes) -> None:
    signed = "multipart/signed; boundary=b; protocol=application/pgp-signature"
    within = part(f"text/plain; {mark}", b"The door is shut.", b"Subject: =?utf-8?q?T=C3=BCr?= 4", b"From: eve@evil.example")
    found = mail(within + part("application/pgp-signature", b"x") + b"--b--", signed, outer)

    assert (found.subject, found.sender and found.sender.address) == ("T\u00fcr 4", "ann@customer.example")


def test_a_subject_that_says_something_stays_and_so_does_one_of_an_attached_mail() -> None:
    within = part('text/plain; protected-headers="v1"', b"The door is shut.", b"Subject: Other")
    assert mail(within + b"--b--", subject=b"Door 4").subject == "Door 4"
    assert mail(part("text/plain", b"x", b"Subject: Other") + b"--b--", subject=b"...").subject == "..."
    attached = part("message/rfc822", b'Subject: Old\r\nContent-Type: text/plain; protected-headers="v1"\r\n\r\nx')
    assert mail(part("text/plain", b"x") + attached + b"--b--", subject=b"...").subject == "..."
