"""Names of charsets: the codec that a label means, what programs write under it, what a language is written in.

Source: WHATWG Encoding Standard 4.2.
"""

from __future__ import annotations

import codecs
import encodings
import re
from encodings.aliases import aliases
from functools import lru_cache
from pkgutil import iter_modules

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
    "koi8-r": "koi8-u",
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
    "x-mac-ce": "mac_latin2",
    "x-mac-centraleurroman": "mac_latin2",
    "x-mac-turkish": "mac_turkish",
    "x-mac-greek": "mac_greek",
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


# A name that Python has not is never looked up: it would be searched for on the disk, and kept in memory for ever.
_OF_PYTHON = frozenset((*aliases, *aliases.values(), *(module.name for module in iter_modules(encodings.__path__))))


def codec(label: str) -> str:
    """The Python codec for a charset label, vendor variants applied; "" when unknown."""
    return _codec(label[:200].strip().strip("\"'").lower()[:60])


@lru_cache(maxsize=512)
def _codec(name: str) -> str:
    if name in LABELS:
        return LABELS[name]
    # Labels that Python does not know but the WHATWG names do: x-sjis, x-cp1251, dos-874, ...
    try:
        found = codecs.lookup(name) if _is_of_python(name) else None
    except (LookupError, ValueError):
        found = None
    if found is None:
        encoding = webencodings.lookup(name) if name.isascii() else None
        if encoding is None:
            usual = _spelt_as_usual(name)
            return _codec(usual) if usual not in ("", name) else ""
        found = encoding.codec_info
    if not getattr(found, "_is_text_encoding", True):
        return ""
    known = found.name
    if known.replace("-", "_") in _REFUSED:
        return ""
    return VARIANTS.get(known, known)


# Families of charsets that are known by a number, however programs write the two.
_NUMBERED = (
    (re.compile(r"(?:iso[-_ ]?)?8859[-_ ]?(\d{1,2})(?:[-_]([ie]))?(?:[:;, ].*)?"), "iso-8859-"),
    (re.compile(r"(?:x[-_ ])?(?:cp|ms|win|windows|ibm|dos)[-_ ]?(\d{3,4})(?:[:;, ].*)?"), "cp"),
    (re.compile(r"(?:iso[-_ ]?)?(?:latin|l)[-_ ]?(\d{1,2})(?:[:;, ].*)?"), "latin"),
)


def _spelt_as_usual(name: str) -> str:
    """A name by family and number as it is usual, "" for any other."""
    for pattern, family in _NUMBERED:
        if found := pattern.fullmatch(name):
            return family + "-".join(filter(None, found.groups()))
    return ""


def _is_of_python(name: str) -> bool:
    normal = encodings.normalize_encoding(name)
    return normal in _OF_PYTHON or normal.replace(".", "_") in _OF_PYTHON


def single_byte(name: str) -> bool:
    return name.startswith(("cp125", "iso8859", "latin", "koi8", "mac", "cp8", "cp4"))


def is_double_byte(name: str) -> bool:
    return name in ("gb18030", "cp950", "cp932", "euc_jp", "cp949", "big5hkscs", "johab")
