"""Lets a gateway's disk, clock or names fail: shim.c, compiled and preloaded into its process."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import struct
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from tests.peers import Missing

SOURCE = Path(__file__).with_name("shim.c")
WORDS = struct.Struct("=iiiiq4096s")
FOR_NOW, NEVER = 1, 2  # a name does not resolve for now; does not exist


@cache
def library() -> Path:
    """The compiled shim. Raises Missing where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Missing("no C compiler (cc) to make the shim that lets fsync, clock and names fail")
    made = Path(tempfile.mkdtemp(prefix="gateway-shim-")) / "shim.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(made), str(SOURCE), "-ldl"], check=True)
    return made


class Shim:
    """The failures of one process. ``under``: the folder whose files can fail."""

    def __init__(self, folder: Path, under: Path) -> None:
        self._file = folder / "shim"
        self._file.write_bytes(bytes(WORDS.size))
        with self._file.open("r+b") as handle:
            self._map = mmap.mmap(handle.fileno(), WORDS.size)
        self._under = os.fsencode(under)
        self._sync_error = self._write_error = self._names = self._clock = 0
        self._write()
        self.environment = {"LD_PRELOAD": str(library()), "GATEWAY_TEST_SHIM": str(self._file)}

    def sync_fails(self, fails: bool) -> None:
        """fsync answers EIO."""
        self._sync_error = errno.EIO if fails else 0
        self._write()

    def read_only(self, is_read_only: bool) -> None:
        """As after a remount for errors: files that are open for writing cannot be written either."""
        self._write_error = errno.EROFS if is_read_only else 0
        self._write()

    def clock(self, seconds: float) -> None:
        """The machine's clock less the true time."""
        self._clock = round(seconds * 1000)
        self._write()

    def names(self, how: int) -> None:
        """Names below ``.shim``: 0 lead to loopback, FOR_NOW, NEVER."""
        self._names = how
        self._write()

    def _write(self) -> None:
        self._map[:] = WORDS.pack(
            self._sync_error, self._write_error, self._names, 0, self._clock, self._under.ljust(4096, b"\0")
        )
