"""Backup under load, kill, restore elsewhere, go on against the same desk: nothing doubled, nothing lost of what
the backup had."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.config.load import load
from gateway.operate import backup
from gateway.simulator import Faults, Seed, Simulator
from gateway.store import counts
from gateway.store.arrivals import FILE, ArrivalsFile
from gateway.store.schema import delivery
from tests import schema
from tests.faults.judge import _tokens
from tests.faults.traffic import Sent, Traffic
from tests.harness import EAGER, GatewayProcess, config_text, free_port
from tests.peers import Postgres

SLOW = [
    {"kind": "write", "do": "slow", "seconds": 0.25, "p": 0.5},
    {"kind": "write", "do": "drop", "p": 0.1},
    {"kind": "write", "do": "answer", "status": 500, "commit": True, "p": 0.05},
]


@pytest.fixture(params=["sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The stores of the gateway that is lost, and of the one that takes its place."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/lost/gateway.db", f"sqlite:///{tmp_path}/found/gateway.db"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    stamp = str(time.time_ns())
    yield schema.database(postgres, f"lost{stamp}"), postgres.database(f"found{stamp}")


def process(folder: Path, simulator: Simulator, url: str, concurrency: int = 16, timeout: float = 0.4) -> GatewayProcess:
    folder.mkdir(exist_ok=True)
    smtp, http = free_port(), free_port()
    text = config_text(
        simulator.api,
        simulator.key,
        folder,
        smtp,
        http,
        desk=f"timeout = {timeout}\nsettle = {2 * timeout}\nrate = 0",
        store=f'spool_over = 20000\nspool = "{folder}/spool"',
        store_url=url,
        work=f"concurrency = {concurrency}\nlease = 3\n{EAGER}",
    )
    return GatewayProcess(folder, text, smtp, http)


def test_a_restored_gateway_doubles_nothing_and_loses_nothing(stores: tuple[str, str], tmp_path: Path) -> None:
    with Simulator(Seed(rate_limit={"mode": "off"}), Faults(SLOW, seed=3)) as simulator:
        lost = process(tmp_path / "lost", simulator, stores[0], concurrency=2).start()
        try:
            sent = under_load(lost, tmp_path / "backup.tar")
            time.sleep(0.5)  # the lost gateway goes on after the backup
        finally:
            lost.kill()
        found = process(tmp_path / "found", simulator, stores[1], timeout=1)  # a busy machine answers late
        restored = found.run("restore", str(tmp_path / "backup.tar"))
        assert restored.returncode == 0, restored.stderr
        kept = tokens_in(found, sent)
        open_ones = int(re.search(r", (\d+) of them open", restored.stdout)[1])  # type: ignore[index]
        found.start()
        try:
            sums = found.drained()
            verified = found.run("verify")
        finally:
            found.kill()

        places = Counter(places_of(simulator))
        assert open_ones > 2, "the backup came when all was done: nothing is shown"
        assert kept and {token: places[token] for token in kept} == dict.fromkeys(kept, 1)
        assert max(places.values()) == 1
        assert sums["accepted"] == sums["done"] == len(kept)
        assert len(simulator.desk.tickets) <= len({mail.thread for mail in sent})
        for rows in simulator.desk.documents.values():
            contents = Counter(sha256(simulator.desk.file_of(row)).digest() for row in rows)
            assert not contents or max(contents.values()) == 1
        assert verified.returncode == 0, verified.stdout


def under_load(gateway: GatewayProcess, target: Path) -> list[Sent]:
    """Conversations, and a backup in the middle of them."""
    traffic = Traffic(lambda: [gateway], seed=7, mails=24, seconds=1.5)
    traffic.start()
    backup_amid(gateway, target, accepted=16)
    return traffic.finish()


def backup_amid(gateway: GatewayProcess, target: Path, accepted: int) -> None:
    """The copy is made beside the gateway's process once it has accepted so many."""
    while True:
        with gateway.engine().connect() as connection:
            if counts.sums(connection).accepted >= accepted:
                break
        time.sleep(0.01)
    backup.make(load(gateway.config), target)


def tokens_in(gateway: GatewayProcess, sent: list[Sent]) -> list[str]:
    """The mails that the restored store has, and those that wait to be imported into it."""
    with gateway.engine().connect() as connection:
        known = set(connection.execute(select(delivery.c.id)).scalars())
    arrivals = load(gateway.config).store.arrivals_dir
    if arrivals and (arrivals / FILE).exists():
        with closing(ArrivalsFile(arrivals, create=False)) as file:
            known |= {recipient.id for mail in file.read(1000) for recipient in mail.recipients}
    return [mail.token for mail in sent if mail.ids & known]


def places_of(simulator: Simulator) -> Iterator[str]:
    for ticket_id, ticket in simulator.desk.tickets.items():
        yield from _tokens((ticket["attributes"] or {}).get("description", ""))
        for comment in simulator.desk.comments.get(ticket_id, []):
            if not comment["is_internal"]:
                yield from _tokens(comment["note"])


def test_the_commands_say_what_is_wrong(tmp_path: Path) -> None:
    with Simulator(Seed(rate_limit={"mode": "off"})) as simulator:
        running = process(tmp_path / "one", simulator, f"sqlite:///{tmp_path}/one/gateway.db", timeout=10)
        assert "gateway.db does not exist" in running.run("backup", str(tmp_path / "b")).stderr
        running.start()
        answer = running.send(b"From: a@acme.example\r\nTo: support@msp.example\r\nSubject: x\r\n\r\nwords\r\n", "a@acme.example")
        running.became(answer)
        assert "1 delivery, 2 files" in running.run("backup", str(tmp_path / "b")).stdout
        assert "is there already" in running.run("backup", str(tmp_path / "b")).stderr
        assert "in use by another process" in running.run("restore", str(tmp_path / "b")).stderr
        running.stop()
        assert "--overwrite sets both aside" in running.run("restore", str(tmp_path / "b")).stderr
        done = running.run("restore", str(tmp_path / "b"), "--overwrite")
        assert "restored 1 delivery" in done.stdout
        assert len(list((tmp_path / "one").glob("gateway.db.before-*"))) >= 1
        verified = running.run("verify", "--json", "--against-desk")
        assert verified.returncode == 0, verified.stdout
        assert all(each["good"] for each in json.loads(verified.stdout))
        with sqlite3.connect(tmp_path / "one" / "gateway.db") as connection:
            connection.execute("UPDATE raw SET data = 'other words'")
        verified = running.run("verify")
        assert verified.returncode == 1
        assert "BAD mails" in verified.stdout
