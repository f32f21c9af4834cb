"""The main job: mail in over SMTP, tickets, comments and documents at the desk."""

from __future__ import annotations

import json
import os
from typing import Any

from gateway.simulator import Simulator
from tests.harness import BOX, GatewayProcess, mail

ALICE = "Alice Archer <alice@acme.example>"


def outcome(running: GatewayProcess, answer: str) -> dict[str, Any]:
    """What became of the mail with this 250."""
    return running.became(answer)


def words(block_json: str) -> str:
    return " ".join(
        inline.get("text", "") for block in json.loads(block_json) for inline in block["content"] if block["content"]
    )


class TestNewTicket:
    def test_of_a_known_contact(self, simulator: Simulator, running: GatewayProcess) -> None:
        became = outcome(running, running.send(mail("Printer broken", "No paper.", sender=ALICE)))

        ticket = simulator.desk.tickets[became["ticket_id"]]
        contact = simulator.desk.contacts[ticket["contact_name_id"]]
        assert (ticket["title"], contact["email"]) == ("Printer broken", "alice@acme.example")
        assert simulator.desk.clients[ticket["client_id"]]["client_name"] == "Acme"
        assert "No paper." in words(ticket["attributes"]["description"])
        assert "alice@acme.example" in words(ticket["attributes"]["description"])

    def test_of_a_stranger_goes_to_the_fallback_client(self, simulator: Simulator, running: GatewayProcess) -> None:
        became = outcome(running, running.send(mail("Hello", sender="new@elsewhere.example")))

        ticket = simulator.desk.tickets[became["ticket_id"]]
        assert simulator.desk.clients[ticket["client_id"]]["client_name"] == "Unknown Senders"
        assert ticket["contact_name_id"] is None

    def test_an_address_that_contains_a_contacts_is_not_the_contact(
        self, simulator: Simulator, running: GatewayProcess
    ) -> None:
        became = outcome(running, running.send(mail("Hello", sender="ob@acme.example")))

        assert simulator.desk.tickets[became["ticket_id"]]["contact_name_id"] is None

    def test_an_inactive_contact_gives_the_client_only(self, simulator: Simulator, running: GatewayProcess) -> None:
        became = outcome(running, running.send(mail("Hello", sender="greta@acme.example")))

        ticket = simulator.desk.tickets[became["ticket_id"]]
        assert simulator.desk.clients[ticket["client_id"]]["client_name"] == "Acme"
        assert ticket["contact_name_id"] is None

    def test_files_are_byte_for_byte_and_once(self, simulator: Simulator, running: GatewayProcess) -> None:
        message = mail("With files", sender=ALICE)
        content = os.urandom(50_000)
        for name in ("a.bin", "the same.bin"):
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        message.add_attachment(b"", maintype="application", subtype="octet-stream", filename="empty.bin")

        became = outcome(running, running.send(message))

        documents = simulator.desk.documents[became["ticket_id"]]
        assert [simulator.desk.file_of(document) for document in documents] == [content]
        text = words(simulator.desk.tickets[became["ticket_id"]]["attributes"]["description"])
        assert "a.bin" in text
        assert "also as the same.bin" in text
        assert "empty.bin (empty)" in text

    def test_pictures_stand_in_their_place(self, simulator: Simulator, running: GatewayProcess) -> None:
        message = mail("With picture", sender=ALICE)
        message.add_alternative("<p>before</p><img src='cid:pic@x'><p>after</p>", subtype="html")
        message.get_payload()[1].add_related(b"\x89PNG123", "image", "png", cid="<pic@x>", filename="p.png")  # type: ignore

        became = outcome(running, running.send(message))

        ticket = simulator.desk.tickets[became["ticket_id"]]
        (document,) = simulator.desk.documents[became["ticket_id"]]
        kinds = [block["type"] for block in json.loads(ticket["attributes"]["description"])]
        (picture,) = [b for b in json.loads(ticket["attributes"]["description"]) if b["type"] == "image"]
        assert picture["props"]["url"] == f"/api/documents/view/{document['file_id']}"
        assert kinds.index("image") not in (0, len(kinds) - 1)
        assert ticket["attributes"]["email_gateway"]["marker"]


