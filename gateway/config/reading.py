"""Why a file that the configuration names cannot be read, in words for its operator."""

from __future__ import annotations

import contextlib
import getpass
import os
from pathlib import Path

CREDENTIALS = Path("/run/credentials")  # systemd's, while a unit runs and for the unit alone


def user_name() -> str:
    """Who this process is: `check` is often called by another than the one who serves."""
    with contextlib.suppress(OSError, KeyError):
        return getpass.getuser()
    return f"user {os.getuid()}"


def unreadable(file: Path) -> str:
    """Why a file cannot be read, "" when it can. A missing file is not named: its name may be a secret by mistake."""
    try:
        with file.open("rb") as opened:
            opened.read(1)
    except FileNotFoundError:
        if CREDENTIALS in file.parents:
            return "there is no such file: systemd makes it while the unit runs, and for the unit alone"
        return "there is no such file"
    except IsADirectoryError:
        return f"{file} is a folder"
    except PermissionError:
        return f"{file} cannot be read by {user_name()}: give the user that runs the gateway the right to"
    except OSError as error:
        return f"{file} cannot be read ({error.strerror})"
    return ""
