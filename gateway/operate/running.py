"""The gateway that runs, asked at its address for health."""

from __future__ import annotations

import http.client
from contextlib import closing

from gateway.config.settings import Settings
from gateway.config.types import reachable

MOST = 1 << 20  # octets of an answer


class Silent(Exception):
    """Nothing answers there, or nothing that speaks HTTP."""


def answer(settings: Settings, path: str, patience: float, token: str = "") -> bytes:
    """The body of its answer, whatever its status, within ``patience`` seconds for each step. Raises Silent."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with closing(http.client.HTTPConnection(*reachable(settings.http.listen), timeout=patience)) as connection:
            connection.request("GET", path, headers=headers)
            return connection.getresponse().read(MOST)
    except (OSError, http.client.HTTPException) as error:
        raise Silent(str(error)) from error
