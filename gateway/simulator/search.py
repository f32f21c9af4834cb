"""The search over everything: of all kinds of records only comments are found, by a part of their ticket's title or
number or of their own words. The desk itself looks for words by their stems; where it is asked for a part of a title,
it finds what this finds. Source: recordings second/167 and search/001 on.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator

from gateway.blocks import words
from gateway.simulator import rights
from gateway.simulator.paging import like
from gateway.simulator.render import escape
from gateway.simulator.state import Desk
from gateway.simulator.validate import MISSING, one_of, query_number, refuse_query, string
from gateway.simulator.wire import Answer, Problem, Request, Row, data

COMMENT = "ticket_comment"
KINDS = (
    "client", "contact", "user", "ticket", COMMENT, "project", "project_phase", "project_task",
    "project_task_comment", "asset", "sales_order", "purchase_order", "stock_unit", "invoice", "invoice_item",
    "invoice_annotation", "contract", "client_contract", "document", "kb_article", "service_catalog",
    "service_request_submission", "service_request_definition", "workflow_task", "interaction", "schedule_entry",
    "time_entry", "board", "category", "tag", "status",
)  # fmt: skip


def search_everything(desk: Desk, request: Request) -> Answer:
    query = request.query
    kinds = [name.strip() for name in query.get("types", "").split(",") if name.strip()]
    limit, bad_limit = query_number(query, "limit", 30, 100)
    issues = string(1, 200)(query["query"].strip() if "query" in query else MISSING, ["query"])
    issues += [issue for place, kind in enumerate(kinds) for issue in one_of(*KINDS)(kind, ["types", place])]
    issues += bad_limit
    issues += one_of("relevance", "recent")(query["sort"], ["sort"]) if "sort" in query else []
    refuse_query(issues)
    found = list(_comments(desk, request)) if not kinds or COMMENT in kinds else []
    found.sort(key=lambda hit: hit["id"])
    found.sort(key=lambda hit: hit["updatedAt"], reverse=True)
    left = found[_place(found, query["cursor"]) :] if "cursor" in query else found
    page: Row = {"results": left[:limit], "groups": dict.fromkeys(KINDS, 0) | {COMMENT: len(found)}}
    page["totalCount"] = len(found)
    if len(left) > limit:
        last = left[limit - 1]
        said = {"score": last["score"], "updatedAt": last["updatedAt"], "objectId": last["id"]}
        page["nextCursor"] = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    return data(page)


def _comments(desk: Desk, request: Request) -> Iterator[Row]:
    wanted = request.query["query"].strip()
    for ticket_id, rows in desk.comments.items():
        ticket = desk.tickets.get(ticket_id)
        if ticket is None or not rights.finds(request.key, ticket):
            continue
        title = f"{ticket['title']} | {ticket['ticket_number']}"
        for row in rows:
            if like(title, wanted) or like(words(row["note"]), wanted):
                yield {
                    "type": COMMENT,
                    "id": row["comment_id"],
                    "parentId": ticket_id,
                    "title": ticket["title"],
                    "subtitle": title,
                    "snippet": escape(words(row["note"])[:200]),
                    "url": f"/msp/tickets/{ticket_id}#comment-{row['comment_id']}",
                    "score": 0,
                    "updatedAt": row["updated_at"],
                }


def _place(found: list[Row], cursor: str) -> int:
    """Where the results go on. Raises Problem."""
    try:
        said = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        updated, last = str(said["updatedAt"]), str(said["objectId"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise Problem(500, "INTERNAL_ERROR", "Search cursor is invalid") from None
    return sum(hit["updatedAt"] > updated or (hit["updatedAt"] == updated and hit["id"] <= last) for hit in found)
