"""The named mails of tests/mails: what is odd about each is its name, what is expected lies beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.mail.ids import scan_ids
from gateway.mail.read import read
from gateway.mail.wire import dump, load
from gateway.model.email import Address, Block, Email

MAILS = Path(__file__).parents[1] / "mails"
NAMES = sorted(path.stem for path in MAILS.glob("*.json"))
OWN = ("help@desk.example",)


def person(address: Address | None) -> str:
    return "" if address is None else f"{address.name} <{address.address}>"


def inline(content: Any) -> str:
    if isinstance(content, dict):
        return "/".join("|".join(inline(cell) for cell in row["cells"]) for row in content["rows"])
    return "".join(inline(part["content"]) if part["type"] == "link" else part["text"] for part in content)


def block(part: Block) -> str:
    shown = part["props"]["url"] if part["type"] == "image" else inline(part["content"])
    children = f">[{','.join(block(child) for child in part['children'])}]" if part["children"] else ""
    return f"{part['type']}:{shown}{children}"


def actual(email: Email, key: str) -> Any:
    if key == "blocks":
        return [block(part) for part in email.blocks]
    if key == "sender":
        return person(email.sender)
    if key == "defect":
        return "; ".join(email.defects)
    if key == "forwarded.sender":
        return person(email.forwarded.sender if email.forwarded else None)
    if key == "forwarded.chain":
        return [person(forward.sender) for forward in email.forwarded.chain] if email.forwarded else []
    if key.startswith("bounce."):
        key = f"auto.{key}"
    value: Any = email
    for name in key.split("."):
        value = getattr(value, name)
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", NAMES)
def test_named_mail(name: str) -> None:
    raw = (MAILS / f"{name}.eml").read_bytes()
    expected = json.loads((MAILS / f"{name}.json").read_text("utf-8"))
    reading = read(raw, own_addresses=OWN)
    email = reading.email
    for key, value in expected.items():
        if key == "attachments":
            found = [
                {wanted: getattr(attachment, wanted) for wanted in pattern}
                for attachment, pattern in zip(email.attachments, value, strict=False)
            ]
            assert (len(email.attachments), found) == (len(value), value), key
        elif key == "defect":
            assert value in actual(email, key)
        else:
            assert actual(email, key) == value, key


@pytest.mark.parametrize("name", NAMES)
def test_every_mail_survives_the_wire_and_the_scan(name: str) -> None:
    raw = (MAILS / f"{name}.eml").read_bytes()
    reading = read(raw)
    assert load(dump(reading.email)) == reading.email
    ids = scan_ids(raw)
    assert (ids.message_id, ids.in_reply_to, ids.references) == (
        reading.email.message_id,
        reading.email.in_reply_to,
        reading.email.references,
    )
    for index, attachment in enumerate(reading.email.attachments):
        assert len(reading.payload(index)) == attachment.size
