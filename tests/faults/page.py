"""The tables of docs/faults.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.faults.kinds import ALL as KINDS
from tests.faults.results import ONE, ROLES, SEVERAL, SHORT, Run, latest, load
from tests.faults.storms import ALL as STORMS

Kept = tuple[str, Run]
"""(code version, run)."""

GATEWAYS = {
    "sqlite": ("sqlite", (SEVERAL,)),
    "sqlite, one process": ("sqlite", (ONE,)),
    "postgresql": ("postgresql", (ONE, ROLES, SEVERAL)),
}
WRONG = {
    "lost": "lost",
    "doubled": "doubled",
    "out of order": "disordered",
    "files different": "files",
    "other": "other",
}


def kinds() -> str:
    rows = [
        [f"`{kind.name}`", kind.done, kind.sender, kind.operator, kind.promise] for kind in (*KINDS, *STORMS)
    ]  # fmt: skip
    return _table(["fault", "what is done", "the sender sees", "the operator sees", "promised"], rows)


def results() -> str:
    """By kind and store, of the last run of each seed."""
    found = latest(load())
    rows = []
    for kind in (*KINDS, *STORMS):
        for words, (store, forms) in GATEWAYS.items():
            here = [key for key in sorted(found) if key[:2] == (kind.name, store) and key[3] in forms]
            if here:
                rows.append(_row(f"`{kind.name}`", words, [found[key] for key in here]))
    for words, (store, forms) in GATEWAYS.items():
        if runs := [run for key, run in found.items() if key[1] == store and key[3] in forms]:
            rows.append(_row("**all**", words, runs))
    head = ["fault", "store", "runs", "mails", "done", "aside", "again", "restarts", *WRONG, "code"]
    return _table(head, rows)


def storms() -> str:
    found = latest(load())
    return "\n".join(
        f"- `{storm.name}`, {run.store}, {run.form}: {run.note}."
        for storm in STORMS
        for _, run in [found[key] for key in found if key[0] == storm.name]
    )


def _row(name: str, store: str, kept: Sequence[Kept]) -> list[str]:
    runs = [run for _, run in kept]
    numbers = [
        len(runs),
        sum(run.mails for run in runs),
        sum(run.done for run in runs),
        sum(run.quarantined + run.suppressed for run in runs),
        sum(run.redelivered for run in runs),
        sum(run.restarts for run in runs),
        *(sum(len(getattr(run.verdict, what)) for run in runs) for what in WRONG.values()),
    ]
    codes = " ".join(sorted({f"`{code[:SHORT]}`" for code, _ in kept}))
    return [name, store, *map(str, numbers), codes]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
