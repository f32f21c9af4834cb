"""Tickets that are put right at the desk: the desk's facts of today decide who may write where."""

from __future__ import annotations

from typing import Any

from tests.scenarios.scripts import ALICE, BOB, DAY, EVE, GIL, ONE, TESS, TOKEN, TWO, Scenario
from tests.scenarios.stage import SALES, SUPPORT, Act, M, Stage, answer, bundle, close, delete, release, token

GUEST = "Guest <guest@partner.example>"
ZED = "Zed <zed@nowhere.example>"


def at_desk(number: int, *, client: str = "", contact: str | None = None, on: str = "", watch: Any = None) -> Act:
    """A technician changes a ticket: its client, its contact by address ("" for none), board, watch list."""

    async def act(stage: Stage) -> None:
        desk, ticket = stage.simulator.desk, stage.ticket(number)
        if client:
            ticket["client_id"] = next(key for key, row in desk.clients.items() if row["client_name"] == client)
        if contact is not None:
            named = (key for key, row in desk.contacts.items() if row["email"] == contact)
            ticket["contact_name_id"] = next(named) if contact else None
        if on:
            ticket["board_id"] = next(key for key, row in desk.boards.items() if row["board_name"] == on)
            was = desk.statuses[ticket["status_id"]]
            of_board = [row for row in desk.statuses.values() if row["board_id"] == ticket["board_id"]]
            ticket["status_id"] = next(row["status_id"] for row in of_board if row["name"] == was["name"])
        if watch is not None:
            ticket["attributes"] = {**(ticket["attributes"] or {}), "watch_list": watch}

    return act


def make_contact(name: str, address: str, client: str) -> Act:
    """A technician makes a contact."""

    async def act(stage: Stage) -> None:
        desk = stage.clients["default"]
        clients = stage.simulator.desk.clients.items()
        client_id = next(key for key, row in clients if row["client_name"] == client)
        outcome = await desk.create_contact({"full_name": name, "email": address, "client_id": client_id})
        assert type(outcome).__name__ == "Good", outcome

    return act


def costs(calls: int, mail: M) -> Act:
    """A mail that costs so many calls of the desk's budget; what becomes of it is for the row behind."""

    async def act(stage: Stage) -> None:
        before = stage.simulator.desk.counted()
        await stage.accept(mail)
        await stage.work()
        assert stage.simulator.desk.counted() - before == calls, stage.simulator.desk.calls

    return act


def became(key: str, expected: str) -> Act:
    async def act(stage: Stage) -> None:
        assert await stage.outcome(key) == expected, (key, await stage.outcome(key))

    return act


def unbundle(child: int) -> Act:
    """A technician takes a ticket out of its bundle."""

    async def act(stage: Stage) -> None:
        stage.ticket(child)["master_ticket_id"] = None

    return act


def watcher(address: str, **more: Any) -> dict[str, Any]:
    return {"email": address, "active": True, **more}


def notes(stage: Stage, number: int) -> str:
    return " ".join(row["note"] for row in stage.comments(number) if row["is_internal"])


