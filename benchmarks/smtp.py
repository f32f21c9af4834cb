"""Accepting mail: the gateway beside a bare aiosmtpd handler and Postfix, as ratios.

"edge" is the listener with its arrivals and nothing behind them. "whole" is a gateway whose worker posts to a simulated
desk, listener and worker as processes of their own, begun with nothing to do; "working" is the same with 1,000 mails
to work off, and "two" has two listeners. Each server is a process of its own, ``smtp-source`` (Debian: postfix) sends,
the rounds are interleaved and the medians compared. Run: ``python -m benchmarks.smtp [--rounds N] [--quick] [--json]
[--tree DIR]``; with ``--tree`` a second copy of the gateway's sources is measured as "other" (its listener), "other
whole" and "other working".
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
BOX = "support@msp.example"
LARGE = 5 * 1024 * 1024
HUGE = 25 * 1024 * 1024
WARM = 100  # mails before anything is measured
BACKLOG = 1000
OURS = ("edge", "whole", "two", "working")


# -- servers ------------------------------------------------------------------------------------------


async def serve_edge(port: int, folder: Path) -> None:
    """The listener and the arrivals of the gateway whose sources are on the path, nothing behind them."""
    from gateway.config.mailbox import MailboxSettings
    from gateway.config.settings import StoreSettings
    from gateway.config.smtp import LimitSettings, SmtpSettings
    from gateway.intake.arrivals import Arrivals, ArrivalsAcceptor
    from gateway.intake.mailboxes import Mailboxes
    from gateway.smtp.server import Listener
    from gateway.store.arrivals import ArrivalsFile

    acceptor = ArrivalsAcceptor(Arrivals(folder / "arrivals"), StoreSettings(min_free=0))
    with contextlib.suppress(AttributeError):  # what the importer does, in sources that know of it
        ArrivalsFile(folder / "arrivals", durable=False).lengthen_log()
    more: dict[str, Any] = json.loads(os.environ.get("BENCH_SMTP", "{}"))
    limits = LimitSettings(mails_per_sender=0, mails_per_sender_domain=0)
    settings = SmtpSettings.model_validate(
        {"listen": f"127.0.0.1:{port}", "hostname": "bench.test", "max_connections": 5000, "limits": limits, **more}
    )
    listener = Listener(acceptor, settings, Mailboxes((MailboxSettings(address=BOX),)))
    await listener.start()
    await asyncio.Event().wait()


async def serve_bare(port: int, folder: Path) -> None:
    """aiosmtpd as shipped, a handler that throws the mail away."""
    from aiosmtpd.smtp import SMTP

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            return "250 OK"

    handler = Handler()
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: SMTP(handler, hostname="bench.test", loop=loop), "127.0.0.1", port, backlog=1024)
    await asyncio.Event().wait()


def serve(kind: str, port: int, folder: Path) -> None:
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    work = {"edge": serve_edge, "bare": serve_bare}[kind](port, folder)
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


class Server:
    def __init__(self, name: str, kind: str, tree: Path) -> None:
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "--serve", kind, str(self.port), str(self.folder)],
            env={**os.environ, "PYTHONPATH": str(tree)},
            cwd=tree,
        )
        wait_for(self.port)

    def rate(self, run: Callable[[int, int], float], scale: int) -> float:
        return run(self.port, scale)

    def rss(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        return 0

    def stop(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class WholeServer:
    """A whole gateway with a desk: listeners and a worker. Each measurement has one of its own, whose worker has
    nothing to do before, or ``backlog`` mails."""

    def __init__(self, name: str, processes: int = 1, backlog: int = 0, tree: Path = HERE) -> None:
        self.name = name
        self._processes = processes
        self._backlog = backlog
        self._tree = tree

    def rate(self, run: Callable[[int, int], float], scale: int) -> float:
        from benchmarks.drain import NO_LIMITS
        from gateway.simulator import Seed, Simulator
        from tests.harness import GatewayProcess, config_text, free_port

        folder = Path(tempfile.mkdtemp(prefix="bench-whole-"))
        desk = Simulator(Seed(rate_limit={"mode": "off"})).start()
        port, http = free_port(), free_port()
        smtp = f"processes = {self._processes}\n{NO_LIMITS}"
        text = config_text(desk.api, desk.key, folder, port, http, smtp=smtp, work="", log="warning")
        command = [sys.executable, "-P", "-m", "gateway", "serve", "--config", str(folder / "gateway.toml")]
        gateway = GatewayProcess(folder, text, port, http, command)
        gateway.environment.update(PYTHONPATH=str(self._tree), PYTHONSAFEPATH="1")
        try:
            gateway.start()
            send(port, WARM, 4096, 5, True)
            gateway.drained(120)
            if self._backlog:
                send(port, self._backlog, 4096, 20, True)
            return run(port, min(scale, 2))
        finally:
            gateway.kill()
            desk.stop()
            shutil.rmtree(folder, ignore_errors=True)

    def stop(self) -> None:
        """Nothing is left of a measurement."""


class PostfixServer:
    """Postfix that throws the mail away, from the tests."""

    name = "postfix"

    def __init__(self) -> None:
        from tests.smtp.postfix import Postfix

        self._postfix = Postfix(extra={"default_transport": "discard:", "local_transport": "discard:"})
        self.port = self._postfix.port

    def rate(self, run: Callable[[int, int], float], scale: int) -> float:
        return run(self.port, scale)

    def stop(self) -> None:
        self._postfix.stop()


def wait_for(port: int, wait: float = 20) -> None:
    end = time.monotonic() + wait
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


# -- measuring ----------------------------------------------------------------------------------------


def send(port: int, mails: int, size: int, sessions: int, kept: bool) -> float:
    """Mails a second. Without a ``timeout`` of ``run``, which looks every 50 ms whether the sender is done."""
    command = ["timeout", "300", "smtp-source", "-s", str(sessions), "-m", str(mails), "-l", str(size)]
    command += ["-f", "ann@acme.example", "-t", BOX, *(["-d"] if kept else []), f"127.0.0.1:{port}"]
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return mails / (time.monotonic() - began)


SHAPES: dict[str, Callable[[int, int], float]] = {
    "4 kB, 20 kept": lambda port, scale: send(port, 1000 * scale, 4096, 20, True),
    "4 kB, 20 new": lambda port, scale: send(port, 500 * scale, 4096, 20, False),
    "4 kB, 1 kept": lambda port, scale: send(port, 300 * scale, 4096, 1, True),
    "5 MB, 4 kept": lambda port, scale: send(port, 20 * scale, LARGE, 4, True),
}


def measure(rounds: int, scale: int, other: Path | None, with_postfix: bool = True) -> dict[str, dict[str, float]]:
    """Medians by shape and server, and the ratios of the edge to the others."""
    servers: list[Any] = [Server("edge", "edge", HERE), Server("bare", "bare", HERE)]
    wholes = [WholeServer("whole"), WholeServer("working", backlog=BACKLOG), WholeServer("two", processes=2)]
    if other:
        servers.append(Server("other", "edge", other))
        wholes += [
            WholeServer("other whole", tree=other),
            WholeServer("other working", backlog=BACKLOG, tree=other),
        ]
    if with_postfix and shutil.which("postfix") and os.geteuid() == 0:
        servers.append(PostfixServer())
    names = [server.name for server in (*servers, *wholes)]
    found: dict[str, dict[str, list[float]]] = {shape: {name: [] for name in names} for shape in SHAPES}
    try:
        for server in servers:
            send(server.port, WARM, 4096, 5, True)
        servers += wholes
        for number in range(rounds):
            for shape, run in SHAPES.items():
                for server in servers if number % 2 == 0 else reversed(servers):
                    if server.name == "bare" and shape.startswith("5 MB") and number > 2:
                        continue  # slow, and known
                    found[shape][server.name].append(server.rate(run, scale))
    finally:
        for server in servers:
            server.stop()
    out = {}
    for shape, by_server in found.items():
        medians = {name: statistics.median(values) for name, values in by_server.items()}
        pairs = [(our, name) for our in OURS for name in medians if name not in OURS and " " not in name]
        pairs += [("working", "whole"), *((our, f"other {our}") for our in ("whole", "working") if other)]
        out[shape] = {**medians, **{f"{our}/{name}": medians[our] / medians[name] for our, name in pairs}}
    return out


def growth(content: Sequence[str] = ("-l", str(HUGE)), mails: int = 20) -> float:
    """Megabytes by which the process grows while ``mails`` mails come in at once."""
    server = Server("edge", "edge", HERE)
    try:
        send(server.port, 50, 4096, 5, True)
        before = most = server.rss()
        command = ["smtp-source", "-s", str(mails), "-m", str(mails), *content, "-f", "ann@acme.example", "-t", BOX]
        sender = subprocess.Popen([*command, f"127.0.0.1:{server.port}"], stdout=subprocess.DEVNULL)
        while sender.poll() is None:
            most = max(most, server.rss())
            time.sleep(0.01)
        if sender.returncode:
            raise RuntimeError("smtp-source failed")
        return (most - before) / 1e6
    finally:
        server.stop()


def guarded_growth() -> float:
    """The same with clamd and with SPF, DKIM and DMARC, of signed mails."""
    from tests.smtp.test_clamd import Clamd
    from tests.smtp.test_direct import signed, zone

    records = {"acme.example": [("TXT", "v=spf1 -all")], "_dmarc.acme.example": [("TXT", "v=DMARC1; p=reject")]}
    head = b"From: Ann <ann@acme.example>\r\nTo: " + BOX.encode() + b"\r\nSubject: x\r\n"
    head += b"Date: Sun, 22 Nov 2026 08:30:00 +0100\r\n\r\n"
    clamd = Clamd()
    asked = zone(**records)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    served = asked.served()
    nameserver = asyncio.run_coroutine_threadsafe(served.__aenter__(), loop).result()
    os.environ["BENCH_SMTP"] = json.dumps(
        {
            "scanner": {"clamd": f"127.0.0.1:{clamd.port}"},
            "verdict": {"direct": True, "nameservers": [nameserver], "timeout": 60},
        }
    )
    try:
        with tempfile.NamedTemporaryFile(suffix=".eml") as mail:
            text = signed(head + (b"x" * 76 + b"\r\n") * (HUGE // 78))
            mail.write(text.replace(b"\r\n", b"\n"))
            mail.flush()
            found = growth(("-F", mail.name))
        assert ("s1._domainkey.acme.example", "TXT") in asked.asked
        return found
    finally:
        del os.environ["BENCH_SMTP"]
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        clamd.stop()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--quick", action="store_true", help="a fifth of the mails")
    options.add_argument("--json", action="store_true")
    options.add_argument("--tree", type=Path, help="other sources to compare with")
    options.add_argument("--no-postfix", action="store_true")
    options.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        return serve(chosen.serve[0], int(chosen.serve[1]), Path(chosen.serve[2]))
    if not shutil.which("smtp-source"):
        print("NOT MEASURED: smtp-source is missing (Debian: apt-get install postfix)")
        return None
    found = measure(chosen.rounds, 1 if chosen.quick else 5, chosen.tree, not chosen.no_postfix)
    megabytes = growth()
    guarded = guarded_growth() if shutil.which("clamd") else None
    if chosen.json:
        print(json.dumps({"accept": found, "rss_growth_20x25MB": megabytes, "with_clamd_and_verdicts": guarded}))
        return None
    for shape, values in found.items():
        print(f"{shape:16}", "  ".join(f"{name} {value:.2f}" for name, value in values.items()))
    print(f"20 mails of 25 MB at once: RSS grows by {megabytes:.0f} MB")
    if guarded is not None:
        print(f"the same with clamd and direct verdicts: RSS grows by {guarded:.0f} MB")
    return None


if __name__ == "__main__":
    main()
