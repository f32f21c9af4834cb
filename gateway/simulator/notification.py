"""The desk's own mails about a ticket, in the layout of its mailer: what customers and watchers answer.

Subject and head are in the language of the tenant or the client, the banner and the lines with ids in English. The text
part has the page in one line. Source: mails 001 to 057 of the second round.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from uuid import NAMESPACE_URL, uuid5

from gateway.blocks import words
from gateway.simulator.render import content_html
from gateway.simulator.state import Desk
from gateway.simulator.times import parse_iso
from gateway.simulator.wire import Row

_NUMBERED = re.compile(r"\[ticket\s*#", re.IGNORECASE)
_LAYOUT = '<table role="presentation" width="100%" cellpadding="0" cellspacing="0">'
BANNER = "--- Please reply above this line ---"
WORDS = {
    "en": (
        "Your Ticket Has Been Created",
        "New Comment",
        "Ticket Updated",
        "Ticket Closed",
        "View Ticket",
        "Keeping teams aligned",
    ),
    "de": (
        "Ihr Ticket wurde erstellt",
        "Neuer Kommentar",
        "Ticket Aktualisiert",
        "Ticket Geschlossen",
        "Ticket Anzeigen",
        "Teams auf Kurs halten",
    ),
    "fr": (
        "Votre ticket a été créé",
        "Nouveau Commentaire",
        "Ticket Mis à Jour",
        "Ticket Fermé",
        "Voir le ticket",
        "Des équipes alignées",
    ),
    "xx": (
        "Tiketti luotu",
        "Uusi kommentti",
        "Tiketti päivitetty",
        "Tiketti suljettu",
        "Näytä",
        "Tiimit linjassa",
    ),
}


@dataclass(frozen=True)
class Notification:
    """One of the mails. ``ticket`` is the ticket's id; ``kind`` the place of its name in WORDS, of which 1 is about a
    comment; ``count`` keeps equal ones apart, ``earlier`` are the ids of those before it."""

    ticket: str
    number: str = "TIC001001"
    language: str = "en"
    kind: int = 1
    sender: str = "MSP Support <support@msp.example>"
    to: str = "alice@acme.example"
    count: int = 0
    subject: str = "Printer"
    comment: str = "We have found the cause; please restart it."
    comment_html: str = ""
    requester: tuple[str, str] = ("Alice Archer", "alice@acme.example · +44 20 7946 0105")
    domain: str = "msp.example"
    earlier: tuple[str, ...] = field(default=())
    date: str = "Sat, 28 Nov 2026 04:26:38 +0000"

    @property
    def id(self) -> str:
        return f"<{uuid5(NAMESPACE_URL, f'{self}')}@{self.domain}>"

    @property
    def root(self) -> str:
        return f"<ticket-{self.ticket}@{self.domain}>"

    @property
    def title(self) -> str:
        """With the ticket's number before it, unless some ticket's number stands in it already."""
        said = f"{WORDS[self.language][self.kind]} • {self.subject}"
        return said if _NUMBERED.search(said) else f"[Ticket #{self.number}] {said}"

    @property
    def secret(self) -> str:
        return str(uuid5(NAMESPACE_URL, self.id))

    @property
    def token(self) -> str:
        about = f" commentId={uuid5(NAMESPACE_URL, self.comment)}" if self.kind == 1 else ""
        return f"[ALGA-REPLY-TOKEN {self.secret} ticketId={self.ticket}{about}]"

    @property
    def _facts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The table of the ticket's values, each with its label: a mail about a comment has more of them."""
        facts: tuple[tuple[str, tuple[str, ...]], ...] = (("Priority", ("P3 - Medium",)), ("Status", ("New",)))
        if self.kind != 1:
            return (*facts, ("Assigned To", ("Unassigned",)))
        return (
            *facts,
            ("Comment By", ("Tess Tech",)),
            ("Assigned To", ("Unassigned", "Not assigned")),
            ("Requester", self.requester),
            ("Board", ("Support",)),
            ("Category", ("Not categorized",)),
            ("Location", ("Not specified",)),
        )

    @property
    def plain_comment(self) -> str:
        """The comment in one line, with nothing between the items of its lists."""
        return " ".join(self.comment.split())

    @property
    def text(self) -> str:
        """The text part: the page in one line between the banner and the id lines."""
        said = WORDS[self.language]
        about = f"\nALGA-COMMENT-ID:{uuid5(NAMESPACE_URL, self.comment)}" if self.kind == 1 else ""
        number = f"Ticket #{self.number}"
        facts = " ".join(f"{label} {' '.join(values)}" for label, values in self._facts)
        head = f"{said[self.kind]} {self.subject} {number} · P3 - Medium Priority · New {number} {facts}"
        mark = " &#x1F4AC; Comment" if self.kind == 1 else ""
        page = f"{head}{mark} {self.plain_comment} {said[4]} Powered by AlgaPSA &middot; {said[5]}"
        return f"{BANNER}\n\n{page}\n\n{self.token}\nALGA-TICKET-ID:{self.ticket}{about}"

    @property
    def html(self) -> str:
        hidden = 'style="display:none;max-height:0;overflow:hidden;"'
        said = WORDS[self.language]
        return (
            f'<div data-alga-reply-token="{self.secret}" data-alga-ticket-id="{self.ticket}" '
            f"{hidden}>{self.token}</div>"
            f'<div data-alga-reply-boundary="true" {hidden}>{BANNER}</div><p style="color:#666">{BANNER}</p>'
            f"<!DOCTYPE html><html><body>{_LAYOUT}<tr><td><h2>{said[self.kind]}</h2><div>{self.subject}</div>"
            f"<p>Ticket #{self.number} · P3 - Medium Priority · New</p><p>Ticket #{self.number}</p>"
            f"{_LAYOUT}{''.join(_row(label, values) for label, values in self._facts)}</table>"
            f"{'<p>&#x1F4AC; Comment</p>' if self.kind == 1 else ''}<div>{self.comment_html or self.comment}</div><a href='https://desk.example/t'>{said[4]}</a></td></tr>"
            f"<tr><td>Powered by AlgaPSA &middot; {said[5]}</td></tr></table></body></html>"
        )