class TestReply:
    def test_is_a_comment_that_mails_nobody(self, simulator: Simulator, running: GatewayProcess) -> None:
        first = mail("Thread", sender=ALICE)
        became = outcome(running, running.send(first))

        reply = mail("Re: Thread", "Still broken.", sender=ALICE, reply_to=first["Message-ID"])
        again = outcome(running, running.send(reply))

        assert again["ticket_id"] == became["ticket_id"]
        (comment,) = simulator.desk.comments[became["ticket_id"]]
        assert "Still broken." in words(comment["note"])
        assert not comment["is_internal"]
        assert [mail for mail in simulator.desk.mails if mail.comment_id] == []

    def test_to_a_mail_that_nobody_here_got_joins_the_first_of_its_thread(
        self, simulator: Simulator, running: GatewayProcess
    ) -> None:
        """Support was put in CC in the middle of a thread."""
        first = mail("Cc", sender=ALICE, reply_to="<root@acme.example>")
        second = mail("Re: Cc", sender="bob@acme.example", reply_to="<root@acme.example>")

        running.send(first)
        became = outcome(running, running.send(second))

        assert len(simulator.desk.comments[became["ticket_id"]]) == 1

    def test_a_stranger_gets_nothing(self, simulator: Simulator, running: GatewayProcess) -> None:
        first = mail("Secret", sender=ALICE)
        became = outcome(running, running.send(first))
        before = len(simulator.desk.tickets)

        evil = mail("Re: Secret", "let me in", sender="eve@evil.example", reply_to=first["Message-ID"])
        forged = outcome(running, running.send(evil))

        assert (forged["stage"], forged["reason"]) == ("QUARANTINED", "unverified-sender")
        assert became["ticket_id"] not in simulator.desk.comments
        assert len(simulator.desk.tickets) == before

    def test_the_fallback_client_binds_nobody(self, simulator: Simulator, running: GatewayProcess) -> None:
        first = mail("Private", sender="one@private.test")
        running.send(first)

        other = mail("Re: Private", sender="two@private.test", reply_to=first["Message-ID"])

        assert outcome(running, running.send(other))["reason"] == "unverified-sender"

    def test_a_long_reply_is_several_comments_in_order(self, simulator: Simulator, running: GatewayProcess) -> None:
        first = mail("Long", sender=ALICE)
        running.send(first)
        lines = [f"line {n} " + "x" * 60 for n in range(180)]

        became = outcome(
            running, running.send(mail("Re: Long", "\n".join(lines), sender=ALICE, reply_to=first["Message-ID"]))
        )

        notes = [comment["note"] for comment in simulator.desk.comments[became["ticket_id"]]]
        assert 2 <= len(notes) <= 4
        found = [word for note in notes for word in words(note).split("line ")[1:]]
        assert [int(line.split()[0]) for line in found] == list(range(180))

    def test_one_that_is_far_too_long_has_the_whole_in_a_file(
        self, simulator: Simulator, running: GatewayProcess
    ) -> None:
        first = mail("Longer", sender=ALICE)
        running.send(first)
        text = "\n".join(f"line {n} " + "y" * 60 for n in range(1000))

        became = outcome(running, running.send(mail("Re: Longer", text, sender=ALICE, reply_to=first["Message-ID"])))

        assert len(simulator.desk.comments[became["ticket_id"]]) == 1
        (document,) = simulator.desk.documents[became["ticket_id"]]
        assert document["document_name"] == "message.txt"
        assert b"line 999 " in simulator.desk.file_of(document)


class TestAutomatic:
    def test_a_vacation_reply_in_a_thread_is_internal(self, simulator: Simulator, running: GatewayProcess) -> None:
        first = mail("Away", sender=ALICE)
        running.send(first)

        away = mail("Out of office", sender=ALICE, reply_to=first["Message-ID"], Auto_Submitted="auto-replied")
        became = outcome(running, running.send(away))

        (comment,) = simulator.desk.comments[became["ticket_id"]]
        assert comment["is_internal"]

    def test_one_without_a_thread_is_suppressed(self, running: GatewayProcess) -> None:
        away = mail("Out of office", sender=ALICE, Auto_Submitted="auto-replied")

        assert outcome(running, running.send(away))["stage"] == "SUPPRESSED"


class TestTwice:
    def test_the_same_bytes(self, simulator: Simulator, running: GatewayProcess) -> None:
        message = mail("Twice", sender=ALICE)

        said = [running.send(message), running.send(message)]
        first, again = [running.became(answer) for answer in said]

        assert first["id"] == again["id"] == said[0].split()[-1]
        shown = running.run("queue", "show", said[1].split()[-1], "--json")
        assert json.loads(shown.stdout)["id"] == first["id"]

    def test_the_same_mail_by_two_routes(self, simulator: Simulator, running: GatewayProcess) -> None:
        raw = mail("Two routes", sender=ALICE).as_bytes()
        first = outcome(
            running, running.send(b"Received: from a by b; Sun, 22 Nov 2026 08:00:00 +0000\r\n" + raw, "a@x")
        )
        second = outcome(
            running, running.send(b"Received: from c by d; Sun, 22 Nov 2026 08:00:01 +0000\r\n" + raw, "a@x")
        )

        assert first["stage"] == "DONE"
        assert (second["stage"], second["reason"]) == ("SUPPRESSED", "duplicate-of")
        assert second["detail"] == first["id"]

    def test_the_same_id_with_other_words_is_another_mail(self, simulator: Simulator, running: GatewayProcess) -> None:
        first = outcome(running, running.send(mail("One", "one", sender=ALICE, message_id="<same@acme.example>")))
        second = outcome(running, running.send(mail("Two", "two", sender=ALICE, message_id="<same@acme.example>")))

        assert first["ticket_id"] != second["ticket_id"]


def test_counted_calls(simulator: Simulator, running: GatewayProcess) -> None:
    """1 for a new ticket of a sender seen before, 0 for a reply, 1 for each new file."""
    first = mail("Seen", sender=ALICE)
    outcome(running, running.send(first))

    def counted(message: Any) -> int:
        before = simulator.desk.counted()
        outcome(running, running.send(message))
        return simulator.desk.counted() - before

    with_files = mail("Files", sender=ALICE)
    with_files.add_attachment(b"1" * 10, maintype="a", subtype="b", filename="1")
    with_files.add_attachment(b"2" * 10, maintype="a", subtype="b", filename="2")
    reply = mail("Re: Files", sender=ALICE, reply_to=with_files["Message-ID"])
    reply.add_attachment(b"1" * 10, maintype="a", subtype="b", filename="1 again")
    reply.add_attachment(b"3" * 10, maintype="a", subtype="b", filename="3")

    assert counted(mail("New", sender=ALICE)) == 1
    assert counted(mail("Re: Seen", sender=ALICE, reply_to=first["Message-ID"])) == 0
    assert counted(with_files) == 1 + 2
    assert counted(reply) == 0 + 1


def test_the_desk_refused_nothing(simulator: Simulator, running: GatewayProcess) -> None:
    running.drained()

    assert [(call.method, call.path, call.status) for call in simulator.desk.refusals] == []
    assert BOX in running.config.read_text()
