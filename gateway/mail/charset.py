"""Bytes to text: a ladder of charsets, with the rung that was used recorded.

Promised: nothing decodable is lost, whatever the label says; the result is valid Unicode.
Order: the declared label through the WHATWG names and its vendor variant, an escape-sequence sniff,
UTF-8, the hints (other parts, language), a detector, cp1252, replacement with a note.
Source: docs/mail-rules.md "Text", WHATWG Encoding Standard, RFC 2046 4.1.2.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice

import webencodings  # type: ignore[import-untyped]

# The label says one thing, programs write its superset.
VARIANTS = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "johab": "johab",
    "shift_jis": "cp932",
    "iso2022_jp": "iso2022_jp_ext",
    "big5": "cp950",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
    "iso8859-8": "iso8859-8",
}
LABELS = {
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "unicode-1-1-utf-7": "utf-7",
    "utf-7": "utf-7",
    "unicode": "utf-16",
    "x-user-defined": "latin-1",
    "x-gbk": "gb18030",
    "x-unknown": "",
    "unknown-8bit": "",
    "unknown": "",
    "default": "",
    "default_charset": "",
    "binary": "",
    "8bit": "",
    "us-ascii//translit": "ascii",
    "cp-850": "cp850",
    "ansi_x3.110-1983": "latin-1",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "hz-gb-2312": "hz",
    "iso-10646-ucs-2": "utf-16-be",
}
LANGUAGES = {
    "ja": ("iso2022_jp_ext", "cp932", "euc_jp"),
    "zh": ("gb18030", "cp950"),
    "ko": ("cp949",),
    "ru": ("cp1251", "koi8_r"),
    "uk": ("cp1251", "koi8_u"),
    "bg": ("cp1251",),
    "el": ("cp1253",),
    "tr": ("cp1254",),
    "he": ("cp1255",),
    "ar": ("cp1256",),
    "pl": ("cp1250", "iso8859-2"),
    "cs": ("cp1250", "iso8859-2"),
    "sk": ("cp1250", "iso8859-2"),
    "hu": ("cp1250", "iso8859-2"),
    "th": ("cp874",),
    "vi": ("cp1258",),
}
# What a mail without a label is written in; a detector knows many more pages that no mail program uses.
PLAUSIBLE = frozenset(
    [
        "cp1250",
        "cp1251",
        "cp1252",
        "cp1253",
        "cp1254",
        "cp1255",
        "cp1256",
        "cp1257",
        "cp1258",
        "koi8_r",
        "koi8-r",
        "koi8_u",
        "koi8-u",
        "gb18030",
        "cp950",
        "cp932",
        "euc_jp",
        "cp949",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-8",
        "cp874",
    ]
)
# What a program means when its label does not fit.
FAMILIES = {
    "iso2022_jp_ext": ("cp932", "euc_jp"),
    "euc_jp": ("cp932",),
    "cp932": ("cp932", "euc_jp"),
    "gb18030": ("gb18030", "cp950"),
    "cp950": ("cp950", "big5hkscs", "gb18030"),
    "cp949": ("cp949",),
}
# Decoders that would give control of size or of the interpreter to the mail.
_REFUSED = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_C1 = re.compile("[\x80-\x9f]")
_SAMPLE = 16 * 1024


@lru_cache(maxsize=512)
def codec(label: str) -> str:
    """The Python codec for a charset label, vendor variants applied; "" when unknown."""
    name = label.strip().strip("\"'").lower()[:60]
    if name in LABELS:
        return LABELS[name]
    # Labels that Python does not know but the WHATWG names do: x-sjis, x-cp1251, dos-874, ...
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        encoding = webencodings.lookup(name) if name.isascii() else None
        if encoding is None:
            return ""
        found = encoding.codec_info
    if not getattr(found, "_is_text_encoding", True):
        return ""
    known = found.name
    if known.replace("-", "_") in _REFUSED:
        return ""
    return VARIANTS.get(known, known)


def decode(
    data: bytes, label: str = "", hints: Sequence[str] = (), languages: Sequence[str] = ()
) -> tuple[str, str, str]:
    """Text, the codec used, and a note ("" when the label was right or none was needed)."""
    declared = codec(label) if label else ""
    if declared.startswith(("utf-16", "utf-32")):
        declared = _wide(data, declared)
    if data.isascii():
        sniffed = _escapes(data, declared)
        if sniffed:
            text = _strict(data, sniffed)
            if text is not None:
                return text, sniffed, "" if declared == sniffed else f"charset {sniffed} found by escapes"
        if declared in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "hz") or _ebcdic(declared):
            text = _strict(data, declared)
            if text is not None and "\x00" not in text:
                return text, declared, ""
        return data.decode("ascii"), "ascii", ""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            text = _strict(data, name)
            if text is not None:
                return (
                    text,
                    name,
                    "" if declared.startswith(name[:5]) else f"charset {name} by its byte order mark",
                )
    note = "" if declared else (f"charset {label[:40]!r} is unknown" if label else "8-bit text without a charset")
    if declared:
        single = declared.startswith(("cp125", "iso8859", "latin"))
        # A single byte charset decodes anything: UTF-8 under such a label shows itself.
        if single and _multibyte_utf8(data):
            text = _strict(data, "utf-8")
            if text is not None:
                return text, "utf-8", f"declared {label[:40]}, is utf-8"
        cyrillic = _cyrillic(data) if declared == "cp1252" and not _western(data[:_SAMPLE]) else ""
        if cyrillic:
            return data.decode(cyrillic, "replace"), cyrillic, f"declared {label[:40]}, is {cyrillic}"
        text = _strict(data, declared)
        if text is not None:
            if declared.startswith("iso8859") and _C1.search(text):
                windows = {
                    "iso8859-2": "cp1250",
                    "iso8859-5": "cp1251",
                    "iso8859-7": "cp1253",
                    "iso8859-15": "cp1252",
                }
                other = windows.get(declared, "")
                better = _strict(data, other) if other else None
                if better is not None and not _C1.search(better):
                    return better, other, f"declared {label[:40]}, is {other}"
            return text, declared, ""
        if declared == "cp1252":
            return _cp1252(data), "cp1252", ""
        note = f"not valid {label[:40]}"
    text = _strict(data, "utf-8")
    if text is not None:
        return text, "utf-8", note
    if declared and not single_byte(declared):
        # One broken character in a long text is no reason to guess another charset.
        text = data.decode(declared, "replace")
        if text.count("\ufffd") * 50 <= len(text):
            return text, declared, f"{note}, {text.count(chr(0xFFFD))} characters replaced"
    if not declared or declared == "utf-8":
        text = data.decode("utf-8", "replace")
        lost = text.count("\ufffd")
        good = sum(1 for char in text[:100_000] if char > "\x7f") - lost
        if lost * 4 <= good or (declared and lost * 2 <= good and not _pairs(data)):
            return text, "utf-8", f"{note}, {lost} characters replaced"
    for name in [*FAMILIES.get(declared, ()), *_guesses(data, hints, languages)]:
        text = _strict(data, name)
        if text is not None and not _C1.search(text):
            return text, name, f"{note}, read as {name}"
    return _cp1252(data), "cp1252", f"{note}, read as cp1252"


def _wide(data: bytes, declared: str) -> str:
    """UTF-16 as it can be true: its text has blanks or line ends, and so NULs, which show the order of octets too."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return declared
    even, odd = data[::2].count(0), data[1::2].count(0)
    if not even and not odd:
        words = sum(byte < 0x80 for byte in data[:_SAMPLE]) * 10 > len(data[:_SAMPLE]) * 6
        return "" if words or _multibyte_utf8(data) else declared
    if declared == "utf-16":
        return "utf-16-be" if even > odd else "utf-16-le"
    return declared