PEOPLE = [
    Scenario("who is put on the watch list at the desk may write, for all to read", [
        (M("a", ALICE), "ticket 1"), (M("b", GUEST, reply="a"), "quarantine unverified-sender"),
        at_desk(1, watch=[watcher("Guest@Partner.example", entity_type="contact", entity_id="x")]),
        (M("c", GUEST, reply="a"), "comment 1"), (M("d", EVE, reply="a"), "quarantine unverified-sender"),
    ]),
    Scenario("however the address is spelled there, but not another box of theirs", [
        (M("a", ALICE), "ticket 1"), at_desk(1, watch=[watcher("  GUEST@partner.example ")]), (M("b", GUEST, reply="a"), "comment 1"),
        (M("c", "guest+x@partner.example", reply="a"), "quarantine unverified-sender"),
    ]),
    Scenario("a guest may bring another guest", [
        (M("a", ALICE, cc="guest@partner.example"), "ticket 1"), (M("b", GUEST, reply="a", cc="dan@partner.example"), "comment 1"), (M("c", "dan@partner.example", reply="b"), "comment 1"),
    ]),
    Scenario("by the number in the subject too", [
        (M("a", ALICE), "ticket 1"), at_desk(1, watch=[watcher("guest@partner.example")]),
        (M("b", GUEST, "Re: [Ticket #TIC001001] Problem a", verdict="pass"), "comment 1"),
        (M("c", EVE, "Re: [Ticket #TIC001001] Problem a", verdict="pass"), "ticket 2"),
    ]),
    Scenario("whose watching was ended may not, nor whose entry is odd", [
        (M("a", ALICE), "ticket 1"),
        at_desk(1, watch=[watcher("guest@partner.example", active=False), {"email": "eve@evil.example"}, {"active": True}, 7, None]),
        (M("b", GUEST, reply="a"), "quarantine unverified-sender"), (M("c", EVE, reply="a"), "quarantine unverified-sender"),
    ]),
    Scenario("nor a watcher whose verdict failed", [
        (M("a", ALICE), "ticket 1"), at_desk(1, watch=[watcher("guest@partner.example")]),
        (M("b", GUEST, reply="a", verdict="fail"), "quarantine failed-verification"),
    ]),
    Scenario("a new contact may write at once, though the address was looked for before there was one", [
        (M("a", TWO), "ticket 1"), (M("z", ZED), "ticket 2"),
        make_contact("Zed Zeta", "zed@nowhere.example", "Initech"),
        at_desk(1, client="Initech", contact="zed@nowhere.example"),
        (M("b", ZED, reply="a"), "comment 1"), (M("c", EVE, reply="a"), "quarantine unverified-sender"),
    ]),
    Scenario("an unknown sender's ticket is given to a client: the sender goes on", [
        (M("a", TWO), "ticket 1"), at_desk(1, client="Acme", contact="alice@acme.example"),
        (M("b", TWO, reply="a"), "comment 1"), (M("c", ALICE, reply="a"), "comment 1"), (M("d", BOB, reply="a"), "comment 1"),
        (M("e", GIL, reply="a"), "quarantine unverified-sender"),
    ]),
    Scenario("a ticket moves to another client: the old requester and colleagues may not any more, the new contact may", [
        (M("a", ALICE, cc="guest@partner.example"), "ticket 1"), at_desk(1, client="Globex", contact="gil@globex.example"),
        (M("b", ALICE, reply="a"), "quarantine unverified-sender"), (M("c", BOB, reply="a"), "quarantine unverified-sender"),
        (M("d", GUEST, reply="a"), "quarantine unverified-sender"), (M("e", GIL, reply="a"), "comment 1"),
        (M("f", "grace_g@globex.example", reply="e"), "comment 1"), (M("g", ALICE, reply="e"), "quarantine unverified-sender"),
    ]),
    Scenario("the same when a colleague of the new client writes first", [
        (M("a", ALICE), "ticket 1"), at_desk(1, client="Globex", contact=""),
        (M("b", GIL, reply="a", cc="guest@partner.example"), "comment 1"), (M("c", ALICE, reply="a"), "quarantine unverified-sender"),
        (M("d", GUEST, reply="b"), "comment 1"),
    ]),
    Scenario("the client is put right and the requester stays its contact: they go on", [
        (M("a", ALICE), "ticket 1"), at_desk(1, client="Globex"), (M("b", ALICE, reply="a"), "comment 1"),
        (M("c", BOB, reply="a"), "quarantine unverified-sender"), (M("d", ALICE, reply="b"), "comment 1"),
    ]),
    Scenario("and back again", [
        (M("a", ALICE), "ticket 1"), at_desk(1, client="Globex", contact=""), (M("b", ALICE, reply="a"), "quarantine unverified-sender"),
        at_desk(1, client="Acme", contact="alice@acme.example"), (M("c", ALICE, reply="a"), "comment 1"), (M("d", GIL, reply="a"), "quarantine unverified-sender"),
    ]),
    Scenario("a ticket that is put on the fallback client stays its people's, and is no stranger's", [
        (M("a", ALICE), "ticket 1"), at_desk(1, client="Unknown Senders", contact=""),
        (M("b", ALICE, reply="a"), "comment 1"), (M("c", "Many <many@freemail.test>", reply="a"), "quarantine unverified-sender"),
    ]),
    Scenario("the fallback client of another mailbox says nothing either", [
        (M("a", ALICE), "ticket 1"), at_desk(1, client="Initech", contact=""), (M("b", ALICE, reply="a", rcpt=SUPPORT), "comment 1"),
    ], config={"mailbox": [
        {"address": SUPPORT, "board": "Support", "fallback_client": "Unknown Senders"}, {"address": SALES, "board": "Sales", "fallback_client": "Initech"},
    ]}),
    Scenario("another contact of the same client changes nothing for the first", [
        (M("a", ALICE), "ticket 1"), at_desk(1, contact="bob@acme.example"), (M("b", ALICE, reply="a"), "comment 1"), (M("c", BOB, reply="a"), "comment 1"),
    ]),
    Scenario("the token still opens a ticket that moved, for technicians only", [
        (M("a", ALICE), "ticket 1"), token(1, TOKEN), at_desk(1, client="Globex", contact=""),
        (M("b", ALICE, rcpt=f"support+{TOKEN}@msp.example"), "internal 1"),
    ]),
    Scenario("a technician's words to the old requester are internal on a ticket that moved", [
        (M("a", ALICE), "ticket 1"), at_desk(1, client="Globex", contact="gil@globex.example"),
        (M("b", TESS, reply="a", to="alice@acme.example", cc=SUPPORT, rcpt=SUPPORT, verdict="pass"), "internal 1"),
        (M("c", TESS, reply="a", to="gil@globex.example", cc=SUPPORT, rcpt=SUPPORT, verdict="pass"), "comment 1"),
    ]),
]  # fmt: skip

