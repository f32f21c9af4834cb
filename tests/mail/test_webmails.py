"""What webmails and older programs write above an old mail that they send on or answer."""

from __future__ import annotations

from gateway.mail.read import read
from gateway.model.email import Email

ABOVE = "Please look after this one."
WORDS = "The scanner in room 12 is broken.\nIt shows error E42."
MARKED = "> The scanner in room 12 is broken.\n> It shows error E42."
NEW = "It works on port 3, but not on port 4."
ASKED = "Which port did you try?\nPlease send the serial number as well."
ASKED_MARKED = "> Which port did you try?\n> Please send the serial number as well."
ANN = "Ann Archer <ann@acme.example>"

ROWS = (
    f"---- 转发的邮件 ----\n| 发件人 | Ann Archer<ann@acme.example> |\n| 日期 | 2026年11月18日 11:00 |\n"
    f"| 收件人 | tess@msp.example<tess@msp.example> |\n| 抄送至 |  |\n| 主题 | Scanner |\n{WORDS}\n"
)
FORWARDS = {
    "NetEase, a table in text": ROWS,
    "Lark, a table in text": "---- Forwarded Message ----\n| From | Ann Archer<ann@acme.example> |\n| Date | 11/18/2026 11:00 |\n"
    f"| To | tess@msp.example |\n| Subject | Scanner |\n{WORDS}\n",
    "GroupWise": f">>> {ANN} 18/11/2026 11:00 >>>\n{WORDS}\n",
    "between dashes": f"---- {ANN} 2026-11-18 11:00 ----\n{WORDS}\n",
    "eM Client, without colons": "------ Forwarded Message ------\nFrom \"Ann Archer\" <ann@acme.example>\nTo tess@msp.example\n"
    f"Date 11/18/2026 11:00:01 AM\nSubject Scanner\n\n{WORDS}\n",
    "Tutanota": "-----------------------\nDate: 18 Nov 2026, 11:00\nFrom: ann@acme.example\nTo: tess@msp.example\nSubject: Scanner\n\n"
    f"{WORDS}\n",
    "Yandex": f"----------------\nКому: Tess (tess@msp.example);\nТема: Scanner;\n18.11.2026, 11:00, \"Ann Archer\" <ann@acme.example>:\n\n{WORDS}\n",
    "Orange": '> Message du 18/11/26 11:00\n> De : "Ann Archer" <ann@acme.example>\n> A : tess@msp.example\n> Copie à :\n> Objet : Scanner\n>\n'
    f"{MARKED}\n",
    "The Bat!": "This is a forwarded message\nFrom: Ann Archer <ann@acme.example>\nTo: tess@msp.example <tess@msp.example>\n"
    f"Date: Wednesday, November 18, 2026, 11:00:01 AM\nSubject: Scanner\n\n===8<==============Original message text===============\n{WORDS}\n",
    "Zoho": "============ Forwarded message ============\nFrom: Ann Archer <ann@acme.example>\nTo: <tess@msp.example>\n"
    f"Date: Wed, 18 Nov 2026 11:00:01 +0100\nSubject: Scanner\n============ Forwarded message ============\n\n{WORDS}\n",
}  # fmt: skip
REPLIES = {
    "NetEase, a table in text": "---- 回复的原邮件 ----\n| 发件人 | Support<support@msp.example> |\n| 日期 | 2026年11月18日 11:00 |\n"
    f"| 收件人 | ann@acme.example |\n| 主题 | Re: Scanner |\n{ASKED}\n",
    "Lark, a table in text": "---- Replied Message ----\n| From | Support<support@msp.example> |\n| Date | 11/18/2026 11:00 |\n"
    f"| To | ann@acme.example |\n| Subject | Re: Scanner |\n{ASKED}\n",
    "Orange": '> Message du 18/11/26 11:00\n> De : "Support" <support@msp.example>\n> A : ann@acme.example\n> Copie à :\n> Objet : Re: Scanner\n'
    f">\n{ASKED_MARKED}\n",
    "Libero": f">----Messaggio originale----\n>Da: support@msp.example\n>Data: 18/11/2026 11.00\n>A: <ann@acme.example>\n>Ogg: Re: Scanner\n>\n{ASKED_MARKED}\n",
    "GroupWise": f">>> Support <support@msp.example> 18/11/2026 11:00 >>>\n{ASKED}\n",
    "FairEmail": f"Nov 18, 2026 11:00:01 AM Support <support@msp.example>:\n\n{ASKED_MARKED}\n",
    "Foxmail": f"From: Support\nDate: 2026-11-18 11:00\nTo: ann@acme.example\nSubject: Re: Scanner\n{ASKED}\n",
    "a wrapped line of a long name": f"2026-11-18 13:29 GMT+02:00 A very long name of a desk <\nsupport@msp.example>:\n\n{ASKED_MARKED}\n",
    "ProtonMail, blanks before some marks": "----------- Original Message -----------\nFrom: \"S.\"\nDate: Monday, July 24th 2026 at 3:59 pm\n"
    "Subject: Sync\nTo: \"R.\" ,\n\n> Which port did you try?\n> \n > Please send the serial number as well.\n",
}  # fmt: skip


