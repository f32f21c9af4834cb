"""Pages to look at tickets by eye, as a technician would see them.

Title, names and file names are escaped; description and comments are what the desk's viewer makes of them
(see `viewer`), in the HTML of the desk's renderer, which does not escape everything (see `render`).
"""

from __future__ import annotations

from gateway.simulator.render import blocks_html, escape
from gateway.simulator.rows import full_name
from gateway.simulator.state import Desk
from gateway.simulator.viewer import shown_html
from gateway.simulator.wire import Row

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1c2530}
main{max-width:60rem;margin:0 auto;padding:1.5rem}
a{color:#2457a6} h1{font-size:1.4rem;margin:.2rem 0 1rem;white-space:pre-wrap;overflow-wrap:anywhere}
.card{background:#fff;border:1px solid #dde1e6;border-radius:8px;padding:1rem 1.25rem;margin:0 0 1rem;
overflow-wrap:anywhere}
.card p{margin:.35rem 0} .card img{max-width:100%} .internal{background:#fff8e6;border-color:#eadcae}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0}
.facts dt,.by{color:#667085} .facts dd{margin:0} .by{font-size:.85rem;margin-bottom:.4rem}
table{border-collapse:collapse;width:100%;background:#fff} td,th{border:1px solid #dde1e6;padding:.3rem .6rem;
text-align:left;vertical-align:top}
"""


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )


def ticket_list_page(desk: Desk) -> str:
    rows = []
    for row in reversed(desk.tickets.values()):
        ticket_id = row["ticket_id"]
        contact = desk.contacts.get(row["contact_name_id"] or "")
        rows.append(
            f'<tr><td><a href="/_sim/tickets/{ticket_id}">{escape(row["ticket_number"])}</a></td>'
            f"<td>{escape(row['title'])}</td>"
            f"<td>{escape(desk.clients[row['client_id']]['client_name'])}</td>"
            f"<td>{escape(contact['full_name'] if contact else '')}</td>"
            f"<td>{escape(_status(desk, row))}</td><td>{len(desk.comments.get(ticket_id, ()))}</td>"
            f"<td>{len(desk.documents.get(ticket_id, ()))}</td><td>{row['entered_at']}</td></tr>"
        )
    head = "".join(
        f"<th>{name}</th>"
        for name in ("Ticket", "Title", "Client", "Contact", "Status", "Comments", "Files", "Entered")
    )
    return _page("Tickets", f"<h1>{len(rows)} tickets</h1><table><tr>{head}</tr>{''.join(rows)}</table>")


def ticket_page(desk: Desk, wanted: str) -> str | None:
    """By id or number."""
    row = desk.tickets.get(wanted.lower()) or next(
        (row for row in desk.tickets.values() if row["ticket_number"] == wanted), None
    )
    if row is None:
        return None
    comments = "".join(_comment(desk, comment) for comment in desk.comments.get(row["ticket_id"], ()))
    return _page(
        f"{row['ticket_number']} {row['title']}",
        (
            f'<p><a href="/_sim/tickets">All tickets</a></p><h1>{escape(row["ticket_number"])} '
            f'{escape(row["title"])}</h1><div class="card">{_facts(desk, row)}</div>'
            f'<div class="card">{_description(row)}</div>{comments}{_files(desk, row)}'
        ),
    )


def _description(row: Row) -> str:
    attributes = row["attributes"]
    value = attributes.get("description") if isinstance(attributes, dict) else None
    if isinstance(value, list):
        return blocks_html(value)
    return shown_html(value) if isinstance(value, str) and value.strip() else ""


def _status(desk: Desk, row: Row) -> str:
    status = desk.statuses.get(row["status_id"])
    return str(status["name"] if status else row["status_id"])


def _facts(desk: Desk, row: Row) -> str:
    contact = desk.contacts.get(row["contact_name_id"] or "")
    priority = desk.priorities.get(row["priority_id"])
    board = desk.boards.get(row["board_id"])
    category = desk.categories.get(row["category_id"] or "")
    facts = {
        "Board": board["board_name"] if board else row["board_id"],
        "Status": _status(desk, row),
        "Priority": priority["priority_name"] if priority else row["priority_id"],
        "Client": desk.clients[row["client_id"]]["client_name"],
        **({"Category": category["category_name"]} if category else {}),
        "Contact": f"{contact['full_name']} <{contact['email']}>" if contact else "none",
        "Entered": row["entered_at"],
        "Updated": row["updated_at"],
    }
    if row["master_ticket_id"]:
        facts["Master"] = desk.tickets[row["master_ticket_id"]]["ticket_number"]
    lines = "".join(f"<dt>{name}</dt><dd>{escape(str(value))}</dd>" for name, value in facts.items())
    return f'<dl class="facts">{lines}</dl>'


def _comment(desk: Desk, row: Row) -> str:
    author = desk.users.get(row["user_id"])
    kind = "internal" if row["is_internal"] else "public"
    by = f"{full_name(author) if author else 'unknown'}, {kind}, {row['created_at']}"
    return f'<div class="card {kind}"><div class="by">{escape(by)}</div>{shown_html(row["note"])}</div>'


def _files(desk: Desk, row: Row) -> str:
    files = desk.documents.get(row["ticket_id"], ())
    if not files:
        return ""
    items = "".join(
        f'<tr><td><a href="/_sim/documents/{file["file_id"]}">'
        f"{escape(file['document_name']) or '(no name)'}</a></td>"
        f"<td>{escape(file['mime_type'])}</td><td>{file['file_size']}</td></tr>"
        for file in files
    )
    return f'<div class="card"><table><tr><th>File</th><th>Type</th><th>Bytes</th></tr>{items}</table></div>'
