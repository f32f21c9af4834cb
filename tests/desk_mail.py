"""Notifications in the shape of the desk's own mailer, what programs make of them on their way, and replies to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from itertools import cycle, islice, product

from gateway.simulator.notification import WORDS, Notification, message
from tests.headers import POLICY

# -- on its way ------------------------------------------------------------------------------------


def as_sent(sent: Notification) -> bytes:
    return message(sent).as_bytes()


def redirected(sent: Notification) -> bytes:
    return b"Received: by mx.acme.example; Sat, 28 Nov 2026 04:26:39 +0000\nResent-From: alice@acme.example\nX-Forwarded-To: support@msp.example\n" + as_sent(sent)


def through_a_list(sent: Notification) -> bytes:
    """A list that puts its tag before the subject, rewrites From, and writes a footer."""
    copy = message(sent)
    copy.replace_header("From", "MSP Support via Team <team@lists.example>")
    copy.replace_header("Subject", f"[team] {sent.title}")
    copy["List-Id"], copy["Precedence"] = "<team.lists.example>", "list"
    part = copy.get_body(("plain",))
    assert isinstance(part, EmailMessage)
    part.set_content(f"{sent.text}\n_______________________________________________\nTeam mailing list\nteam@lists.example")
    return copy.as_bytes()


def through_a_strict_list(sent: Notification) -> bytes:
    """One that takes Auto-Submitted away as well."""
    return through_a_list(sent).replace(b"Auto-Submitted: auto-generated\n", b"")


def behind_a_gateway(sent: Notification) -> bytes:
    """A mail gateway that warns of mail from outside, above and below."""
    copy = message(sent)
    copy.replace_header("Subject", f"[EXTERNAL] {sent.title}")
    for kind, text in (("plain", f"CAUTION: this mail came from outside.\n\n{sent.text}\n\nThis mail is confidential."), ("html", f"<p>CAUTION: this mail came from outside.</p>{sent.html}<p>This mail is confidential.</p>")):
        part = copy.get_body((kind,))
        assert isinstance(part, EmailMessage)
        part.set_content(text, subtype=kind)
    return copy.as_bytes()


def text_alone(sent: Notification) -> bytes:
    copy = message(sent)
    copy.clear_content()
    copy.set_content(sent.text)
    return copy.as_bytes()


def html_alone(sent: Notification) -> bytes:
    copy = message(sent)
    copy.clear_content()
    copy.set_content(sent.html, subtype="html")
    return copy.as_bytes()


def without_its_id(sent: Notification) -> bytes:
    """A server that writes ids of its own."""
    return as_sent(sent).replace(sent.id.encode(), f"<AM0PR{sent.count}@eurprd01.prod.outlook.com>".encode())


def wrapped(sent: Notification, subject: str, text: str) -> EmailMessage:
    """A mail of somebody's that holds the notification."""
    message = EmailMessage(POLICY)
    message["From"], message["To"], message["Subject"] = "Alice Archer <alice@acme.example>", "support@msp.example", subject
    message["Message-ID"], message["Date"] = f"<w{sent.count}.{sent.kind}.{sent.language}@acme.example>", "Sat, 28 Nov 2026 04:30:00 +0000"
    message["In-Reply-To"], message["References"] = sent.id, f"{sent.root} {sent.id}"
    message.set_content(text)
    return message


def forwarded_by_outlook(sent: Notification) -> bytes:
    head = f"From: {sent.sender}\nSent: Saturday, 28 November 2026 04:26\nTo: {sent.to}\nSubject: {sent.title}"
    return wrapped(sent, f"FW: {sent.title}", f"\n{head}\n\n{sent.text}").as_bytes()


def forwarded_by_gmail(sent: Notification) -> bytes:
    head = f"---------- Forwarded message ---------\nFrom: {sent.sender}\nDate: Sat, 28 Nov 2026 at 04:26\nSubject: {sent.title}\nTo: <{sent.to}>"
    return wrapped(sent, f"Fwd: {sent.title}", f"{head}\n\n\n{sent.text}").as_bytes()


def forwarded_with_marks(sent: Notification) -> bytes:
    lines = "\n".join(f"> {line}" for line in sent.text.split("\n"))
    return wrapped(sent, f"Fwd: {sent.title}", f"On Sat, 28 Nov 2026 at 04:26, {sent.sender} wrote:\n\n{lines}").as_bytes()


def forwarded_as_html(sent: Notification) -> bytes:
    """As Outlook does with HTML: its header lines in a div, then the page."""
    copy = wrapped(sent, f"WG: {sent.title}", "")
    head = f"<b>Von:</b> {sent.sender.replace('<', '&lt;')}<br><b>Gesendet:</b> Samstag, 28. November 2026 04:26<br><b>An:</b> {sent.to}<br><b>Betreff:</b> {sent.title}"
    copy.set_content(f'<div><p>&nbsp;</p><div id="divRplyFwdMsg">{head}</div>{sent.html}</div>', subtype="html")
    return copy.as_bytes()


def forwarded_by_apple(sent: Notification) -> bytes:
    head = f"Begin forwarded message:\n\nFrom: {sent.sender}\nSubject: {sent.title}\nDate: 28 November 2026 at 04:26:38 GMT\nTo: {sent.to}"
    lines = "\n".join(f"> {line}" for line in f"{head}\n\n{sent.text}".split("\n"))
    return wrapped(sent, f"Fwd: {sent.title}", lines).as_bytes()


def attached(sent: Notification) -> bytes:
    copy = wrapped(sent, f"Fwd: {sent.title}", "")
    copy.add_attachment(message(sent))
    return copy.as_bytes()


def journaled(sent: Notification) -> bytes:
    """The report of a journal, with the mail attached."""
    copy = wrapped(sent, sent.title, f"Sender: support@msp.example\nSubject: {sent.title}\nMessage-Id: {sent.id}\nRecipient: {sent.to}\n")
    copy.replace_header("From", "Journal <journal@msp.example>")
    del copy["In-Reply-To"], copy["References"]
    copy["X-MS-Journal-Report"] = ""
    copy.add_attachment(message(sent))
    return copy.as_bytes()


WAYS: tuple[Callable[[Notification], bytes], ...] = (
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
        sent = Notification(ticket, language=language, kind=kind, sender=next(senders), count=count, comment=f"comment {count}")
        yield f"{way.__name__} {language} {kind} {count}", way(sent)


# -- replies ---------------------------------------------------------------------------------------


def _marked(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


REPLIES: dict[str, Callable[[Notification, str], tuple[str, str, str]]] = {
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
        sent = Notification(ticket, language=language, kind=count % 4, count=1000 + count)
        prefix, body, kind = shape(sent, f"It prints again, number {count}.")
        copy = wrapped(replace(sent, count=5000 + count), prefix + sent.title, "")
        copy.replace_header("In-Reply-To", sent.id)
        copy.set_content(body, subtype=kind)
        yield f"{name} {language} {count}", copy.as_bytes()


def bounced(sent: Notification, who: str, headers_only: bool = False) -> bytes:
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
