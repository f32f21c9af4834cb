"""The pages under load: how much slower mail is accepted while people read, as a ratio within one run.

``python -m benchmarks.readers [--rounds N] [--seconds S] [--rate R] [--pause S] [--processes N]``. A gateway with its
console takes mail at a fixed rate and turns it into tickets of a simulated desk; in every other span READERS people
open pages, each one some seconds after the last. Measured is the time from DATA to its 250; spans go in pairs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import smtplib
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from email.policy import SMTP
from pathlib import Path
from subprocess import PIPE, Popen

import httpx

from gateway.simulator import Seed, Simulator
from tests.harness import BOX, GatewayProcess, free_port, gateway, mail

READERS = 20
RATE = 100.0  # mails a second
CONNECTIONS = 8
PAUSE = 2.0  # seconds between two pages of a reader
LIMITS = """
[smtp.limits]
mails_per_sender = 0
mails_per_sender_domain = 0
commands_per_session = 1000000
exempt = ["127.0.0.1/32"]
"""
PAGES = ("/", "/todo", "/find", "/find?q=is:held", "/find?q=printer", "/find?q=TIC001001", "/mail/{number}")


class Sender:
    """Sends at ``rate`` over connections that stay. ``took`` are the seconds from DATA to 250 of each mail."""

    def __init__(self, port: int, rate: float) -> None:
        self.took: list[float] = []
        self.refused = ""
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(port, number, rate)) for number in range(CONNECTIONS)]
        for thread in self._threads:
            thread.start()

    def _run(self, port: int, number: int, rate: float) -> None:
        client = smtplib.SMTP("127.0.0.1", port, "client.test")
        client.ehlo()
        due, sent = time.perf_counter() + number / rate, 0
        while not self._stop.wait(max(0.0, due - time.perf_counter())):
            due += CONNECTIONS / rate
            sent += 1
            sender = f"user{number}.{sent % 500}@client{sent % 40}.example"
            content = mail(f"The printer of room {sent}", "It prints blank pages.\n" * 20, sender=sender).as_bytes(
                policy=SMTP
            )
            client.mail(sender)
            client.rcpt(BOX)
            began = time.perf_counter()
            code, words = client.data(content)
            if code != 250:
                self.refused = words.decode(errors="replace")
                return
            self.took.append(time.perf_counter() - began)
        client.quit()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


async def read(address: str, cookie: str, pause: float) -> None:
    """READERS people, until standard input ends; prints what they saw. A process of its own."""
    seen: list[float] = []
    over = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

    async def reader(number: int) -> None:
        async with httpx.AsyncClient(base_url=address, cookies={"gateway_console": cookie}, timeout=30) as client:
            await asyncio.sleep(pause * number / READERS)
            for turn in range(1_000_000):
                page = PAGES[(number + turn) % len(PAGES)].format(number=1 + (number * 7 + turn) % 50)
                began = time.perf_counter()
                answer = await client.get(page)
                assert answer.status_code == 200, (page, answer.status_code)
                seen.append(time.perf_counter() - began)
                if len(seen) == READERS:
                    print("all read", flush=True)
                await asyncio.sleep(pause)

    work = [asyncio.create_task(reader(number)) for number in range(READERS)]
    await asyncio.wait([over, *work], return_when=asyncio.FIRST_COMPLETED)
    for task in work:
        if task.done():
            task.result()
        task.cancel()
    print(json.dumps({"pages": len(seen), "median": statistics.median(seen) if seen else 0.0}))


def logged_in(running: GatewayProcess, address: str) -> str:
    """The value of a session's cookie."""
    link = re.search(r"link=(\S+)", running.run("console").stdout)
    assert link is not None
    with httpx.Client(transport=httpx.HTTPTransport(retries=10)) as client:  # its process may still be starting
        answer = client.post(f"{address}/enter", data={"link": link[1]}, headers={"Origin": address})
    return answer.cookies["gateway_console"]


def main(
    rounds: int = 6,
    seconds: float = 15.0,
    rate: float = RATE,
    pause: float = PAUSE,
    processes: int = 1,
    show: Callable[[str], None] = print,
) -> float:
    """The median ratio of accepting with readers to accepting without."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    extra = f'[console]\nlisten = "127.0.0.1:{port}"\n{LIMITS}'
    with (
        tempfile.TemporaryDirectory() as folder,
        Simulator(Seed(rate_limit={"mode": "off"})) as simulator,
        gateway(
            Path(folder),
            simulator,
            log="warning",
            work="",
            extra=extra,
            guard="tickets_per_hour = 0",
            smtp=f"processes = {processes}",
        ) as running,
    ):
        cookie = logged_in(running, address)
        sender = Sender(running.smtp_port, rate)
        time.sleep(min(10.0, seconds))  # what begins slowly is over
        ratios, pages = [], []
        command = [sys.executable, "-m", "benchmarks.readers", "--read", address, cookie, "--pause", str(pause)]
        for number in range(rounds):
            means: dict[bool, float] = {}
            for with_readers in (False, True) if number % 2 else (True, False):
                people = Popen(command, stdin=PIPE, stdout=PIPE, text=True) if with_readers else None
                if people is not None:
                    assert people.stdout is not None
                    people.stdout.readline()  # a process that starts is not what is measured
                before = len(sender.took)
                time.sleep(seconds)
                if sender.refused:
                    raise SystemExit(f"a mail was refused: {sender.refused}")
                means[with_readers] = statistics.mean(sender.took[before:])
                if people is not None:
                    said, _ = people.communicate("")
                    pages.append(json.loads(said))
            ratios.append(means[True] / means[False])
            opened, median = pages[-1]["pages"], pages[-1]["median"]
            show(
                f"round {number + 1}: {1e3 * means[False]:.2f} ms without readers, {1e3 * means[True]:.2f} ms with,"
                f" ratio {ratios[-1]:.3f}; {opened} pages, median {1e3 * median:.0f} ms"
            )
        sender.stop()
        ratio = statistics.median(ratios)
        form = f"{processes} listeners and a worker" if processes else "one process"
        show(f"{form}, {rate:.0f} mails a second, {READERS} readers: accepts take {ratio:.3f} of the time without them")
    return ratio


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--pause", type=float, default=PAUSE)
    parser.add_argument("--processes", type=int, default=1, help="[smtp] processes; 0: one process for all")
    parser.add_argument("--read", nargs=2, metavar=("ADDRESS", "COOKIE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        address, cookie = options.read
        asyncio.run(read(address, cookie, options.pause))
    else:
        main(options.rounds, options.seconds, options.rate, options.pause, options.processes)