BY_THE_DESK = [
    *(
        Scenario(f"an answer to the desk's mail about a technician's answer: {client}", [
            (M("a", ALICE, "Printer"), "ticket 1"), answer(1, "Which room is it in?\nMay we restart it?", "alice@acme.example"), (M("b", ALICE, reply="alice@acme.example", client=client, text="Room 312, yes."), "comment 1"),
            (M("c", EVE, reply="alice@acme.example", client=client), "ticket 2"), (M("d", BOB, reply="alice@acme.example", client=client, text="It is mine."), "comment 1"),
        ], check=lambda s: "Room 312" in s.comments(1)[1]["note"] and "restart" not in s.comments(1)[1]["note"] and "ALGA" not in s.comments(1)[1]["note"])
        for client in ("gmail", "outlook", "owa", "apple", "ios", "thunderbird", "exchange")
    ),
    Scenario("by whoever watches the ticket, and not by the old requester once it moved", [
        (M("a", ALICE), "ticket 1"), at_desk(1, watch=[watcher("guest@partner.example")]), answer(1, "Done.", "alice@acme.example", "guest@partner.example"), (M("b", GUEST, reply="guest@partner.example"), "comment 1"),
        at_desk(1, client="Globex", contact="gil@globex.example", watch=[]), answer(1, "Yours now.", "gil@globex.example"), (M("c", ALICE, reply="alice@acme.example"), "ticket 2"), (M("d", GIL, reply="gil@globex.example"), "comment 1"),
    ]),
    Scenario("thanks for it, with the page quoted below, are noted on a closed ticket", [
        (M("a", ALICE), "ticket 1"), answer(1, "It is repaired.", "alice@acme.example"), close(1), (M("b", ALICE, reply="alice@acme.example", client="outlook", text="Thank you, it works again."), "internal 1"),
        (M("c", ALICE, reply="alice@acme.example", client="outlook", text="It broke again."), "comment 1 reopened"),
    ], mailbox={"closed": "reopen"}),
    Scenario("after a merge it leads to the master", [
        (M("a", ALICE), "ticket 1"), (M("b", BOB), "ticket 2"), answer(1, "Same as Bob's.", "alice@acme.example"), bundle(1, 2), (M("c", ALICE, reply="alice@acme.example"), "comment 2"),
    ]),
]  # fmt: skip