def _row(label: str, values: tuple[str, ...]) -> str:
    """One fact in a table; several values are lines of their own."""
    shown = "".join(f"<div>{value}</div>" for value in values) if len(values) > 1 else values[0]
    return f"<tr><td>{label}</td><td>{shown}</td></tr>"


def message(sent: Notification) -> EmailMessage:
    """The notification as the desk sends it."""
    message = EmailMessage()
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply, AutoForward"
    message["In-Reply-To"] = (sent.root, *sent.earlier)[-1]
    message["References"] = " ".join((sent.root, *sent.earlier))
    message["Message-ID"] = sent.id
    message["From"], message["To"], message["Subject"] = sent.sender, sent.to, sent.title
    message["Date"] = sent.date
    message.set_content(sent.text)
    message.add_alternative(sent.html, subtype="html")
    return message


def _requester(desk: Desk, ticket: Row) -> tuple[str, str]:
    """The ticket's contact, by name and address."""
    contact = desk.contacts.get(ticket["contact_name_id"] or "", {})
    return contact.get("full_name", "Not specified"), contact.get("email", "Not specified")


def of_comment(desk: Desk, comment: Row, to: str, domain: str) -> EmailMessage:
    """The mail to somebody about a public comment, by which the desk knows a reply; ``domain`` is that of the address
    from which it mails."""
    ticket = desk.tickets[comment["ticket_id"]]
    before = [row for row in desk.comments[ticket["ticket_id"]] if row["created_at"] < comment["created_at"]]
    sent = Notification(
        ticket["ticket_id"],
        number=ticket["ticket_number"],
        sender=f"MSP Support <support@{domain}>",
        to=to,
        count=len(before),
        subject=ticket["title"],
        comment=words(comment["note"]),
        comment_html=content_html(comment["note"]),
        requester=_requester(desk, ticket),
        domain=domain,
        date=format_datetime(datetime.fromtimestamp(parse_iso(comment["created_at"]) or 0, UTC)),
    )
    desk.sent[sent.id] = desk.tokens[sent.secret] = ticket["ticket_id"]
    return message(sent)
