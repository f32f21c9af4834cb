"""Contacts: a substring filter that also finds the inactive, and a strict POST.

Source: recordings 025 to 055 and extra/001 to 030.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.simulator.paging import like, paged
from gateway.simulator.rows import contact_row, email_row
from gateway.simulator.state import Desk
from gateway.simulator.text import column
from gateway.simulator.times import iso
from gateway.simulator.validate import (
    Field,
    anything,
    array,
    boolean,
    issues_of,
    nullable,
    obj,
    one_of,
    query_number,
    refuse_query,
    string,
    uuid,
    wrong_type,
)
from gateway.simulator.wire import (
    Answer,
    Issue,
    Problem,
    Request,
    Row,
    crash,
    data,
    invalid,
    not_found,
)

# zod's e-mail pattern: no quotes, no "..", no "/", "=" or non-ASCII, no "_" in the domain
_EMAIL = re.compile(r"(?!\.)(?!.*\.\.)([A-Z0-9_'+\-.]*)[A-Z0-9_+\-]@([A-Z0-9][A-Z0-9\-]*\.)+[A-Z]{2,}", re.I)
_KINDS = ("work", "personal", "billing", "other")


def _columns(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _default_phone(row: Row) -> Row | None:
    return next((phone for phone in row["_phones"] if phone["is_default"]), None)


def _with_client(desk: Desk, row: Row, detail: bool) -> Row:
    client = desk.clients.get(row["client_id"]) if row["client_id"] else None
    phone = _default_phone(row)
    shown = _columns(row)
    shown["client_name"] = client["client_name"] if client else None
    if detail:
        shown["client_email"] = desk.client_facts[row["client_id"]]["email"] if client else None
        shown["client_phone"] = desk.client_facts[row["client_id"]]["phone"] if client else None
        shown["client_inactive"] = client["is_inactive"] if client else None
    return {
        **shown,
        "default_phone_number": phone["phone_number"] if phone else None,
        "default_phone_type": phone["canonical_type"] if phone else None,
        "phone_numbers": row["_phones"],
        "additional_email_addresses": row["_addresses"],
        "primary_email_type": row["primary_email_canonical_type"],
        "avatarUrl": None,
    }


def _written(row: Row) -> Row:
    phone = _default_phone(row)
    return {
        **_columns(row),
        "phone_numbers": row["_phones"],
        "default_phone_number": phone["phone_number"] if phone else None,
        "default_phone_type": phone["canonical_type"] if phone else None,
        "additional_email_addresses": row["_addresses"],
        "primary_email_type": row["primary_email_canonical_type"],
    }


def addresses_of(row: Row) -> list[str]:
    return [row["email"].lower(), *(item["normalized_email_address"] for item in row["_addresses"])]


def list_contacts(desk: Desk, request: Request, client_id: str | None = None) -> Answer:
    query = request.query
    issues: list[Issue] = []
    filters: Row = {}
    for name in ("full_name", "email", "phone_number", "role", "client_id", "search"):
        if name in query:
            filters[name] = query[name]
    if "client_id" in query:
        issues += uuid(query["client_id"], ["client_id"])
    if query.get("is_inactive") in ("true", "false"):
        filters["is_inactive"] = query["is_inactive"] == "true"
    rows = [row for row in desk.contacts.values() if _matches(row, filters, client_id)]
    known = {name for row in desk.contacts.values() for name in row if not name.startswith("_")}
    return paged(
        rows,
        query,
        filters=filters,
        issues=issues,
        sort="created_at",
        sortable=lambda name: name if name in known else None,
        render=lambda row: _with_client(desk, row, detail=False),
        meta=client_id is None,
    )


def _matches(row: Row, filters: Row, client_id: str | None) -> bool:
    if client_id is not None and row["client_id"] != client_id:
        return False
    for name, wanted in filters.items():
        if name == "email":
            if not any(like(address, wanted) for address in addresses_of(row)):
                return False
        elif name == "search":
            if not any(like(text, wanted) for text in (row["full_name"], *addresses_of(row))):
                return False
        elif name in ("client_id", "is_inactive"):
            if row[name] != (wanted.lower() if isinstance(wanted, str) else wanted):
                return False
        elif name in row and not like(row[name], wanted):
            return False
    return True


def list_client_contacts(desk: Desk, request: Request) -> Answer:
    if request.params[0].lower() not in desk.clients:
        raise not_found("client")
    return list_contacts(desk, request, request.params[0].lower())


def search_contacts(desk: Desk, request: Request) -> Answer:
    query = request.query
    issues = (
        string()(query["query"], ["query"])
        if "query" in query
        else [
            {
                "code": "invalid_type",
                "expected": "string",
                "received": "undefined",
                "path": ["query"],
                "message": "Required",
            }
        ]
    )
    limit, bad_limit = query_number(query, "limit", 25, 100)
    refuse_query([*issues, *bad_limit])
    only_mail = query.get("fields") == "email"
    found = [
        _with_client(desk, row, detail=False)
        for row in desk.contacts.values()
        if not row["is_inactive"]
        and (
            any(like(a, query["query"]) for a in addresses_of(row))
            or (not only_mail and like(row["full_name"], query["query"]))
        )
    ]
    return data(found[:limit])


def get_contact(desk: Desk, request: Request) -> Answer:
    row = desk.contacts.get(request.params[0].lower())
    if row is None:
        raise not_found("contact")
    return data(_with_client(desk, row, detail=True))


def _email(value: Any, path: list[Any]) -> list[Issue]:
    if not isinstance(value, str):
        return wrong_type(value, "string", path)
    if not _EMAIL.fullmatch(value):
        return [
            {
                "validation": "email",
                "code": "invalid_string",
                "message": "Please enter a valid email address",
                "path": path,
            }
        ]
    return []


def _address(value: Any, path: list[Any]) -> list[Issue]:
    if not isinstance(value, dict):
        return obj(value, path)
    return [
        *_email(value.get("email_address"), [*path, "email_address"]),
        *(one_of(*_KINDS)(value["canonical_type"], [*path, "canonical_type"]) if "canonical_type" in value else []),
    ]


def _name(value: Any, path: list[Any]) -> list[Issue]:
    if isinstance(value, str):
        value = value.strip()
    return string(1, 255, "Contact name is required", "Contact name must be 255 characters or less")(value, path)


_FIELDS: tuple[Field, ...] = (
    ("full_name", True, _name),
    ("email", True, _email),
    ("client_id", False, nullable(uuid)),
    ("role", False, nullable(string())),
    ("notes", False, nullable(string())),
    ("is_inactive", False, boolean),
    ("is_client_admin", False, boolean),
    ("phone_numbers", False, array(obj)),
    ("additional_email_addresses", False, array(_address)),
    ("primary_email_canonical_type", False, nullable(one_of(*_KINDS))),
    ("primary_email_custom_type_id", False, nullable(anything)),
    ("tags", False, array(string())),
)
_OPTIONAL: tuple[Field, ...] = tuple((name, False, check) for name, _, check in _FIELDS)


def _strict(body: Any, fields: tuple[Field, ...]) -> Row:
    known, issues = issues_of(body, fields)
    if isinstance(body, dict):
        extra = [name for name in body if name not in {field[0] for field in fields}]
        if extra:
            issues.append(
                {
                    "code": "unrecognized_keys",
                    "keys": extra,
                    "path": [],
                    "message": "Unrecognized key(s) in object: " + ", ".join(f"'{name}'" for name in extra),
                }
            )
    if issues:
        raise invalid(issues)
    return known


def _taken(desk: Desk, addresses: list[str], but: str | None = None) -> bool:
    return any(
        address in addresses_of(row)
        for row in desk.contacts.values()
        if row["contact_name_id"] != but
        for address in addresses
    )


def create_contact(desk: Desk, request: Request) -> Answer:
    body = _strict(request.json(), _FIELDS)
    client_id = body.get("client_id")
    if client_id is not None and client_id.lower() not in desk.clients:
        raise invalid([{"path": ["client_id"], "message": "The selected client no longer exists"}])
    name = column(body["full_name"].strip())
    email = body["email"].strip().lower()
    if _taken(desk, [email]):
        raise Problem(409, "CONFLICT", "A contact with this email address already exists in the system")
    more = [item["email_address"].lower() for item in body.get("additional_email_addresses", ())]
    if _taken(desk, more):
        raise Problem(409, "CONFLICT", "A contact email address already exists in this tenant")
    if "tags" in body:
        raise crash()  # the whole creation is rolled back
    at = iso(request.now)
    row = contact_row(
        desk.tenant,
        desk.new_id(),
        {
            "name": name,
            "email": email,
            "role": body.get("role"),
            "notes": body.get("notes"),
            "inactive": body.get("is_inactive"),
            "phones": body.get("phone_numbers", ()),
        },
        client_id.lower() if client_id else None,
        at,
    )
    row["_addresses"] = [
        email_row(item["email_address"], item.get("canonical_type", "other"), i, at)
        for i, item in enumerate(body.get("additional_email_addresses", ()))
    ]
    desk.contacts[row["contact_name_id"]] = row
    return data(_written(row), 201)


def update_contact(desk: Desk, request: Request) -> Answer:
    row = desk.contacts.get(request.params[0].lower())
    if row is None:
        raise not_found("contact")
    body = _strict(request.json(), _OPTIONAL)
    if "email" in body and body["email"].lower() != row["email"].lower():
        raise invalid([{"path": [], "message": "Changing primary email requires promote an additional email first"}])
    for name in ("full_name", "client_id", "role", "notes", "is_inactive", "is_client_admin"):
        if name in body:
            value = body[name]
            row[name] = column(value) if isinstance(value, str) else value
    row["updated_at"] = iso(request.now)
    return data(_written(row))