TICKETS = [
    Scenario("a merged ticket is followed to its master without a policy for closed tickets", [
        (M("a", ALICE), "ticket 1"), (M("b", BOB), "ticket 2"), bundle(1, 2), (M("c", ALICE, reply="a"), "comment 2"),
    ]),
    Scenario("and those who took part in it go on there", [
        (M("a", ALICE, cc="guest@partner.example"), "ticket 1"), (M("b", BOB), "ticket 2"), bundle(1, 2), (M("c", GUEST, reply="a"), "comment 2"),
        (M("d", GUEST, reply="c"), "comment 2"), (M("e", EVE, reply="a"), "quarantine unverified-sender"),
    ]),
    Scenario("nor do strangers whose tickets were merged lose theirs", [
        (M("a", ONE), "ticket 1"), (M("b", TWO), "ticket 2"), bundle(1, 2), (M("c", ONE, reply="a"), "comment 2"), (M("d", TWO, reply="b"), "comment 2"),
        (M("e", "Three <three@freemail.test>", reply="a"), "quarantine unverified-sender"),
    ]),
    Scenario("a merged ticket whose master was deleted is a ticket again", [
        (M("a", ALICE), "ticket 1"), (M("b", BOB), "ticket 2"), bundle(1, 2), delete(2), (M("c", ALICE, reply="a"), "comment 1"),
    ]),
    Scenario("and one that was taken out of the bundle", [
        (M("a", ALICE), "ticket 1"), (M("b", BOB), "ticket 2"), bundle(1, 2), (M("c", ALICE, reply="a"), "comment 2"), unbundle(1), (M("d", ALICE, reply="a"), "comment 1"),
    ]),
    Scenario("its number leads to the master too, and a technician's answer to its requester is for both", [
        (M("a", ONE), "ticket 1"), (M("b", TWO), "ticket 2"), bundle(1, 2), (M("c", ONE, "Re: [Ticket #TIC001001] x", verdict="pass"), "comment 2"),
        (M("d", TESS, reply="a", to="one@freemail.test", cc=SUPPORT, rcpt=SUPPORT, verdict="pass"), "comment 2"),
    ]),
    Scenario("the master decides whether a reply reopens", [
        (M("a", ALICE), "ticket 1"), (M("b", BOB), "ticket 2"), bundle(1, 2), close(1), (M("c", ALICE, reply="a"), "comment 2"), close(2), (M("d", ALICE, reply="a"), "comment 2 reopened"),
    ], mailbox={"closed": "reopen"}),
    Scenario("two tickets in the references that were merged are one", [
        (M("a", ALICE, "One"), "ticket 1"), (M("b", ALICE, "Two"), "ticket 2"), bundle(1, 2),
        (M("c", ALICE, refs=("a", "b")), "comment 2"),
    ]),
    Scenario("and one of two that was deleted does not make it doubtful", [
        (M("a", ALICE, "One"), "ticket 1"), (M("b", ALICE, "Two"), "ticket 2"), delete(1), (M("c", ALICE, refs=("a", "b")), "comment 2"),
    ]),
    Scenario("nothing leads to a deleted ticket any more, by whatever mail", [
        (M("a", ALICE), "ticket 1"), delete(1), (M("b", ALICE, reply="a"), "ticket 2"), (M("c", BOB, reply="a"), "comment 2"),
    ], check=lambda s: "no longer has" in s.ticket(2)["attributes"]["description"]),
    Scenario("a stranger learns nothing of a deleted ticket", [
        (M("a", ALICE), "ticket 1"), delete(1), (M("b", EVE, reply="a"), "ticket 2"),
    ]),
]  # fmt: skip

