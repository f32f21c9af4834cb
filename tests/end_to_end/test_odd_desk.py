"""A desk that answers nonsense, from the start and later: mail is taken all the while, and what was taken arrives once."""

from __future__ import annotations

import gzip
import json
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.simulator import Seed, Simulator
from tests.harness import GatewayProcess, config_text, free_port, mail
from tests.waiting import PATIENCE, until

NULL = (200, b"null", {})
ODD = {
    "wrong things": (
        201,
        b'{"data": [1, null, "x", {"board_id": 7, "ticket_id": []}], "pagination": "next"}',
        {"Date": "Fri, 31 Dec 9999 23:59:59 GMT", "X-RateLimit-Remaining": "\u00b2"},
    ),
    "brackets": (200, b'{"data": ' + b"[" * 200_000, {}),
    "a bomb": (200, gzip.compress(b" " * 60_000_000, 1), {"Content-Encoding": "gzip"}),
}


class Between:
    """An HTTP server in front of the simulated desk: passes calls on, or answers all of them oddly."""

    def __init__(self, simulator: Simulator) -> None:
        self.odd: tuple[int, bytes, dict[str, str]] | None = None
        self.asked = 0
        between, self.target = self, urlsplit(simulator.api)

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *given: Any) -> None: ...

            def _answer(self) -> None:
                between.asked += 1
                content = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, body, headers = between.odd or between.passed_on(self.command, self.path, dict(self.headers), content)
                self.send_response_only(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = _answer

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}{self.target.path}"

    def passed_on(self, method: str, path: str, headers: dict[str, str], content: bytes) -> tuple[int, bytes, dict[str, str]]:
        kept = {name: value for name, value in headers.items() if name.lower() in ("x-api-key", "content-type", "accept")}
        request = urllib.request.Request(f"http://{self.target.netloc}{path}", content or None, kept, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read(), {"Content-Type": answer.headers.get("content-type", "")}
        except urllib.error.HTTPError as error:
            return error.code, error.read(), {}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def between() -> Iterator[tuple[Simulator, Between]]:
    with Simulator(Seed(rate_limit={"mode": "off"})) as simulator:
        made = Between(simulator)
        yield simulator, made
        made.close()


def test_no_answer_of_the_desk_ends_the_process(between: tuple[Simulator, Between], tmp_path: Path) -> None:
    simulator, desk = between
    desk.odd = NULL
    smtp, http = free_port(), free_port()
    text = config_text(desk.api, simulator.key, tmp_path, smtp, http)
    process = GatewayProcess(tmp_path, text, smtp, http).start()
    try:
        taken = [process.send(mail("from the start", sender="ann@acme.example"))]
        until(lambda: _waits(process, taken[0]).startswith("the desk, which is away: 200 without an object"))
        shown = json.loads(process.run("queue", "show", taken[0].rsplit(" ", 1)[-1], "--json").stdout)
        assert shown["subject"] == "from the start" and shown["message_id"].endswith("@acme.example")
        assert shown["waiting"]["reason"] == "desk" and shown["waiting"]["since"] > 0

        desk.odd = None
        process.became(taken[0])
        for name, odd in ODD.items():
            desk.odd = odd
            asked = desk.asked
            taken.append(process.send(mail(name, sender="alice@acme.example")))
            until(lambda asked=asked: desk.asked > asked)
            assert process.process is not None and process.process.poll() is None, process.tail()
            assert process.get("/healthz")[0] == 200

        desk.odd = None
        for answer in taken:
            assert process.became(answer)["stage"] == "DONE"
        _, page = process.get("/metrics")
        assert 'outcome="unknown",route="GET /boards"' in page
        assert process.sums()["done"] == len(taken)
        titles = Counter(ticket["title"] for ticket in simulator.desk.tickets.values())
        assert titles == dict.fromkeys(["from the start", *ODD], 1)
    finally:
        process.kill()


def _waits(process: GatewayProcess, answer: str) -> str:
    rows = json.loads(process.run("queue", "list", "--stage", "pending", "--json").stdout)
    return next((row["waits for"] for row in rows if row["id"] == answer.rsplit(" ", 1)[-1]), "")
