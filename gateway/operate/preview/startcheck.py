"""Whether ``gateway serve`` could start here: certificate, keys, folders, database, ports. Changes nothing.

Each fault has the place in the configuration, the cause and the remedy. What only this user may not do is said with the
user's name: `check` is often called by another than the one who serves.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from gateway.config.locations import Fault, Locations
from gateway.config.reading import is_there, no_folder, no_secret, unreadable, user_name
from gateway.config.rooted import sqlite_file
from gateway.config.settings import Settings
from gateway.operate import running
from gateway.smtp.policy import listeners_of
from gateway.smtp.server import tls_context
from gateway.store import migrate
from gateway.store.engine import make_engine

SOON = 2.0  # seconds for what answers on this machine


def faults(
    settings: Settings, *, listens: bool = True, works: bool = True, ports: bool = True, database: bool = True
) -> list[Fault]:
    """What keeps a process from starting: one that ``listens`` needs a certificate and its ports, one that ``works``
    the keys of the desks; without ``ports`` none are tried, and without ``database`` it is not opened."""
    if ports and (taken := _taken(settings)):
        return [taken]
    found = [*_folders(settings)]
    if database and not found:
        found += _database(settings)
    return [
        *found,
        *(_processes(settings) if listens and works else ()),
        *_keys(settings, works),
        *_console(settings),
        *_certificate(settings),
        *(_ports(settings, listens) if ports else ()),
    ]


def is_running(settings: Settings) -> bool:
    """Whether a gateway answers at the address for health: its ports and its lock are taken by itself."""
    try:
        return running.answer(settings, "/healthz", SOON) == b"ok\n"
    except running.Silent:
        return False


# -- files --------------------------------------------------------------------------------------------


def _taken(settings: Settings) -> Fault | None:
    """A gateway on this SQLite file, which has everything else as well."""
    database = sqlite_file(settings.store.url)
    lock = database.with_name(f"{database.name}.lock") if database else None
    try:
        if lock is not None and lock.exists():
            with lock.open("a") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return Fault(settings.locations.of("store", None, "url"), f"url: {database} is in use by another process")
    except OSError:
        pass  # _folders says what is wrong there
    return None


def _keys(settings: Settings, works: bool) -> Iterator[Fault]:
    for name, desk in settings.desks.items() if works else ():
        if why := desk.unreadable_key():
            yield Fault(settings.desk_place(name, "api_key_file"), f"api_key_file: {why}")
    if why := no_secret(settings.http.token_file):
        yield Fault(settings.locations.of("http", None, "token_file"), f"token_file: {why}")
    if why := no_secret(settings.smarthost.password_file):
        yield Fault(settings.locations.of("smarthost", None, "password_file"), f"password_file: {why}")
    for number, probe in enumerate(settings.probe):
        if why := no_secret(probe.password_file):
            yield Fault(settings.locations.of("probe", number, "password_file"), f"password_file: {why}")


def _processes(settings: Settings) -> Iterator[Fault]:
    if settings.listener_processes and settings.store.arrivals_dir is None:
        where = settings.locations.of("smtp", None, "processes")
        what = 'listeners beside a worker need [store] accept = "arrivals"; 0 stands for one process (docs/scale.md)'
        yield Fault(where, f"processes: {what}")


def _console(settings: Settings) -> Iterator[Fault]:
    oidc = settings.console.oidc
    if oidc.issuer and (why := no_secret(oidc.client_secret_file)):
        where = settings.locations.at(("console", "oidc", "client_secret_file"))
        yield Fault(where, f"client_secret_file: {why}")


def _certificate(settings: Settings) -> Iterator[Fault]:
    smtp, sound = settings.smtp, True
    for key, file in (("tls_cert", smtp.tls_cert), ("tls_key", smtp.tls_key)):
        if file and (why := unreadable(file)):
            sound = False
            yield Fault(settings.locations.of("smtp", None, key), f"{key}: {why}: {file}")
    if smtp.tls_cert is None or not sound:
        return
    try:
        tls_context(smtp)
    except ssl.SSLError as error:
        what = {
            "KEY_VALUES_MISMATCH": "tls_key is not the key of tls_cert",
            "KEY_TYPE_MISMATCH": "tls_key is not the key of tls_cert",
        }.get(error.reason or "", f"tls_cert and tls_key: expected two files in PEM ({error.reason or error})")
        yield Fault(settings.locations.of("smtp", None, "tls_cert"), what)


def _folders(settings: Settings) -> Iterator[Fault]:
    store = settings.store
    if database := sqlite_file(store.url):
        where = settings.locations.of("store", None, "url")
        if why := no_folder(database.parent, ": make it, for the gateway's user alone"):
            yield Fault(where, f"url: {why}")
            return
        for path in (database.parent, database):
            if is_there(path) and not os.access(path, os.W_OK):
                yield Fault(where, f"url: {path} cannot be written by {user_name()}")
                return
    folders = {"spool": store.spool_dir, "arrivals": store.arrivals_dir}
    for key, folder in folders.items():
        if folder is None or (key == "spool" and store.objects):
            continue
        there = next(path for path in (folder, *folder.parents) if is_there(path))
        if not there.is_dir() or not os.access(there, os.W_OK):
            what = f"cannot be written by {user_name()}" if there.is_dir() else "is no folder"
            yield Fault(settings.locations.of("store", None, key), f"{key}: {there} {what}")


def _database(settings: Settings) -> Iterator[Fault]:
    database = sqlite_file(settings.store.url)
    if database and not is_there(database):
        return
    where = settings.locations.of("store", None, "url")
    if database and database.is_dir():
        yield Fault(where, f"url: {database} is a folder: name the file in it")
        return
    engine = make_engine(settings.store.url)
    try:
        with engine.connect() as connection:
            migrate.check(connection)
    except migrate.SchemaTooNew as error:
        yield Fault(where, f"url: {error}")
    except DBAPIError as error:
        yield Fault(where, f"url: the database says: {str(error.orig).strip().splitlines()[0]}")
    finally:
        engine.dispose()


# -- ports --------------------------------------------------------------------------------------------


def _ports(settings: Settings, listens: bool) -> Iterator[Fault]:
    """Each address is bound, all at once, and let go."""
    places: Locations = settings.locations
    wanted = [(places.of("http", None, "listen"), "http.listen", settings.http.listen)]
    if settings.console.listen:
        wanted.append((places.of("console", None, "listen"), "console.listen", settings.console.listen))
    for listener in listeners_of(settings.smtp) if listens else ():
        numbers = [number for number, known in enumerate(settings.smtp.listeners) if known is listener]
        where = places.at(("smtp", "listeners", numbers[0], "listen") if numbers else ("smtp", "listen"))
        wanted.append((where, f"listener {listener.name}" if numbers else "smtp.listen", listener.listen))
    with contextlib.ExitStack() as bound:
        taken: dict[str, str] = {}
        for where, name, address in wanted:
            if address.startswith("systemd:"):
                continue
            if address in taken:
                yield Fault(where, f"{name}: {taken[address]} has the address {address} as well: choose another port")
            elif why := _not_bound(address, bound):
                yield Fault(where, f"{name}: {why}")
            taken.setdefault(address, name)


def _not_bound(address: str, bound: contextlib.ExitStack) -> str:
    """Why one cannot listen there, "" when one can."""
    if address.startswith("unix:"):
        folder = Path(address.removeprefix("unix:")).parent
        return "" if os.access(folder, os.W_OK) else f"{folder} is no folder that {user_name()} can write"
    host, _, port = address.rpartition(":")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = bound.enter_context(socket.socket(family, kind, protocol))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(where)  # and does not listen: nobody is to be answered here
    except socket.gaierror as error:
        return f"{host} is not known here ({error.strerror})"
    except OSError as error:
        return WHY_NOT.get(error.errno or 0, "{address}: " + str(error.strerror)).format(
            address=address, host=host, port=port, user=user_name()
        )
    return ""


WHY_NOT = {
    errno.EADDRINUSE: "another program listens on {address}: stop it (`ss -ltnp`), or choose another port",
    errno.EADDRNOTAVAIL: "{host} is no address of this machine: `ip address` lists them, 0.0.0.0 stands for all",
    errno.EACCES: "{user} may not listen on port {port}: ports below 1024 need CAP_NET_BIND_SERVICE (docs/install.md)",
}