def close_by(name: str) -> Act:
    """The newest ticket is closed with a status of its board."""

    async def act(stage: Stage) -> None:
        desk, ticket = stage.simulator.desk, stage.ticket(len(stage.order))
        statuses = [row for row in desk.statuses.values() if row["board_id"] == ticket["board_id"]]
        status_id = next(row["status_id"] for row in statuses if row["name"] == name)
        await stage.directories["default"].desk.set_status(ticket["ticket_id"], status_id)

    return act


def boards_say(**by_board: dict[str, Any]) -> Act:
    """What single boards say of replies to closed tickets."""

    async def act(stage: Stage) -> None:
        for row in stage.simulator.desk.boards.values():
            row.update(by_board.get(str(row["board_name"]), {}))
        await stage.directories["default"].refresh()

    return act


def refuses_statuses(*names: str) -> Act:
    """From now on the desk knows these statuses of the boards no longer: it refuses them."""

    async def act(stage: Stage) -> None:
        desk = stage.simulator.desk
        for row in [row for row in desk.statuses.values() if row["name"] in names]:
            if all(ticket["status_id"] != row["status_id"] for ticket in desk.tickets.values()):
                del desk.statuses[row["status_id"]]

    return act


def status_of(stage: Stage, number: int) -> tuple[str, str]:
    """The board and the status of a ticket; a status of its own board only."""
    desk, ticket = stage.simulator.desk, stage.ticket(number)
    status = desk.statuses[ticket["status_id"]]
    assert status["board_id"] == ticket["board_id"]
    return desk.boards[ticket["board_id"]]["board_name"], status["name"]


