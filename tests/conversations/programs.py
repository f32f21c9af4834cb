"""What each mail program makes of an answer and of the mail that is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WHO = "Tin Woodman <support@msp.example>"
NAMES = {
    "en": ("From", "Sent", "To", "Subject", "Saturday, 28 November 2026 04:26", "On Sat, 28 Nov 2026 at 04:26, {who} wrote:", "Sent from my {phone}", "Original Message"),
    "de": ("Von", "Gesendet", "An", "Betreff", "Samstag, 28. November 2026 04:26", "Am Sa., 28. Nov. 2026 um 04:26 Uhr schrieb {who}:", "Von meinem {phone} gesendet", "Ursprüngliche Nachricht"),
    "fr": ("De", "Envoyé", "À", "Objet", "samedi 28 novembre 2026 04:26", "Le sam. 28 nov. 2026 à 04:26, {who} a écrit :", "Envoyé de mon {phone}", "Message d'origine"),
    "es": ("De", "Enviado", "Para", "Asunto", "sábado, 28 de noviembre de 2026 4:26", "El sáb, 28 nov 2026 a las 4:26, {who} escribió:", "Enviado desde mi {phone}", "Mensaje original"),
    "it": ("Da", "Inviato", "A", "Oggetto", "sabato 28 novembre 2026 04:26", "Il giorno sab 28 nov 2026 alle ore 04:26 {who} ha scritto:", "Inviato da {phone}", "Messaggio originale"),
    "nl": ("Van", "Verzonden", "Aan", "Onderwerp", "zaterdag 28 november 2026 04:26", "Op za 28 nov 2026 om 04:26 schreef {who}:", "Verstuurd vanaf mijn {phone}", "Oorspronkelijk bericht"),
    "pl": ("Od", "Wysłano", "Do", "Temat", "sobota, 28 listopada 2026 04:26", "sob., 28 lis 2026 o 04:26 {who} napisał(a):", "Wysłane z {phone}", "Oryginalna wiadomość"),
    "ja": ("差出人", "送信日時", "宛先", "件名", "2026年11月28日土曜日 4:26", "2026年11月28日(土) 4:26 {who}:", "{phone}から送信", "元のメッセージ"),
}  # fmt: skip
PHONE = {"iphone": "iPhone", "samsung": "Galaxy", "gmail android": "Android", "outlook mobile": "Outlook"}


@dataclass(frozen=True)
class Part:
    """A piece of the mail from top to bottom: words of the writer, or of the mail that is answered. ``inside``: typed
    within the quote, which the program may not part from it."""

    text: str
    old: bool = False
    inside: bool = False
    html: str = ""

    @property
    def as_html(self) -> str:
        return self.html or f"<p>{escape(self.text)}</p>"


@dataclass(frozen=True)
class Reply:
    """``above`` and ``below`` the quote, and what is in it."""

    above: Sequence[Part]
    quote: Sequence[Part]
    below: Sequence[Part]
    language: str
    subject: str = "Printer"

    @property
    def introduction(self) -> str:
        return NAMES[self.language][5].format(who=WHO)

    @property
    def fields(self) -> list[tuple[str, str]]:
        names = NAMES[self.language]
        return [(names[0], WHO), (names[1], names[4]), (names[2], "Alice Archer <alice@acme.example>"), (names[3], f"Re: {self.subject}")]

    def html(self, parts: Sequence[Part], between: str = "") -> str:
        """``between`` parts the quote around words that were typed into it."""
        return "".join(between.format(part.as_html) if part.inside and between else part.as_html for part in parts)


def _gmail(reply: Reply, direction: str = "ltr") -> str:
    quote = reply.html(reply.quote, '</blockquote></div><div dir="' + direction + '">{}</div><div class="gmail_quote"><blockquote class="gmail_quote">')
    return (
        f'<div dir="{direction}">{reply.html(reply.above)}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{escape(reply.introduction)}<br></div>'
        f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{quote}</blockquote></div>{reply.html(reply.below)}'
    )


def _bold(reply: Reply) -> str:
    return "<br>".join(f"<b>{name}:</b> {escape(value)}" for name, value in reply.fields)


def _outlook(reply: Reply) -> str:
    head = f'<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">{_bold(reply)}</p></div></div>'
    return f'<div class="WordSection1">{reply.html(reply.above)}{head}{reply.html(reply.quote)}{reply.html(reply.below)}</div>'


def _outlook_web(reply: Reply) -> str:
    head = f'<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font>{_bold(reply)}</font><div>&nbsp;</div></div>'
    return f'<div class="elementToProof">{reply.html(reply.above)}</div>{head}<div>{reply.html(reply.quote)}</div>{reply.html(reply.below)}'


def _outlook_mobile(reply: Reply) -> str:
    head = f'<div id="ms-outlook-mobile-body-separator-line"></div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr">{_bold(reply)}<br></div>'
    return f'<div id="mail-editor-reference-message-container">{reply.html(reply.above)}{head}{reply.html(reply.quote)}{reply.html(reply.below)}</div>'


def _cited(reply: Reply) -> str:
    quote = reply.html(reply.quote, '</div></blockquote>{}<blockquote type="cite"><div>')
    return (
        f'{reply.html(reply.above)}<div><br><blockquote type="cite"><div>{escape(reply.introduction)}</div><br></blockquote></div>'
        f'<blockquote type="cite"><div>{quote}</div></blockquote>{reply.html(reply.below)}'
    )


def _iphone(reply: Reply) -> str:
    quote = reply.html(reply.quote)
    return (
        f'<div dir="ltr">{reply.html(reply.above)}</div><div dir="ltr"><br><blockquote type="cite">{escape(reply.introduction)}<br><br></blockquote></div>'
        f'<blockquote type="cite"><div dir="ltr">{quote}</div></blockquote>{reply.html(reply.below)}'
    )


def _thunderbird(reply: Reply) -> str:
    quote = reply.html(reply.quote, '</blockquote>{}<blockquote type="cite" cite="mid:x@msp.example">')
    return (
        f'{reply.html(reply.above)}<div class="moz-cite-prefix">{escape(reply.introduction)}<br></div>'
        f'<blockquote type="cite" cite="mid:x@msp.example">{quote}</blockquote>{reply.html(reply.below)}'
    )


def _yahoo(reply: Reply) -> str:
    return (
        f'<div class="ydp1yahoo-style-wrap"><div dir="ltr">{reply.html(reply.above)}</div></div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>'
        f"<div>{escape(reply.introduction)}</div><div><br></div><div>{reply.html(reply.quote)}</div></div></div>{reply.html(reply.below)}"
    )


def _gmx(reply: Reply) -> str:
    return (
        f'<div>{reply.html(reply.above)}<div name="quote" style="margin:10px 5px 5px 10px; padding: 10px 0 10px 10px; border-left:2px solid #C3D9E5;">'
        f'<div style="margin:0 0 10px 0;">{_bold(reply)}</div><div name="quoted-content">{reply.html(reply.quote)}</div></div></div>{reply.html(reply.below)}'
    )


def _proton(reply: Reply) -> str:
    quote = reply.html(reply.quote, '</blockquote>{}<blockquote class="protonmail_quote" type="cite">')
    return (
        f'<div>{reply.html(reply.above)}</div><div class="protonmail_quote">{escape(reply.introduction)}<br><br>'
        f'<blockquote class="protonmail_quote" type="cite">{quote}</blockquote><br></div>{reply.html(reply.below)}'
    )


def _samsung(reply: Reply) -> str:
    head = "<br>".join(f"{name}: {escape(value)}" for name, value in reply.fields)
    return (
        f"<div dir='auto'>{reply.html(reply.above)}</div><div><br></div><div align='left' dir='auto'><div>-------- {NAMES[reply.language][7]} --------</div>"
        f"<div>{head}</div><div><br></div></div>{reply.html(reply.quote)}{reply.html(reply.below)}"
    )


def _lines(parts: Sequence[Part]) -> list[str]:
    return [line for part in parts for line in (*part.text.split("\n"), "")]


def _quoted_text(reply: Reply) -> str:
    """As programs for plain text do: marks before old lines, none before what is typed between."""
    quote: list[str] = []
    for part in reply.quote:
        quote += [f"> {line}".rstrip() for line in _lines([part])] if not part.inside else ["", *_lines([part])]
    return "\n".join([*_lines(reply.above), reply.introduction, *quote, *_lines(reply.below)])


def _typed_behind_marks(reply: Reply) -> str:
    """The caret stood in a quoted line: what is typed has its mark."""
    quote = [f"> {line}".rstrip() for line in _lines(reply.quote)]
    return "\n".join([*_lines(reply.above), reply.introduction, *quote, *_lines(reply.below)])


def _header_text(reply: Reply) -> str:
    head = [f"{name}: {value}" for name, value in reply.fields]
    return "\n".join([*_lines(reply.above), f"-----{NAMES[reply.language][7]}-----", *head, "", *_lines(reply.quote), *_lines(reply.below)])


HTML: dict[str, Callable[[Reply], str]] = {
    "gmail": _gmail, "gmail android": lambda reply: _gmail(reply, "auto"), "outlook": _outlook, "outlook web": _outlook_web,
    "outlook mobile": _outlook_mobile, "apple mail": _cited, "iphone": _iphone, "thunderbird": _thunderbird, "yahoo": _yahoo,
    "gmx": _gmx, "proton": _proton, "samsung": _samsung,
}  # fmt: skip
TEXT: dict[str, Callable[[Reply], str]] = {
    "mutt": _quoted_text, "roundcube text": _typed_behind_marks, "outlook text": _header_text,
}  # fmt: skip
