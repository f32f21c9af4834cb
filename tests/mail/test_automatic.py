"""Who wrote it, a person or a machine: what structure and headers prove, and what words only make it look like."""

from __future__ import annotations

import pytest

from gateway.mail.auto import enveloped
from gateway.mail.read import read
from gateway.model.email import Automatic

LOOP = "X-MS-Exchange-Inbox-Rules-Loop"
OUTLOOK = "X-Mailer: Microsoft Outlook 16.0\nThread-Index: AdxfA0Qk1c0wqkJ9QnqgYwqv3l9nTA=="
FORMS = (
    'Content-Type: multipart/mixed; boundary="m"\n\n--m\nContent-Type: multipart/alternative; boundary="a"\n\n--a\n\n'
    "Hi, our orders come back, see the mail attached.\n--a\nContent-Type: text/html\n\n<p>Hi, our orders come back.</p>"
    "\n--a--\n--m\n"
)
RETURNED = "Content-Type: message/rfc822\n\nFrom: ann@acme.example\nMessage-ID: <o@acme.example>\n\nOrder\n--m--\n"
REPORTED = 'Content-Type: multipart/mixed; boundary="m"\n\n--m\n\nNo such mailbox.\n--m\n' + RETURNED
STATUS = (
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.acme.example\n\n"
    "Final-Recipient: rfc822; x@b.example\nAction: failed\nStatus: 5.1.1\n--m--\n"
)


def automatic(headers: str, body: str = "\nHello.\n", sender: str = "Ann Berg <ann@acme.example>") -> Automatic:
    shown = "" if "From:" in headers else f"From: {sender}\n"
    return read(f"{shown}To: help@desk.example\nMessage-ID: <1@acme.example>\n{headers}\n{body}".encode()).email.auto


# Subject, further headers: people, with words of machines.
PEOPLE = [
    ("Out of office - Maria Lopez", OUTLOOK),
    ("Abwesenheitsnotiz", "User-Agent: Mozilla Thunderbird"),
    ("Absence du bureau : Marie", "X-Mailer: iPhone Mail (20H19)"),
    ("Automatic reply: does not go out", OUTLOOK),
    ("Vacation: Ann in July", "X-Auto-Response-Suppress: All"),
    ("Vacation: Ann in July", f"{LOOP}: bo@other.example\nX-Auto-Response-Suppress: All"),
    ("Auto: Schaden am Dienstwagen", ""),
    ("Re: Automatic reply: Printer", ""),
    ("Fwd: Undeliverable: Offer", ""),
    ("WG: Unzustellbar: Angebot", ""),
    ("Certificate of the mail server", "From: Bo Lind <postmaster@acme.example>\n" + OUTLOOK),
    ("Backup", "From: bounce@acme.example"),
    ("Delivery failed", ""),
    ("Printer", f"Auto-Submitted: auto-forwarded\n{LOOP}: bo@other.example"),
    ("Printer", f"Auto-Submitted: auto-generated\n{LOOP}: bo@other.example\nX-Auto-Response-Suppress: All"),
    ("FW: Printer", f"Auto-Submitted: auto-generated\n{LOOP}: ann@acme.example\nX-Auto-Response-Suppress: All"),
    ("TR: Imprimante", f"{LOOP}: ann@acme.example\nX-Auto-Response-Suppress: DR, OOF, AutoReply"),
    ("Printer", "X-Auto-Response-Suppress: All"),
    ("Printer", "Auto-Submitted: auto-forwarded"),
    # Lists that take posts say "bulk" of them, too.
    (
        "Re: Printer",
        "Precedence: bulk\nMailing-List: contact users-help@acme.example; run by ezmlm\n"
        "List-Post: <mailto:users@acme.example>",
    ),
    ("Printer", "Precedence: bulk\nList-Id: <users.acme.example>\nList-Post: <mailto:users@acme.example>"),
]


@pytest.mark.parametrize(
    "headers",
    [
        "Precedence: bulk\nList-Post: NO",
        "Precedence: bulk\nList-Unsubscribe: <https://acme.example/off>",
        "Precedence: junk\nList-Post: <mailto:users@acme.example>",
        "Precedence: bulk\nAuto-Submitted: auto-generated\nList-Post: <mailto:users@acme.example>",
    ],
)
def test_what_a_list_does_not_let_people_write(headers: str) -> None:
    assert automatic(f"Subject: October\n{headers}").kind in ("bulk", "notification")


@pytest.mark.parametrize("subject, headers", PEOPLE)
def test_a_person(subject: str, headers: str) -> None:
    assert automatic(f"Subject: {subject}\n{headers}".rstrip()).kind == "human"