def single_byte(name: str) -> bool:
    return name.startswith(("cp125", "iso8859", "latin", "koi8", "mac", "cp8", "cp4"))


def _guesses(data: bytes, hints: Sequence[str], languages: Sequence[str]) -> list[str]:
    names: list[str] = []
    for hint in (codec(label) for label in hints):
        names += FAMILIES.get(hint, (hint,))
    for language in languages:
        names += LANGUAGES.get(language.strip().lower()[:2], ())
    names += [_cyrillic(data), _pairs(data)]
    # A detector guesses short texts worse than "Western European", which shows itself.
    if len(data) >= 60 and not _western(data[:_SAMPLE]):
        import charset_normalizer  # takes long to import and is seldom needed

        for match in islice(charset_normalizer.from_bytes(data[:_SAMPLE]), 5):
            name = codec(match.encoding) or match.encoding
            if name in PLAUSIBLE:
                names.append(name)
                break
    return [name for name in dict.fromkeys(names) if name and name != "ascii"]


def _western(data: bytes) -> bool:
    """As cp1252, single accented letters in Latin words and the punctuation of that page."""
    runs = _RUNS.findall(data)
    high = sum(len(run) for run in runs)
    if not runs or high > 2 * len(runs):
        return False
    text = b"".join(runs).decode("cp1252", "replace")
    return sum(not char.isalpha() and char not in _PUNCTUATION for char in text) * 10 <= high


