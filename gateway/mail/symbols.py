"""Letters that are pictures: what Wingdings, Webdings and Symbol show in the place of a character.

Word and Outlook write the smiley as a J in Wingdings. A reader without the font sees the letter. Where Unicode has
a rare sign and a common one for the same picture, the common one is taken. Source: Unicode's mapping of Wingdings
(L2/12-368), Adobe's Symbol encoding.
"""

from __future__ import annotations

import re


def _row(first: int, signs: str) -> dict[int, str]:
    return {first + at: sign for at, sign in enumerate(signs) if sign != " "}


_WINGDINGS = {
    **_row(0x22, "✂✁👓🔔📖🕯☎✆✉📨📪📫📬📭📁📂📄🗏🗐🗄⌛⌨🖰🖲🖳🖴💾🖬✇✍"),
    **_row(0x40, "🖎✌👌👍👎☜☞☝☟🖐☺😐☹💣☠🏳🏱✈☼💧❄🕆✞🕈✠✡☪☯ॐ☸♈♉♊♋♌♍♎♏♐♑♒♓🙰&●❍■□❐❑❒⬧⧫◆❖⬥☒⮹⌘❀✿❝❞"),
    **_row(0x80, "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿"),
    **_row(0x9E, "·•▪○⭕◉◎ ○▪☐ ✦★✶✴✹✵⌖⌖✧⌑ ✪✰🕐🕑🕒🕓🕔🕕🕖🕗🕘🕙🕚🕛"),
    **_row(0xD5, "⌫⌦◁➢△▽⮈⮊⮉⮋←→↑↓↖↗↙↘🡸➔🡹🡻🡼🡽🡿🡾⇦⇨⇧⇩⬄⇳⬁⬀⬃⬂▭▫✗✓☒☑"),
}
_SYMBOL = {
    **_row(0x22, "∀ ∃"),
    **_row(0x27, "∋  ∗  −"),
    **_row(0x40, "≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ ∴ ⊥"),
    **_row(0x61, "αβχδεφγηιϕκλμνοπθρστυϖωξψζ"),
    **_row(0x7E, "∼"),
    **_row(0xA0, "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…|―↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑"),
    **_row(0xF1, "〉∫"),
}
FONTS: dict[str, dict[int, str]] = {
    "wingdings": _WINGDINGS,
    "wingdings 2": {**_row(0x4F, "✗✓☒☑☒☒"), 0xA3: "☐"},
    "wingdings 3": {**_row(0x21, "←→↑↓"), 0x70: "▲", 0x71: "▼", 0x74: "◀", 0x75: "▶"},
    "webdings": {**_row(0x33, "◀▶▲▼"), 0x59: "♥", 0x61: "✓", 0x63: "□", 0x67: "■", 0x69: "ℹ", 0x6E: "●", 0x72: "✖"},
    "symbol": _SYMBOL,
}
# Characters of the private area that such fonts lend to text without them; the bullet of Word is Symbol's.
_LENT = {0xF000 + code: sign for code, sign in _WINGDINGS.items()} | {0xF0B7: "•"}
_PRIVATE = re.compile("[\uf020-\uf0ff]")
# Words that a person wrote and a wrong font came upon; signs stand alone or repeat.
_WRITTEN = re.compile(r"(?:([A-Za-z])(?!\1)){3}[A-Za-z]")


def font_of(family: str) -> str:
    """The font of signs that a font-family or face asks for first, "" for a font of letters."""
    name = " ".join(family.partition(",")[0].strip(" \t\"'").lower().split())
    return name if name in FONTS else ""


def as_shown(text: str, font: str) -> str:
    """The text as it looks in a font of signs."""
    if font and not _WRITTEN.search(text):
        return "".join(_sign(char, FONTS[font]) for char in text)
    return without_private(text)


def without_private(text: str) -> str:
    """Signs of the private area as the signs that they are."""
    if text.isascii():
        return text
    return _PRIVATE.sub(lambda found: _LENT.get(ord(found[0]), found[0]), text)


def _sign(char: str, signs: dict[int, str]) -> str:
    if char.isspace():
        return char
    code = ord(char)
    if 0xF020 <= code <= 0xF0FF:
        return signs.get(code - 0xF000, char)
    if code > 0xFF:
        try:
            code = char.encode("cp1252")[0]
        except UnicodeEncodeError:
            return char
    return signs.get(code, char)


_EMOJI = re.compile(
    "[\u00a9\u00ae\u203c-\u3299\ufe0f\u200d\u20e3\U0001f000-\U0001faff\U000e0020-\U000e007f0-9#*]{1,32}"
)


def is_emoji(text: str) -> bool:
    """Whether a picture's other text is a sign that stands for it."""
    return bool(_EMOJI.fullmatch(text)) and any(char > "\u2000" for char in text)
