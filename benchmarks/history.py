"""Processor time of a mail over the commits: kept in benchmarks/stages.jsonl, drawn into docs/cpu.svg.

Machines differ, and the same one is slower while others use it. So a fixed piece of work is timed beside each
measurement, and the picture shows what the stages would take if that took the same in all of them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.stages import STAGES

KEPT = Path(__file__).with_name("stages.jsonl")
PICTURE = Path(__file__).parents[1] / "docs" / "cpu.svg"
SHOWN = 24
"""Measurements in the picture, the newest."""
COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#bab0ac", "#9c755f")
WIDTH, HEIGHT, LEFT, TOP, LEGEND = 720, 260, 44, 16, 110


def yardstick() -> float:
    """Milliseconds of processor time of a fixed piece of work: the median of seven."""
    value = {f"name {number}": [number, str(number), {"of": number * 1.5}] for number in range(400)}
    took = []
    for _ in range(7):
        began = time.thread_time()
        for _ in range(10):
            json.loads(json.dumps(value))
            sorted(value, key=lambda name: name[::-1].casefold())
        took.append(1000 * (time.thread_time() - began))
    return statistics.median(took)


def keep(figures: dict[str, float], beside: float) -> None:
    """Add a measurement of the checked-out commit, and draw; one of a commit that was measured before takes its
    place."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, text=True, check=True)
    measured = {"commit": commit.stdout.strip(), "at": f"{datetime.now(UTC):%Y-%m-%d}", "yardstick": round(beside, 2)}
    rows = [row for row in kept() if row["commit"] != measured["commit"]]
    rows.append({**measured, **{stage: round(ms, 3) for stage, ms in figures.items()}})
    KEPT.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    PICTURE.write_text(drawn(rows[-SHOWN:]), encoding="utf-8")


def kept() -> list[dict[str, Any]]:
    """The measurements, the oldest first."""
    return [json.loads(line) for line in KEPT.read_text(encoding="utf-8").splitlines()] if KEPT.exists() else []


def drawn(rows: list[dict[str, Any]]) -> str:
    """A bar for each measurement, a colour for each stage."""
    usual = statistics.median(row["yardstick"] for row in rows)
    bars = [[(stage, row[stage] * usual / row["yardstick"]) for stage in (*STAGES, "parsers")] for row in rows]
    most = max(sum(ms for _, ms in bar) for bar in bars)
    room, step = HEIGHT - TOP - 40, (WIDTH - LEFT - LEGEND) / len(rows)
    shapes = []
    for line in range(0, int(most) + 1, 5):
        y = TOP + room * (1 - line / most)
        shapes.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - LEGEND}" stroke="#ccc"/>')
        shapes.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{line}</text>')
    for place, (row, bar) in enumerate(zip(rows, bars, strict=True)):
        x, y = LEFT + place * step, float(TOP + room)
        for (stage, ms), colour in zip(bar, COLOURS, strict=True):
            height = room * ms / most
            y -= height
            shapes.append(
                f'<rect x="{x + step * 0.1:.1f}" y="{y:.1f}" width="{step * 0.8:.1f}" height="{height:.1f}" '
                f'fill="{colour}"><title>{row["commit"]}, {stage}: {ms:.2f} ms</title></rect>'
            )
        label = f'x="{x + step / 2:.1f}" y="{TOP + room + 14}"'
        turned = f'transform="rotate(30 {x + step / 2:.1f} {TOP + room + 14})"'
        shapes.append(f"<text {label} {turned}>{row['commit'][:7]}</text>")
    for place, (stage, colour) in enumerate(zip((*STAGES, "parsers"), COLOURS, strict=True)):
        y = TOP + 20 + 18 * place
        shapes.append(f'<rect x="{WIDTH - LEGEND + 12}" y="{y - 9}" width="10" height="10" fill="{colour}"/>')
        shapes.append(f'<text x="{WIDTH - LEGEND + 28}" y="{y}">{stage}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="11">\n<title>Milliseconds of processor time of a mail, by stage, over the commits</title>\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n' + "\n".join(shapes) + "\n</svg>\n"
    )
