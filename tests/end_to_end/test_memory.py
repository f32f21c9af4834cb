"""Memory of the serving processes under large mails."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.simulator import Seed, Simulator
from tests.harness import gateway, mail
from tests.sizes import size

MAILS = size(3, 20)


def rss(pids: Sequence[int]) -> int:
    """Resident bytes of these processes."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total


@pytest.mark.slow
def test_concurrent_mails_of_25_megabytes(tmp_path: Path) -> None:
    """Growth under 10 MB for each, the parser's children apart."""
    with Simulator(Seed(rate_limit={"mode": "off"})) as simulator, gateway(tmp_path, simulator) as running:
        running.became(running.send(mail("Warm", sender="alice@acme.example")))
        pids = [pid for name, pid in running.processes().items() if not name.startswith("parser")]
        before, peak, over = rss(pids), 0, threading.Event()

        def watch() -> None:
            nonlocal peak
            while not over.is_set():
                peak = max(peak, rss(pids))
                time.sleep(0.02)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            with ThreadPoolExecutor(MAILS) as pool:
                answers = list(pool.map(lambda n: running.send(large(n), "alice@acme.example"), range(MAILS)))
            for answer in answers:
                assert running.became(answer, 110)["stage"] == "DONE"
        finally:
            over.set()
            watcher.join()
        growth = (peak - before) / (1 << 20)
        print(f"growth {growth:.0f} MB from {before / (1 << 20):.0f} MB")
        assert growth < 10 * MAILS


def large(number: int) -> bytes:
    """25 MB on the wire, each with a content of its own."""
    line = f"{number:06d}".encode() * 12 + b"\r\n"
    body = line * (25_000_000 // len(line))
    head = (
        b"From: alice@acme.example\r\nSubject: large %d\r\nMessage-ID: <l%d@acme.example>\r\nMIME-Version: 1.0\r\n"
        % (number, number)
    )
    return (
        head
        + b"Content-Type: application/octet-stream; name=large.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + body
    )
