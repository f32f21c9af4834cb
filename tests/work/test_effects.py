"""Each kind of effect is one class that knows all of its kind, and the store reads what earlier versions wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import gateway
from gateway.blocks import COMMENT_LIMIT, measure
from gateway.model.effects import BODIES, DocumentBody, EffectBody, PriorityBody
from gateway.model.problem import Problem
from gateway.store.effects import as_json, body_of
from gateway.store.reading import Unreadable
from gateway.work.effects import KINDS, words_of
from gateway.work.effects.base import EffectKind
from gateway.work.effects.list_parts import as_many_as_fit

SOURCES = Path(gateway.__file__).parent

TEXT = {"blocks": [{"type": "paragraph"}], "facts": {"delivery": "d"}}
TICKET = {"title": "a", "ids": {"client_id": "c"}, "description": "[]", "facts": {}, "watchers": []}
FILE = {"part": "2", "index": 0, "sha256": "ab", "size": 3, "name": "a.pdf", "content_type": "application/pdf"}
CLOSE = {
    "after": 9.5, "problem": "p", "changed_at": 1.5, "ticket_id": "t", "status_id": "s", "never": "", "closed_id": "z",
}  # fmt: skip

STORED: list[tuple[str, dict[str, Any]]] = [
    ("ticket", TICKET),
    ("further", {**TICKET, "about": "p", "whose": "c"}),
    ("further", {**TICKET, "about": "p", "whose": "c", "fallback": True}),
    ("contact", {"name": "Ann", "address": "ann@acme.example", "client_id": "c"}),
    ("comment", TEXT),
    ("comment", {**TEXT, "internal": True}),
    ("comment", {**TEXT, "mailed": True}),
    ("note", TEXT),
    ("moved", {**TEXT, "ticket_id": "t"}),
    ("moved", {**TEXT, "ticket_id": "t", "words": {"subject": "Printer"}}),
    ("document", FILE),
    ("document", {**FILE, "held": "unscanned", "neutral": True}),
    ("document", {"part": "", "text": "all", "sha256": "ab", "size": 3, "name": "m.txt", "content_type": "text/plain"}),
    ("document", {"part": "original", "name": "original.eml", "content_type": "message/rfc822"}),
    ("pictures", {"before": "[]", "blocks": [{"type": "image"}]}),
    ("missing", {"metadata": {"delivery": "d"}}),
    ("tag", {"tag": "from-mail"}),
    ("asset", {"name": "ACME-PC-07"}),
    ("still_closed", {"facts": {"delivery": "d"}}),
    ("missing", {"metadata": {"delivery": "d"}, "documents": [1, 2]}),
    ("released", {"metadata": {"delivery": "d"}, "documents": [1], "by": "operator", "at": 7.25}),
    ("status", {"status_id": "s"}),
    ("reopen", {"status_id": "s"}),
    ("priority", {"priority_id": "p"}),
    ("priority", {"priority_id": "p", "before": "q"}),
    ("priority", {"priority_id": "p", "below": ["q", "r"]}),
    ("priority", {"priority_id": "p", "below": []}),
    ("client", {"client_id": "c", "before": "f", "wait": 40.0}),
    ("bundle", {"master_id": "t", "mode": "sync_updates"}),
    ("close", CLOSE),
    ("told", {"ticket_id": "t", "words": {"word": "up"}, "facts": {"delivery": "d"}}),
    ("list", {**TEXT, "after": 5.5, "problem": "p"}),
    ("list", {**TEXT, "after": 5.5, "problem": "p", "listed": ["a", "b"]}),
    ("again", {"after": 5.5, "problem": "p", "changed_at": 1.5}),
    ("window", {"problems": ["p", "q"], "objects": ["db01", ""]}),
    (
        "acknowledge",
        {"occasion": "stranger", "recipient": "ann@acme.example", "subject": "Printer", "about": "<a@acme.example>"},
    ),
]
"""Rows as the store has them, one at least of each kind."""

REQUEST = {"status_id": "z", "suppressContactNotifications": True}
COMMENT = {
    "blocks": [{"type": "paragraph"}], "is_internal": True, "suppressContactNotifications": True,
    "metadata": {"email_gateway": {"delivery": "d"}},
}  # fmt: skip
ATTRIBUTES = {"description": "[]", "email_gateway": {"delivery": "d"}, "watch_list": [{"email": "b@acme.example"}]}
BEFORE = {key: value for key, value in CLOSE.items() if key != "closed_id"}

EARLIER: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "ticket",
        {"request": {"title": "a", "client_id": "c", "contact_name_id": "k", "attributes": ATTRIBUTES}},
        {
            **TICKET,
            "ids": {"client_id": "c", "contact_id": "k"},
            "facts": {"delivery": "d"},
            "watchers": ATTRIBUTES["watch_list"],
        },
    ),
    (
        "ticket",
        {"request": {"title": "a", "client_id": "c", "attributes": {"description": "[]", "email_gateway": {}}}},
        TICKET,
    ),
    (
        "contact",
        {"request": {"full_name": "Ann", "email": "ann@acme.example", "client_id": "c"}},
        {"name": "Ann", "address": "ann@acme.example", "client_id": "c"},
    ),
    ("comment", {"request": COMMENT}, {**TEXT, "internal": True}),
    ("comment", {"request": {**COMMENT, "is_internal": False}}, TEXT),
    (
        "comment",
        {"request": {**COMMENT, "is_internal": False, "suppressContactNotifications": False}},
        {**TEXT, "mailed": True},
    ),
    ("note", {"request": COMMENT}, TEXT),
    ("moved", {"request": COMMENT, "ticket_id": "t"}, {**TEXT, "ticket_id": "t"}),
    ("status", {"request": REQUEST}, {"status_id": "z"}),
    ("reopen", {"request": REQUEST}, {"status_id": "z"}),
    ("priority", {"request": {"priority_id": "p"}, "below": []}, {"priority_id": "p", "below": []}),
    (
        "client",
        {"request": {"client_id": "c"}, "before": "f", "wait": 40.0},
        {"client_id": "c", "before": "f", "wait": 40.0},
    ),
    ("close", {**BEFORE, "request": REQUEST}, CLOSE),
    (
        "told",
        {"ticket_id": "t", "words": {"word": "up"}, "request": COMMENT},
        {"ticket_id": "t", "words": {"word": "up"}, "facts": {"delivery": "d"}},
    ),
    (
        "list",
        {"after": 5.5, "problem": "p", "request": {**COMMENT, "blocks": []}},
        {**TEXT, "blocks": [], "after": 5.5, "problem": "p"},
    ),
]
"""Rows that held the desk's request, and what they are today."""


