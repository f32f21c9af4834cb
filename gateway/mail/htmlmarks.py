"""Structural marks of quoting in HTML, by mail program; the strongest evidence of where the old mail begins.

Two kinds: a *zone* is an element that holds the quoted mail (or a signature); a *boundary* is an element above
it, everything after it is old. Source: docs/mail-rules.md "Text", docs/algapsa.md "Marks in the desk's own mail",
the programs' output.
"""

from __future__ import annotations

import re

from .scan import Token

# (attribute, needle, zone); class names compare as whole words.
ZONES: tuple[tuple[str, str, str], ...] = (
    ("class", "gmail_quote", "gmail_quote"),
    ("class", "gmail_quote_container", "gmail_quote"),
    ("class", "gmail_extra", ""),
    ("class", "yahoo_quoted", "yahoo_quoted"),
    ("class", "protonmail_quote", "protonmail_quote"),
    ("class", "tutanota_quote", "tutanota_quote"),
    ("class", "moz-cite-prefix", "moz-cite-prefix"),
    ("class", "zmail_extra", "zmail_extra"),
    ("class", "hey-quote", "hey"),
    ("class", "front-blockquote", "front"),
    ("class", "freebirdsenderhistory", "reply_history"),
    ("class", "quoted-text", "quoted-text"),
    ("id", "yahoo_quoted", "yahoo_quoted"),
    ("name", "messagereplysection", "spark"),
    ("class", "ms-outlook-mobile-reference-message", "outlook-mobile"),
    ("class", "emailquote", "emclient"),
    ("class", "mail_quote", "mail_quote"),
    ("class", "reply-quote", "reply-quote"),
    ("class", "airmail_quote", "airmail"),
    ("class", "wps_quotion", "wps"),
    ("name", "quote", "gmx"),
    ("id", "isforwardcontent", "forward"),
    ("id", "isreplycontent", "isreplycontent"),
    ("id", "mailcontentcontainer_quote", "qq"),
)
SIGNATURES: tuple[tuple[str, str], ...] = (
    ("class", "gmail_signature"),
    ("class", "moz-signature"),
    ("class", "protonmail_signature_block"),
    ("class", "tutanota_signature"),
    ("class", "applemailsignature"),
    ("id", "signature"),
    ("id", "zm-_id_-sgn"),
    ("id", "signature_old"),
    ("class", "k9mail-signature"),
    ("class", "signature"),
    ("name", "messagesignaturesection"),
    ("id", "ms-outlook-mobile-signature"),
    ("id", "applemailsignature"),
    ("data-smartmail", "gmail_signature"),
    ("class", "fairemail_signature"),
)
BOUNDARIES: tuple[tuple[str, str, str], ...] = (
    ("id", "divrplyfwdmsg", "divRplyFwdMsg"),
    ("id", "appendonsend", "appendonsend"),
    ("id", "x_divrplyfwdmsg", "divRplyFwdMsg"),
    ("id", "x_appendonsend", "appendonsend"),
    ("id", "zwchr", "zimbra"),
    ("id", "olk_src_body_section", "outlook-mac"),
    ("id", "ms-outlook-mobile-body-separator-line", "outlook-mobile"),
    ("id", "stopspelling", "stopSpelling"),
    ("id", "replysplit", "replySplit"),
    ("id", "reply-intro", "reply-intro"),
    ("id", "mail-editor-reference-message-container", "outlook"),
    ("class", "gmail_attr", ""),
    ("data-marker", "__divider__", "zimbra"),
)

_ATTRIBUTES = ("class", "id", "name", "data-smartmail", "data-marker")
# Programs that show a mail of another one give its names a prefix, and quote it so.
_FOREIGN = re.compile(r"^(?:x_)+|^m_-?\d{5,25}|^ydp[0-9a-f]{4,20}")
_ZONE_OF = {(attribute, needle): zone for attribute, needle, zone in ZONES if zone}
_SIGNATURE_OF = frozenset(SIGNATURES)
_BOUNDARY_OF = {(attribute, needle): mark for attribute, needle, mark in BOUNDARIES if mark}


def _marks(token: Token) -> list[tuple[str, str]]:
    """(attribute, word) for the attributes that name things."""
    attributes = token.attributes()
    return [
        (key, _FOREIGN.sub("", word))
        for key in _ATTRIBUTES
        if key in attributes
        for word in attributes[key].lower().split()[:20]
    ]


def zone_of(name: str, token: Token) -> str:
    """What the element holds by the marks of programs (a quote, a signature, the desk's mail), "" for nothing known."""
    if not token.attrs:
        return ""
    found = _marks(token)
    for mark in found:
        zone = _ZONE_OF.get(mark, "")
        if zone:
            # A lone blockquote of that class is a passage that the writer indented.
            return "passage" if name == "blockquote" and zone == "gmail_quote" else zone
    if name == "blockquote" and (token.attribute("type").lower() == "cite" or token.attribute("cite")):
        return "blockquote-cite"
    if "data-alga-" in token.attrs and (
        "data-alga-reply-token" in token.attrs or "data-alga-reply-boundary" in token.attrs
    ):
        return "desk"
    return "signature" if any(mark in _SIGNATURE_OF for mark in found) else ""


def boundary(token: Token) -> str:
    """Which program says by this element that older mail begins, "" for none."""
    if not token.attrs:
        return ""
    for mark in _marks(token):
        if mark in _BOUNDARY_OF:
            return _BOUNDARY_OF[mark]
    if "data-alga-reply-boundary" in token.attrs:
        return "desk"
    # The thin line that desktop Outlook draws over the headers of the old mail.
    if token.name == "div" and "border-top" in token.attrs:
        style = token.attribute("style").replace(" ", "").lower()
        if style.startswith(_OUTLOOK_LINES):
            return "outlook-line"
    return ""


_OUTLOOK_LINES = (
    "border:none;border-top:solid#",
    "border:none;border-top:solidblack",
    "border:none;border-top:solidwindowtext",
)
