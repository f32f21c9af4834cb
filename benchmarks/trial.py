"""How long a trial of much mail takes: ``python -m benchmarks.trial``, of 10,000 mails or as ``--mails`` says.

Prints mails a second, CPU by process, and the memory at a tenth and at the end, which has to be about the same; the
mailbox is made by another process.
With ``--folder`` the mails and the report stay there, and ``--killed`` then tries them once more, in a process
that is killed at a third and at two thirds and goes on each time: its report has to be the same.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from benchmarks.mailbox import BOX, KNOWN
from benchmarks.processes import memory
from gateway import log
from gateway.config.load import parse
from gateway.operate.trial.report import made
from gateway.operate.trial.run import Trial, Wanted

CONFIG = {
    "desk": {"url": "http://desk.example/api/v1", "api_key": "none"},
    "mailbox": [{"address": BOX, "board": "Support", "fallback_client": "Unknown Senders"}],
    "domain": [{"domain": domain, "client": domain.partition(".")[0].title()} for domain in KNOWN],
}


class Seen(NamedTuple):
    """How many mails were tried, after how many seconds of CPU, with what memory."""

    done: int
    cpu: float
    memory: str


def memory_now() -> str:
    """That of this process, and that of files that are mapped, which the machine takes back when it needs them."""
    own, mapped = (memory(os.getpid(), kind) / 1e6 for kind in ("RssAnon", "RssFile"))
    return f"{own:.0f} MB and {mapped:.0f} of mapped files"


def main(folder: Path, mails: int, name: str = "trial") -> None:
    """Try the mails; what was begun in this folder under the name goes on."""
    log.setup("error", "text")
    box = folder / "mail.mbox"
    if not box.exists():
        subprocess.run([sys.executable, "-m", "benchmarks.mailbox", str(box), str(mails)], check=True)
    settings = parse(dict(CONFIG), {})
    seen: list[Seen] = []

    def progress(what: str, done: int, total: int) -> None:
        if what != "mails tried":
            return
        if done * 10 >= total * (len(seen) + 1):
            seen.append(Seen(done, time.process_time(), memory_now()))
        if not sys.stdout.isatty():
            print(f"{done} of {total}", flush=True)

    async def run() -> str:
        wanted = Wanted((box,), folder / name, settings.mailbox[0], offline=True)
        trial = Trial(settings, wanted, progress)
        await trial.prepare(lambda name: None)  # type: ignore[arg-type, return-value]
        await trial.run()
        report = trial.store.read_sync(lambda c: made(c, settings))
        await trial.close()
        return json.dumps(asdict(report), indent=1, sort_keys=True)

    began, cpu = time.monotonic(), time.process_time()
    (folder / f"{name}.json").write_text(asyncio.run(run()))
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    kept = sum(file.stat().st_size for file in (folder / name).glob("trial.db*")) / 1e6
    print(f"{mails} mails, {box.stat().st_size / 1e6:.0f} MB: {took:.0f} s, {mails / took:.0f} mails a second")
    of_children = 1000 * (children.ru_utime + children.ru_stime) / mails
    print(f"CPU for each mail: {1000 * cpu / mails:.1f} ms, children {of_children:.1f} ms")
    print(f"memory at a tenth {seen[0].memory}, at the end {seen[-1].memory}")
    print(f"the trial's database {kept:.0f} MB")
    for before, after in pairwise(seen):
        tenth = 1000 * (after.cpu - before.cpu) / (after.done - before.done)
        print(f"after {after.done} mails: {tenth:.1f} ms of CPU for each of the last tenth, {after.memory}")


def killed(folder: Path, mails: int) -> None:
    """Try the same mails once more, killed twice."""
    shutil.rmtree(folder / "killed", ignore_errors=True)
    command = [sys.executable, "-m", "benchmarks.trial", "--mails", str(mails), "--folder", str(folder)]
    for until in (mails // 3, 2 * mails // 3, 2 * mails):
        with subprocess.Popen([*command, "--name", "killed"], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                tried = line.split(" of ")[0]
                if tried.isdigit() and int(tried) >= until:
                    process.kill()
                    print(f"killed after {tried} mails")
                    break
                if not tried.isdigit():
                    print(line, end="")
    is_same = (folder / "killed.json").read_bytes() == (folder / "trial.json").read_bytes()
    print("the report is the same" if is_same else f"REPORTS DIFFER: {folder}/trial.json, killed.json")


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="python -m benchmarks.trial")
    options.add_argument("--mails", type=int, default=10_000)
    options.add_argument("--folder", type=Path, help="where the mails, the trial and its report stay")
    options.add_argument("--name", default="trial", help="of the trial in the folder")
    options.add_argument("--killed", action="store_true", help="the same mails again, killed twice on the way")
    said = options.parse_args()
    if said.folder:
        said.folder.mkdir(parents=True, exist_ok=True)
    with nullcontext(said.folder) if said.folder else tempfile.TemporaryDirectory() as place:
        if said.killed:
            killed(Path(place), said.mails)
        else:
            main(Path(place), said.mails, said.name)
