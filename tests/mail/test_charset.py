"""The charset ladder, rung by rung."""

from __future__ import annotations

import encodings

import pytest

from gateway.mail import glance, rtf
from gateway.mail.charset import decode
from gateway.mail.charsets import codec
from gateway.mail.read import read

RUSSIAN = "Принтер не работает, пожалуйста помогите нам срочно, мы не можем печатать счета для клиентов."
GREEK = "Ο εκτυπωτής δεν λειτουργεί, παρακαλώ βοηθήστε μας γρήγορα, δεν μπορούμε να εκτυπώσουμε τίποτα."
GERMAN = "Der Drucker läuft nicht, könnten Sie bitte prüfen, ob die Rückmeldung der Geräte in Ordnung ist? Viele Grüße"
FRENCH = "L'imprimante ne marche plus, pourriez-vous s'il vous plaît vérifier le réseau ? Merci d'avance, à bientôt"
POLISH = "Drukarka nie działa, proszę o szybką pomoc, nie możemy wydrukować faktur dla klientów, źle się dzieje."
JAPANESE = "プリンターが動きません。至急ご確認をお願いいたします。請求書が印刷できません。"
CHINESE = "打印机无法工作，请尽快帮助我们检查一下，我们无法打印发票。"
KOREAN = "프린터가 작동하지 않습니다. 빨리 확인해 주시기 바랍니다. 송장을 인쇄할 수 없습니다."


@pytest.mark.parametrize(
    ("text", "actual", "label"),
    [
        (GERMAN, "utf-8", "utf-8"),
        (GERMAN, "utf-8", "iso-8859-1"),
        (GERMAN, "utf-8", ""),
        (GERMAN, "utf-8", "x-unknown"),
        (GERMAN, "cp1252", ""),
        (GERMAN, "cp1252", "utf-8"),
        (GERMAN, "cp1252", "us-ascii"),
        (GERMAN, "cp850", "ibm850"),
        (GERMAN, "mac_roman", "macintosh"),
        (GERMAN, "utf-16", "utf-16"),
        (GERMAN, "utf-7", "unicode-1-1-utf-7"),
        (FRENCH, "cp1252", ""),
        (POLISH, "cp1250", "windows-1250"),
        (POLISH, "cp1250", "iso-8859-2"),
        (POLISH, "iso8859-2", "latin2"),
        (RUSSIAN, "koi8_r", "koi8-r"),
        (RUSSIAN, "cp1251", ""),
        (RUSSIAN, "koi8_r", ""),
        (RUSSIAN, "cp1251", "x-cp1251"),
        (GREEK, "cp1253", ""),
        (JAPANESE, "cp932", "shift_jis"),
        (JAPANESE, "cp932", "x-sjis"),
        (JAPANESE, "cp932", ""),
        (JAPANESE, "iso2022_jp", "iso-2022-jp"),
        (JAPANESE, "iso2022_jp", ""),
        (JAPANESE, "iso2022_jp", "us-ascii"),
        (JAPANESE, "cp932", "iso-2022-jp"),
        (JAPANESE, "euc_jp", "euc-jp"),
        (CHINESE, "gb18030", "gb2312"),
        (CHINESE, "gb18030", "hz-gb-2312"),
        (CHINESE, "gb2312", ""),
        (CHINESE, "big5hkscs", "big5-hkscs"),
        (KOREAN, "cp949", "ks_c_5601-1987"),
        (KOREAN, "cp949", "euc-kr"),
        (KOREAN, "cp949", ""),
    ],
)
def test_ladder(text: str, actual: str, label: str) -> None:
    if actual == "big5hkscs":
        text = "印表機無法工作，請儘快幫助我們檢查"
    found, _, _ = decode(text.encode(actual), label)
    assert found == text


def test_the_choice_is_noted() -> None:
    assert decode(GERMAN.encode("cp1252"), "utf-8")[2] == "not valid utf-8, read as cp1252"
    assert decode(GERMAN.encode(), "utf-8")[2] == ""
    assert "unknown" in decode(GERMAN.encode(), "x-strange")[2]


def test_one_broken_character_does_not_change_the_charset() -> None:
    assert decode(RUSSIAN.encode()[:-1] + b".", "utf-8")[0].startswith(RUSSIAN[:-1])


def test_hints_decide_short_texts() -> None:
    assert decode("Привет".encode("koi8_r"), "", ["koi8-r"])[0] == "Привет"
    assert decode("Привет".encode("cp1251"), "", [], ["ru"])[0] == "Привет"


@pytest.mark.parametrize(
    "label", ["idna", "punycode", "unicode_escape", "zlib", "base64", "rot13", "undefined", "../x", "a" * 5000, "é"]
)
def test_labels_that_are_no_charsets(label: str) -> None:
    assert codec(label) == ""
    assert decode(b"caf\xe9", label)[0] == "café"


