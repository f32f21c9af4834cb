"""Disks that run full or lose power: mounts of our own. They need root; Missing elsewhere."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.peers import Missing
from tests.waiting import PATIENCE

SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN
NO_FLUSH = 2  # neither data nor log: what was not synced is gone
MIB = 1 << 20


def _command(*words: str) -> None:
    """Raises Missing."""
    if os.geteuid() != 0 or not shutil.which(words[0]):
        raise Missing(f"{words[0]} needs root")
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode:
        raise Missing(f"{' '.join(words)}: {done.stderr.strip()}")


class SmallDisk:
    """A file system in memory that can be filled to the last block."""

    def __init__(self, at: Path, size: int) -> None:
        at.mkdir(parents=True, exist_ok=True)
        _command("mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", str(at))
        self.at = at

    def fill(self) -> None:
        with (self.at / "ballast").open("ab", buffering=0) as ballast:
            for size in (MIB, 4096):
                try:
                    while True:
                        ballast.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def free(self) -> None:
        (self.at / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        _unmount(self.at)


class LossyDisk:
    """An ext4 in a file, whose power can be cut: what was not synced is lost, as in a real fall."""

    def __init__(self, at: Path, size: int = 64 * MIB) -> None:
        at.mkdir(parents=True, exist_ok=True)
        self.at = at
        self._image = at.with_suffix(".image")
        with self._image.open("wb") as image:
            image.truncate(size)
        _command("mkfs.ext4", "-q", "-F", str(self._image))
        self._mount()

    def _mount(self) -> None:
        _command("mount", "-o", "loop", str(self._image), str(self.at))

    def cut(self) -> None:
        """From now on every write fails, and what waits to be written is dropped."""
        folder = os.open(self.at, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", NO_FLUSH))
        finally:
            os.close(folder)

    def restore(self) -> None:
        """Power is back: mounted again, the journal replayed. No process may have a file open."""
        _unmount(self.at)
        self._mount()

    def close(self) -> None:
        _unmount(self.at)
        self._image.unlink()


def _unmount(at: Path) -> None:
    for lazy in ((), (), (), ("-l",)):
        with contextlib.suppress(Missing):
            _command("umount", *lazy, str(at))
            return
        subprocess.run(["sleep", "0.3"], check=False)


@contextlib.contextmanager
def closing(disk: SmallDisk | LossyDisk) -> Iterator[None]:
    try:
        yield
    finally:
        disk.close()
