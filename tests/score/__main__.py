"""`python -m tests.score [--keep] [--failures]`: the table by kind, field and source; fails when a figure got worse.

The corpora are those of GATEWAY_CORPORA, else ../shared/corpora; without them it says so and ends with 0.
`--keep` writes the figures down, `--failures` names the failing cases.
"""

from __future__ import annotations

import json
import sys
from itertools import product
from pathlib import Path

from tests.score.corpora import HALVES, KINDS, find, measure

KEPT = Path(__file__).parents[2] / "benchmarks" / "scores.json"
LOWER_IS_BETTER = ("missing words", "false alarms", "false forwards", "false")


def main(arguments: list[str]) -> int:
    corpora = find()
    if corpora is None:
        print("NOT SCORED: no corpora (set GATEWAY_CORPORA to their folder)")
        return 0
    kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    figures: dict[str, dict[str, int]] = {}
    for kind, half in product(KINDS, HALVES):
        named = kind if half == "dev" else f"{kind} {half}"
        result = measure(corpora, kind, half)
        figures[named] = result.figures | {f"right of {name}": right for name, (right, _) in result.sources.items()}
        print(
            f"\n{named}: {result.figures['right']}/{result.figures['cases']}"
            f" = {100 * result.figures['right'] / result.figures['cases']:.1f} %"
        )
        for name, value in result.figures.items():
            if name not in ("right", "cases"):
                print(f"  {name:40} {value}")
        for title, table in (("by field", result.fields), ("by source", result.sources)):
            print(f"  {title}:")
            for name, (right, of) in sorted(table.items()):
                print(f"    {name:46} {right}/{of} = {100 * right / of:.1f} %")
        for line in result.notes:
            print(f"  {line}")
        if "--failures" in arguments:
            for case, fields in result.failures:
                print(f"    {case}: {', '.join(fields)}")
    if "--keep" in arguments:
        KEPT.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", "utf-8")
        print(f"\nkept in {KEPT.name}")
        return 0
    worse = [
        f"{kind} {name}: {value}, was {kept[kind][name]}"
        for kind, found in figures.items()
        for name, value in found.items()
        if name in kept.get(kind, {})
        and (value > kept[kind][name] if name in LOWER_IS_BETTER else value < kept[kind][name])
    ]
    print("\nWORSE: " + "; ".join(worse) if worse else "\nas good as the figures kept, or better")
    return 1 if worse else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