REOPENS = {"inbound_reply_reopen_enabled": True}
STAYS = {"inbound_reply_reopen_enabled": False}
BOARDS = [
    Scenario("a ticket that was moved to another board reopens as that board says, with a status of it", [
        (M("a", ALICE), "ticket 1"), boards_say(Sales=REOPENS, Support=STAYS), at_desk(1, on="Sales"), close(1),
        (M("b", ALICE, reply="a"), "comment 1 reopened"),
    ], check=lambda s: status_of(s, 1) == ("Sales", "New")),
    Scenario("and stays closed where that board does not reopen, whatever its first board says", [
        (M("a", ALICE), "ticket 1"), boards_say(Sales=STAYS, Support=REOPENS), at_desk(1, on="Sales"), close(1),
        (M("b", ALICE, reply="a"), "comment 1"),
    ], check=lambda s: s.ticket(1)["is_closed"]),
    Scenario("the mailbox through which the reply came decides nothing", [
        (M("a", ALICE), "ticket 1"), boards_say(Sales=STAYS, Support=REOPENS), close(1),
        (M("b", ALICE, reply="a", rcpt=SALES), "comment 1 reopened"),
        (M("c", BOB, to=SALES), "ticket 2"), close(2), (M("d", BOB, reply="c", rcpt=SUPPORT), "comment 2"),
    ], check=lambda s: status_of(s, 1) == ("Support", "New")),
    Scenario("nor does its window", [
        (M("a", ALICE), "ticket 1"), boards_say(Sales={**REOPENS, "inbound_reply_reopen_cutoff_hours": 24}, Support={**REOPENS, "inbound_reply_reopen_cutoff_hours": 72}),
        close(1, ago=2 * DAY), (M("b", ALICE, reply="a", rcpt=SALES), "comment 1 reopened"),
        (M("c", BOB, to=SALES), "ticket 2"), close(2, ago=2 * DAY), (M("d", BOB, reply="c", rcpt=SUPPORT), "ticket 3"),
    ]),
    Scenario("there and back again, the board of today decides", [
        (M("a", ALICE), "ticket 1"), boards_say(Sales=STAYS, Support=REOPENS), at_desk(1, on="Sales"), at_desk(1, on="Support"), close(1), (M("b", ALICE, reply="a"), "comment 1 reopened"),
    ]),
    Scenario("another client and another board at once", [
        (M("a", ALICE), "ticket 1"), boards_say(Sales=REOPENS, Support=STAYS), at_desk(1, client="Globex", contact="gil@globex.example", on="Sales"), close(1),
        (M("b", GIL, reply="a", to=SALES), "comment 1 reopened"), (M("c", ALICE, reply="a", to=SALES), "quarantine unverified-sender"),
    ]),
    Scenario("a board that no mailbox has decides too", [
        (M("a", ALICE), "ticket 1"), boards_say(Alerts=REOPENS, Support=STAYS), at_desk(1, on="Alerts"), close_by("Closed"),
        (M("b", ALICE, reply="a"), "comment 1 reopened"), (M("c", BOB), "ticket 2"), at_desk(2, on="Alerts"), close_by("Closed"),
        costs(0, M("d", BOB, reply="c")), became("d", "comment 2 reopened"),
    ], check=lambda s: status_of(s, 1) == ("Alerts", "New")),
    Scenario("what a mailbox says holds for the tickets of its board, not for a board without one", [
        (M("a", ALICE), "ticket 1"), at_desk(1, on="Alerts"), close_by("Closed"), (M("b", ALICE, reply="a"), "comment 1"),
    ], mailbox={"closed": "reopen"}),
    Scenario("a status that the board lost meanwhile: the next best of the board", [
        (M("a", ALICE), "ticket 1"), close(1), refuses_statuses("New"), (M("b", ALICE, reply="a"), "comment 1 reopened"),
    ], mailbox={"closed": "reopen"}, check=lambda s: status_of(s, 1) == ("Support", "In Progress") and not notes(s, 1), refuses=1),
    Scenario("none that the desk takes: it is said on the ticket", [
        (M("a", ALICE), "ticket 1"), close(1), refuses_statuses("New", "In Progress", "Waiting for Customer"),
        (M("b", ALICE, reply="a"), "comment 1"),
    ], mailbox={"closed": "reopen"}, check=lambda s: s.ticket(1)["is_closed"] and "This ticket is closed" in notes(s, 1), refuses=3),
]  # fmt: skip

def lost_at_desk(kind: str, name: str) -> Act:
    """The desk has none of the name any more, and the gateway remembers it."""

    async def act(stage: Stage) -> None:
        rows = getattr(stage.simulator.desk, kind)
        stage.now += 60
        for key in [key for key, row in rows.items() if name in row.values()]:
            del rows[key]

    return act


async def refuses_tickets(stage: Stage) -> None:
    stage.simulator.faults.set([{"kind": "create_ticket", "do": "answer", "status": 400, "commit": False}])


def refused_tickets(stage: Stage) -> int:
    return len([call for call in stage.simulator.desk.calls if call.kind == "create_ticket" and call.status == 400])


LOST = [
    Scenario("a status that the desk lost since its names were read: its board's default of today", [
        lost_at_desk("statuses", "New"), (M("a", ALICE), "ticket 1"), (M("b", BOB), "ticket 2"),
    ], mailbox={"status": None}, check=lambda s: status_of(s, 1) == status_of(s, 2) == ("Support", "In Progress"), refuses=1),
    Scenario("a contact that the desk lost since it was asked: the client of the domain", [
        (M("a", ALICE), "ticket 1"), lost_at_desk("contacts", "alice@acme.example"), (M("b", ALICE, "Other"), "ticket 2"),
    ], check=lambda s: s.client_of(2) == "Acme" and not s.ticket(2)["contact_name_id"], refuses=1),
    Scenario("a ticket that is refused again, with the same names, waits for a person", [
        refuses_tickets, (M("a", ALICE), "quarantine api-rejected"),
    ], check=lambda s: refused_tickets(s) == 2),
]  # fmt: skip


