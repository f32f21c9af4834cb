"""The desk's own marks in a mail (CONTRACT "Marks in the desk's own mail"): claims, bound to nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.model.email import DeskMarks

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_ROOT = re.compile(rf"^ticket-({_UUID})@", re.IGNORECASE)
_TOKEN = re.compile(r"ALGA-REPLY-TOKEN[\s>]{1,20}([A-Za-z0-9._~:-]{8,400})", re.IGNORECASE)
_TICKET = re.compile(
    rf"(?:ticketId\s{{0,5}}=[\s>]{{0,10}}|ALGA-TICKET-ID\s{{0,5}}:[\s>]{{0,10}})({_UUID})", re.IGNORECASE
)
_DATA_TOKEN = re.compile(r"""data-alga-reply-token\s{0,5}=\s{0,5}["']?([A-Za-z0-9._~:-]{8,400})""", re.IGNORECASE)
_DATA_TICKET = re.compile(rf"""data-alga-ticket-id\s{{0,5}}=\s{{0,5}}["']?({_UUID})""", re.IGNORECASE)
_NUMBER = re.compile(r"\[Ticket #\s{0,3}([A-Za-z0-9._-]{1,40})\]", re.IGNORECASE)
_CAP = 50


def find(ids: Iterable[str], subject: str, text: str, html: str) -> DeskMarks:
    tickets = [match[1].lower() for one in ids if (match := _ROOT.match(one))]
    tokens: list[str] = []
    # An escaped or wrapped mark reads the same once backslashes are gone.
    plain = text.replace("\\", "") if "\\" in text else text
    if "alga-" in plain.lower():
        tickets += _TICKET.findall(plain)
        tokens += _TOKEN.findall(plain)
    if "alga-" in html.lower():
        tickets += _TICKET.findall(html) + _DATA_TICKET.findall(html)
        tokens += _DATA_TOKEN.findall(html) + _TOKEN.findall(html)
    return DeskMarks(
        tuple(dict.fromkeys(one.lower() for one in tickets))[:_CAP],
        tuple(dict.fromkeys(tokens))[:_CAP],
        tuple(dict.fromkeys(_NUMBER.findall(subject)))[:_CAP],
    )
