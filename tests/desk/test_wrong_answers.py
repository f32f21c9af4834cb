"""Whatever a desk, or something in its place, answers: every call of the client ends in an outcome, and what is
believed has the shape that its readers count on."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import zlib
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import DeskSettings
from gateway.desk import body
from gateway.desk.algapsa import readback, rows
from gateway.desk.algapsa.answer import classify
from gateway.desk.algapsa.calls import MOST_SKEW
from gateway.desk.algapsa.client import Client
from gateway.desk.algapsa.desk import AlgaDesk
from gateway.desk.directory import Directory
from gateway.desk.native import NativeTicket
from gateway.desk.outcome import DeskAway, Good, NotSent, Outcome, Refused, Throttled, Unknown
from gateway.desk.pacing import Urgency
from gateway.desk.readback import NotRead
from gateway.model.effects import ContactBody, DocumentBody
from gateway.work.answers import _state
from gateway.work.effects.base import NotAnswered
from tests.contract.replay import exchanges
from tests.sizes import size
from tests.waiting import PATIENCE

ID = "0b6cf1e6-6f4f-4a53-9f0e-1c2f7a5b1c11"
Answer = tuple[int, bytes, dict[str, str]]
Call = Callable[[Client], Awaitable[Outcome]]

EXAMPLES = size(6, 200)

READS: dict[str, Call] = {
    "boards": lambda desk: desk.boards(),
    "statuses": lambda desk: desk.statuses(ID),
    "priorities": lambda desk: desk.priorities(),
    "clients": lambda desk: desk.clients("Acme"),
    "all clients": lambda desk: desk.all_clients(),
    "contacts of a domain": lambda desk: desk.contacts_of_domain("acme.example"),
    "contacts": lambda desk: desk.contacts("ann@acme.example"),
    "users": lambda desk: desk.users(),
    "categories": lambda desk: desk.categories(),
    "ticket": lambda desk: desk.ticket(ID),
    "any ticket": lambda desk: desk.any_ticket(),
    "tickets by number": lambda desk: desk.tickets_by_number("TIC1"),
    "tickets listed by number": lambda desk: desk.listed_by_number("TIC1"),
    "contact": lambda desk: desk.contact(ID),
    "assets": lambda desk: desk.assets("ACME-PC-07"),
    "tickets since": lambda desk: desk.tickets_from(0.0, 1, "", Urgency.READ_BACK),
    "comments": lambda desk: desk.comments(ID, 0.0),
    "time entries": lambda desk: desk.time_entries(ID),
    "documents": lambda desk: desk.documents(ID),
    "document hash": lambda desk: desk.document_hash(ID, ID, 5),
}
WRITES: dict[str, Call] = {
    "create ticket": lambda desk: desk.create_ticket({"title": "Printer"}),
    "create contact": lambda desk: desk.create_contact({"email": "ann@acme.example"}),
    "update ticket": lambda desk: desk.update_ticket(ID, {"priority_id": ID}),
    "set status": lambda desk: desk.set_status(ID, {"status_id": ID}),
    "add comment": lambda desk: desk.add_comment(ID, {"comment_text": "[]"}),
    "add tag": lambda desk: desk.add_tag(ID, "from-mail"),
    "link asset": lambda desk: desk.link_asset(ID, ID),
    "bundle": lambda desk: desk.bundle(ID, ID, "sync_updates"),
    "upload": lambda desk: desk.upload(ID, Path(__file__), "a.txt", "text/plain"),
    "delete document": lambda desk: desk.delete_document(ID, ID),
}
CALLS = READS | WRITES
DOWNLOAD, USES_NOTHING = {"document hash"}, {"delete document"}
"""A download may be any bytes; of the answer to a deletion nothing is used (the desk's own says null)."""


def desk_that_says(answer: Answer | Callable[[httpx.Request], Answer], **more: Any) -> Client:
    def handler(request: httpx.Request) -> httpx.Response:
        status, content, headers = answer(request) if callable(answer) else answer
        return httpx.Response(status, stream=httpx.ByteStream(content), headers=headers)

    return Client("d", "http://desk/api/v1", "k", rate=0, transport=httpx.MockTransport(handler), **more)


def asked(call: Call, answer: Answer) -> tuple[Outcome, Client, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    desk = desk_that_says(answer, observe=lambda route, outcome, _: told.append((route, type(outcome).__name__)))

    async def ask() -> Outcome:
        try:
            return await call(desk)
        finally:
            await desk.close()

    return asyncio.run(ask()), desk, told


def data(value: Any, **more: Any) -> bytes:
    return json.dumps({"data": value, **more}).encode()


ODD = {
    "null": b"null",
    "a text": b'"boards"',
    "a number": b"42",
    "a list": b"[1]",
    "nothing": b"",
    "no data": b"{}",
    "data null": data(None),
    "data a text": data("x"),
    "data a number": data(7),
    "data a list of null": data([None]),
    "data a list of texts": data(["x"]),
    "data a list of lists": data([[{}]]),
    "data a list of empty rows": data([{}]),
    "data an empty row": data({"0": 1}),
    "ids that are numbers": data([{"ticket_id": 5, "board_id": 5}]),
    "ids that lead elsewhere": data({"ticket_id": "../users/me", "comment_id": "a?b", "document_id": "a/b"}),
    "ids without end": data({"ticket_id": "x" * 100_000}),
    "pages that are a list": data([], pagination=[]),
    "pages that are a text": data([], pagination={"hasNext": "yes"}),
    "200,000 brackets": b"[" * 200_000,
    "200,000 closed brackets": b'{"data":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "200,000 objects": b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
    "not a number": b'{"data":[NaN]}',
    "a number without end": b'{"data":' + b"9" * 5_000 + b"}",
    "cut off": b'{"data":[{"board_id":"',
    "bytes": bytes(range(256)),
    "a page": b"<html>Service</html>",
}

HUGE = {
    "a million and one values": b'{"data":[' + b"{}," * 1_000_001 + b"{}]}",
    "more than the cap": b'{"data":"' + b"x" * body.LARGEST + b'"}',
}
USES_NO_KEY = {"time entries", "bundle"}
EACH_WAY = ["boards", "comments", "create ticket", "document hash"]
"""All calls are made in one of these ways."""


@pytest.mark.parametrize("name", sorted(CALLS.keys() - DOWNLOAD))
def test_no_odd_answer_is_believed(name: str) -> None:
    for odd, content in ODD.items():
        if len(content) > 50_000 and name not in EACH_WAY:
            continue
        if name in USES_NOTHING and odd.startswith(("data", "ids")):
            continue
        if name in USES_NO_KEY and (odd.startswith("ids") or "empty row" in odd):
            continue
        outcome, desk, told = asked(CALLS[name], (200, content, {}))

        assert isinstance(outcome, Unknown), (odd, outcome)
        assert [kind for _, kind in told] == ["Unknown"], odd
        assert told[0][0].split(" ")[1].startswith("/") and ID not in told[0][0]
        assert len(outcome.reason) < 400 and "xxxx" not in outcome.reason
        if odd.startswith("data"):
            assert desk.breaker.is_closed, "the desk is there: one call of it is odd"


@pytest.mark.parametrize("name", [name for name in EACH_WAY if name not in DOWNLOAD])
@pytest.mark.parametrize("huge", sorted(HUGE))
def test_no_huge_answer_is_looked_into(name: str, huge: str) -> None:
    outcome, *_ = asked(CALLS[name], (200, HUGE[huge], {}))

    assert isinstance(outcome, Unknown)


@cache
def swelling(pack: Callable[..., bytes]) -> bytes:
    return pack(b'{"data":"' + b" " * (5 * body.LARGEST) + b'"}', 1)


@pytest.mark.parametrize("name", EACH_WAY)
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_an_answer_that_swells_is_read_up_to_the_cap(name: str, encoding: str) -> None:
    packed = swelling(zlib.compress if encoding == "deflate" else gzip.compress)

    outcome, *_ = asked(CALLS[name], (200, packed, {"content-encoding": encoding}))

    if name in DOWNLOAD and encoding in ("gzip", "deflate"):
        assert isinstance(outcome, Good)  # of five bytes that were expected: the sum is another, and no more was read
    else:
        assert isinstance(outcome, Unknown)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity", ""])
def test_a_packed_answer_is_read(encoding: str) -> None:
    plain = data([{"board_id": ID, "board_name": "Support " + "x" * 300_000}])
    packed = {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding, lambda content: content)(plain)

    outcome, *_ = asked(READS["boards"], (200, packed, {"content-encoding": encoding} if encoding else {}))

    assert isinstance(outcome, Good) and outcome.data[0]["board_name"].endswith("xx")


@pytest.mark.parametrize("name", EACH_WAY)
def test_an_answer_that_never_ends_is_left(name: str) -> None:
    class Dripping(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            while True:
                yield b""
                await asyncio.sleep(0.01)

    async def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Dripping())

    async def ask() -> Outcome:
        desk = Client("d", "http://desk/api/v1", "k", rate=0, timeout=0.05, transport=httpx.MockTransport(handler))
        async with asyncio.timeout(PATIENCE):
            return await CALLS[name](desk)

    assert isinstance(asyncio.run(ask()), Unknown)


WORDS = st.sampled_from(
    ["board_id", "ticket_id", "name", "email", "metadata", "attributes", "email_gateway", "marker", "hasNext", "code"]
) | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\ud800\x00") | st.just(ID),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=8,
)
ROWS = {
    "boards": {"board_id": ID, "board_name": "Support", "is_default": True, "default_priority_id": ID},
    "statuses": {"status_id": ID, "name": "New", "is_default": True, "order_number": 1, "is_closed": False},
    "priorities": {"priority_id": ID, "priority_name": "Medium"},
    "clients": {"client_id": ID, "client_name": "Acme", "is_inactive": False},
    "users": {"user_id": ID, "email": "tess@msp.example", "user_type": "internal", "first_name": "Tess"},
    "ticket": {"category_id": ID, "category_name": "Printer", "board_id": ID, "parent_category": None},
    "contacts": {
        "contact_name_id": ID,
        "client_id": ID,
        "email": "ann@acme.example",
        "additional_email_addresses": [{"email_address": "ann@home.example"}],
    },
    "tickets": {
        "ticket_id": ID,
        "ticket_number": "TIC1",
        "board_id": ID,
        "client_id": ID,
        "status_id": ID,
        "entered_at": "2026-11-28T10:00:00.000Z",
        "attributes": {"email_gateway": {"marker": "m"}},
    },
    "comments": {"comment_id": ID, "created_at": "2026-11-28T10:00:00.000Z", "metadata": {"email_gateway": {}}},
    "documents": {"document_id": ID, "document_name": "a", "file_size": "5", "updated_at": "2026-11-28T10:00:00Z"},
}
"""What the desk has, by the last word of the route."""


@st.composite
def nearly(draw: st.DrawFn, row: dict[str, Any]) -> dict[str, Any]:
    """A row of the desk in which some values are something else, or missing."""
    changed = dict(row)
    for key in draw(st.lists(st.sampled_from(sorted(row)), max_size=3)):
        if draw(st.booleans()):
            changed[key] = draw(JSON)
        else:
            changed.pop(key, None)
    return changed


@st.composite
def bodies(draw: st.DrawFn, row: dict[str, Any]) -> Any:
    rows = draw(st.lists(nearly(row), max_size=3))
    value = draw(st.sampled_from([rows, rows[0] if rows else {}, None]) if draw(st.booleans()) else JSON)
    return {"data": value} if draw(st.integers(0, 9)) else draw(JSON)


HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "retry-after": st.sampled_from(["inf", "nan", "-5", "1e400", "soon", "7", "Wed, 21 Oct 2026 07:28:00 GMT"]),
        "x-ratelimit-remaining": st.sampled_from(["\u00b2", "-1", "9" * 400, "many", "3"]),
        "date": st.sampled_from(["never", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 +2359", "0"]),
        "content-encoding": st.sampled_from(["gzip", "br", "identity"]),
        "location": st.sampled_from(["http://[", "//", "\u00b2"]),
    },
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize("name", sorted(CALLS))
@given(given_data=st.data())
def test_every_call_ends_in_an_outcome(name: str, given_data: st.DataObject) -> None:
    row = next((ROWS[word] for word in name.split() if word in ROWS), ROWS["tickets"])
    status = given_data.draw(st.sampled_from([200, 201, 204, 302, 400, 401, 403, 404, 409, 429, 500, 503]))
    raw = given_data.draw(bodies(row).map(lambda value: json.dumps(value).encode("utf-8", "replace")) | st.binary())
    headers = {key: value.encode("latin-1") for key, value in given_data.draw(HEADERS).items()}

    outcome, desk, _ = asked(CALLS[name], (status, raw, headers))  # type: ignore[arg-type]

    assert isinstance(outcome, Good | Refused | Throttled | NotSent | Unknown)
    assert abs(desk.skew) <= MOST_SKEW
    assert desk.pacing.wait(desk.clock(), "read-back") <= 3600  # type: ignore[arg-type]
    if isinstance(outcome, Throttled):
        assert 0 < outcome.after <= 3600
    if isinstance(outcome, Good):
        assert 200 <= status < 300
        json.dumps(outcome.data, ensure_ascii=False).encode()  # a database keeps it


class Readers:
    """Everything that reads answers, each with what it may raise."""

    box = MailboxSettings(address="support@msp.example", board="Support", fallback_client="Acme")

    def __init__(self, desk: Client) -> None:
        self.desk = desk
        self.directory = Directory(AlgaDesk(desk), DeskSettings(url="http://desk/api/v1", api_key="k"), [self.box])  # type: ignore[arg-type]

    async def run(self) -> None:
        with self.allowed():
            if await self.directory.refresh():
                assert self.directory.catalog is not None
                self.directory.catalog.names()
                self.directory.client_in(["Acme"])
        with self.allowed():
            await self.directory.contacts("ann@acme.example")
        with self.allowed():
            await self.directory.clients_of_domain("acme.example")
        with self.allowed():
            await readback.tickets(self.desk, "m", 0.0)
        with self.allowed():
            await readback.comments(self.desk, ID, "m", 0.0)
        with self.allowed():
            await readback.contacts(self.desk, ContactBody(name="Ann", address="ann@acme.example", client_id=ID))
        with self.allowed():
            await readback.documents(
                self.desk,
                ID,
                DocumentBody(part="1", name="a", content_type="text/plain", size=5, sha256="x"),
                0.0,
                self.owned,
            )
        desk, ticket = AlgaDesk(self.desk), NativeTicket(ID, "TIC1", "Printer", ID, ID, ID, "", 0.0, ())
        outcome = await desk.ticket(ID)
        if isinstance(outcome, Good):
            _state(outcome.data)
        for asked_for in (desk.any_ticket(), desk.contact(ID), desk.assets("PC"), desk.time_booked(ID)):
            assert isinstance(await asked_for, Outcome)
        for asked_for in (desk.tickets_by_number("TIC1"), desk.listed_by_number("TIC1"), desk.tickets_of_client(ID)):
            assert isinstance(await asked_for, Outcome)
        for asked_for in (desk.comments(ID, 0.0), desk.last_comments(ID, 9, 1.0), desk.native_comments(ticket, 0.0)):
            assert isinstance(await asked_for, Outcome)

    @contextlib.contextmanager
    def allowed(self) -> Iterator[None]:
        with contextlib.suppress(DeskAway, NotRead, NotAnswered):
            yield

    async def owned(self, ids: list[str]) -> set[str]:
        return set(ids[:1])


@settings(max_examples=2 * EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(answers=st.fixed_dictionaries({word: bodies(row) for word, row in ROWS.items()}))
def test_no_reader_stumbles(answers: dict[str, Any]) -> None:
    def handler(request: httpx.Request) -> Answer:
        word = request.url.path.rsplit("/", 1)[-1]
        value = answers.get(word, answers["ticket" if word != ID else "tickets"])
        return 200, json.dumps(value).encode("utf-8", "replace"), {}

    async def run() -> None:
        desk = desk_that_says(handler)
        await Readers(desk).run()
        await desk.close()

    asyncio.run(run())


ROUTES = {
    "GET boards": READS["boards"],
    "GET statuses": READS["statuses"],
    "GET priorities": READS["priorities"],
    "GET clients": READS["all clients"],
    "GET contacts": READS["contacts of a domain"],
    "GET users": READS["users"],
    "GET ticket": READS["categories"],
    "GET tickets": READS["tickets listed by number"],
    "GET comments": READS["comments"],
    "GET documents": READS["documents"],
    "POST tickets": WRITES["create ticket"],
    "POST contacts": WRITES["create contact"],
    "POST comments": WRITES["add comment"],
    "POST documents": WRITES["upload"],
    "POST bundle": WRITES["bundle"],
    "PUT status": WRITES["set status"],
}


def test_every_recorded_answer_is_believed() -> None:
    """The control: what the desk itself has been heard to say has its shape."""
    believed: dict[str, int] = dict.fromkeys(ROUTES, 0)
    for exchange in exchanges():
        request, response = exchange.request, exchange.response
        path = request["url"].partition("?")[0]
        route = f"{request['method']} {path.rsplit('/', 1)[-1]}"
        if route not in ROUTES or not 200 <= response["status"] < 300 or not isinstance(response["body"], dict):
            continue
        if "assets" in path or "fields=" in request["url"]:
            continue
        answer = {**response["body"], **({"pagination": None} if "pagination" in response["body"] else {})}
        outcome, *_ = asked(ROUTES[route], (response["status"], json.dumps(answer).encode(), {}))
        assert isinstance(outcome, Good), (exchange.name, outcome)
        believed[route] += 1
    assert all(believed.values()), believed


def test_what_no_database_keeps_is_replaced() -> None:
    outcome = classify(200, b'{"data": {"number": "TIC\\u0000\\ud800 \\ud83d\\ude00"}}', None)

    assert isinstance(outcome, Good) and outcome.data == {"number": "TIC\ufffd\ufffd \U0001f600"}


def test_half_a_pair_in_utf_8_is_replaced() -> None:
    assert body.parsed(b'{"a": "\xed\xa0\xbdx"}') == {"a": "\ufffdx"}
    assert body.parsed(json.dumps("\U0001f600 한국").encode()) == "\U0001f600 한국"
    assert body.parsed('{"a": "\U0001f600 \ud55c\ud7a3"}'.encode()) == {"a": "\U0001f600 \ud55c\ud7a3"}


async def test_an_encoding_is_known_in_any_case() -> None:
    async def blocks() -> Any:
        yield gzip.compress(b"{}")

    assert await body.whole(blocks(), " GZIP") == b"{}"


@pytest.mark.parametrize("stamp", ["yesterday", "2026-13-01T00:00:00Z", "", None, "9999999999", "0001-01-01T00:00:00Z"])
def test_a_time_that_nobody_can_read_is_none(stamp: str | None) -> None:
    state = _state(rows.ticket({"ticket_id": ID, "closed_at": stamp, "status_is_closed": True}))

    assert state.closed_at == ""


@pytest.mark.parametrize("stamp", ["2026-11-28T10:00:00.000Z", "2026-11-28T11:00:00+01:00", "2026-11-28T10:00:00"])
def test_a_time_of_the_desk_has_its_offset(stamp: str) -> None:
    assert _state(rows.ticket({"ticket_id": ID, "closed_at": stamp})).closed_at == "2026-11-28T10:00:00+00:00"


@pytest.mark.parametrize(
    ("row", "closed"),
    [
        ({"status_is_closed": None, "is_closed": True}, True),
        ({"status_is_closed": False, "is_closed": True}, False),
        ({"status_is_closed": True}, True),
        ({"is_closed": None}, False),
        ({}, False),
    ],
)
def test_a_flag_that_is_null_says_nothing(row: dict[str, Any], closed: bool) -> None:
    assert rows.ticket({"ticket_id": ID, **row}).is_closed is closed


async def test_comments_without_a_time_do_not_end_the_reading() -> None:
    asked_for = []

    def handler(request: httpx.Request) -> Answer:
        asked_for.append(request.url.params["offset"])
        rows = [{"comment_id": f"c{len(asked_for)}-{number}"} for number in range(200 if len(asked_for) < 3 else 1)]
        return 200, json.dumps({"data": rows}).encode(), {}

    outcome = await desk_that_says(handler).comments(ID, 1_800_000_000.0)

    assert isinstance(outcome, Good)
    assert len(outcome.data) == 401
    assert asked_for == ["0", "200", "400"]


async def test_a_full_page_that_does_not_say_whether_it_is_the_last_is_not() -> None:
    pages = []

    def handler(request: httpx.Request) -> Answer:
        pages.append(request.url.params["page"])
        rows = [{"ticket_id": f"t{len(pages)}-{number}"} for number in range(100)]
        if len(pages) == 2:
            rows = [{"ticket_id": "mine", "attributes": {"email_gateway": {"marker": "m"}}}]
        return 200, json.dumps({"data": rows}).encode(), {}

    found = await readback.tickets(desk_that_says(handler), "m", 1_700_000_000.0)

    assert [row["ticket_id"] for row in found] == ["mine"]


async def test_a_call_that_ends_before_it_is_connected_was_not_sent() -> None:
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):  # whoever comes behind them is not let in
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        desk = Client("d", f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1", "k", rate=0, timeout=0.2)
        outcomes = [await desk.add_comment(ID, {}) for _ in range(3)]
        await desk.close()

    assert outcomes[-1].__class__ is NotSent, outcomes


@pytest.mark.parametrize("kept", ["ida@m\u00fcller.example", "ida@xn--mller-kva.example"])
async def test_whose_an_international_domain_is_in_whatever_form_the_desk_keeps_it(kept: str) -> None:
    asked_for = []

    def handler(request: httpx.Request) -> Answer:
        asked_for.append(request.url.params["email"])
        rows = [{"contact_name_id": ID, "client_id": ID, "email": kept}] if asked_for[-1] in kept else []
        return 200, json.dumps({"data": rows, "pagination": {"hasNext": False}}).encode(), {}

    directory = Directory(
        AlgaDesk(desk_that_says(handler)),
        DeskSettings(url="http://desk/api/v1", api_key="k"),
        [],  # type: ignore[arg-type]
    )

    assert await directory.clients_of_domain("xn--mller-kva.example") == (ID,)
    assert await directory.clients_of_domain("acme.example") == ()
    assert asked_for == ["@xn--mller-kva.example", "@m\u00fcller.example", "@acme.example"]


async def test_a_domain_with_more_contacts_than_are_read_is_of_no_client_and_asked_for_once() -> None:
    """A client with 50,000 contacts: each unknown sender of its domain took 200 calls, and was never answered."""
    asked_for = []

    def handler(request: httpx.Request) -> Answer:
        asked_for.append(request.url.params["page"])
        row = {"contact_name_id": ID, "client_id": ID, "email": "ida@large.example"}
        return 200, json.dumps({"data": [row], "pagination": {"hasNext": True}}).encode(), {}

    directory = Directory(
        AlgaDesk(desk_that_says(handler)),
        DeskSettings(url="http://desk/api/v1", api_key="k"),
        [],  # type: ignore[arg-type]
    )

    assert await directory.clients_of_domain("large.example") == ()
    calls = len(asked_for)
    assert await directory.clients_of_domain("large.example") == ()
    assert len(asked_for) == calls
