"""`gateway check` says what keeps mail from becoming tickets, or the gateway from starting: place, cause and remedy."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from gateway.config.load import load
from gateway.config.settings import ConfigError
from gateway.operate.preview import startcheck
from gateway.operate.preview.check import Checked, check
from gateway.simulator import Seed, Simulator
from tests.harness import free_port

TEXT = """\
[desk]
url = "{url}"
api_key_file = "desk-key"

[smtp]
listen = "127.0.0.1:{smtp}"

[http]
listen = "127.0.0.1:{http}"

[store]
url = "sqlite:///gateway.db"

[[mailbox]]
address = "support@msp.example"
board = "Support"
fallback_client = "Unknown Senders"
"""
LISTEN = "[smtp]\n"


@pytest.fixture(scope="module")
def desk() -> Iterator[Simulator]:
    with Simulator(Seed(rate_limit={"mode": "off"})) as simulator:
        yield simulator


@pytest.fixture
def text(desk: Simulator, tmp_path: Path) -> str:
    (tmp_path / "desk-key").write_text(desk.key)
    (tmp_path / "desk-key").chmod(0o600)
    return TEXT.format(url=desk.api, smtp=free_port(), http=free_port())


def looked(folder: Path, text: str) -> Checked:
    (folder / "gateway.toml").write_text(text)
    return asyncio.run(check(load(folder / "gateway.toml", {})))


def certificates(folder: Path) -> None:
    authority = trustme.CA()
    for name in ("a", "b"):
        made = authority.issue_cert("mx.msp.example")
        made.private_key_pem.write_to_path(folder / f"{name}.key")
        made.cert_chain_pems[0].write_to_path(folder / f"{name}.crt")
    (folder / "words.txt").write_text("no certificate")


def with_certificate(cert: str, key: str) -> Callable[[str], str]:
    return lambda text: text.replace(LISTEN, f'[smtp]\ntls_cert = "{cert}"\ntls_key = "{key}"\n')


def other_desk(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: re.sub(r'url = "(http[^"]*)"', lambda found: f'url = "{change(found[1])}"', text, count=1)


def replaced(was: str, becomes: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert was in text
        return text.replace(was, becomes)

    return change


# what somebody did, the place of the fault, its words
FAULTS: list[tuple[str, Callable[[str], str], str, str]] = [
    ("no such certificate", with_certificate("no.crt", "a.key"), "6", "tls_cert: there is no such file"),
    ("the key of another", with_certificate("a.crt", "b.key"), "6", "tls_key is not the key of tls_cert"),
    ("no certificate in it", with_certificate("words.txt", "a.key"), "6", "expected two files in PEM"),
    ("a folder as key", with_certificate("a.crt", "."), "7", "is a folder"),
    ("no folder for the store", replaced("sqlite:///", "sqlite:///mail/"), "12", "there is no folder"),
    ("the same port twice", lambda text: re.sub(r"(?s)(listen = )\S+(.*listen = )(\S+)", r"\1\3\2\3", text), "6", "smtp.listen: http.listen has the address"),
    ("a foreign address", replaced('"127.0.0.1:', '"192.0.2.1:'), "6", "192.0.2.1 is no address of this machine"),
    ("an unknown name", lambda text: re.sub(r'(\[smtp\]\nlisten = ")127.0.0.1', r"\1mail.invalid", text), "6", "mail.invalid is not known here"),
    ("no key file", replaced('"desk-key"', '"keys/desk-key"'), "3", "api_key_file: there is no such file; what stands here is the path"),
    ("without /api/v1", other_desk(lambda url: url.replace("/api/v1", "")), "2", "there is no AlgaPSA API at"),
    ("another port", other_desk(lambda url: "http://127.0.0.1:1/api/v1"), "2", "http://127.0.0.1:1/api/v1 cannot be reached: ConnectError"),
    ("another host", other_desk(lambda url: "http://desk.invalid/api/v1"), "2", "http://desk.invalid/api/v1 cannot be reached: ConnectError"),
    ("the templates of nobody", replaced('board = "Support"', 'templates = "mine"'), "16", "templates: there is no folder"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "line", "words"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_what_keeps_it_from_working_has_place_cause_and_remedy(
    change: Callable[[str], str], line: str, words: str, text: str, tmp_path: Path
) -> None:
    certificates(tmp_path)

    found = looked(tmp_path, change(text))

    assert not found.is_good
    assert any(fault.where.endswith(f"gateway.toml:{line}") and words in fault.what for fault in found.faults), (
        found.faults
    )


def test_all_is_well_but_nobody_verifies_senders(text: str, tmp_path: Path) -> None:
    certificates(tmp_path)

    found = looked(tmp_path, with_certificate("a.crt", "a.key")(text))

    (box,) = found.boxes
    assert found.is_good, found.faults
    assert box.place
    assert (box.place.board, box.place.client) == ("Support", "Unknown Senders")
    assert [note for note in found.notes if "nothing verifies senders" in note]


@pytest.mark.parametrize(
    "verifies",
    ['authserv_ids = ["mx.msp.example"]\nrelays = ["127.0.0.1/32"]', "[smtp.verdict]\ndirect = true"],
)
def test_who_verifies_senders_is_not_warned(verifies: str, text: str, tmp_path: Path) -> None:
    found = looked(tmp_path, text.replace("[http]", f"{verifies}\n[http]"))

    assert not [note for note in found.notes if "nothing verifies senders" in note]


RULES = """
[[rule]]
name = "urgent"
when = [{ field = "subject", contains = "urgent" }]
priority = "High"

