"""Who holds a file's ``flock``. Source: proc_locks(5), proc_pid_stat(5)."""

from __future__ import annotations

from pathlib import Path

LOCKS = Path("/proc/locks")


def told(path: Path) -> str:
    """The process that has the lock on a file or folder, in words: its id, and that it is stopped where it is."""
    try:
        inode = path.stat().st_ino
        for line in LOCKS.read_text().splitlines():
            _, *lock = line.split()
            if lock[0] == "FLOCK" and lock[4].rpartition(":")[2] == str(inode):
                return f"process {lock[3]}{' (stopped)' if _state(lock[3]) in 'Tt' else ''}"
    except (OSError, IndexError):
        pass
    return "another process"


def _state(process: str) -> str:
    """The letter of a process's state, of one that nobody sees "?"."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "?"
