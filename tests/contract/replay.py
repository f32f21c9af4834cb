"""Replays recorded exchanges of the real desk against the simulated one.

`exchanges.jsonl.gz` holds one exchange a line. Ids that the two desks gave out differently are
matched by the place at which they stand in the two answers, and put into later requests.
"""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from gateway.simulator import Seed, Simulator
from gateway.simulator.comments import write_comment
from gateway.simulator.rows import ticket_row
from gateway.simulator.state import Desk
from tests.contract import second
from tests.waiting import PATIENCE

HERE = Path(__file__).parent
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|TIC\d+", re.I)
PASSING = re.compile(r"(\"(?:retry_after_ms|uptime)\": )[0-9.]+|[0-9T:.-]{23}Z")
HEADERS = re.compile(r"retry-after|x-ratelimit-.*|content-disposition|content-type|access-control-(max|allow-(h|m)).*")
SCALE = 100
"""Bodies of about 100 MB, and the desk's limit for them, are made smaller by this factor."""


@dataclass
class Exchange:
    name: str
    request: dict[str, Any]
    response: dict[str, Any]

    @property
    def group(self) -> str:
        return self.name.split("/")[0]


@dataclass
class Outcome:
    exchange: Exchange
    differences: list[str] = field(default_factory=list)
    same_error: bool | None = None
    """For an error answer: is the whole body the same, words and details included?"""