@pytest.mark.parametrize(("kind", "stored", "today"), EARLIER)
def test_a_body_of_an_earlier_version_means_what_it_did(
    kind: str, stored: dict[str, Any], today: dict[str, Any]
) -> None:
    assert json.loads(as_json(body_of(kind, json.dumps(stored)))) == today


@pytest.mark.parametrize(("kind", "stored"), STORED)
def test_a_stored_body_is_read_and_written_as_it_was(kind: str, stored: dict[str, Any]) -> None:
    body = body_of(kind, json.dumps(stored))

    assert body.kind == kind
    assert type(body) is BODIES[kind]
    assert json.loads(as_json(body)) == stored


def test_every_kind_has_a_stored_row_a_body_and_a_class() -> None:
    assert {kind for kind, _ in STORED} == BODIES.keys() == KINDS.keys()


def test_a_later_version_may_add_a_key() -> None:
    assert isinstance(body_of("document", json.dumps({**FILE, "color": "blue"})), DocumentBody)


def test_none_below_is_not_the_same_as_nothing_said() -> None:
    assert body_of("priority", '{"priority_id": "p", "below": []}') == PriorityBody(priority_id="p", below=())
    assert body_of("priority", '{"priority_id": "p"}') == PriorityBody(priority_id="p")


def test_what_retention_deleted_is_a_bare_body() -> None:
    assert type(body_of("ticket", "{}")) is EffectBody


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        ("dance", {"status_id": "s"}),
        ("ticket", {"title": "a"}),
        ("ticket", {"request": "words"}),
        ("status", {"request": {}}),
        ("comment", {"request": {"metadata": {"email_gateway": "words"}}}),
        ("comment", {"request": {"metadata": "words"}}),
        ("ticket", {"request": {"attributes": "words"}}),
        ("close", {**CLOSE, "after": "soon"}),
        ("close", {key: value for key, value in CLOSE.items() if key != "never"}),
        ("document", {**FILE, "size": "large"}),
    ],
)
def test_a_body_that_is_not_one_of_its_kind_is_damaged(kind: str, stored: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match=r"effect\.(body|kind)"):
        body_of(kind, json.dumps(stored))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_of_its_own(kind: str) -> None:
    said = {name: [KINDS[name].describe(read(stored))["effect"] for stored in rows(name)] for name in KINDS}

    assert all(said[kind])
    assert not set(said[kind]) & {words for name in KINDS if name != kind for words in said[name]}


