"""Logins for submission: passwords as scrypt hashes, and the senders that a login may write as.

``python -m gateway.smtp.auth`` asks for a password and prints its hash. The work is done in a thread,
two at a time: a hash takes 32 MB and some 60 ms. Sources: RFC 4954, RFC 4616, RFC 7914.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import getpass
import hashlib
import hmac
import os
from collections.abc import Iterable

from gateway.config.smtp import UserSettings
from gateway.mail.author import canonical_address
from gateway.match import domains
from gateway.model.email import lower_ascii
from gateway.smtp.guessing import NamePace, Places
from gateway.smtp.turns import FairSlots

N, R, P = 2**15, 8, 1
MOST_N, MOST_R, MOST_P = 2**17, 16, 4
AT_ONCE = 2


def hash_password(password: str, n: int = N) -> str:
    """The scrypt hash of a password as the configuration holds it: scrypt$N$r$p$salt$digest."""
    salt = os.urandom(16)
    digest = _digest(password.encode(), salt, n, R, P)
    return f"scrypt${n}${R}${P}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def check_password(password: bytes, hashed: str) -> bool:
    """False for a wrong password and for a hash that is not understood."""
    try:
        name, n, r, p, salt, digest = hashed.split("$")
        numbers = int(n), int(r), int(p)
        if name != "scrypt" or any(a > b for a, b in zip(numbers, (MOST_N, MOST_R, MOST_P), strict=True)):
            return False
        found = _digest(password, base64.b64decode(salt), *numbers)
        return hmac.compare_digest(found, base64.b64decode(digest))
    except (ValueError, binascii.Error):
        return False


def _digest(password: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r + 1024 * 1024, dklen=32)


class Users:
    """The configured logins."""

    def __init__(self, users: Iterable[UserSettings]) -> None:
        self._users = {user.login: user for user in users}
        self._slots = FairSlots(AT_ONCE)
        self._nobody = ""
        self.pace = NamePace()
        self._places = Places()

    def __bool__(self) -> bool:
        return bool(self._users)

    async def check(self, login: str, password: bytes, network: str = "", *, is_exempt: bool = False) -> bool:
        """Takes as long for a login that does not exist. Who guesses from one ``network`` holds up that one; a login at
        which many guess is slow where it did not succeed before, unless ``is_exempt``. Raises TooMany."""
        if self.pace.is_slow(login) and not is_exempt and not self._places.know(login, network):
            await self.pace.wait()
        self.pace.begin(login)
        async with self._slots.hold(network):
            user = self._users.get(login)
            if user is None and not self._nobody:
                self._nobody = await asyncio.to_thread(hash_password, os.urandom(12).hex())
            right = await asyncio.to_thread(check_password, password, user.password_hash if user else self._nobody)
        if right and user is not None:
            self.pace.forgive(login)
            self._places.add(login, network)
        return right and user is not None

    def may_write_as(self, login: str, address: str) -> bool:
        """Whether the login's ``senders`` name the address or its domain."""
        user = self._users.get(login)
        if user is None:
            return False
        return domains.among(lower_ascii(canonical_address(address)), frozenset(user.senders))

    def is_bound(self, login: str) -> bool:
        """Whether the login is bound to senders at all."""
        user = self._users.get(login)
        return bool(user and user.senders)


def decode_plain(blob: bytes) -> tuple[str, bytes] | None:
    """Login and password of a PLAIN response, None when it is not one."""
    parts = blob.split(b"\0")
    if len(parts) != 3 or not parts[1]:
        return None
    return parts[1].decode("utf-8", "replace"), parts[2]


def main() -> None:
    """Ask for a password and print its hash."""
    print(hash_password(getpass.getpass("Password: ")))


if __name__ == "__main__":
    main()