[[rule]]
name = "urgent"
when = [{ field = "subject", contains = "down" }]
go_on = true

[[rule]]
name = "stop here"
when = [{ field = "subject", contains = "newsletter" }]
"""


def test_rules_that_are_called_the_same_or_do_nothing(text: str, tmp_path: Path) -> None:
    found = looked(tmp_path, 'priorities = ["Low", "High"]\n' + text + RULES)

    said = [note.partition(": ")[2] for note in found.notes if ": rule " in note]
    assert said == [
        "rule 1 is called 'urgent' as well: stories and `gateway rules` do not tell them apart",
        "rule 'urgent' sets nothing and goes on: it has no effect",
    ]


def test_a_key_is_read_from_a_file_that_can_be_read_again(text: str, tmp_path: Path) -> None:
    (tmp_path / "desk-key").unlink()
    os.mkfifo(tmp_path / "desk-key")

    (fault,) = [fault for fault in looked(tmp_path, text).faults if "api_key_file" in fault.what]

    assert "desk-key is a pipe or a device: expected a file" in fault.what


@pytest.mark.parametrize("name", ["mx.msp.example 1", "a.example, b.example", "mx.msp.example;", ""])
def test_an_authserv_id_is_one_name(name: str, text: str, tmp_path: Path) -> None:
    believed = f'authserv_ids = ["{name}"]\nrelays = ["127.0.0.1/32"]\n'

    with pytest.raises(ConfigError, match="expected one name, as it stands first"):
        looked(tmp_path, text.replace("[http]", f"{believed}[http]"))


def test_a_wrong_key(text: str, tmp_path: Path) -> None:
    (tmp_path / "desk-key").write_text("another")

    (fault,) = looked(tmp_path, text).faults

    assert fault.where.endswith("gateway.toml:3")
    assert "refuses the key: 401" in fault.what


def of_role(role: str) -> Simulator:
    """A desk whose key is of a user with this role."""
    users = [{"first": "Nell", "last": "Keys", "email": "nell@msp.example", "role": role}]
    keys = [{"key": "nell-key", "user": "nell@msp.example"}]
    return Simulator(Seed(rate_limit={"mode": "off"}, users=users, keys=keys))


def test_a_key_without_rights_names_the_right(text: str, tmp_path: Path) -> None:
    (tmp_path / "desk-key").write_text("nell-key")
    with of_role("Nobody") as simulator:
        (fault,) = looked(tmp_path, other_desk(lambda _: simulator.api)(text)).faults

    assert "lacks a right" in fault.what and "Cannot read board" in fault.what and "read tickets" in fault.what


LACKING = [
    ("Reader", "never", ["read contacts", "create tickets", "update tickets"]),
    ("Finance", "never", ["create tickets"]),
    ("Technician", "never", []),
    ("Technician", "mapped", ["create contacts"]),
    ("Dispatcher", "always", []),
]


@pytest.mark.parametrize(("role", "contacts", "lacking"), LACKING)
def test_a_right_to_write_is_asked_for_without_writing(
    role: str, contacts: str, lacking: list[str], text: str, tmp_path: Path
) -> None:
    (tmp_path / "desk-key").write_text("nell-key")
    with of_role(role) as simulator:
        before = (len(simulator.desk.tickets), len(simulator.desk.contacts), len(simulator.desk.comments))
        found = looked(tmp_path, other_desk(lambda _: simulator.api)(f'{text}contacts = "{contacts}"\n'))
        after = (len(simulator.desk.tickets), len(simulator.desk.contacts), len(simulator.desk.comments))

    assert [re.findall(r"may not (.+?) \(Permission denied", fault.what) for fault in found.faults] == [
        [right] for right in lacking
    ]
    assert all("install.md" in fault.what and fault.where.endswith("gateway.toml:3") for fault in found.faults)
    assert before == after


def test_in_shadow_nothing_is_asked_for_that_writes(text: str, tmp_path: Path) -> None:
    (tmp_path / "desk-key").write_text("nell-key")
    with of_role("Finance") as simulator:
        shadow = replaced('"desk-key"', '"desk-key"\nmode = "shadow"')(text)
        assert looked(tmp_path, other_desk(lambda _: simulator.api)(shadow)).faults == []
        assert {call.method for call in simulator.desk.calls} == {"GET"}


def test_a_key_instead_of_a_file_is_not_repeated(text: str, tmp_path: Path) -> None:
    found = looked(tmp_path, text.replace('"desk-key"', '"sk_live_hunter2"'))

    assert "hunter2" not in repr(found)


def test_a_wrong_board_is_said_once_with_the_nearest(text: str, tmp_path: Path) -> None:
    found = looked(tmp_path, text.replace('board = "Support"', 'board = "Suport"'))

    (box,) = found.boxes
    (wrong,) = box.wrong
    assert wrong.startswith(f"{tmp_path}/gateway.toml:16: board 'Suport': the desk does not have it; it has: ")
    assert wrong.endswith("do you mean Support?")
    assert found.faults == []


def test_a_port_that_is_taken(text: str, tmp_path: Path) -> None:
    port = int(re.findall(r"127\.0\.0\.1:(\d+)", text.partition("[smtp]")[2])[0])
    with socket.create_server(("127.0.0.1", port)):
        (fault,) = looked(tmp_path, text).faults

    assert fault.where.endswith("gateway.toml:6")
    assert f"another program listens on 127.0.0.1:{port}" in fault.what


def test_a_scanner_that_does_not_answer(text: str, tmp_path: Path) -> None:
    found = looked(tmp_path, text + '[smtp.scanner]\nclamd = "127.0.0.1:1"\n')

    assert [note for note in found.notes if "until it does, all mail is deferred (451)" in note]


def test_nothing_is_left_behind(text: str, tmp_path: Path) -> None:
    looked(tmp_path, text)

    assert sorted(os.listdir(tmp_path)) == ["desk-key", "gateway.toml"]


def test_the_example_of_a_service_provider(desk: Simulator, tmp_path: Path) -> None:
    """docs/install.md "A complete example": only its paths and addresses are this machine's."""
    example = Path(__file__).parents[2] / "deploy" / "msp" / "gateway.toml"
    (tmp_path / "desk-key").write_text(desk.key)
    (tmp_path / "desk-key").chmod(0o600)
    text = example.read_text()
    for theirs, ours in (
        ("https://desk.msp.example/api/v1", desk.api),
        ("sqlite:////var/lib/gateway/gateway.db", f"sqlite:///{tmp_path}/gateway.db"),
        ("127.0.0.1:2525", f"127.0.0.1:{free_port()}"),
        ("127.0.0.1:8026", f"127.0.0.1:{free_port()}"),
    ):
        assert theirs in text
        text = text.replace(theirs, ours)

    found = looked(tmp_path, f'{text}\n[http]\nlisten = "127.0.0.1:{free_port()}"\n')

    assert found.is_good, (found.faults, found.boxes)
    assert [box.address for box in found.boxes] == ["support@msp.example", "alerts@msp.example"]
    assert found.notes == []


