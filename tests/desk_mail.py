"""Notifications in the shape of the desk's own mailer, what programs make of them on their way, and replies to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from itertools import cycle, islice, product
from uuid import NAMESPACE_URL, uuid5

BANNER = "--- Please reply above this line ---"
WORDS = {
    "en": ("Your Ticket Has Been Created", "New Comment", "Ticket Updated", "Ticket Closed", "View Ticket", "Keeping teams aligned"),
    "de": ("Ihr Ticket wurde erstellt", "Neuer Kommentar", "Ticket Aktualisiert", "Ticket Geschlossen", "Ticket Anzeigen", "Teams auf Kurs halten"),
    "fr": ("Votre ticket a été créé", "Nouveau Commentaire", "Ticket Mis à Jour", "Ticket Fermé", "Voir le ticket", "Des équipes alignées"),
    "xx": ("Tiketti luotu", "Uusi kommentti", "Tiketti päivitetty", "Tiketti suljettu", "Näytä", "Tiimit linjassa"),
}  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """One notification. ``ticket`` is the ticket's id; ``comment`` is its text."""

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
    domain: str = "msp.example"
    earlier: tuple[str, ...] = field(default=())

    @property
    def id(self) -> str:
        return f"<{uuid5(NAMESPACE_URL, f'{self}')}@{self.domain}>"

    @property
    def root(self) -> str:
        return f"<ticket-{self.ticket}@{self.domain}>"

    @property
    def title(self) -> str:
        return f"[Ticket #{self.number}] {WORDS[self.language][self.kind]} • {self.subject}"

    @property
    def token(self) -> str:
        secret = uuid5(NAMESPACE_URL, self.id)
        about = f" commentId={uuid5(NAMESPACE_URL, self.comment)}" if self.kind == 1 else ""
        return f"[ALGA-REPLY-TOKEN {secret} ticketId={self.ticket}{about}]"

    @property
    def plain_comment(self) -> str:
        """The comment in one line, with nothing between the items of its lists."""
        return " ".join(self.comment.split())

    @property
    def text(self) -> str:
        """The text part: the page in one line between the banner and the id lines."""
        words = WORDS[self.language]
        about = f"\nALGA-COMMENT-ID:{uuid5(NAMESPACE_URL, self.comment)}" if self.kind == 1 else ""
        head = f"{words[self.kind]} {self.subject} Ticket #{self.number} · P3 - Medium Priority · New Ticket #{self.number} Priority P3 - Medium Status New"
        mark = " &#x1F4AC; Comment" if self.kind == 1 else ""
        page = f"{head}{mark} {self.plain_comment} {words[4]} Powered by AlgaPSA &middot; {words[5]}"
        return f"{BANNER}\n\n{page}\n\n{self.token}\nALGA-TICKET-ID:{self.ticket}{about}"

    @property
    def html(self) -> str:
        hidden = 'style="display:none;max-height:0;overflow:hidden;"'
        words = WORDS[self.language]
        return (
            f'<div data-alga-reply-token="{uuid5(NAMESPACE_URL, self.id)}" data-alga-ticket-id="{self.ticket}" {hidden}>{self.token}</div>'
            f'<div data-alga-reply-boundary="true" {hidden}>{BANNER}</div><p style="color:#666">{BANNER}</p>'
            f"<!DOCTYPE html><html><body><table><tr><td><h2>{words[self.kind]}</h2><div>{self.subject}</div>"
            f"<p>Ticket #{self.number} · P3 - Medium Priority · New</p><p>Ticket #{self.number}</p>"
            "<table><tr><td>Priority</td><td>P3 - Medium</td></tr><tr><td>Status</td><td>New</td></tr></table>"
            f"{'<p>&#x1F4AC; Comment</p>' if self.kind == 1 else ''}<div>{self.comment_html or self.comment}</div><a href='https://desk.example/t'>{words[4]}</a></td></tr>"
            f"<tr><td>Powered by AlgaPSA &middot; {words[5]}</td></tr></table></body></html>"
        )


def message(sent: Sent) -> EmailMessage:
    """The notification as the desk sends it."""
    message = EmailMessage()
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply, AutoForward"
    message["In-Reply-To"] = (sent.root, *sent.earlier)[-1]
    message["References"] = " ".join((sent.root, *sent.earlier))
    message["Message-ID"] = sent.id
    message["From"], message["To"], message["Subject"] = sent.sender, sent.to, sent.title
    message["Date"] = "Sat, 28 Nov 2026 04:26:38 +0000"
    message.set_content(sent.text)
    message.add_alternative(sent.html, subtype="html")
    return message


# -- on its way ------------------------------------------------------------------------------------


def as_sent(sent: Sent) -> bytes:
    return message(sent).as_bytes()


def redirected(sent: Sent) -> bytes:
    return b"Received: by mx.acme.example; Sat, 28 Nov 2026 04:26:39 +0000\nResent-From: alice@acme.example\nX-Forwarded-To: support@msp.example\n" + as_sent(sent)