PROOFS = [
    ("vacation", "Subject: Out of office\nAuto-Submitted: auto-replied (vacation)", "\nAway.\n"),
    ("vacation", "Subject: Automatic reply: Printer\nAuto-Submitted: auto-generated\n" + OUTLOOK, "\nAway.\n"),
    ("vacation", "Subject: Out of Office AutoReply: Printer\nReturn-Path: <>\nThread-Index: AAA=", "\nAway.\n"),
    ("vacation", f"Subject: Printer\n{LOOP}: ann@acme.example\nX-Auto-Response-Suppress: All", "\nAway.\n"),
    ("auto-reply", "Subject: Your request\nAuto-Submitted: auto-replied", "\nThanks.\n"),
    ("auto-reply", "Subject: Your request\nX-Autoreply: yes", "\nThanks.\n"),
    ("bounce", "Subject: Returned\nReturn-Path: <>", REPORTED),
    ("bounce", "Subject: Returned\nReturn-Path: <MAILER-DAEMON@mx.acme.example>", REPORTED),
    ("bounce", "Subject: Sorry\nFrom: MAILER-DAEMON@mx.acme.example", REPORTED),
    (
        "bounce",
        "Subject: Sorry",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="m"\n\n--m\n' + STATUS,
    ),
    ("bounce", "Subject: Sorry\nX-Failed-Recipients: x@b.example", "\nSorry.\n"),
]


@pytest.mark.parametrize("kind, headers, body", PROOFS)
def test_structure_and_headers_prove_it(kind: str, headers: str, body: str) -> None:
    found = automatic(headers, body)

    assert (found.kind, found.by_structure) == (kind, kind)


LOOKS = [
    ("vacation", "Subject: Automatic reply: Printer", "\nAway.\n"),
    ("vacation", "Subject: Out of Office AutoReply: Printer\nThread-Index: AAA=\nThread-Topic: Printer", "\nAway.\n"),
    ("vacation", "Subject: Out of Office Re: Printer", "\nAway.\n"),
    ("vacation", "Subject: AUTO: Ann Berg is out of the office (returning 01/12/2026)", "\nAway.\n"),
    ("vacation", "Subject: AUTO: Ann Berg ist außer Haus (Rückkehr am 01.12.2026)", "\nWeg.\n"),
    ("vacation", "Subject: Automatinis atsakymas: Spausdintuvas", "\nManęs nėra.\n"),
    ("vacation", "Subject: 自动答复: 打印机", "\n外出\n"),
    ("vacation", "Subject: Abwesenheitsnotiz", "\nHallo.\n"),
    ("bounce", "Subject: Undeliverable: Offer\nFrom: postmaster@acme.example", "\nNo such user.\n"),
    ("bounce", "Subject: Undeliverable mail", "\n550 5.1.1 <x@b.example>: Recipient address rejected\n"),
    ("bounce", "Subject: Hello\nFrom: Mail <mailer-daemon@mx.acme.example>", "\nNo such user.\n"),
    ("bounce", "Subject: Sorry\nFrom: noreply@acme.example", "\n550 5.1.1 User unknown\n"),
]


@pytest.mark.parametrize("kind, headers, body", LOOKS)
def test_words_alone_prove_nothing(kind: str, headers: str, body: str) -> None:
    found = automatic(headers, body)

    assert (found.kind, found.by_structure) == (kind, "human")


@pytest.mark.parametrize("kind, headers, body", LOOKS)
def test_the_null_sender_of_the_envelope_proves_them(kind: str, headers: str, body: str) -> None:
    assert enveloped(automatic(headers, body), "").by_structure == kind


AGGREGATE = "prov.example!acme.example!1795910400!1795996799{}"
ZIPPED = 'Content-Type: multipart/mixed; boundary=m\n\n--m\n\nReport.\n--m\nContent-Type: {}; name="{}"\n\nx\n--m--\n'
REPORT_ID = "Subject: Report Domain: acme.example Submitter: prov.example Report-ID: <1@prov.example>"
TLS = "TLS-Report-Domain: acme.example\nTLS-Report-Submitter: prov.example"
TLS_REPORT = 'Content-Type: multipart/report; report-type="tlsrpt"; boundary=m\n\n--m\n\nReport.\n--m--\n'


@pytest.mark.parametrize("sender", ["", "Return-Path: <>\n", "From: MAILER-DAEMON@prov.example\n"])
@pytest.mark.parametrize(
    "headers, body",
    [
        (REPORT_ID, TLS_REPORT),
        (f"{REPORT_ID}\n{TLS}", ZIPPED.format("application/tlsrpt+gzip", AGGREGATE.format("!001.json.gz"))),
        (REPORT_ID, ZIPPED.format("application/zip", AGGREGATE.format(".zip"))),
        ("Subject: DMARC", ZIPPED.format("application/gzip", AGGREGATE.format("!157a5f.xml.gz"))),
        ("Subject: [Preview] Report Domain: x", ZIPPED.format("application/octet-stream", AGGREGATE.format(".xml.gz"))),
    ],
)
def test_daily_reports_of_mail_servers_are_notices(headers: str, body: str, sender: str) -> None:
    """Neither a person's mail nor a bounce, whatever their envelope."""
    found = automatic(sender + headers, body, "Reports <noreply@prov.example>")

    assert (found.kind, found.by_structure) == ("notification", "notification")