def exchanges() -> list[Exchange]:
    with gzip.open(HERE / "exchanges.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [Exchange(**json.loads(line)) for line in lines]


def tenant_of(group: str) -> Path:
    return HERE / ("tenant-2.json" if group == "second" else "tenant.json")


def seed_of(group: str) -> Seed:
    given = json.loads(tenant_of(group).read_text(encoding="utf-8"))
    if group == "ratelimit":
        given["rate_limit"]["mode"] = "enforce"
    elif group == "upload-limits":
        given["uploads"].update(max_file=10 * 2**20, types=["image/*", "application/pdf", "text/plain"])
    elif group == "multipart-old":
        given["uploads"]["strict"] = True
    elif group == "extra":
        given["uploads"]["max_body"] = 100 * 2**20 // SCALE
    return Seed.of(given)


def replay(group: str, wanted: list[Exchange]) -> Iterator[Outcome]:
    history = second.Round() if group == "second" else None
    clock = history.clock if history else time.time
    with Simulator(seed_of(group), clock=clock) as desk, httpx.Client(base_url=desk.url, timeout=PATIENCE) as client:
        # ids of the tenant are the same on both sides: they map to themselves
        known = tenant_of(group).read_text(encoding="utf-8") + (json.dumps(second.TICKETS) if history else "")
        ids = {found[0].lower(): found[0].lower() for found in ID.finditer(known)}
        for exchange in wanted:
            if history:
                history.prepare(desk.desk, exchange, ids)
            prepare(desk, exchange)
            answer = client.send(request_of(client, exchange, ids))
            yield compare(exchange, answer, ids)


def prepare(desk: Simulator, exchange: Exchange) -> None:
    """What had been done to the real desk between two recorded requests."""
    number = exchange.name.split("/")[1].split("-")[0]
    if exchange.group == "ratelimit":
        for key, bucket in desk.desk.limit.buckets.items():
            if key.endswith("3"):
                bucket.tokens, bucket.at = (0.1 if "003" <= number < "033" else 60.0), desk.desk.now()
        # the searches find what other recordings had left behind
        next(iter(desk.desk.contacts.values()))["full_name"] = "Alex"
        if desk.desk.tickets:
            next(iter(desk.desk.tickets.values()))["title"] = "x"
    elif exchange.group == "faults":
        desk.desk.database_up = "-pg-" not in exchange.name
    elif exchange.name == "search/001-comments-recent":
        _commented_ticket(desk.desk)
    elif exchange.name == "extra/068-ticket-list-dup-param":
        row = list(desk.desk.tickets.values())[1]
        row["status_id"] = "5276148d-b964-4bb5-b47f-5f23ed2cded4"
    elif exchange.name == "extra/072-comments-list-ui-authored":
        ticket = next(iter(desk.desk.tickets))
        tin, dorothy = "10ef5c48-515b-46c6-a836-d1f56ec3e292", "8a6119b4-5998-4538-aa16-9f152a7bce8a"
        write_comment(desk.desk, ticket, "Agent answer from the web UI", user_id=tin)
        write_comment(desk.desk, ticket, "Agent internal note", user_id=tin, internal=True)
        write_comment(desk.desk, ticket, "Scheduled", user_id=tin, publish_at="2027-01-01T00:00:00.000Z")
        write_comment(desk.desk, ticket, "From a contact by email", contact_id=dorothy)


def _commented_ticket(desk: Desk) -> None:
    """A ticket with three comments."""
    board = next(row["board_id"] for row in desk.statuses.values())
    body = {
        "title": "Printer",
        "board_id": board,
        "status_id": next(row["status_id"] for row in desk.statuses.values() if row["board_id"] == board),
        "priority_id": next(iter(desk.priorities)),
        "client_id": next(iter(desk.clients)),
    }
    row = ticket_row(desk.tenant, desk.new_id(), body, "TIC009999", "2026-11-29T10:00:00.000Z", next(iter(desk.users)))
    desk.tickets[row["ticket_id"]] = row
    for words in ("One", "Two", "Three"):
        write_comment(desk, row["ticket_id"], words, user_id=next(iter(desk.users)))


def request_of(client: httpx.Client, exchange: Exchange, ids: dict[str, str]) -> httpx.Request:
    given = exchange.request
    headers = {"accept": "application/json", **given["headers"]}
    content: bytes | None
    if headers.get("content-type", "").startswith("multipart/"):
        content = multipart(given["body"], headers["content-type"])
    elif given["body"] is None:
        content = None
    elif isinstance(given["body"], str):
        content = mapped(given["body"], ids).encode("utf-8", "surrogatepass")
    else:
        content = mapped(json.dumps(given["body"]), ids).encode()
    return client.build_request(given["method"], mapped(given["url"], ids), headers=headers, content=content)


def mapped(text: str, ids: dict[str, str]) -> str:
    def other(found: re.Match[str]) -> str:
        new = ids.get(found[0].lower())
        return found[0] if new is None else new.upper() if found[0].isupper() else new

    return ID.sub(other, text)


def multipart(body: str, content_type: str) -> bytes:
    """The recordings describe file parts in four ways; a body as it was is kept as it was."""
    if body.startswith("--") or "\r\n--" in body:
        return body.encode()
    parts: list[tuple[str, bytes]] = []
    if found := re.fullmatch(r"part headers: (.*); Content-Type: (.*)", body, re.S):
        disposition = found[1].replace('filename="undefined"; ', "")
        parts.append((f"Content-Disposition: form-data; {disposition}" + _type(found[2]), b"x"))
    elif body.startswith("multipart: "):
        for line in body.removeprefix("multipart: ").split(" | "):
            name, filename, kind, size, extra = re.fullmatch(  # type: ignore[union-attr]
                r"(\w+); filename=(.*?); type=(.*); (\d+) bytes(?:; extra=(.*))?", line, re.S
            ).groups()
            head = f'Content-Disposition: form-data; name="{name}"'
            if filename != "undefined":
                head += f"; filename={filename}"
            parts.append((head + (extra or "") + _type("" if kind == "undefined" else kind), b"x" * int(size)))
    elif found := re.fullmatch(r"(\S+) (.+) (\d+) bytes", body):
        size = int(found[3])
        content = b"x" * (size // SCALE if size > 90_000_000 else size)
        parts.append((f'Content-Disposition: form-data; name="file"; filename="{found[1]}"' + _type(found[2]), content))
    elif body == "filename bytes in ISO-8859-1":
        head = 'Content-Disposition: form-data; name="file"; filename="Gr\udcfc\udcdfe.pdf"'
        parts.append((head + _type("application/pdf"), b"x"))
    else:
        parts.append(('Content-Disposition: form-data; name="file"; filename="a.txt"' + _type("text/plain"), b"abc"))
    mark = content_type.partition("boundary=")[2].strip('"').encode()
    lines = b"".join(
        b"--" + mark + b"\r\n" + head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + content + b"\r\n"
        for head, content in parts
    )
    return lines + b"--" + mark + b"--\r\n"


def _type(kind: str) -> str:
    return f"\r\nContent-Type: {kind}" if kind else ""


def compare(exchange: Exchange, answer: httpx.Response, ids: dict[str, str]) -> Outcome:
    outcome = Outcome(exchange)
    want = exchange.response
    if answer.status_code != want["status"]:
        outcome.differences.append(f"status {answer.status_code}, recorded {want['status']}")
        return outcome
    names = {name for name in want["headers"] if HEADERS.fullmatch(name)}
    have = {name for name in answer.headers if HEADERS.fullmatch(name)}
    if names != have:
        outcome.differences.append(f"headers {sorted(have ^ names)}")
    recorded = want["body"]
    if not isinstance(recorded, dict):
        if isinstance(recorded, str) and recorded and not answer.content and answer.request.method != "HEAD":
            outcome.differences.append("no body")
        return outcome
    try:
        simulated = answer.json()
    except ValueError:
        outcome.differences.append("not JSON")
        return outcome
    learn(recorded, simulated, ids)
    outcome.differences += shape(recorded, simulated, "")
    if "error" in recorded:
        code = recorded["error"].get("code") if isinstance(recorded["error"], dict) else recorded["error"]
        error = simulated.get("error")
        if code != (error.get("code") if isinstance(error, dict) else error):
            outcome.differences.append(f"error {simulated.get('error')}, recorded {code}")
        outcome.same_error = lasting(json.loads(mapped(json.dumps(recorded), ids))) == lasting(simulated)
    return outcome


def lasting(value: Any) -> str:
    """Without times and durations."""
    return PASSING.sub(lambda found: found[1] or "", json.dumps(value, sort_keys=True))


def learn(recorded: Any, simulated: Any, ids: dict[str, str]) -> None:
    if isinstance(recorded, dict) and isinstance(simulated, dict):
        for name in recorded.keys() & simulated.keys():
            learn(recorded[name], simulated[name], ids)
    elif isinstance(recorded, list) and isinstance(simulated, list):
        if len(recorded) == len(simulated):
            for exchange, other in zip(recorded, simulated, strict=True):
                learn(exchange, other, ids)
    elif is_id(recorded) and is_id(simulated) and recorded != simulated:
        ids.setdefault(recorded.lower(), simulated)


def is_id(value: Any) -> bool:
    return isinstance(value, str) and ID.fullmatch(value) is not None


def shape(recorded: Any, simulated: Any, path: str) -> list[str]:
    """Keys and types; null agrees with anything, since the two desks hold different data."""
    if recorded is None or simulated is None:
        return []
    if kind(recorded) != kind(simulated):
        return [f"{path}: {kind(simulated)}, recorded {kind(recorded)}"]
    if isinstance(recorded, dict):
        if path.endswith(
            (
                "attributes",
                "metadata",
                "filters",
                "by_status",
                "by_priority",
                "by_category",
                "by_board",
                "reaction_user_names",
            )
        ):
            return []  # free JSON, or named by data
        found = [f"{path}.{name} is missing" for name in recorded.keys() - simulated.keys()]
        found += [f"{path}.{name} is too much" for name in simulated.keys() - recorded.keys()]
        for name in recorded.keys() & simulated.keys():
            found += shape(recorded[name], simulated[name], f"{path}.{name}")
        return found
    if isinstance(recorded, list) and recorded:
        if not simulated and path != ".data":
            return []  # what a contact or ticket has is data
        if not simulated:
            return [f"{path}: empty, recorded {len(recorded)}"]
        return shape(recorded[0], simulated[0], f"{path}[0]")
    if isinstance(recorded, list) and simulated and path == ".data":
        return [f"{path}: {len(simulated)}, recorded none"]
    return []


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__