COSTS = [
    Scenario("the quiet case costs no call of the budget", [
        (M("x", ALICE, "Other"), "ticket 1"), costs(1, M("a", ALICE)), became("a", "ticket 2"), costs(0, M("y", ALICE, reply="x")), costs(0, M("b", ALICE, reply="a")), became("b", "comment 2"),
        costs(1, M("c", ALICE, reply="a", files={"x.bin": b"x"})), became("c", "comment 2"),
        costs(0, M("d", BOB, "Re: [Ticket #TIC001002] x", verdict="pass")), became("d", "comment 2"),
    ]),
    Scenario("nor does a closed ticket", [
        (M("a", ALICE), "ticket 1"), close(1), costs(0, M("b", ALICE, reply="a")), became("b", "comment 1 reopened"),
    ], mailbox={"closed": "reopen"}),
    Scenario("nor a watcher who is known to have no contact, nor one who is refused again", [
        (M("a", ALICE), "ticket 1"), (M("b", GUEST, reply="a"), "quarantine unverified-sender"),
        costs(0, M("c", GUEST, reply="a", text="again")), became("c", "quarantine unverified-sender"),
        at_desk(1, watch=[watcher("guest@partner.example")]), costs(0, M("d", GUEST, reply="a")), became("d", "comment 1"),
    ]),
    Scenario("who is refused costs one call more: the contact is looked at", [
        (M("a", ALICE), "ticket 1"), (M("x", GUEST), "ticket 2"), costs(1, M("b", GUEST, reply="a")), became("b", "quarantine unverified-sender"),
    ]),
]  # fmt: skip

GMAIL_REACTION = (
    b"From: Alice Archer <alice@acme.example>\nTo: support@msp.example\nSubject: Re: Problem a\nMessage-ID: <r@mail.gmail.com>\n"
    b"%sMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n"
    b"\xf0\x9f\x91\x8d\n\nAlice Archer reacted via Gmail\n\n--b\nContent-Type: text/vnd.google.email-reaction+json\n\n"
    b'{"emoji": "\xf0\x9f\x91\x8d", "version": 1}\n--b--\n'
)


def acceptance(answer: str, *head: str, words: str = "") -> bytes:
    return (
        f"From: Alice Archer <alice@acme.example>\nTo: support@msp.example\nSubject: {answer}: Visit\nMessage-ID: <{answer}@acme.example>\n"
        f"{''.join(head)}MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n{words}\n"
        "--b\nContent-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:1\nSUMMARY:Visit\n"
        f"ATTENDEE;PARTSTAT={answer}:mailto:alice@acme.example\nEND:VEVENT\nEND:VCALENDAR\n--b--\n"
    ).encode()