WINDOW = '\n[[window]]\nname = "patches"\nclient = "{}"\nbegin = 2026-12-05T22:00:00\nend = 2026-12-06T02:00:00\n'


@pytest.mark.parametrize(
    ("client", "faults"),
    [
        ("Acmee", ["client: the desk has no active client 'Acmee': it would hold nothing"]),
        ("Acme", []),
        ("*", []),
    ],
)
def test_a_window_of_a_client_that_the_desk_lacks(client: str, faults: list[str], text: str, tmp_path: Path) -> None:
    found = looked(tmp_path, text + WINDOW.format(client))

    assert [fault.what for fault in found.faults] == faults
    assert all(re.search(r"gateway\.toml:\d+", fault.where) for fault in found.faults)


def test_listeners_beside_a_worker_need_arrivals(text: str, tmp_path: Path) -> None:
    text = text.replace("[http]", "processes = 1\n[http]")
    (tmp_path / "gateway.toml").write_text(text.replace("[store]", '[store]\naccept = "store"'))
    (tmp_path / "desk-key").write_text("key")
    settings = load(tmp_path / "gateway.toml", {})

    assert [fault.what[:9] for fault in startcheck.faults(settings)] == ["processes"]
    assert startcheck.faults(settings, works=False) == []  # it is for one process then
    (tmp_path / "gateway.toml").write_text(text)
    assert startcheck.faults(load(tmp_path / "gateway.toml", {})) == []


SQLITE = 'url = "sqlite:///gateway.db"'
POSTGRESQL = 'url = "postgresql+psycopg://gateway@database/gateway"'


@pytest.mark.parametrize(
    ("smtp", "store", "listeners"),
    [
        ("", SQLITE, 1),
        ("", f'{SQLITE}\naccept = "store"', 0),
        ("", POSTGRESQL, 0),
        ("", f'{POSTGRESQL}\naccept = "arrivals"', 1),
        ("processes = 0", SQLITE, 0),
        ("processes = 3", SQLITE, 3),
    ],
)
def test_as_how_many_processes_it_listens(smtp: str, store: str, listeners: int, text: str, tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(text.replace("[http]", f"{smtp}\n[http]").replace(SQLITE, store))

    assert load(tmp_path / "gateway.toml", {}).listener_processes == listeners


def test_a_listener_needs_no_key_of_a_desk(text: str, tmp_path: Path) -> None:
    (tmp_path / "desk-key").unlink()
    (tmp_path / "gateway.toml").write_text(text)
    settings = load(tmp_path / "gateway.toml", {})

    assert [fault.what[:12] for fault in startcheck.faults(settings)] == ["api_key_file"]
    assert startcheck.faults(settings, works=False) == []