def mail(text: str, subject: str, more: str = "") -> Email:
    head = f"From: Tess <tess@msp.example>\nTo: support@msp.example\nSubject: {subject}\n{more}MIME-Version: 1.0\n"
    return read(f"{head}Content-Type: text/plain; charset=utf-8\n\n{text}".encode()).email


def test_who_wrote_the_forwarded_mail_and_what_is_known() -> None:
    wrong = []
    for program, text in FORWARDS.items():
        found = mail(f"{ABOVE}\n\n{text}", "Fwd: Scanner").forwarded
        known = found and (found.sender and found.sender.key, found.subject)
        if (
            not found
            or known != ("ann@acme.example", "Scanner")
            or not found.above.startswith(ABOVE)
            or WORDS not in found.text
        ):
            wrong.append((program, found))
    assert wrong == []


def test_of_a_reply_the_new_words_alone_are_new() -> None:
    wrong = []
    for program, text in REPLIES.items():
        found = mail(f"{NEW}\n\n\n{text}", "Re: Scanner", "In-Reply-To: <a@msp.example>\n").reply.text
        if found != NEW:
            wrong.append((program, found))
    assert wrong == []


def test_an_answer_below_lines_that_bear_initials_is_new() -> None:
    for mark in ("S>", "TB>", "Tom>", "S>>"):
        text = f"Hello,\n\nWednesday, November 18, 2026, 11:00:01 AM, you wrote:\n\n{mark} Which port did you try?\n{mark} And when?\n\n{NEW}\n"
        found = mail(text, "Re: Scanner", "In-Reply-To: <a@msp.example>\n").reply.text
        assert found == f"Hello,\n\n{NEW}", mark


def test_rows_of_somebodys_own_table_are_words() -> None:
    table = "| Port | State |\n| 1 | up |\n| 2 | down |\n| From | 18/11/2026 11:00 |"
    found = mail(f"{NEW}\n\n{table}\n\nCan you see why?", "Re: Scanner", "In-Reply-To: <a@msp.example>\n")

    assert found.reply.text == f"{NEW}\n\n{table}\n\nCan you see why?"
    assert found.forwarded is None


def test_sections_between_rules_are_all_words() -> None:
    for rule in ("________________________________", "---", "======================", "- - -"):
        text = f"Dear team,\n\n{rule}\n\nApplicant\n{NEW}\n\n{rule}\n\nAddress\nSome Street 1\n"
        found = mail(
            f"{text}\nOn 24/03/26 10:55, Support wrote:\n{ASKED_MARKED}\n",
            "Re: Scanner",
            "In-Reply-To: <a@msp.example>\n",
        )
        assert found.reply.text == text.strip(), rule