TURKISH = "Günaydın, yazıcı çalışmıyor, şifremi değiştirdim."
CZECH = "Dobrý den, tiskárna nefunguje, prosím přijďte, děkuji."
HEBREW = "שלום, המדפסת בחדר 4 לא מדפיסה מאתמול."
ARABIC = "مرحبا، الطابعة في الغرفة لا تعمل منذ أمس."
THAI = "สวัสดีครับ เครื่องพิมพ์ในห้องไม่ทำงาน"
TAIWANESE = "您好，印表機無法運作，請儘快處理。"
UKRAINIAN = "Доброго дня, принтер у кімнаті 4 не друкує її звіт."
SHORT = [
    ("Καλημέρα, ο εκτυπωτής δεν λειτουργεί.", "cp1253"), (HEBREW, "cp1255"), (ARABIC, "cp1256"), (THAI, "cp874"),
    (TURKISH, "cp1254"), (CZECH, "cp1250"), ("Drukarka nie działa, proszę o pomoc.", "cp1250"),
    ("Drukarka nie działa, proszę o pomoc żółć.", "iso8859-2"), ("プリンターが動きません。", "cp932"),
    ("プリンターが動きません。", "euc_jp"), (TAIWANESE, "cp950"), ("프린터가 작동하지 않습니다.", "cp949"),
    ("Принтер не работает", "cp866"), (UKRAINIAN, "koi8_u"),
]  # fmt: skip
WESTERN = {TURKISH, CZECH}


@pytest.mark.parametrize(("text", "charset"), SHORT)
@pytest.mark.parametrize("label", ["", "us-ascii", "utf-8", "iso-8859-1", "x-unknown"])
def test_a_short_text_whose_label_is_missing_or_not_true(text: str, charset: str, label: str) -> None:
    if label == "iso-8859-1" and text in WESTERN:
        pytest.skip("letters of the West as well: the label counts")
    assert decode(text.encode(charset), label)[0] == text


@pytest.mark.parametrize(
    ("text", "charset", "label"),
    [
        (UKRAINIAN, "koi8_u", "koi8-r"),
        (RUSSIAN, "cp1251", "koi8-r"),
        (RUSSIAN, "koi8_r", "windows-1251"),
        ("ПРИНТЕР НЕ РАБОТАЕТ", "cp1251", "windows-1251"),
        (TAIWANESE, "cp950", "gb2312"),
        ("Dzień žluťoučký", "mac_latin2", "x-mac-ce"),
        # Under a Western label what can be Western is.
        ("Those characters: üàéüö", "cp1252", "iso-8859-1"),
        ("Lager: 10 m³ Öl zu 5 £, ½ Stück", "cp1252", "iso-8859-1"),
    ],
)
def test_a_label_of_the_neighbour(text: str, charset: str, label: str) -> None:
    assert decode(text.encode(charset), label)[0] == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (RUSSIAN.encode() + b"\nGr\xfc\xdfe aus K\xf6ln", RUSSIAN + "\nGrüße aus Köln"),
        (RUSSIAN.encode() * 3 + b" a\xa0b", RUSSIAN * 3 + " a\xa0b"),
        # Half a character stays marked, and so does what nobody writes.
        (RUSSIAN.encode() * 3 + b"\xaa.", RUSSIAN * 3 + "\ufffd."),
        (RUSSIAN.encode() * 3 + b"\xd0", RUSSIAN * 3 + "\ufffd"),
        (b"ok \xed\xa0\xbd\xed\xb8\x80", "ok \U0001f600"),
    ],
)
def test_words_in_another_charset_within_utf8(data: bytes, text: str) -> None:
    assert decode(data, "utf-8")[0] == text


def test_a_label_that_nobody_knows_is_not_kept_for_ever() -> None:
    """Python searches the disk for each name of a codec, and keeps it: a mail may have thousands of them."""
    labels = [f"made-up-{number}" for number in range(50)]
    words = " ".join(f"=?{label}?q?a?=" for label in labels)
    before = len(encodings._cache)
    read(f"From: a@b.example\nSubject: {words}\nContent-Type: text/plain; charset=made-up-x\n\n\xe9".encode("latin-1"))
    glance.subject(" ".join(f"=?utf-8{label}?q?a?=" for label in labels).encode())
    rtf.read(b"{\\rtf1\\ansicpg98765 a}")
    assert len(encodings._cache) == before


@pytest.mark.parametrize(
    "label", ["Windows-1252", "iso_8859-15", "x-sjis", "KOI8-R", "cp866", "utf8", "mac_arabic", "8859", "big5-hkscs"]
)
def test_labels_that_are_known(label: str) -> None:
    assert codec(label)


@pytest.mark.parametrize("size", [1, 100])
def test_octets_that_windows_does_not_use_are_left_out(size: int) -> None:
    text = f"{GERMAN}. " * size
    email = read(
        b"From: a@b.example\nContent-Type: text/plain; charset=cp1252\n\n" + text.encode("cp1252") + b"\x81."
    ).email
    assert email.text == text + "."


LABELS = [
    ("8859-2", "iso8859-2"), ("iso-8859-15:2000", "iso8859-15"), ("ISO8859_15", "iso8859-15"), ("8859-8-i", "iso8859-8"), ("cp-1250", "cp1250"),
    ("win-1251", "cp1251"), ("WIN1251", "cp1251"), ("ms-1251", "cp1251"), ("dos-852", "cp852"), ("latin-2", "iso8859-2"), ("iso-latin-9", "iso8859-15"),
    ("8859-1", "cp1252"), ("8859-77", ""), ("latin-77", ""), ("win-9999", ""), ("x-unknown-1251", ""), ("1", ""), ("iso-8859", ""),
]  # fmt: skip


def test_a_family_and_a_number_name_a_charset_however_they_are_joined() -> None:
    assert [(label, codec(label)) for label, _ in LABELS] == LABELS
    assert decode("Drukarka nie działa, źle się dzieje".encode("cp1250"), "cp-1250")[0] == "Drukarka nie działa, źle się dzieje"
    assert decode("zażółć".encode("iso8859-2"), "8859-2")[0] == "zażółć"
