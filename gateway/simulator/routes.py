"""The desk's routes: path, handler, kind for fault rules, whether it counts and shows the limit.

Which routes count was seen with an exhausted key (recordings under ratelimit/): comments,
status, assignment, searches and stats do not; PUT ticket, a client's contacts and downloads
count but carry no headers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.simulator import (
    agents,
    assets,
    bundles,
    comments,
    contacts,
    documents,
    reference,
    search,
    tags,
    ticket_list,
    tickets,
    timesheet,
)
from gateway.simulator.state import Desk
from gateway.simulator.wire import Answer, Request

READ_BOARD, READ_CLIENT, READ_CONTACT, READ_USER = ((name, "read") for name in ("board", "client", "contact", "user"))
READ_TICKET, TICKET_UPDATE = ("ticket", "read"), ("ticket", "update")
Handler = Callable[["Desk", Request], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: tuple[str, ...]
    handler: Handler
    kind: str
    counted: bool = True
    shown: bool = True
    right: tuple[str, str] | None = None

    @property
    def guarded(self) -> bool:
        """Whether a guarded desk asks for a right to the ticket of the path; its bundle is for everybody."""
        return self.path[:2] == ("tickets", "{}") and self.path[2:3] != ("bundle",)


def _route(
    line: str,
    handler: Handler,
    kind: str,
    *,
    counted: bool = True,
    shown: bool = True,
    right: tuple[str, str] | None = None,
) -> Route:
    method, path = line.split()
    return Route(method, tuple(path.strip("/").split("/")), handler, kind, counted, counted and shown, right)


ROUTES: tuple[Route, ...] = (
    _route("GET /boards", reference.list_boards, "boards", right=READ_BOARD),
    _route("GET /boards/{}", reference.get_board, "boards", right=READ_BOARD),
    _route("GET /statuses", reference.list_statuses, "statuses"),
    _route("GET /priorities", reference.list_priorities, "priorities"),
    _route("GET /clients", reference.list_clients, "clients", right=READ_CLIENT),
    _route("GET /clients/{}", reference.get_client, "clients", right=READ_CLIENT),
    _route("GET /clients/{}/contacts", contacts.list_client_contacts, "contacts", shown=False, right=READ_CONTACT),
    _route("GET /users", reference.list_users, "users", right=READ_USER),
    _route("GET /users/{}", reference.get_user, "users", right=READ_USER),
    _route("GET /categories/ticket", reference.ticket_categories, "categories", shown=False),
    _route("GET /contacts", contacts.list_contacts, "contacts", right=READ_CONTACT),
    _route("POST /contacts", contacts.create_contact, "create_contact", right=("contact", "create")),
    _route("GET /contacts/search", contacts.search_contacts, "search", counted=False, right=READ_CONTACT),
    _route("GET /contacts/{}", contacts.get_contact, "read_contact", right=READ_CONTACT),
    _route("PUT /contacts/{}", contacts.update_contact, "update_contact", right=("contact", "update")),
    _route("GET /tickets", ticket_list.list_tickets, "list_tickets", right=READ_TICKET),
    _route("POST /tickets", tickets.create_ticket, "create_ticket", right=("ticket", "create")),
    _route("GET /tickets/statuses", reference.ticket_statuses, "statuses", right=READ_TICKET),
    _route("GET /tickets/priorities", reference.ticket_priorities, "priorities", right=READ_TICKET),
    _route("GET /tickets/search", ticket_list.search_tickets, "search", counted=False, right=READ_TICKET),
    _route("GET /tickets/stats", ticket_list.ticket_stats, "search", counted=False),
    _route("GET /tickets/{}", tickets.get_ticket, "read_ticket", right=READ_TICKET),
    _route("PUT /tickets/{}", tickets.update_ticket, "update_ticket", shown=False, right=TICKET_UPDATE),
    _route("DELETE /tickets/{}", tickets.delete_ticket, "delete_ticket", shown=False, right=("ticket", "delete")),
    _route("PUT /tickets/{}/status", tickets.put_status, "status", counted=False, right=TICKET_UPDATE),
    _route(
        "PUT /tickets/{}/assignment",
        tickets.put_assignment,
        "assignment",
        counted=False,
        right=TICKET_UPDATE,
    ),
    _route("GET /tickets/{}/time-entries", timesheet.time_entries, "time_entries"),
    _route("GET /time-entries", timesheet.list_entries, "time_entries"),
    _route("POST /time-entries", timesheet.create_entry, "book"),
    _route("POST /time-entries/start-tracking", timesheet.start_timer, "book", shown=False),
    _route("GET /tickets/{}/comments", comments.list_comments, "list_comments", counted=False, right=READ_TICKET),
    _route("POST /tickets/{}/comments", comments.create_comment, "comment", counted=False, right=TICKET_UPDATE),
    _route(
        "PUT /tickets/{}/comments/{}", comments.update_comment, "update_comment", counted=False, right=TICKET_UPDATE
    ),
    _route("GET /tickets/{}/documents", documents.list_documents, "list_documents", right=READ_TICKET),
    _route("POST /tickets/{}/documents", documents.upload_document, "document", right=TICKET_UPDATE),
    _route("GET /tickets/{}/documents/{}", documents.download_document, "download", shown=False, right=READ_TICKET),
    _route("DELETE /tickets/{}/documents/{}", documents.delete_document, "delete_document", right=TICKET_UPDATE),
    _route("GET /tickets/{}/bundle", bundles.get_bundle, "bundle", right=READ_TICKET),
    _route("POST /tickets/{}/bundle", bundles.create_bundle, "bundle_write", right=TICKET_UPDATE),
    _route("DELETE /tickets/{}/bundle", bundles.delete_bundle, "bundle_write", right=TICKET_UPDATE),
    _route("POST /tickets/{}/bundle/children", bundles.add_children, "bundle_write", right=TICKET_UPDATE),
    _route(
        "DELETE /tickets/{}/bundle/children/{}",
        bundles.remove_child,
        "bundle_write",
        right=TICKET_UPDATE,
    ),
    _route("POST /tickets/{}/bundle/promote", bundles.promote, "bundle_write", right=TICKET_UPDATE),
    _route("PUT /tickets/{}/bundle/settings", bundles.put_settings, "bundle_write", right=TICKET_UPDATE),
    _route("GET /webhooks", reference.only_refused, "other", right=("webhook", "read")),
    _route("POST /webhooks", reference.only_refused, "other", right=("webhook", "create")),
    _route("GET /webhooks/events", reference.only_refused, "other", right=("webhook", "read")),
    _route("GET /permissions/user", reference.only_refused, "other", right=("permission", "read")),
    _route("POST /permission-checks", reference.only_refused, "other", right=("permission", "read")),
    _route("GET /meta/health", reference.only_refused, "other", right=("metadata", "read")),
    _route("GET /search", search.search_everything, "search"),
    _route("GET /assets", assets.list_assets, "assets"),
    _route("GET /assets/search", assets.search_assets, "assets"),
    _route("GET /tickets/{}/assets", assets.list_links, "asset_links", right=READ_TICKET),
    _route("POST /tickets/{}/assets", assets.link_asset, "asset_link", right=TICKET_UPDATE),
    _route("DELETE /tickets/{}/assets/{}", assets.unlink_asset, "asset_link", shown=False, right=TICKET_UPDATE),
    _route("GET /tickets/{}/agents", agents.get_agents, "agents", right=READ_TICKET),
    _route("POST /tickets/{}/agents", agents.add_agent, "agents", right=TICKET_UPDATE),
    _route("GET /tags", tags.list_tags, "tags"),
    _route("POST /tags", tags.create_tag, "tags", shown=False),
    _route("POST /tags/bulk", tags.bulk, "tags", shown=False),
    _route("GET /tags/entity/ticket/{}", tags.get_tags, "tags", counted=False),
    _route("POST /tags/entity/ticket/{}", tags.add_tags, "tags", counted=False),
    _route("GET /comments", comments.no_top_level, "list_comments", counted=False),
)

_BY_LENGTH: dict[int, list[Route]] = {}
for _known in ROUTES:
    _BY_LENGTH.setdefault(len(_known.path), []).append(_known)


def find_route(method: str, path: str) -> tuple[Route | None, tuple[str, ...], bool]:
    """The route of a path below /api/v1, its parameters, and whether the path exists at all.

    A fixed name wins over a parameter, as in the table's order.
    """
    segments = tuple(path.strip("/").split("/"))
    known: Route | None = None
    for route in _BY_LENGTH.get(len(segments), ()):
        if any(want not in ("{}", got) for want, got in zip(route.path, segments, strict=True)):
            continue
        if known is not None and known.path != route.path:
            break
        known = route
        if route.method == method:
            params = tuple(got for want, got in zip(route.path, segments, strict=True) if want == "{}")
            return route, params, True
    return None, (), known is not None