def through_a_list(sent: Sent) -> bytes:
    """A list that puts its tag before the subject, rewrites From, and writes a footer."""
    copy = message(sent)
    copy.replace_header("From", "MSP Support via Team <team@lists.example>")
    copy.replace_header("Subject", f"[team] {sent.title}")
    copy["List-Id"], copy["Precedence"] = "<team.lists.example>", "list"
    part = copy.get_body(("plain",))
    assert isinstance(part, EmailMessage)
    part.set_content(f"{sent.text}\n_______________________________________________\nTeam mailing list\nteam@lists.example")
    return copy.as_bytes()


def through_a_strict_list(sent: Sent) -> bytes:
    """One that takes Auto-Submitted away as well."""
    return through_a_list(sent).replace(b"Auto-Submitted: auto-generated\n", b"")


def behind_a_gateway(sent: Sent) -> bytes:
    """A mail gateway that warns of mail from outside, above and below."""
    copy = message(sent)
    copy.replace_header("Subject", f"[EXTERNAL] {sent.title}")
    for kind, text in (("plain", f"CAUTION: this mail came from outside.\n\n{sent.text}\n\nThis mail is confidential."), ("html", f"<p>CAUTION: this mail came from outside.</p>{sent.html}<p>This mail is confidential.</p>")):
        part = copy.get_body((kind,))
        assert isinstance(part, EmailMessage)
        part.set_content(text, subtype=kind)
    return copy.as_bytes()


def text_alone(sent: Sent) -> bytes:
    copy = message(sent)
    copy.clear_content()
    copy.set_content(sent.text)
    return copy.as_bytes()


def html_alone(sent: Sent) -> bytes:
    copy = message(sent)
    copy.clear_content()
    copy.set_content(sent.html, subtype="html")
    return copy.as_bytes()


def without_its_id(sent: Sent) -> bytes:
    """A server that writes ids of its own."""
    return as_sent(sent).replace(sent.id.encode(), f"<AM0PR{sent.count}@eurprd01.prod.outlook.com>".encode())


