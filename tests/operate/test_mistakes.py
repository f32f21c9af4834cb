"""The forty-eight mistakes that an administrator made in a first configuration, and what `gateway check` prints of each:
its line, its cause and its remedy. Two of them are none any more."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.running import _lines
from gateway.config.load import load
from gateway.config.settings import ConfigError
from gateway.operate.preview.check import check
from gateway.simulator import Seed, Simulator
from tests.harness import free_port

TEXT = """\
priorities = ["Low", "High"]

[desk]
url = "{url}"
api_key_file = "desk-key"

[smtp]
listen = "127.0.0.1:{smtp}"
authserv_ids = ["mx.msp.example"]
relays = ["127.0.0.1/32"]

[http]
listen = "127.0.0.1:{http}"

[store]
url = "sqlite:///gateway.db"

[[mailbox]]
address = "support@msp.example"
board = "Support"
fallback_client = "Unknown Senders"

[[domain]]
domain = "acme.example"
client = "Acme"

[[rule]]
name = "urgent"
when = [{{ field = "subject", contains = "urgent" }}]
priority = "High"
"""
BOARD, LISTEN, STORE, RULE = 'board = "Support"', "[smtp]", "[store]", "[[rule]]"
KEY, URL, CONDITION = 'api_key_file = "desk-key"', r're:"http://[^"]*"', 'field = "subject", contains = "urgent"'
SMTP_PORT, HTTP_PORT = r're:(?<=\[smtp\]\nlisten = "127.0.0.1:)\d+', r're:(?<=\[http\]\nlisten = "127.0.0.1:)\d+'
CERTIFICATE = '[smtp]\ntls_cert = "/etc/ssl/mx.crt"\ntls_key = "desk-key"'

# what somebody did; the right text (re: a pattern), what stood there; the line, the cause, the remedy ("" where they are one)
MISTAKES = [
    # brackets
    ("one bracket too few", "[[mailbox]]", "[mailbox]", 18, "mailbox: write [[mailbox]]", "with two brackets"),
    ("conditions as a section", f"when = [{{ {CONDITION} }}]", '[rule.when]\nfield = "subject"\ncontains = "a"', 29, "write [[rule.when]]", "with two brackets"),
    ("text for a list", 'relays = ["127.0.0.1/32"]', 'relays = "127.0.0.1/32"', 10, "expected a list", 'relays = ["127.0.0.1/32"]'),
    ("one bracket too many", LISTEN, "[[smtp]]", 7, "smtp: write [smtp]", "with one bracket"),
    ("a list without its end", '["Low", "High"]', '["Low", "High"', 1, "the list of priorities is not closed", "] is missing"),
    ("a section without its end", LISTEN, "[smtp", 7, "the brackets of a section do not match", "[smtp]"),
    # keys and sections
    ("letters changed places", "fallback_client", "fallback_clinet", 21, "no such key", "do you mean fallback_client?"),
    ("a section of another name", LISTEN, "[smpt]", 7, "smpt: no such section", "do you mean [smtp]?"),
    ("a condition of another name", "contains", "has", 29, "has: no such key", "there are field, equals, contains"),
    ("a key in another section", LISTEN, "[smtp]\nmin_free = 1000", 8, "no such key here", "min_free stands in [store]"),
    ("a key of the top at the end", 'priority = "High"', 'timezone = "Europe/London"', 30, "timezone stands above all sections", "at the beginning"),
    ("a capital", BOARD, 'Board = "Support"', 20, "no such key", "do you mean board?"),
    ("a hyphen", "fallback_client", "fallback-client", 21, "no such key", "do you mean fallback_client?"),
    ("a key twice", BOARD, f"{BOARD}\n{BOARD}", 21, "board is there twice, in line 20 and here", "keep one of them"),
    ("a section twice", STORE, "[smtp]", 15, "[smtp] is there twice, in line 7 and here", "keep one of them"),
    ("a key left out", 'address = "support@msp.example"\n', "", 18, "address: is missing", "the recipient"),
    # writing
    ("no quotes", BOARD, "board = Support", 20, "text stands in quotes", 'board = "Support"'),
    ("quotes of a word processor", BOARD, "board = “Support”", 20, 'write straight quotes (")', 'board = "Support"'),
    ("one quote", BOARD, 'board = "Support', 20, "the quote at the end is missing", 'board = "Support"'),
    ("a colon", BOARD, 'board: "Support"', 20, "write = between a key and its value", "not a colon"),
    ("a comment of another language", STORE, "; the store\n[store]", 15, "a comment begins with #", "not with ;"),
    ("a path of Windows", '"sqlite:///gateway.db"', '"sqlite:///C:\\gateway\\users.db"', 16, "in double quotes a \\", "is written twice"),
    # values
    ("a word for a number", LISTEN, '[smtp]\nmax_connections = "many"', 8, "expected a number", "without quotes"),
    ("a word that is no level", STORE, '[log]\nlevel = "verbose"\n[store]', 16, "level", "expected debug, info, warning or error"),
    ("days as text", STORE, '[retention]\ndone = "90d"\n[store]', 0, "ok", ""),
    ("megabytes as text", LISTEN, '[smtp]\nmax_size = "35M"', 0, "ok", ""),
    ("a zone without its continent", "priorities =", 'timezone = "Berlin"\npriorities =', 1, "'Berlin' is not known", "a name like Europe/Berlin"),
    ("an address without @", "support@msp.example", "support.msp.example", 19, "expected a mail address", "for example support@msp.example"),
    ("no port", SMTP_PORT, "", 8, "expected host:port", "for example 127.0.0.1:2525"),
    ("no network", '"127.0.0.1/32"', '"10.0.0.0/8, 192.0.2.1"', 10, "expected a network", "for example 192.0.2.0/24"),
    ("a mailbox twice", "[[domain]]", '[[mailbox]]\naddress = "support@msp.example"\nboard = "Support"\n[[domain]]', 23, "support@msp.example is configured twice", "keep one of them"),
    ("a profile that is none", RULE, '[[notice]]\nprofile = "naggios"\n[[rule]]', 28, "naggios", "do you mean nagios?"),
    # the desk
    ("no https://", URL, '"desk.msp.example/api/v1"', 4, "expected an address", "that begins with https://"),
    ("no /api/v1", r"re:/api/v1", "", 4, "there is no AlgaPSA API at http://", "the address ends in /api/v1"),
    ("another host", URL, '"http://desk.invalid/api/v1"', 4, "http://desk.invalid/api/v1 cannot be reached: ConnectError", "are host and port right"),
    ("another port", URL, '"http://127.0.0.1:1/api/v1"', 4, "http://127.0.0.1:1/api/v1 cannot be reached: ConnectError", "are host and port right"),
    ("the key for the path of its file", '"desk-key"', '"sk_live_hunter2"', 5, "api_key_file: there is no such file", "what stands here is the path of a file, not what is in it"),
    ("two keys", KEY, f'{KEY}\napi_key = "abc"', 3, "expected exactly one", "api_key and api_key_file"),
    ("a board that is none", '"Support"', '"Suport"', 20, "board 'Suport': the desk does not have it", "do you mean Support?"),
    ("a client that is none", '"Unknown Senders"', '"Unknown Sender"', 21, "client 'Unknown Sender': the desk does not have it", "do you mean Unknown Senders?"),
    ("a client of a domain that is none", 'client = "Acme"', 'client = "Acmee"', 25, "'Acmee'", "do you mean Acme?"),
    ("a priority that is none", '["Low", "High"]', '["Low", "Hihg"]', 1, "priority 'Hihg': the desk does not have it", "do you mean High?"),
    # this machine
    ("no certificate", LISTEN, CERTIFICATE, 8, "tls_cert: there is no such file", "/etc/ssl/mx.crt"),
    ("no folder of the store", "sqlite:///", "sqlite:///mail/", 16, "there is no folder", "make it, for the gateway's user alone"),
    ("a file for the folder of the store", "sqlite:///", "sqlite:///desk-key/", 16, "there is no folder", "make it, for the gateway's user alone"),
    ("a port that is taken", SMTP_PORT, "{taken}", 8, "another program listens on 127.0.0.1:", "stop it (`ss -ltnp`), or choose another port"),
    ("an address of another machine", r're:(?<=\[smtp\]\nlisten = ")127.0.0.1', "192.0.2.1", 8, "192.0.2.1 is no address of this machine", "`ip address` lists them"),
    ("one port for two", HTTP_PORT, "{smtp}", 8, "smtp.listen: http.listen has the address", "choose another port"),
]  # fmt: skip


@pytest.fixture(scope="module")
def desk() -> Iterator[Simulator]:
    with Simulator(Seed(rate_limit={"mode": "off"})) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def printed(folder: Path, text: str, key: str) -> list[str]:
    """What `gateway check` prints."""
    (folder / "desk-key").write_text(key)
    (folder / "desk-key").chmod(0o600)
    (folder / "gateway.toml").write_text(text, encoding="utf-8")
    try:
        return _lines(asyncio.run(check(load(folder / "gateway.toml", {}))), names_desks=False, ids=False)
    except ConfigError as error:
        return str(error).splitlines()


def changed(text: str, right: str, wrong: str) -> str:
    pattern = right.removeprefix("re:") if right.startswith("re:") else re.escape(right)
    found, count = re.subn(pattern, lambda _: wrong, text, count=1)
    assert count == 1
    return found


def test_there_are_forty_eight() -> None:
    assert len(MISTAKES) == len({row[0] for row in MISTAKES}) == 48


def test_without_a_mistake_it_is_ok(desk: Simulator, tmp_path: Path) -> None:
    text = TEXT.format(url=desk.api, smtp=free_port(), http=free_port())

    assert printed(tmp_path, text, desk.key)[-1] == "ok"


@pytest.mark.parametrize(("right", "wrong", "line", "cause", "remedy"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])  # fmt: skip
def test_a_mistake_is_printed_with_its_line_its_cause_and_its_remedy(
    desk: Simulator, taken: int, tmp_path: Path, right: str, wrong: str, line: int, cause: str, remedy: str
) -> None:
    smtp = free_port()
    text = TEXT.format(url=desk.api, smtp=smtp, http=free_port())
    said = wrong.replace("{taken}", str(taken)).replace("{smtp}", str(smtp))

    lines = printed(tmp_path, changed(text, right, said), desk.key)

    place = f"{tmp_path}/gateway.toml:{line}: " if line else ""
    assert [each for each in lines if place in each and cause in each and remedy in each], "\n".join(lines)
    assert not any("hunter2" in each for each in lines)


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        (URL, '"http://mia:hunter2@127.0.0.1:1/api/v1"', "4: http://127.0.0.1:1/api/v1 cannot be reached"),
        (KEY, 'api_key_file = "~/desk-key"', "5: api_key_file: there is no such file: ~ and $ mean nothing here"),
        (KEY, 'api_key_file = "$HOME/desk-key"', "5: api_key_file: there is no such file: ~ and $ mean nothing here"),
        ("sqlite:///gateway.db", "sqlite:///mail", "16: url: {folder}/mail is a folder: name the file in it"),
    ],
)
def test_more_mistakes(desk: Simulator, tmp_path: Path, right: str, wrong: str, words: str) -> None:
    (tmp_path / "mail").mkdir()
    text = TEXT.format(url=desk.api, smtp=free_port(), http=free_port())

    lines = printed(tmp_path, changed(text, right, wrong), desk.key)

    assert [line for line in lines if words.replace("{folder}", str(tmp_path)) in line], "\n".join(lines)
    assert not any("hunter2" in line for line in lines)
