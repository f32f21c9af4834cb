"""Lists: page, limit, sort, order and the envelope around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.simulator.validate import one_of, query_number, refuse_query
from gateway.simulator.wire import Answer, Issue, Row, dumps, misconfigured


def like(text: str | None, pattern: str) -> bool:
    """SQL's ILIKE '%pattern%': `%` and `_` are wildcards, case does not count."""
    if text is None:
        return False
    if "%" not in pattern and "_" not in pattern:
        return pattern.lower() in text.lower()
    return _ilike(text.lower(), f"%{pattern.lower()}%")


def _ilike(text: str, pattern: str) -> bool:
    # two pointers with one point of return: linear for the patterns that mail can bring
    at = star = mark = 0
    seen = False
    i = 0
    while i < len(text):
        if at < len(pattern) and pattern[at] == "%":
            seen, star, mark = True, at, i
            at += 1
        elif at < len(pattern) and pattern[at] in ("_", text[i]):
            at += 1
            i += 1
        elif seen:
            at = star + 1
            mark += 1
            i = mark
        else:
            return False
    return pattern[at:].strip("%") == ""


def paged(
    rows: list[Row],
    query: Mapping[str, str],
    *,
    filters: Row,
    issues: list[Issue],
    sort: str,
    sortable: Callable[[str], str | None],
    render: Callable[[Row], Row],
    order: str = "desc",
    meta: bool = True,
    resource: str = "",
) -> Answer:
    """Sort, cut and wrap. `issues` are those of the filters; page and limit come first."""
    page, bad_page = query_number(query, "page", 1, None)
    limit, bad_limit = query_number(query, "limit", 25, 100)
    bad_order: list[Issue] = []
    if "order" in query:
        bad_order = one_of("asc", "desc")(query["order"], ["order"])
        order = query["order"]
    refuse_query([*bad_page, *bad_limit, *bad_order, *issues])
    wanted = query.get("sort") or sort
    column = sortable(wanted)
    if column is None:
        raise misconfigured()
    ordered = sorted(rows, key=lambda row: _sort_key(row.get(column)), reverse=order == "desc")
    total = len(ordered)
    pages = -(-total // limit)
    cut = ordered[(page - 1) * limit : page * limit]
    body: Row = {
        "data": [render(row) for row in cut],
        "pagination": {
            "page": page,
            "limit": limit,
            "total": total,
            "totalPages": pages,
            "hasNext": page < pages,
            "hasPrev": page > 1,
        },
    }
    if resource:
        body["meta"] = {"resource": resource, "filters": filters}
    elif meta:
        body["meta"] = {"sort": wanted, "order": order, "filters": filters}
    return Answer(200, dumps(body))


def _sort_key(value: Any) -> tuple[int, Any]:
    # PostgreSQL puts NULL last when ascending
    if value is None:
        return (2, "")
    if isinstance(value, bool | int | float):
        return (0, value)
    return (1, str(value))
