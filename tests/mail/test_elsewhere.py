"""Files that a mail names and does not carry: where they lie stands below its words."""

from __future__ import annotations

import pytest

from gateway.mail.read import read
from gateway.model.email import Email

HEAD = b"From: ann@customer.example\nTo: help@desk.example\nSubject: Plans\nMIME-Version: 1.0\n"
WORDS = b"Here are the plans.\n"
ADDRESS = "https://files.customer.example/plans.zip"


def mail(part: str, words: bytes = WORDS) -> Email:
    head = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n" + words
    return read(head + b"--b\n" + part.encode() + b"\n--b--\n").email


@pytest.mark.parametrize(
    ("part", "line"),
    [
        (
            f'Content-Type: message/external-body; access-type=URL; URL="{ADDRESS}"\n\n'
            'Content-Type: application/zip; name="plans.zip"\n\n',
            f"Not in this mail: plans.zip, {ADDRESS}",
        ),
        (
            'Content-Type: message/external-body; access-type=URL; name="plans.zip";\n'
            ' URL*0="https://files.customer.example/";\n URL*1="plans.zip"\n\nContent-Type: application/zip\n\n',
            f"Not in this mail: plans.zip, {ADDRESS}",
        ),
        (
            'Content-Type: message/external-body; access-type=URL;\n URL="https://files.customer.example/\n  plans.zip"\n\n\n',
            f"Not in this mail: a file, {ADDRESS}",
        ),
        (
            'Content-Type: message/external-body; access-type=anon-ftp; site="ftp.customer.example";\n'
            ' directory="pub"; name="plans.zip"\n\nContent-Type: application/zip\n\n',
            "Not in this mail: plans.zip, access-type anon-ftp, site ftp.customer.example, directory pub",
        ),
        (
            'Content-Type: message/external-body; access-type=local-file; name="/srv/plans.zip"\n\n\n',
            "Not in this mail: /srv/plans.zip, access-type local-file",
        ),
        ("Content-Type: message/external-body\n\n\n", "Not in this mail: a file, it does not say where"),
        (
            'Content-Type: application/zip; name="plans.zip"\n'
            f"X-Mozilla-Cloud-Part: cloudFile; url={ADDRESS}; provider=own\n"
            'Content-Disposition: attachment; filename="plans.zip"\n\n',
            f"Not in this mail: plans.zip, {ADDRESS}",
        ),
    ],
)
def test_where_a_file_lies_stands_below_the_words(part: str, line: str) -> None:
    found = mail(part)

    assert found.reply.text == f"Here are the plans.\n\n{line}"
    assert "a file that lies elsewhere was not fetched" in found.defects
    assert len(found.attachments) == 1


def test_it_is_no_quote_and_is_kept_as_a_file_too() -> None:
    part = f'Content-Type: message/external-body; access-type=URL; URL="{ADDRESS}"\n\nContent-Type: application/zip\n\n'
    reading = read(
        HEAD
        + b"In-Reply-To: <x@desk.example>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n"
        + WORDS
        + b"\nFrom: Help <help@desk.example>\nSent: Sunday, 22 November 2026 09:00\nTo: ann@customer.example\n"
        + b"Subject: Plans\n\nWhich plans?\n\n--b\n"
        + part.encode()
        + b"\n--b--\n"
    )

    line = f"Not in this mail: a file, {ADDRESS}"
    assert reading.email.reply.text == f"Here are the plans.\n\n{line}"
    assert [file.filename for file in reading.email.attachments] == ["external-file.txt"]
    assert reading.payload(0).decode() == f"{line}\n"


def test_a_mail_of_nothing_else_says_where_its_file_lies() -> None:
    found = read(HEAD + f'Content-Type: message/external-body; access-type=URL; URL="{ADDRESS}"\n\n\n'.encode()).email

    assert found.text == f"Not in this mail: a file, {ADDRESS}"


def test_a_file_that_is_there_is_just_a_file() -> None:
    found = mail('Content-Type: application/zip; name="plans.zip"\n\nPK')

    assert found.reply.text == "Here are the plans."
    assert not [note for note in found.defects if "elsewhere" in note]


def test_very_many_are_all_kept_and_some_are_told() -> None:
    parts = [f'Content-Type: message/external-body; access-type=URL; URL="{ADDRESS}?{n}"\n\n' for n in range(50)]
    found = mail("\n--b\n".join(parts))

    assert found.reply.text.count("Not in this mail:") == 20
    assert len(found.attachments) == 50
