"""What the campaign found, kept by seed and code version, and the page that is made from it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.faults.judge import Verdict

ROOT = Path(__file__).parent.parent.parent
KEPT = Path(__file__).with_name("results.jsonl")
Key = tuple[str, str, int, str]
SEVERAL, ONE, ROLES = "processes", "one process", "roles"
"""Forms: a listener and a worker are processes of one gateway; all is one; listeners and workers are gateways."""
SHORT = 10  # digits of a code version that are shown


@dataclass(frozen=True)
class Run:
    """What happened in a run. ``form`` of the gateway, as FORMS; ``mails`` got 250; ``restarts``: processes that ended, by a signal or themselves."""

    kind: str
    store: str
    seed: int
    form: str
    mails: int
    done: int
    quarantined: int
    suppressed: int
    redelivered: int
    restarts: int
    seconds: float
    verdict: Verdict
    note: str = ""

    @property
    def key(self) -> Key:
        return self.kind, self.store, self.seed, self.form


def code_version() -> str:
    """The git tree hash of gateway/ as it is in the working tree, "unknown" outside a repository."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "GIT_INDEX_FILE": f"{folder}/index"}

        def git(*words: str) -> str:
            done = subprocess.run(
                ["git", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
            )
            return done.stdout.strip()

        try:
            git("read-tree", "HEAD")
            git("add", "--all", "gateway")
            return git("write-tree", "--prefix=gateway/")
        except (OSError, subprocess.CalledProcessError):
            return "unknown"


def keep(run: Run, code: str) -> None:
    with KEPT.open("a", encoding="utf-8") as kept:
        kept.write(json.dumps({"code": code, **asdict(run)}) + "\n")


def load() -> list[tuple[str, Run]]:
    """(code version, run), oldest first."""
    if not KEPT.exists():
        return []
    return [_run(json.loads(line)) for line in KEPT.read_text(encoding="utf-8").splitlines() if line]


def _run(row: dict[str, Any]) -> tuple[str, Run]:
    code = row.pop("code")
    return code, Run(**{**row, "verdict": Verdict(**row["verdict"])})


def latest(kept: Iterable[tuple[str, Run]]) -> dict[Key, tuple[str, Run]]:
    """The last result of each kind, store, seed and form."""
    return {run.key: (code, run) for code, run in kept}
