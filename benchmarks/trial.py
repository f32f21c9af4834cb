"""How long a trial of much mail takes: ``python -m benchmarks.trial [MAILS]``, 10,000 without a number.

Prints mails a second, CPU by process, and the memory at a tenth and at the end, which has to be about the same.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.mailbox import BOX, KNOWN, write_mbox
from gateway import log
from gateway.config.load import parse
from gateway.operate.trial.run import Trial, Wanted

CONFIG = {
    "desk": {"url": "http://desk.example/api/v1", "api_key": "none"},
    "mailbox": [{"address": BOX, "board": "Support", "fallback_client": "Unknown Senders"}],
    "domain": [{"domain": domain, "client": domain.partition(".")[0].title()} for domain in KNOWN],
}


def memory() -> float:
    """Resident memory now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main(mails: int = 10_000) -> None:
    log.setup("error", "text")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = write_mbox(folder / "mail.mbox", mails)
        settings = parse(dict(CONFIG), {})
        seen: list[float] = []

        def progress(what: str, done: int, total: int) -> None:
            if what == "mails tried" and done * 10 >= total and not seen:
                seen.append(memory())

        async def run() -> None:
            wanted = Wanted((folder / "mail.mbox",), folder / "trial", settings.mailbox[0], offline=True)
            trial = Trial(settings, wanted, progress)
            await trial.prepare(lambda name: None)  # type: ignore[arg-type, return-value]
            await trial.run()
            await trial.close()

        began, cpu = time.monotonic(), time.process_time()
        asyncio.run(run())
        took, cpu = time.monotonic() - began, time.process_time() - cpu
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        kept = sum(file.stat().st_size for file in (folder / "trial").glob("trial.db*")) / 1e6
        print(f"{mails} mails, {size / 1e6:.0f} MB: {took:.0f} s, {mails / took:.0f} mails a second")
        of_children = 1000 * (children.ru_utime + children.ru_stime) / mails
        print(f"CPU for each mail: {1000 * cpu / mails:.1f} ms, children {of_children:.1f} ms")
        print(f"memory at a tenth {seen[0]:.0f} MB, at the end {memory():.0f} MB; the trial's database {kept:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
