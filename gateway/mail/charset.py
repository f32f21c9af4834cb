"""Bytes to text: a ladder of charsets, with the rung that was used recorded.

Promised: nothing decodable is lost, whatever the label says; the result is valid Unicode.
Order: the declared label (charsets.py) unless it cannot be true, an escape-sequence sniff,
UTF-8, the hints (other parts, language), a detector, cp1252, replacement with a note.
Source: docs/mail-rules.md "Text", WHATWG Encoding Standard, RFC 2046 4.1.2.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from functools import lru_cache

from .charsets import FAMILIES, LANGUAGES, codec, is_double_byte, single_byte
from .clean import whole

_C1 = re.compile("[\x80-\x9f]")
_SAMPLE = 16 * 1024


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
        found = _as_declared(data, label, declared)
        if found is not None:
            return found
        note = f"not valid {label[:40]}"
        declared = "" if _is_ascii(label) else declared
    text = _strict(data, "utf-8")
    if text is None:
        text = _of_halves(data)
    if text is not None:
        return text, "utf-8", note
    if declared and not single_byte(declared):
        # One broken character in a long text is no reason to guess another charset.
        text = _decoded(data, declared, "replace")
        if text.count("\ufffd") * 50 <= len(text):
            text = _mixed(data) if declared == "utf-8" else text
            return text, declared, f"{note}, {text.count(chr(0xFFFD))} characters replaced"
    if not declared or declared == "utf-8":
        text = data.decode("utf-8", "replace")
        lost = text.count("\ufffd")
        good = sum(1 for char in text[:100_000] if char > "\x7f") - lost
        if lost * 4 <= good or (declared and lost * 2 <= good and not is_double_byte(_detected(data))):
            text = _mixed(data)
            return text, "utf-8", f"{note}, {text.count(chr(0xFFFD))} characters replaced"
    for name in [*FAMILIES.get(declared, ()), *_guesses(data, hints, languages)]:
        text = _strict(data, name)
        if text is not None and not _C1.search(text):
            return text, name, f"{note}, read as {name}"
    return _cp1252(data), "cp1252", f"{note}, read as cp1252"


def _as_declared(data: bytes, label: str, declared: str) -> tuple[str, str, str] | None:
    """The text as its label says, or as its label cannot but mean; None where the label is not true."""
    # A single byte charset decodes anything: UTF-8 under such a label shows itself.
    if declared.startswith(("cp125", "iso8859", "latin")) and _multibyte_utf8(data):
        return data.decode("utf-8"), "utf-8", f"declared {label[:40]}, is utf-8"
    if _is_ascii(label):
        return None
    text = _strict(data, declared)
    if _is_doubtful(data, text, declared):
        other = _detected(data)
        better = _strict(data, other) if other and other != declared else None
        if better is not None and not _PRIVATE.search(better):
            return better, other, f"declared {label[:40]}, is {other}"
    if text is None:
        return (_cp1252(data), "cp1252", "") if declared == "cp1252" else None
    if declared.startswith("iso8859") and _C1.search(text):
        other = _OF_WINDOWS.get(declared, "")
        better = _strict(data, other) if other else None
        if better is not None and not _C1.search(better):
            return better, other, f"declared {label[:40]}, is {other}"
    return text, declared, ""


def _is_ascii(label: str) -> bool:
    """A label that no text with an octet over 127 can have."""
    name = label.strip().strip("\"'").lower()
    return name in ("us-ascii", "ascii", "ansi_x3.4-1968", "us-ascii//translit")


def _is_doubtful(data: bytes, text: str | None, declared: str) -> bool:
    """Whether a text reads so oddly that the label is likely not true: Western letters in long runs or signs within
    words, Cyrillic words with the capitals at the wrong end, characters that nobody has assigned."""
    if declared == "cp1252":
        octets = bytes(data[:_SAMPLE])
        if _SIGN_IN_WORD.search(octets):
            return True
        if _western(octets):
            return False
        rest = sum(chr(octet).isalpha() for octet in octets if octet < 0x80)
        return 2 * sum(map(len, _RUNS.findall(octets))) > rest
    if text is None:
        return False
    if declared in _CYRILLIC:
        sample = text[:_SAMPLE]
        inverted = any(word[0].islower() and word[1:].isupper() for word in _LONG_WORD.findall(sample))
        return inverted and 2 * sum(map(str.isupper, sample)) > sum(map(str.isalpha, sample))
    return is_double_byte(declared) and len(_PRIVATE.findall(text[:_SAMPLE])) > 1


_SIGN_IN_WORD = re.compile(rb"(?<=[A-Za-z])[\xa1\xa3\xa5\xa6\xac\xaf\xb1\xb3\xb6\xb9\xbc\xbe\xbf](?=[a-z])")
_OF_WINDOWS = {"iso8859-2": "cp1250", "iso8859-5": "cp1251", "iso8859-7": "cp1253", "iso8859-15": "cp1252"}
_CYRILLIC = frozenset(("cp1251", "koi8-u", "iso8859-5", "cp866", "mac-cyrillic"))
_LONG_WORD = re.compile("[\u0400-\u045f]{3,40}")
_PRIVATE = re.compile("[\ue000-\uf8ff]")


def _of_halves(data: bytes) -> str | None:
    """UTF-8 whose characters beyond the first plane were written as halves of UTF-16 (CESU-8, of databases)."""
    if b"\xed" not in data:
        return None
    try:
        return data.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeError:
        return None


def _mixed(data: bytes) -> str:
    """UTF-8 to which a program added words in a Western charset; the half of a character stays marked."""
    return data.decode("utf-8", _WESTERN)


def _western_octet(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    octets = error.object[error.start : error.end]
    char = octets.decode("cp1252", "replace") if len(octets) == 1 and error.end < len(error.object) else ""
    is_written = char > "\xbf" or char in _PUNCTUATION - {"\xaa", "\xba"}
    return (char if char and is_written else "\ufffd"), error.end


_WESTERN = "gateway.western"
codecs.register_error(_WESTERN, _western_octet)


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


def _guesses(data: bytes, hints: Sequence[str], languages: Sequence[str]) -> list[str]:
    names: list[str] = []
    for hint in (codec(label) for label in hints):
        names += FAMILIES.get(hint, (hint,))
    for language in languages:
        names += LANGUAGES.get(language.strip().lower()[:2], ())
    names.append(_detected(data))
    return [name for name in dict.fromkeys(names) if name and name != "ascii"]


def _detected(data: bytes) -> str:
    """What a browser takes text without a label for; "" where one charset is as likely as others."""
    return _detect(bytes(data[:_SAMPLE]), len(data) <= _SAMPLE)


@lru_cache(maxsize=1)  # asked up to three times about one text
def _detect(sample: bytes, is_whole: bool) -> str:
    import chardetng_py  # type: ignore[import-untyped]  # seldom needed

    detector = chardetng_py.EncodingDetector()
    detector.feed(sample, last=is_whole)
    label, likely = detector.guess_assess(tld=None, allow_utf8=False)
    return codec(label) if likely else ""


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


def _decoded(data: bytes, name: str, errors: str = "strict") -> str:
    """As the codec has it; UTF-7 writes characters as halves of UTF-16, of which one alone is no text."""
    text = data.decode(name, errors)
    return whole(text) if name == "utf-7" else text


def _strict(data: bytes, name: str) -> str | None:
    try:
        return _decoded(data, name)
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


# The five holes of cp1252 are controls in the WHATWG table; they are dropped as such later.
_CP1252 = "".join(bytes([octet]).decode("cp1252", "ignore") or chr(octet) for octet in range(256))


def _cp1252(data: bytes) -> str:
    return codecs.charmap_decode(data, "strict", _CP1252)[0]