@pytest.mark.parametrize(
    "headers, name",
    [
        (f"Subject: Fwd: {REPORT_ID[9:]}", AGGREGATE.format(".zip")),
        ("Subject: What does this report mean?\nUser-Agent: Mozilla Thunderbird", AGGREGATE.format(".zip")),
        (REPORT_ID, "report.zip"),
        (REPORT_ID, "wow!great!1!2.zip"),
        ("Subject: Report Domain: please register acme.example", "offer.pdf"),
    ],
)
def test_who_shows_such_a_report_or_writes_like_one_is_a_person(headers: str, name: str) -> None:
    assert automatic(headers, ZIPPED.format("application/zip", name)).kind == "human"


def test_the_null_sender_alone_is_a_notice() -> None:
    assert enveloped(Automatic(), "").kind == "notification"
    assert enveloped(Automatic(), "mailer-daemon@mx.example").kind == "notification"
    assert enveloped(Automatic(), "ann@acme.example").kind == "human"


NUMBERS = [
    ("DOWN: shop.acme.example", "Reason: HTTP 503 Service Unavailable"),
    ("Storage report", "Volume D: of srv-file1 has 550 GB of 2 TB left. The old one does not exist."),
    ("Release", "Version 5.1.1 replaces 4.7.0, the loop is gone."),
    ("Invoice", "Item 552 Toner, 4.2.0, not delivered yet: 2 pieces"),
]


@pytest.mark.parametrize("sender", ["noreply@vendor.example", "Vendor <do-not-reply@vendor.example>"])
@pytest.mark.parametrize("subject, text", NUMBERS)
def test_a_number_is_no_answer_of_a_server(subject: str, text: str, sender: str) -> None:
    assert automatic(f"Subject: {subject}", f"\n{text}\n", sender).kind == "human"


@pytest.mark.parametrize("subject", ["Mails to the supplier are undeliverable", "Mail delivery failed", "Unzustellbar"])
def test_a_person_shows_a_bounce(subject: str) -> None:
    assert automatic(f"Subject: {subject}", FORMS + RETURNED).kind == "human"
    assert automatic(f"Subject: {subject}", FORMS + STATUS).kind == "human"
    assert automatic(f"Subject: {subject}\nUser-Agent: K-9 Mail", REPORTED).kind == "human"


@pytest.mark.parametrize(
    "written",
    ["utf-8;j\\x{FC}rgen@b\\x{FC}cher.example", "utf-8; jürgen@bücher.example", "rfc822; jürgen@bücher.example"],
)
def test_a_report_about_an_international_address(written: str) -> None:
    """RFC 6533: the address as it is written or escaped, and the original's headers in UTF-8."""
    bounce = automatic(
        "Subject: Undelivered\nReturn-Path: <>",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="m"\n\n--m\n\nSorry.\n--m\n'
        f"Content-Type: message/global-delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: {written}\n"
        "Action: failed\nStatus: 5.1.1\n--m\nContent-Type: message/global-headers\n\nMessage-ID: <o@acme.example>\n--m--\n",
    ).bounce

    assert bounce is not None
    assert (bounce.recipient.partition("@")[0], bounce.original_message_id) == ("jürgen", "o@acme.example")


ANSWER = (
    "Content-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nMETHOD:{method}\nBEGIN:VEVENT\nUID:1@desk.example\n"
    "ATTENDEE;PARTSTAT=DECLINED;CN=Ann\n  Berg:MAILTO:{who}\nSUMMARY:Router\nEND:VEVENT\nEND:VCALENDAR\n"
)


@pytest.mark.parametrize(
    ("method", "who", "kind"),
    [
        ("REPLY", "Ann@acme.example", "human"),
        ("COUNTER", "ann@acme.example", "human"),
        ("REPLY", "bob@acme.example", "notification"),  # somebody else's answer, which a machine sends on
        ("REQUEST", "ann@acme.example", "notification"),
    ],
)
def test_what_a_calendars_server_sends_for_a_person_is_theirs(method: str, who: str, kind: str) -> None:
    """Google's calendar: the person declines and says why."""
    headers = "Subject: Declined: Router\nAuto-Submitted: auto-generated\nSender: calendar-notification@google.example"

    assert automatic(headers, ANSWER.format(method=method, who=who)).kind == kind