def wrapped(sent: Sent, subject: str, text: str) -> EmailMessage:
    """A mail of somebody's that holds the notification."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Alice Archer <alice@acme.example>", "support@msp.example", subject
    message["Message-ID"], message["Date"] = f"<w{sent.count}.{sent.kind}.{sent.language}@acme.example>", "Sat, 28 Nov 2026 04:30:00 +0000"
    message["In-Reply-To"], message["References"] = sent.id, f"{sent.root} {sent.id}"
    message.set_content(text)
    return message


def forwarded_by_outlook(sent: Sent) -> bytes:
    head = f"From: {sent.sender}\nSent: Saturday, 28 November 2026 04:26\nTo: {sent.to}\nSubject: {sent.title}"
    return wrapped(sent, f"FW: {sent.title}", f"\n{head}\n\n{sent.text}").as_bytes()


def forwarded_by_gmail(sent: Sent) -> bytes:
    head = f"---------- Forwarded message ---------\nFrom: {sent.sender}\nDate: Sat, 28 Nov 2026 at 04:26\nSubject: {sent.title}\nTo: <{sent.to}>"
    return wrapped(sent, f"Fwd: {sent.title}", f"{head}\n\n\n{sent.text}").as_bytes()


def forwarded_with_marks(sent: Sent) -> bytes:
    lines = "\n".join(f"> {line}" for line in sent.text.split("\n"))
    return wrapped(sent, f"Fwd: {sent.title}", f"On Sat, 28 Nov 2026 at 04:26, {sent.sender} wrote:\n\n{lines}").as_bytes()


def forwarded_as_html(sent: Sent) -> bytes:
    """As Outlook does with HTML: its header lines in a div, then the page."""
    copy = wrapped(sent, f"WG: {sent.title}", "")
    head = f"<b>Von:</b> {sent.sender.replace('<', '&lt;')}<br><b>Gesendet:</b> Samstag, 28. November 2026 04:26<br><b>An:</b> {sent.to}<br><b>Betreff:</b> {sent.title}"
    copy.set_content(f'<div><p>&nbsp;</p><div id="divRplyFwdMsg">{head}</div>{sent.html}</div>', subtype="html")
    return copy.as_bytes()


def forwarded_by_apple(sent: Sent) -> bytes:
    head = f"Begin forwarded message:\n\nFrom: {sent.sender}\nSubject: {sent.title}\nDate: 28 November 2026 at 04:26:38 GMT\nTo: {sent.to}"
    lines = "\n".join(f"> {line}" for line in f"{head}\n\n{sent.text}".split("\n"))
    return wrapped(sent, f"Fwd: {sent.title}", lines).as_bytes()


def attached(sent: Sent) -> bytes:
    copy = wrapped(sent, f"Fwd: {sent.title}", "")
    copy.add_attachment(message(sent))
    return copy.as_bytes()


def journaled(sent: Sent) -> bytes:
    """The report of a journal, with the mail attached."""
    copy = wrapped(sent, sent.title, f"Sender: support@msp.example\nSubject: {sent.title}\nMessage-Id: {sent.id}\nRecipient: {sent.to}\n")
    copy.replace_header("From", "Journal <journal@msp.example>")
    del copy["In-Reply-To"], copy["References"]
    copy["X-MS-Journal-Report"] = ""
    copy.add_attachment(message(sent))
    return copy.as_bytes()


WAYS: tuple[Callable[[Sent], bytes], ...] = (
    as_sent, redirected, through_a_list, through_a_strict_list, behind_a_gateway, text_alone, html_alone, without_its_id,
    forwarded_by_outlook, forwarded_by_gmail, forwarded_with_marks, forwarded_as_html, forwarded_by_apple, attached, journaled,
)  # fmt: skip
SENDERS = (
    "MSP Support <support@msp.example>", "Desk <notifications@desk.example>", "noreply@cloud.example",
    "Support <sales@msp.example>", '"Alice" <alice@acme.example>',
)  # fmt: skip


def variants(ticket: str, many: int = 208) -> Iterator[tuple[str, bytes]]:
    """(name, mail) of that many notifications about a ticket."""
    kinds = cycle(product(WORDS, range(4)))
    senders = cycle(SENDERS)
    for count, (way, (language, kind)) in enumerate(islice(zip(cycle(WAYS), kinds, strict=False), many)):
        sent = Sent(ticket, language=language, kind=kind, sender=next(senders), count=count, comment=f"comment {count}")
        yield f"{way.__name__} {language} {kind} {count}", way(sent)


# -- replies ---------------------------------------------------------------------------------------


def _marked(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


REPLIES: dict[str, Callable[[Sent, str], tuple[str, str, str]]] = {
    "gmail": lambda s, w: ("Re: ", f"{w}\n\nOn Sat, 28 Nov 2026 at 04:26, {s.sender} wrote:\n\n{_marked(s.text)}", "plain"),
    "outlook": lambda s, w: ("RE: ", f"{w}\n\nFrom: {s.sender}\nSent: Saturday, 28 November 2026 04:26\nTo: {s.to}\nSubject: {s.title}\n\n{s.text}", "plain"),
    "german outlook": lambda s, w: ("AW: ", f"{w}\n\nVon: {s.sender}\nGesendet: Samstag, 28. November 2026 04:26\nAn: {s.to}\nBetreff: {s.title}\n\n{s.text}", "plain"),
    "bare": lambda s, w: ("Re: ", f"{w}\n\n{s.text}", "plain"),
    "bare, without a prefix": lambda s, w: ("", f"{w}\n\n{s.text}", "plain"),
    "below the quote": lambda s, w: ("Re: ", f"On Sat, 28 Nov 2026 at 04:26, {s.sender} wrote:\n{_marked(s.text)}\n\n{w}", "plain"),
    "below, not quoted": lambda s, w: ("Re: ", f"{s.text}\n\n{w}", "plain"),
    "below, not quoted, without a prefix": lambda s, w: ("", f"{s.text}\n\n{w}", "plain"),
    "html of gmail": lambda s, w: ("Re: ", f'<div>{w}</div><div class="gmail_quote"><div>On Sat, Ann wrote:</div><blockquote class="gmail_quote">{s.html}</blockquote></div>', "html"),
    "html of outlook": lambda s, w: ("RE: ", f'<p>{w}</p><div id="divRplyFwdMsg"><b>From:</b> {s.sender}</div>{s.html}', "html"),
    "bare html": lambda s, w: ("Re: ", f"<p>{w}</p>{s.html}", "html"),
    "forwarded with words": lambda s, w: ("FW: ", f"{w}\n\n---------- Forwarded message ---------\nFrom: {s.sender}\nSubject: {s.title}\nDate: Sat, 28 Nov 2026\nTo: <{s.to}>\n\n{s.text}", "plain"),
}  # fmt: skip


def replies(ticket: str, many: int = 60) -> Iterator[tuple[str, bytes]]:
    """(name, mail) of that many replies of customers to notifications."""
    for count, (language, (name, shape)) in enumerate(islice(cycle(product(WORDS, REPLIES.items())), many)):
        sent = Sent(ticket, language=language, kind=count % 4, count=1000 + count)
        prefix, body, kind = shape(sent, f"It prints again, number {count}.")
        copy = wrapped(replace(sent, count=5000 + count), prefix + sent.title, "")
        copy.replace_header("In-Reply-To", sent.id)
        copy.set_content(body, subtype=kind)
        yield f"{name} {language} {count}", copy.as_bytes()


def bounced(sent: Sent, who: str, headers_only: bool = False) -> bytes:
    """A report that the notification could not be delivered."""
    returned = message(replace(sent, to=who)).as_string()
    kind, part = ("text/rfc822-headers", returned.partition("\n\n")[0] + "\n") if headers_only else ("message/rfc822", returned)
    return (
        "From: MAILER-DAEMON@mx.acme.example\nTo: support@msp.example\nSubject: Undelivered Mail Returned to Sender\n"
        f"Message-ID: <dsn{sent.count}@mx.acme.example>\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=dsn\n\n--dsn\n\nSorry.\n--dsn\n"
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.acme.example\n\n"
        f"Final-Recipient: rfc822; {who}\nAction: failed\nStatus: 5.1.1\n\n--dsn\nContent-Type: {kind}\n\n{part}\n--dsn--\n"
    ).encode()