_PUNCTUATION = frozenset(
    "\u2019\u2018\u201c\u201d\u201e\u2013\u2014\u2026\u20ac\u00a7\u00b0\u00ab\u00bb\u00b7\u00ae\u00a9\u2122\u00a0\u2022\u00b4\u00a1\u00bf\u00aa\u00ba"
)
_RUNS = re.compile(rb"[\x80-\xff]+")


def _cyrillic(data: bytes) -> str:
    """Cyrillic shows itself: words of letters, small ones behind the first or capitals alone, and the
    common ones most often. (In the other charset capitals are small letters, and others.)"""
    runs = [run for run in _RUNS.findall(data[:_SAMPLE]) if len(run) > 1]
    best = (0.0, "")
    for name in ("cp1251", "koi8_r") if sum(map(len, runs)) >= _FEWEST else ():
        words = [run.decode(name, "replace") for run in runs]
        text = "".join(words)
        letters = sum("\u0400" <= char <= "\u045f" for char in text)
        regular = sum(len(word) for word in words if word[1:].islower() or word.isupper())
        common = sum(char in _COMMON for char in text.lower())
        if letters >= 0.95 * len(text) and regular >= 0.8 * len(text) and common >= 0.5 * len(text):
            best = max(best, (common / len(text), name))
    return best[1]


_FEWEST = 6
_COMMON = frozenset("оеаинтсрвл")


def _pairs(data: bytes) -> str:
    """Double-byte text shows itself: all its high bytes come in pairs, with the leads of common characters."""
    leads: list[int] = []
    for run in _RUNS.findall(data[:_SAMPLE]):
        if len(run) % 2 or min(run) < 0xA1:
            return ""
        leads.extend(run[::2])
    leads = [lead for lead in leads if lead >= 0xB0]
    if len(leads) < 4:
        return ""
    common = sum(lead <= 0xD7 for lead in leads) / len(leads)
    low = sum(lead < 0xC0 for lead in leads) / len(leads)
    if common < 0.85 or low < 0.2:
        return ""
    return "cp949" if len(leads) >= 8 and max(leads) <= 0xC8 else "gb18030"


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, LookupError, ValueError):
        pass
    if name == "iso2022_jp_ext":
        for other in ("iso2022_jp_2", "iso2022_jp_3"):
            try:
                return data.decode(other)
            except (UnicodeError, ValueError):
                continue
        return _vendor_jis(data)
    return None


def _vendor_jis(data: bytes) -> str | None:
    """ISO-2022-JP with NEC and IBM rows, which only the Microsoft kind has: through Shift_JIS of cp932."""
    if not data.isascii():
        return None
    out: list[str] = []
    mode = "ascii"
    for index, piece in enumerate(data.split(b"\x1b")):
        if index:
            if piece[:2] in (b"$B", b"$@"):
                mode, piece = "jis", piece[2:]
            elif piece[:2] in (b"(B", b"(J", b"(H"):
                mode, piece = "ascii", piece[2:]
            elif piece[:2] == b"(I":
                mode, piece = "kana", piece[2:]
            else:
                return None
        if mode == "ascii":
            out.append(piece.decode("latin-1"))
        elif mode == "kana":
            out.append(bytes(byte | 0x80 for byte in piece).decode("cp932", "replace"))
        else:
            sjis = bytearray()
            pairs = iter(piece)
            for high in pairs:
                if high < 0x21 or high > 0x7E:
                    sjis.append(high)
                    continue
                low = next(pairs, 0x21)
                row, cell = high - 0x21, low - 0x21
                sjis.append((row >> 1) + (0x81 if row < 62 else 0xC1))
                sjis.append((cell + 0x40 + (1 if cell >= 63 else 0)) if row % 2 == 0 else cell + 0x9F)
            out.append(bytes(sjis).decode("cp932", "replace"))
    return "".join(out)


def _escapes(data: bytes, declared: str) -> str:
    if b"\x1b" not in data:
        return ""
    if b"\x1b$)C" in data:
        return "iso2022_kr"
    if b"\x1b$B" in data or b"\x1b$@" in data or b"\x1b(J" in data or b"\x1b(I" in data:
        return declared if declared.startswith("iso2022_jp") else "iso2022_jp_ext"
    return ""


def _ebcdic(name: str) -> bool:
    return name in ("cp037", "cp500", "cp1140", "cp273", "cp1026")


def _multibyte_utf8(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return any(char > "\x7f" for char in text)


def _cp1252(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        # The five holes of cp1252 are controls in the WHATWG table; they are dropped as such later.
        return (
            "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in data)
            if len(data) < 4096
            else data.decode("cp1252", "replace")
        )