def test_the_words_of_a_row_are_those_of_its_class() -> None:
    assert (
        words_of("ticket", json.dumps(rows("ticket")[0][1]))
        == KINDS["ticket"].describe(read(rows("ticket")[0]))["effect"]
    )
    assert [words_of("comment", body) for body in ("{}", '{"request')] == ["comment", "comment"]
    assert words_of("dance", '{"status_id": "s"}') == "dance"


def rows(kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name, stored) for name, stored in STORED if name == kind]


def read(stored: tuple[str, dict[str, Any]]) -> EffectBody:
    kind, body = stored
    return body_of(kind, json.dumps(body))


class TestHowKindsAreCarriedOut:
    """The policy of each kind, in a table that a reader can check."""

    def test_counted(self) -> None:
        assert having("counted") == {
            "contact",
            "ticket",
            "further",
            "document",
            "pictures",
            "priority",
            "client",
            "bundle",
            "asset",
        }

    def test_the_mail_cannot_do_without(self) -> None:
        assert set(KINDS) - having("optional") == {"ticket", "further", "comment"}

    def test_sent_again_without_a_look(self) -> None:
        assert having("repeatable") == {
            "pictures",
            "status",
            "reopen",
            "close",
            "priority",
            "client",
            "bundle",
            "tag",
            "asset",
        }

    def test_of_a_ticket_that_may_be_another(self) -> None:
        assert having("elsewhere") == {"moved", "close", "told", "priority", "client", "bundle", "list", "asset"}

    def test_with_the_places_of_files(self) -> None:
        assert having("uploads") == {"document", "pictures"}

    def test_asking_before_it_is_sent(self) -> None:
        assert having("looks_first") == {"close"}

    def test_looked_at_again_when_it_was_unknown(self) -> None:
        comments = {"comment", "missing", "released", "moved", "note", "told", "list", "still_closed"}
        assert having("is_watched") == {"ticket", "further", "document", *comments}

    def test_what_is_not_repeatable_can_be_found_again(self) -> None:
        cannot = {name for name, kind in KINDS.items() if type(kind).find is EffectKind.find}
        assert cannot == having("repeatable") | {"again", "window"}  # which are never sent


def having(what: str) -> set[str]:
    return {name for name, kind in KINDS.items() if getattr(kind, what)}


def test_nobody_else_knows_kinds_by_name() -> None:
    """Neither a comparison with a kind's name nor a list of such names stands outside of the kinds."""
    names = "|".join(BODIES)
    compared = re.compile(rf"\b(?:effect|spec|one|other|row)\.(?:c\.)?kind\b[^\n]*[\"'](?:{names})[\"']")
    listed = re.compile(
        rf"(?<!Literal)[(\[{{]\s*[\"'](?:{names})[\"'],\s*[\"'](?:{names})[\"'],\s*[\"'](?:{names})[\"']"
    )
    for source in SOURCES.rglob("*.py"):
        place = source.relative_to(SOURCES)
        if place.parts[0] == "simulator" or place.parts[:2] == ("work", "effects"):
            continue
        text = source.read_text()
        assert not compared.findall(text), place
        assert not listed.findall(text), place


@pytest.mark.parametrize(
    "name", ["web01", "\U0001f5a8" * 60, "https://nas.acme.example/" + "x" * 175, "a *b* <c> [d](e)"]
)
def test_a_list_of_parts_is_a_comment_that_the_desk_takes(name: str) -> None:
    parts = [Problem(str(number), "f", "nagios", "k", "acme", object=name, condition="down") for number in range(500)]

    taken, blocks = as_many_as_fit(parts)

    assert 5 < len(taken) < 500 and taken == parts[: len(taken)] and len(blocks) == len(taken) + 1
    assert COMMENT_LIMIT - 600 < measure(blocks) <= COMMENT_LIMIT
