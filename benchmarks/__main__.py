"""``make bench``: all measurements; the figures go to benchmarks/RESULTS.md with machine and date.

    python -m benchmarks [--quick]

``--quick`` leaves out the table of 10 million ids and shortens the rest; its figures are not kept.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import drain, find, headers, history, lookups, notices, parse, readers, replies, rules, stages, stall

HERE = Path(__file__).parent
ROUNDS = 3
GROWING = "## Growing"  # the long form of benchmarks.scale: kept as it is


def machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}"


def smtp(quick: bool) -> list[str]:
    """The edge beside its references, from a process of its own: it starts servers of its own."""
    command = [sys.executable, "-m", "benchmarks.smtp", *(["--quick"] if quick else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.strip().splitlines() or [f"not measured, exit code {done.returncode}"]


def by_stage(quick: bool, show: Callable[[str], None]) -> None:
    """Processor time of a mail by stage: the median of rounds. Kept for the picture, unless quick."""
    beside = history.yardstick()
    rounds = [stages.measure(200 if quick else stages.MAILS) for _ in range(1 if quick else ROUNDS)]
    figures = {stage: statistics.median(each[stage] for each in rounds) for stage in rounds[0]}
    beside = statistics.median((beside, history.yardstick()))
    for stage, ms in {**figures, "a fixed piece of work beside": beside}.items():
        show(f"{stage:32} {ms:10.2f}")
    if not quick:
        history.keep(figures, beside)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    quick = options.parse_args().quick
    lines: list[str] = []
    kept = 1000 if quick else 10_000

    def show(text: str) -> None:
        print(text, flush=True)
        lines.append(text)

    show("# Benchmarks")
    show("")
    show(f"{datetime.now(UTC):%Y-%m-%d}, {machine()}. These machines are noisy: read ratios, not absolute figures.")
    def table(figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            show(f"{name:42} {value:10.2f}")

    def drained() -> None:
        for _ in range(1 if quick else ROUNDS):
            drain.main(500 if quick else 1500, show)

    sections: dict[str, Callable[[], object]] = {
        "Accepting": lambda: show("\n".join(smtp(quick))),
        "Reading": lambda: table(parse.measure()),
        "Draining": drained,
        "Processor time by stage, ms": lambda: by_stage(quick, show),
        "Rules": lambda: table(rules.main(kept)),
        "Notices": lambda: table(notices.main()),
        "Replies": lambda: table(replies.main(20 if quick else replies.ROUNDS)),
        "Event loop": lambda: stall.main(show),
        "Headers": lambda: headers.main(show),
        "Readers": lambda: [
            readers.main(2 if quick else 3, 5.0 if quick else 15.0, processes=number, show=show) for number in (0, 1)
        ],
        "Finding": lambda: find.main(50_000 if quick else find.LARGE, show),
        "Look-ups": lambda: lookups.main(200_000 if quick else lookups.LARGE, show),
    }
    for title, work in sections.items():
        show(f"\n## {title}\n\n```")
        work()
        show("```")
    if not quick:
        results = HERE / "RESULTS.md"
        _, growing, rest = results.read_text(encoding="utf-8").partition(GROWING)
        results.write_text("\n".join(lines) + "\n\n" + growing + rest, encoding="utf-8")


if __name__ == "__main__":
    main()
