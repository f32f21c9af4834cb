"""The desk's search over everything, as far as it finds comments."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.conftest import Talk


def found(talk: Talk, **query: Any) -> dict[str, Any]:
    answer = talk.http.get("/search", params={"query": "%", "types": "ticket_comment", "sort": "recent", **query})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def test_comments_are_found_newest_first_page_by_page(talk: Talk) -> None:
    first, second = talk.ticket(title="Printer"), talk.ticket(title="Scanner")
    written = [
        talk.comment(ticket, f"Words {number}").json()["data"] for number, ticket in enumerate([first, second] * 4)
    ]
    pages, cursor = [], ""
    while True:
        page = found(talk, limit=3, **({"cursor": cursor} if cursor else {}))
        pages.append([(hit["id"], hit["parentId"]) for hit in page["results"]])
        if not (cursor := page.get("nextCursor", "")):
            break

    assert [len(page) for page in pages] == [3, 3, 2] and page["totalCount"] == 8
    hits = [hit for page in pages for hit in page]
    assert sorted(hits) == sorted((row["comment_id"], row["ticket_id"]) for row in written)
    assert hits[0] == (written[-1]["comment_id"], second)


def test_by_a_part_of_the_title_or_the_number_or_the_words(talk: Talk) -> None:
    ticket = talk.ticket(title="Printer")
    talk.comment(ticket, "It smokes")
    number = talk.http.get(f"/tickets/{ticket}").json()["data"]["ticket_number"]

    assert [len(found(talk, query=query)["results"]) for query in ("rint", number, "smokes", "else")] == [1, 1, 1, 0]
    assert found(talk, types="client")["results"] == []


@pytest.mark.parametrize(
    "query", [{"query": ""}, {"query": "x" * 201}, {"limit": 101}, {"limit": 0}, {"sort": "oldest"}, {"types": "mail"}]
)
def test_what_it_refuses(query: dict[str, Any], talk: Talk) -> None:
    answer = talk.http.get("/search", params={"query": "%", **query})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
