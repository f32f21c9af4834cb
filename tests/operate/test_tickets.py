"""The mailbox to which mail for a ticket is written."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, insert

from gateway.config.load import parse
from gateway.model.ids import uuid7
from gateway.operate.tickets import mailbox_of
from gateway.store.operator import NotPossible
from gateway.store.schema import delivery, metadata, ticket
from tests.scenarios.stage import settings_for

HERE, THERE, BOTH, NOWHERE = "t-here", "t-there", "t-both", "t-nowhere"
BOXES = (
    ("untagged@msp.example", "one", {"tags": False}),
    ("first@msp.example", "one", {}),
    ("second@msp.example", "one", {}),
    ("sales@msp.example", "two", {}),
)


def settings(*desks: str) -> Any:
    """Mailboxes of these desks."""
    data = settings_for()
    desk, box = data.pop("desk"), data["mailbox"][0]
    data["desks"] = dict.fromkeys(desks, desk)
    data["mailbox"] = [box | {"address": address, "desk": at} | more for address, at, more in BOXES if at in desks]
    return parse(data, {})


@pytest.fixture(scope="module")
def engine() -> Engine:
    made = create_engine("sqlite://")
    metadata.create_all(made, tables=[ticket, delivery])
    none = {"number": "", "board_id": "", "client_id": "", "contact_id": "", "fallback": False}
    known = [("one", HERE), ("two", THERE), ("one", BOTH), ("two", BOTH)]
    mail = {"desk": "one", "envelope": "{}", "message_id": "", "accepted_at": 0.0, "stage": "DONE", "due_at": 0.0}
    with made.begin() as connection:
        connection.execute(insert(ticket), [{"desk": desk, "ticket_id": name, **none} for desk, name in known])
        for raw_id, box in enumerate(("first@msp.example", "second@msp.example")):
            row = {"id": uuid7(float(raw_id)), "raw_id": raw_id, "mailbox": box, "ticket_id": HERE, **mail}
            connection.execute(insert(delivery), row)
    return made


@pytest.mark.parametrize(("desks", "name", "named", "address"), [
    ("one", HERE, "", "second@msp.example"),  # into which its newest mail came
    ("one", HERE, "first@msp.example", "first@msp.example"),
    ("one", NOWHERE, "", "first@msp.example"),
    ("one two", HERE, "", "second@msp.example"),
    ("two one", HERE, "", "second@msp.example"),
    ("one two", THERE, "", "sales@msp.example"),  # the first mailbox of all leads to another desk
    ("one two", BOTH, "sales@msp.example", "sales@msp.example"),
    ("one two", NOWHERE, "first@msp.example", "first@msp.example"),
    ("one two", THERE, "first@msp.example", "the ticket is on desk two, and first@msp.example takes none of its mail"),
    ("one two", HERE, "untagged@msp.example", "untagged@msp.example takes none of its mail at addresses with a tag"),
    ("one two", BOTH, "", "several desks have it: name a mailbox with --mailbox"),
    ("one two", NOWHERE, "", "there are several desks: name a mailbox with --mailbox"),
    ("one", HERE, "frist@msp.example", "is not a mailbox of the configuration; do you mean first@msp.example?"),
])  # fmt: skip
def test_a_token_is_made_where_it_leads_to_the_ticket(
    engine: Engine, desks: str, name: str, named: str, address: str
) -> None:
    with engine.connect() as connection:
        try:
            found = mailbox_of(connection, settings(*desks.split()), name, named).address
        except NotPossible as error:
            assert address in str(error)
        else:
            assert found == address
