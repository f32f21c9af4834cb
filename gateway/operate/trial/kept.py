"""The reports of trials as they are kept: a page and a file of values in the trial's folder; all of one place."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gateway.operate.trial.page import page
from gateway.operate.trial.report import Report

VALUES, PAGE = "report.json", "report.html"
MOST_BYTES = 4 * 1024 * 1024
_REPORT: TypeAdapter[Report] = TypeAdapter(Report)


class NoReport(Exception):
    """The folder has none that can be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A report with the folder of its trial. ``at`` is when it was made; ``done``: all mail had been tried."""

    folder: Path
    at: float
    done: bool
    report: Report

    @property
    def name(self) -> str:
        return self.folder.name


def values(report: Report, folder: Path, done: bool, at: float) -> dict[str, Any]:
    """What ``--json`` prints and the folder keeps."""
    return {"done": done, "at": at, "page": str(folder / PAGE), "fewer": report.fewer, **asdict(report)}


def write(report: Report, folder: Path, done: bool, at: float) -> None:
    """Keep a report; only its owner may read what is about mail. Raises OSError."""
    for name, text in ((PAGE, page(report, done)), (VALUES, json.dumps(values(report, folder, done, at)))):
        file = folder / f"{name}.new"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
            handle.write(text)
        file.replace(folder / name)


def read(folder: Path) -> Kept:
    """Raises NoReport."""
    file = folder / VALUES
    try:
        with file.open("rb") as handle:
            said = json.loads(handle.read(MOST_BYTES))
        return Kept(folder, float(said["at"]), bool(said["done"]), _REPORT.validate_python(said))
    except FileNotFoundError:
        raise NoReport(f"{folder} has no report of a trial; `gateway trial` writes it there") from None
    except OSError as error:
        raise NoReport(f"{file}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, ValidationError):
        raise NoReport(f"{file} cannot be read: run `gateway trial` again") from None


def files(beside: Path) -> Iterator[Path]:
    """The values of the trials whose folders lie in ``beside``."""
    return beside.glob(f"*/{VALUES}")


def found(beside: Path) -> list[Kept]:
    """The reports of the trials whose folders lie in ``beside``, the newest first."""
    kept = []
    for file in files(beside):
        try:
            kept.append(read(file.parent))
        except NoReport:
            continue
    return sorted(kept, key=lambda report: -report.at)
