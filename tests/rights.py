"""Files and folders that a user may not read, also where root runs the tests, who may read all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike those of pytest, and whose files everybody may read: commands that
    tests carried out within this process have left it their umask."""
    with tempfile.TemporaryDirectory(prefix="gateway-") as made:
        Path(made).chmod(0o755)
        before = os.umask(0o022)
        try:
            yield Path(made)
        finally:
            os.umask(before)


@contextmanager
def closed(path: Path) -> Iterator[None]:
    path.chmod(0)
    try:
        yield
    finally:
        path.chmod(0o700)


@contextmanager
def as_nobody() -> Iterator[None]:
    """As a user who may not enter what others closed; os.access goes by the real user, so that changes, too."""
    if os.getuid():
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