FIRST = M("a", ALICE, message_id="<first@acme.example>")
ANSWER = "In-Reply-To: <first@acme.example>\n"
RULED = {"rule": [{"name": "work", "on": "reply", "board": "Support", "status": "In Progress", "when": [{"field": "from", "contains": "@"}]}]}
NOTHING = [
    *(
        Scenario(f"asks for nothing: {name}", [
            (FIRST, "ticket 1"), close(1), (M("b", ALICE, raw=raw), "internal 1"),
        ], mailbox={"closed": "reopen"}, check=lambda s: s.ticket(1)["is_closed"] and not s.simulator.desk.documents.get(s.order[0]))
        for name, raw in (("a reaction", GMAIL_REACTION % ANSWER.encode()), ("an acceptance", acceptance("ACCEPTED", ANSWER)), ("an acceptance in its program's words", acceptance("ACCEPTED", ANSWER, words="alice@acme.example hat Ihre Einladung zu Visit angenommen.")))
    ),
    *(
        Scenario(f"an answer to an invitation that says something: {name}", [
            (FIRST, "ticket 1"), close(1), (M("b", ALICE, raw=raw), "comment 1 reopened"),
        ], mailbox={"closed": "reopen"})
        for name, raw in (("declined", acceptance("DECLINED", ANSWER)), ("with words", acceptance("ACCEPTED", ANSWER, words="I bring Bob, please plan for two.")), ("declined in its program's words", acceptance("DECLINED", ANSWER, words="alice@acme.example has declined your invitation to Visit.")),
            ("with words below its program's", acceptance("ACCEPTED", ANSWER, words="alice@acme.example has accepted your invitation to Visit.\n\nThe back door, please.")))
    ),
    Scenario("and without a thread it makes no ticket", [
        (M("a", ALICE, raw=GMAIL_REACTION % b""), "suppress asks-for-nothing"), (M("b", ALICE, raw=acceptance("ACCEPTED")), "suppress asks-for-nothing"),
        (M("c", ALICE, "Thank you", text="Thanks, it works again.\n\nAlice"), "suppress asks-for-nothing"), (M("d", ALICE, raw=acceptance("DECLINED")), "ticket 1"),
        (M("e", ALICE, "Printer", text="Thanks!"), "ticket 2"), (M("f", ALICE, "Thanks", text="Thanks for calling me back about the printer."), "ticket 3"),
    ]),
    Scenario("which can be released", [
        (M("a", ALICE, "Thank you", text="Thanks!"), "suppress asks-for-nothing"), release("a"), became("a", "ticket 1"),
    ]),
    Scenario("a thank-you uses no status of a rule on a closed ticket, and does on an open one", [
        (M("a", ALICE), "ticket 1"), close(1), (M("b", ALICE, reply="a", text="Thank you!"), "internal 1"), (M("c", ALICE, reply="a"), "comment 1 reopened"),
    ], mailbox={"closed": "comment"}, config=RULED),
    Scenario("on an open ticket thanks are noted, and that it works is news", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, reply="a", text="Thank you!"), "internal 1"), (M("c", ALICE, reply="a", text="It works."), "comment 1"),
        close(1), (M("d", ALICE, reply="a", text="It works again."), "internal 1"), (M("e", ALICE, "Re: Problem z", reply="<z@y.example>", text="It works."), "ticket 2"),
        (M("f", ALICE, "Re: Problem y", reply="<y@y.example>", text="Thanks, it works."), "suppress asks-for-nothing"),
    ], mailbox={"closed": "reopen"}),
    Scenario("a stranger's thanks are quarantined like their other words", [
        (M("a", ALICE), "ticket 1"), (M("b", EVE, reply="a", text="Thanks!"), "quarantine unverified-sender"),
    ]),
    Scenario("a technician's own mail never reopens, a customer's does", [
        (M("a", ALICE), "ticket 1"), close(1), (M("b", TESS, reply="a", to="alice@acme.example", cc=SUPPORT, rcpt=SUPPORT, verdict="pass", text="Done and closed, see the report."), "comment 1"),
        (M("c", ALICE, reply="b"), "comment 1 reopened"),
    ], mailbox={"closed": "reopen"}),
    Scenario("nor does it begin a linked ticket", [
        (M("a", ALICE), "ticket 1"), close(1), (M("b", TESS, reply="a", to="alice@acme.example", cc=SUPPORT, rcpt=SUPPORT, verdict="pass"), "comment 1"),
    ], mailbox={"closed": "new_linked"}),
]  # fmt: skip

ALL = [*NOTHING, *PEOPLE, *BY_THE_DESK, *TICKETS, *BOARDS, *LOST, *COSTS]
