"""``python -m tests.conversations [-v]``: every conversation; the figures by program and by way go into figures.md."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from tests.conversations.play import PROGRAMS, WAYS, Case, Result, cases, result_of

HEAD = """# Conversations

What comments show of replies that quote a technician's comment: `python -m tests.conversations` writes this page.
"Shown again" are words that the ticket has already; those of the lines that are answered, which are shown on purpose, are
counted beside them. So are words of a signature after this ticket and two others have shown it; the sender's name stays.
In the three programs for text (mutt, roundcube text, outlook text) "coloured" is an answer between asterisks, and "in a
cell" one behind the question and a tab.
"""


def main() -> int:
    results = {case: result_of(case) for case in cases()}
    lines = [HEAD]
    for title, names in (("program", PROGRAMS), ("way", WAYS)):
        groups: dict[str, list[Result]] = defaultdict(list)
        for case, result in results.items():
            groups[getattr(case, title)].append(result)
        lines += [f"| {title} | replies | words lost | quoted words shown again | of answered lines | words of a signature |", "|---|---|---|---|---|---|"]
        lines += [row(name, groups[name]) for name in names] + [row("all", list(results.values())), ""]
    text = "\n".join(lines)
    print(text)
    Path(__file__).with_name("figures.md").write_text(text, "utf-8")
    if "-v" in sys.argv:
        for case, result in results.items():
            if is_bad(case, result):
                print(case, result)
    return int(any(result.lost for result in results.values()))


def is_bad(case: Case, result: Result) -> bool:
    return bool(result.lost) or result.again > 0.05 * result.quoted


def row(name: str, results: list[Result]) -> str:
    quoted = sum(result.quoted for result in results)
    again, context = (100 * sum(getattr(result, kind) for result in results) / quoted for kind in ("again", "context"))
    signature, signed = (sum(getattr(result, kind) for result in results) for kind in ("signature", "signed_again"))
    known = f"{100 * signed / signature:.1f} %" if signature else ""
    return f"| {name} | {len(results)} | {sum(len(result.lost) for result in results)} | {again:.1f} % | {context:.1f} % | {known} |"


sys.exit(main())
