"""Files and folders that the configuration names: read, or why they cannot be, in words for its operator."""

from __future__ import annotations

import contextlib
import errno
import getpass
import os
import stat
from pathlib import Path

from pydantic import SecretStr

CREDENTIALS = Path("/run/credentials")  # systemd's, while a unit runs and for the unit alone
NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)  # a key in place of its file's name is long
MOST_SECRET = 65_536
"""Bytes of a file with a secret."""


class NoSecret(Exception):
    """A file does not hold a secret: why, in words that do not repeat it."""


def user_name() -> str:
    """Who this process is: `check` is often called by another than the one who serves."""
    with contextlib.suppress(OSError, KeyError):
        return getpass.getuser()
    return f"user {os.getuid()}"


def unreadable(file: Path, hint: str = "") -> str:
    """Why a file cannot be read, "" when it can. A missing file is not named, for its name may be a secret by mistake;
    ``hint`` is what else to say of it."""
    try:
        kind = file.stat().st_mode
        if stat.S_ISDIR(kind):
            return f"{file} is a folder"
        if not stat.S_ISREG(kind):  # a pipe is waited for, and read once
            return f"{file} is a pipe or a device: expected a file, which is read again at each reload"
        with file.open("rb") as opened:
            opened.read(1)
    except PermissionError:
        return f"{file} cannot be read by {user_name()}: give the user that runs the gateway the right to"
    except OSError as error:
        if error.errno not in NOT_THERE:
            return f"{file} cannot be read ({error.strerror})"
        if CREDENTIALS in file.parents:
            return "there is no such file: systemd makes it while the unit runs, and for the unit alone"
        if any(part.startswith(("~", "$")) for part in file.parts):
            return "there is no such file: ~ and $ mean nothing here, write the whole path"
        return f"there is no such file{hint}"
    except ValueError:  # a NUL in it
        return "there is no such file"
    return ""


def secret_in(file: Path) -> str:
    """What a file holds: a key, a password or a token, and nothing else but blanks around it. Raises NoSecret."""
    if why := unreadable(file, "; what stands here is the path of a file, not what is in it"):
        raise NoSecret(why)
    with file.open("rb") as opened:
        raw = opened.read(MOST_SECRET)
    try:
        text = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise NoSecret(f"{file} is not UTF-8: save it as UTF-8 without changing anything else") from error
    if not text:
        raise NoSecret(f"{file} is empty")
    if not text.isprintable():
        raise NoSecret(f"{file} has several lines: expected one")
    return text


def secret_of(said: SecretStr | None, file: Path | None) -> str:
    """What the configuration says itself, or what the file holds that it names; "" for neither. Raises NoSecret."""
    if file is not None:
        return secret_in(file)
    return said.get_secret_value() if said else ""


def no_secret(file: Path | None) -> str:
    """Why a file does not hold a secret, "" when it does or none is named."""
    try:
        if file is not None:
            secret_in(file)
    except NoSecret as error:
        return str(error)
    return ""


def no_folder(path: Path, hint: str = "") -> str:
    """Why this is no folder, or none that this user may look at; "" when it is one. ``hint`` is what else to say where
    it is missing."""
    try:
        return "" if path.is_dir() else f"there is no folder {path}{hint}"
    except PermissionError:
        return f"{path} cannot be looked at by {user_name()}: give the user that runs the gateway the right to"
    except (OSError, ValueError) as error:
        return f"{path} cannot be looked at ({error})"


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder, as far as this user may look."""
    with contextlib.suppress(OSError, ValueError):
        return path.exists()
    return False
