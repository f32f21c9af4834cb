"""Listeners and the worker as processes of one gateway: each is killed by itself, and they drain together."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from gateway.processes.pages import merged
from gateway.simulator import Simulator
from gateway.store.schema import refusal
from tests import schema
from tests.harness import GatewayProcess, config_text, free_port, mail, state_of
from tests.test_priority import kernel_has_slices, slice_of
from tests.waiting import PATIENCE, until


def children(pid: int) -> dict[str, int]:
    """The processes of a gateway by their names."""
    found = {}
    for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(OSError):
            found[Path(f"/proc/{number}/comm").read_text().strip()] = int(number)
    return found


def all_children(pid: int) -> dict[str, int]:
    """Once all are there: the first one answers before the last one is begun."""
    until(lambda: set(children(pid)) == {"listener-1", "listener-2", "worker", "pages"}, tell=lambda: str(children(pid)))
    return children(pid)


def nice(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


@pytest.fixture
def apart(simulator: Simulator, tmp_path: Path) -> Iterator[GatewayProcess]:
    smtp, http = free_port(), free_port()
    text = config_text(simulator.api, simulator.key, tmp_path, smtp, http, smtp="processes = 2", work="")
    process = GatewayProcess(tmp_path, text, smtp, http).start()
    try:
        yield process
    finally:
        process.kill()


def refused(process: GatewayProcess) -> list[str]:
    """The recipients of refusals that the store has; none while there is no store."""
    with contextlib.suppress(OperationalError), process.engine().connect() as connection:
        return list(connection.execute(select(refusal.c.rcpt_to)).scalars())
    return []


def again(process: GatewayProcess, name: str, old: int) -> None:
    """Until another has taken the place of the process of that name."""
    assert process.process is not None
    pid = process.process.pid
    until(lambda: children(pid).get(name, old) != old, tell=process.tail)


def test_each_is_killed_by_itself_and_nothing_is_lost(apart: GatewayProcess) -> None:
    assert apart.process is not None
    pid = apart.process.pid
    said = [apart.send(mail("Before"))]
    there = all_children(pid)

    for name in ("listener-1", "listener-2"):
        os.kill(there[name], signal.SIGKILL)
    with socket.create_connection(("127.0.0.1", apart.smtp_port), PATIENCE):  # the port never closed
        pass
    again(apart, "listener-1", there["listener-1"])
    said.append(apart.send(mail("After a listener was killed")))

    os.kill(there["worker"], signal.SIGKILL)
    said.append(apart.send(mail("While there is no worker")))
    again(apart, "worker", there["worker"])
    assert [apart.became(answer)["stage"] for answer in said] == ["DONE"] * 3

    ready = json.loads(apart.get("/readyz")[1])
    assert ready["ready"]
    assert ready["starts"]["worker"] == 2
    sums = apart.drained()
    assert (sums["accepted"], sums["done"], sums["arriving"]) == (3, 3, 0)
    assert 'gateway_smtp_answers_total{code="250"}' in apart.get("/metrics")[1]

    left = children(pid)
    assert [nice(left[name]) for name in ("listener-1", "worker")] == [nice(pid), max(nice(pid), 10)]
    if kernel_has_slices():
        assert slice_of(left["listener-1"]) < slice_of(left["worker"])
    assert apart.stop() == 0
    assert [name for name, number in left.items() if Path(f"/proc/{number}").exists()] == []


def test_a_refusal_at_a_listener_is_found_by_the_worker(apart: GatewayProcess) -> None:
    with smtplib.SMTP("127.0.0.1", apart.smtp_port) as peer:
        peer.ehlo("client.test")
        peer.mail("ann@acme.example")
        assert peer.rcpt("nobody@msp.example")[0] == 550
    until(lambda: "nobody@msp.example" in refused(apart), tell=apart.tail)


def test_a_listener_has_what_it_needs_and_no_more(simulator: Simulator, tmp_path: Path) -> None:
    """It is forked from a process that has no more either, after it has looked whether it can start."""
    smtp, http = free_port(), free_port()
    config = tmp_path / "gateway.toml"
    config.write_text(config_text(simulator.api, simulator.key, tmp_path, smtp, http, smtp="processes = 1"))
    config.chmod(0o600)
    instead = """
import os, pathlib, signal, sys
from gateway.processes import listener
def serve(settings, folder, name, sockets):
    pathlib.Path("modules").write_text("\\n".join(sys.modules))
    os.kill(os.getppid(), signal.SIGTERM)
listener.serve = serve
from gateway.cli import main
main()
"""
    command = [sys.executable, "-c", instead, "serve", "--config", str(config)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)

    modules = set((tmp_path / "modules").read_text().split())
    assert "gateway.smtp.session" in modules
    assert not modules & {"sqlalchemy", "httpx", "starlette", "jinja2", "dkim", "gateway.mail.read", "gateway.app"}
    assert done.returncode == 0, done.stderr


def test_what_keeps_it_from_starting_is_said_by_the_command(simulator: Simulator, tmp_path: Path) -> None:
    smtp, http = free_port(), free_port()
    text = config_text(simulator.api, simulator.key, tmp_path, smtp, http, smtp="processes = 1")
    with socket.create_server(("127.0.0.1", smtp)):
        process = GatewayProcess(tmp_path, text, smtp, http)
        process.launch()
        assert process.process is not None
        assert process.process.wait(PATIENCE) == 2
    assert f"127.0.0.1:{smtp}" in process.tail()


def test_what_an_administrator_has_to_mend_ends_it(simulator: Simulator, tmp_path: Path) -> None:
    smtp, http = free_port(), free_port()
    process = GatewayProcess(
        tmp_path, config_text(simulator.api, simulator.key, tmp_path, smtp, http, smtp="processes = 1"), smtp, http
    )
    schema.put(process.url)
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("UPDATE schema_floor SET revision = '9999'")
    process.launch()
    assert process.process is not None
    assert process.process.wait(PATIENCE) == 2
    assert "install the newer version" in process.tail()


def test_what_waits_in_the_arrivals_counts_once(apart: GatewayProcess) -> None:
    with closing(sqlite3.connect(apart.folder / "gateway.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        apart.send(mail("While the store is locked"))
        end = time.monotonic() + PATIENCE
        while 'gateway_deliveries{state="arriving"} 1.0' not in (page := apart.get("/metrics")[1]):
            assert time.monotonic() < end, page
        other.execute("ROLLBACK")
    assert 'gateway_process_starts{process="listener-2"} 1.0' in page


def test_if_the_first_process_is_killed_all_end(apart: GatewayProcess) -> None:
    assert apart.process is not None
    there = all_children(apart.process.pid)
    apart.kill()
    until(lambda: all(state_of(number) in "ZX" for number in there.values()))  # whether anybody buries them is not ours


def test_metrics_of_several_processes_are_one_page() -> None:
    first = b"# HELP a_total x\n# TYPE a_total counter\na_total 1.0\n# TYPE gateway_loop_lag_seconds gauge\ngateway_loop_lag_seconds 3.0\n"
    second = (
        b'# HELP a_total x\n# TYPE a_total counter\na_total 2.0\na_total{b="c d"} 1.0\ngateway_loop_lag_seconds 1.0\n'
    )

    assert merged([first, b"", second]).decode().splitlines() == [
        "# HELP a_total x",
        "# TYPE a_total counter",
        "a_total 3.0",
        'a_total{b="c d"} 1.0',
        "# TYPE gateway_loop_lag_seconds gauge",
        "gateway_loop_lag_seconds 3.0",
    ]
