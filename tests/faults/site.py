"""What a run is about: a simulated desk, a store, and one gateway or three, each a process of its own.

A supervisor starts a gateway again when it ends, as systemd would.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.simulator import Faults, Seed, Simulator
from gateway.store import counts
from gateway.store.arrivals import FILE, ArrivalsFile
from gateway.store.engine import make_engine
from tests import schema
from tests.faults.disks import LossyDisk, SmallDisk
from tests.faults.relays import FaultyRelay
from tests.faults.shim import Shim
from tests.harness import EAGER, GatewayProcess, config_text, free_port
from tests.peers import Postgres

TIMEOUT = 0.75  # seconds; as 30 s
SETTLE = 3.0  # as 120 s
LEASE = 7.5  # as 300 s
LATE = 1.0  # as 40 s: after the deadline, before settle
RESTART = 0.2  # as RestartSec of the unit, and faster
ENDED = re.compile(r"process ended, starts again .*\bcode=(-?\d+)")
RELAY = "relay.test:25"
"""In the settings of a kind: the mail server outside."""


class Supervised(GatewayProcess):
    """A gateway that is started again when it ends, unless it is meant to be down."""

    def __init__(self, folder: Path, text: str, smtp: int, http: int) -> None:
        super().__init__(folder, text, smtp, http)
        self.endings: Counter[int] = Counter()
        self.down = True
        self._lock = threading.Lock()

    @property
    def takes_mail(self) -> bool:
        return "worker" not in self.command

    def up(self) -> None:
        with self._lock:
            self.launch()
            self.down = False

    def halt(self) -> None:
        """kill -9, and stay down."""
        with self._lock:
            self.down = True
            self.kill()

    def hit(self, number: int) -> bool:
        """Send a signal; whether there was a process."""
        with self._lock:
            if self.process is None or self.process.poll() is not None:
                return False
            self.process.send_signal(number)
            return True

    def part(self, rng: random.Random, *names: str) -> int:
        """The id of any of its processes; of those whose names begin so, and of the first where none does. 0: there is
        none."""
        there = self.processes()
        chosen = [number for name, number in there.items() if name.startswith(names)] if names else [*there.values()]
        return rng.choice(chosen or [*there.values()][:1] or [0])

    def stand(self, rng: random.Random, seconds: float) -> None:
        """SIGSTOP to the worker or a listener, which go on after that time."""
        if number := self.part(rng, "worker", "listener"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGSTOP)
                time.sleep(seconds)
                os.kill(number, signal.SIGCONT)

    def freeze(self) -> None:
        """SIGSTOP to all that writes, the first process first, until it is killed. A parser ends when its pipe does."""
        for name, number in self.processes().items():
            if not name.startswith("parser"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGSTOP)

    @property
    def parts_ended(self) -> Counter[int]:
        """How often a process beneath ended, by exit code or signal."""
        found = ENDED.findall(self.log.read_text(errors="replace")) if self.log.exists() else []
        return Counter(map(int, found))

    def watch(self) -> None:
        with self._lock:
            if self.down or self.process is None or (code := self.process.poll()) is None:
                return
            self.endings[code] += 1
        time.sleep(RESTART)
        with self._lock:
            if not self.down and self.process.poll() is not None:  # it may have been started meanwhile
                self.launch()


class Site:
    """``shim`` where a fault needs it; ``sabotage`` names a guard to leave out; ``disks`` that faults of the disk
    hit; ``roles`` of the gateways in turn; ``processes`` of each that listen, as configured (None: by default). Where settings name ``RELAY`` there is one. ``quick``: what waits
    for minutes beside the mail waits for seconds."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        postgres: Postgres | None = None,
        *,
        replicas: int = 1,
        shim: bool = False,
        host: str = "127.0.0.1",
        sabotage: str = "",
        settings: dict[str, str] | None = None,
        roles: Sequence[str] = (),
        processes: int | None = None,
        disks: Sequence[SmallDisk | LossyDisk] = (),
        quick: bool = False,
    ) -> None:
        self.folder = folder
        self.seed = seed
        self.rng = random.Random(seed)
        self.postgres = postgres
        self.data = folder / "data"  # what a fault of the disk hits
        self.data.mkdir(exist_ok=True)
        self.arrivals = self.data / "gateway.db.arrivals"  # on PostgreSQL each gateway has its own
        self.simulator = Simulator(Seed(rate_limit={"mode": "off"}), Faults([], seed=seed)).start()
        self.url = schema.database(postgres, f"{folder.name.replace('-', '_')}_{seed}") if postgres else ""
        if not postgres and not disks:
            schema.put(f"sqlite:///{self.data}/gateway.db")
        self.relay = FaultyRelay(seed)
        if any(RELAY in text for text in (settings or {}).values()):
            self.relay.start()
        self.processes = processes
        self.shims: list[Shim] = []
        self.gateways: list[Supervised] = []
        for number in range(replicas):
            gateway = self._gateway(number, host, settings or {})
            if shim:
                self.shims.append(Shim(gateway.folder, self.data))
                gateway.environment = dict(self.shims[-1].environment)
            if quick:
                gateway.command = [sys.executable, "-m", "tests.faults.quickened", *gateway.command[3:]]
            if sabotage:
                gateway.command = [sys.executable, "-m", "tests.faults.sabotage", sabotage, *gateway.command[3:]]
            if roles:
                gateway.command += ["--role", roles[number % len(roles)]]
            self.gateways.append(gateway)
        self._doors = [gateway for gateway in self.gateways if gateway.takes_mail]
        self._ending = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._engine: Engine | None = None
        self.disks = list(disks)
        self.notes: list[str] = []  # what a fault saw that ought not to be
        self.restored = 0  # times that a damaged store or page was put back from a copy
        self.met = 0  # lines about damage in the logs

    def _gateway(self, number: int, host: str, settings: dict[str, str]) -> Supervised:
        folder = self.folder / f"gateway-{number}"
        folder.mkdir()
        smtp, http = free_port(), free_port()
        store = f'spool_over = 20000\nspool = "{self.data}/spool"\n' + settings.get("store", "")
        more = {
            "desk": f"timeout = {TIMEOUT}\nsettle = {SETTLE}\nrate = 0",
            "work": f"lease = {LEASE}\n{EAGER}",
            "store_url": self.url or f"sqlite:///{self.data}/gateway.db",
            **{name: text.replace(RELAY, self.relay.host) for name, text in settings.items() if name != "store"},
            "store": store,
        }
        if self.postgres and self.processes:
            more["store"] += f'\naccept = "arrivals"\narrivals = "{folder}/arrivals"'
        if self.processes is not None:
            more["smtp"] = f"processes = {self.processes}\n{more.get('smtp', '')}"
        api = self.simulator.api.replace("127.0.0.1", host)
        return Supervised(folder, config_text(api, self.simulator.key, folder, smtp, http, **more), smtp, http)

    # -- running ----------------------------------------------------------------------------------

    def start(self) -> None:
        for gateway in self.gateways:
            gateway.up()
        self._supervisor.start()
        for gateway in self.gateways:
            self.await_open(gateway, 60)

    def close(self) -> None:
        self._ending.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for gateway in self.gateways:
            gateway.halt()
        self.let_go()
        self.relay.stop()
        self.simulator.stop()

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _supervise(self) -> None:
        while not self._ending.wait(0.05):
            for gateway in self.gateways:
                gateway.watch()

    def doors(self) -> list[GatewayProcess]:
        """Where mail may be offered now."""
        return [door for door in self._doors if not door.down] or list(self._doors)

    # -- disturbing -------------------------------------------------------------------------------

    def any(self) -> Supervised:
        return self.rng.choice(self.gateways)

    def pause(self, least: float, most: float) -> None:
        time.sleep(self.rng.uniform(least, most))

    @contextlib.contextmanager
    def desk(self, *rules: dict[str, Any]) -> Iterator[None]:
        """The desk misbehaves for the block."""
        self.simulator.faults.set(rules)
        try:
            yield
        finally:
            self.simulator.faults.set([])

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Every gateway is killed, and started again after the block."""
        for gateway in self.gateways:
            gateway.halt()
        try:
            yield
        finally:
            for gateway in self.gateways:
                gateway.up()

    # -- looking ----------------------------------------------------------------------------------

    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = make_engine(self.gateways[0].url)
        return self._engine

    def let_go(self) -> None:
        """Hold no file of the store open."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def spool_of_pending(self) -> list[Path]:
        """The spool files of mail that is not posted yet."""
        query = "SELECT path FROM raw JOIN delivery ON raw_id = raw.id WHERE stage = 'ACCEPTED' AND path IS NOT NULL"
        with self.engine().connect() as connection:
            return [self.data / "spool" / name for (name,) in connection.exec_driver_sql(query)]

    @staticmethod
    def is_closed(gateway: Supervised) -> bool:
        """Whether nobody listens at its port."""
        port = gateway.smtp_port if gateway.takes_mail else gateway.http_port
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            return True
        return False

    def await_open(self, gateway: Supervised, wait: float = 10) -> None:
        """Until it listens, or that time is over."""
        end = time.monotonic() + wait
        while self.is_closed(gateway) and time.monotonic() < end:
            time.sleep(0.05)

    def drained(self, wait: float) -> dict[str, int]:
        """Wait until nothing is pending; the sums. Raises AssertionError."""
        end = time.monotonic() + wait
        while True:
            with contextlib.suppress(SQLAlchemyError), self.engine().connect() as connection:
                sums = asdict(counts.sums(connection, arriving=self.arriving()))
                if sums["pending"] == 0:
                    return sums
            if time.monotonic() > end:
                tails = "\n".join(f"-- {gateway.folder.name}\n{gateway.tail(15)}" for gateway in self.gateways)
                raise AssertionError(f"still pending after {wait:.0f} s: {self.pending()}\n{tails}")
            time.sleep(0.2)

    def await_quiet(self, is_quiet: Callable[[Site], bool], wait: float) -> None:
        """Wait for what the gateway does beside the mail. Raises AssertionError."""
        end = time.monotonic() + wait
        while not is_quiet(self):
            if time.monotonic() > end:
                raise AssertionError(f"{getattr(is_quiet, '__name__', '')}: not after {wait:.0f} s")
            time.sleep(0.2)

    def arriving(self) -> int:
        """How many deliveries wait to be imported."""
        waiting = 0
        for folder in (self.arrivals, *(gateway.folder / "arrivals" for gateway in self.gateways)):
            if (folder / FILE).exists():
                with contextlib.closing(ArrivalsFile(folder, create=False)) as file:
                    waiting += file.waiting().deliveries
        return waiting

    def pending(self) -> list[tuple[Any, ...]]:
        """The pending deliveries, for a report."""
        query = "SELECT id, stage, detail FROM delivery WHERE stage IN ('ACCEPTED', 'PLANNED', 'HELD') LIMIT 5"
        with self.engine().connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def endings(self) -> dict[int, int]:
        """How often a process of a gateway ended by itself or by a signal, by exit code."""
        total: Counter[int] = Counter()
        for gateway in self.gateways:
            total += gateway.endings + gateway.parts_ended
        return dict(total)
