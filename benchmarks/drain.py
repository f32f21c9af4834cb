"""How fast a backlog drains into a desk without limits: ``python -m benchmarks.drain [MAILS]``.

Mails are accepted while the desk is down, then the desk comes up. Prints mails a second, and the CPU of the gateway's
processes and of the desk for one mail. The desk runs in a process of its own on the same machine.
"""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from email.policy import SMTP
from pathlib import Path

from benchmarks.processes import seconds_of
from tests.harness import GatewayProcess, config_text, free_port, mail

LOOK = 0.5  # seconds between two looks at the metrics, which take the worker some milliseconds each
NO_GUARD = "tickets_per_hour = 0\ncomments_per_hour = 0"
NO_LIMITS = "[smtp.limits]\nmails_per_sender = 0\nmails_per_sender_domain = 0"


def cpu(gateway: GatewayProcess) -> tuple[float, float]:
    """CPU seconds of a gateway's processes that live: but for its parsers, and of those."""
    others = parsers = 0.0
    for name, number in gateway.processes().items():
        if name.startswith("parser"):
            parsers += seconds_of(number)
        else:
            others += seconds_of(number)
    return others, parsers


def post(url: str, value: object) -> None:
    request = urllib.request.Request(url, json.dumps(value).encode(), {"content-type": "application/json"})
    urllib.request.urlopen(request).read()


def main(mails: int = 1500, show: Callable[[str], None] = print) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seed = folder / "seed.json"
        seed.write_text(json.dumps({"rate_limit": {"mode": "off"}}))
        desk = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gateway.simulator",
                "--listen",
                "127.0.0.1:0",
                "--seed-file",
                str(seed),
                "--quiet",
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert desk.stdout
        url = desk.stdout.readline().split()[-1]
        smtp, http = free_port(), free_port()
        more = {"desk": "rate = 0", "work": "", "log": "warning", "guard": NO_GUARD, "smtp": NO_LIMITS}
        text = config_text(f"{url}/api/v1", "demo-desk-key", folder, smtp, http, **more)
        gateway = GatewayProcess(folder, text, smtp, http)
        try:
            post(f"{url}/_sim/database", {"up": False})
            gateway.start()
            with smtplib.SMTP("127.0.0.1", smtp) as client:
                for number in range(mails):
                    message = mail(f"Mail {number}", "It does not work.\n" * 20, sender="alice@acme.example")
                    client.sendmail("alice@acme.example", ["support@msp.example"], message.as_bytes(policy=SMTP))
            post(f"{url}/_sim/database", {"up": True})
            began = first = 0.0
            while True:
                _, page = gateway.get("/metrics")
                pending = next(float(line.split()[1]) for line in page.splitlines() if 'state="pending"' in line)
                if not began and pending < mails:
                    began, first, start_cpu = time.monotonic(), pending, (*cpu(gateway), seconds_of(desk.pid))
                if pending == 0 and first == 0:
                    raise SystemExit(f"{mails} mails were done between two looks: take more")
                if pending == 0:
                    break
                time.sleep(LOOK if began else 0.1)
            seconds = time.monotonic() - began
            done = first
            end_cpu = (*cpu(gateway), seconds_of(desk.pid))
            spent = [1000 * (after - before) / done for before, after in zip(start_cpu, end_cpu, strict=True)]
            rate = f"{done / seconds:7.0f} mails/s"
            said = "{:.2f} ms CPU of the gateway a mail, {:.2f} of its parsers, {:.2f} of the desk".format(*spent)
            show(f"drain        {rate}, {said}")
        finally:
            gateway.kill()
            desk.terminate()
            desk.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1500)
