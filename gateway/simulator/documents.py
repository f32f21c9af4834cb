"""Files of a ticket: upload, list, download, delete.

A breach of a limit, a name or a type that the desk cannot take is a 500, not a 400.
Source: recordings 219 to 256, extra/092 to 095, upload-limits-3302/.
"""

from __future__ import annotations

import uuid
from urllib.parse import quote

from gateway.simulator.multipart import Part, parts_of
from gateway.simulator.rows import full_name
from gateway.simulator.seed import name_id
from gateway.simulator.state import Desk
from gateway.simulator.text import column, units
from gateway.simulator.tickets import find
from gateway.simulator.times import iso
from gateway.simulator.validate import is_uuid
from gateway.simulator.wire import Answer, Request, Row, crash, data, invalid, not_found

_ICONS = {"image": "\U0001f5bc\ufe0f", "text/plain": "\U0001f4dd", "text/html": "\U0001f310"}
_KNOWN = {
    "text/plain",
    "text/html",
    "text/csv",
    "application/pdf",
    "application/zip",
    "application/json",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/svg+xml",
    "image/webp",
    "application/octet-stream",
}
_COLUMN = 255  # the type, and the path in which the extension stands, are short columns
_PATH = 255


def type_of(mime: str) -> tuple[str, str]:
    """The desk's shared type of a MIME type, and its icon."""
    family = mime.split("/")[0]
    if mime in _KNOWN:
        name = mime
    elif family in ("text", "image", "audio", "video") and "/" in mime:
        name = f"{family}/*"
    else:
        name = "application/octet-stream"
    icon = _ICONS.get(name) or _ICONS.get(family) or ("\U0001f4dd" if family == "text" else "\U0001f4c4")
    return name, icon


def _allowed(mime: str, rules: list[str] | None) -> bool:
    # "image/*" is compared as the prefix "image": "imageevil/x" passes (upload-limits-3302/010)
    if rules is None:
        return True
    return any(mime.startswith(rule[:-2]) if rule.endswith("/*") else mime == rule for rule in rules)


def _file_part(desk: Desk, request: Request) -> Part:
    limits = desk.seed.uploads
    if len(request.body) > limits.get("max_body", 100 * 2**20):
        raise crash()
    try:
        parts = parts_of(request.headers.get("content-type", ""), request.body, limits.get("strict", True))
    except ValueError:
        raise crash() from None
    part = next((part for part in parts if part.name == "file"), None)
    if part is None or part.filename is None:
        raise invalid([{"path": ["file"], "message": "file is required"}])
    most = limits.get("max_file")
    if (most is not None and len(part.content) > most) or not _allowed(part.content_type, limits.get("types")):
        raise crash()
    return part


def upload_document(desk: Desk, request: Request) -> Answer:
    ticket = find(desk, request.params[0])
    part = _file_part(desk, request)
    name = column(part.filename or "")
    extension = name.rpartition(".")[2]
    path = f"/{desk.tenant}/{int(request.now * 1000)}-{uuid.uuid4().hex[:11]}.{extension}"
    if units(part.content_type) > _COLUMN or units(path) > _PATH:
        raise crash()
    at = iso(request.now)
    type_name, icon = type_of(part.content_type)
    row = {
        "tenant": desk.tenant,
        "document_id": desk.new_id(),
        "document_name": name,
        "type_id": None,
        "user_id": request.user["user_id"],
        "order_number": 0,
        "created_by": request.user["user_id"],
        "edited_by": None,
        "entered_at": None,
        "updated_at": at,
        "content": None,
        "file_id": desk.new_id(),
        "storage_bucket_id": None,
        "storage_path": path,
        "mime_type": part.content_type,
        "file_size": str(len(part.content)),
        "shared_type_id": name_id("type", type_name),
        "folder_path": None,
        "thumbnail_file_id": None,
        "preview_file_id": None,
        "preview_generated_at": None,
        "is_client_visible": False,
        "source_template_id": None,
        "source_template_version": None,
        "rendered_locale": None,
        "association_id": desk.new_id(),
        "association_created_at": at,
        "created_by_full_name": full_name(request.user),
        "type_name": type_name,
        "type_icon": icon,
    }
    desk.files[row["file_id"]] = part.content
    desk.documents.setdefault(ticket["ticket_id"], []).append(row)
    desk.version += 1
    return data({name: value for name, value in row.items() if not name.startswith("association")}, 201)


def list_documents(desk: Desk, request: Request) -> Answer:
    ticket = find(desk, request.params[0])
    return data(desk.documents.get(ticket["ticket_id"], [])[::-1])


def _document(desk: Desk, request: Request) -> Row:
    if not is_uuid(request.params[1]):
        raise crash()
    ticket = find(desk, request.params[0])
    wanted = request.params[1].lower()
    for row in desk.documents.get(ticket["ticket_id"], []):
        if row["document_id"] == wanted:
            return row
    raise not_found("Document")


def attachment_name(name: str) -> str:
    return quote(name, safe="!'()*-._~")


def download_document(desk: Desk, request: Request) -> Answer:
    row = _document(desk, request)
    return Answer(
        200,
        desk.file_of(row),
        row["mime_type"] or "application/octet-stream",
        {"content-disposition": f'attachment; filename="{attachment_name(row["document_name"])}"'},
    )


def delete_document(desk: Desk, request: Request) -> Answer:
    row = _document(desk, request)
    desk.documents[request.params[0].lower()].remove(row)
    desk.files.pop(row["file_id"], None)
    desk.version += 1
    return data(None)
