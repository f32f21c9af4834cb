"""The console on a morning's mail, as an application and as a server that a browser can reach."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gateway.config.console import ConsoleUser
from gateway.config.load import parse
from gateway.smtp.auth import hash_password
from gateway.store import entries, refusals
from gateway.store.entries import Visitor
from gateway.store.raw import RawMail
from gateway.upkeep.headings import HeadingReader
from gateway.web.console import commands
from gateway.web.console.app import application
from gateway.web.console.console import Console
from gateway.web.console.guard import COOKIE
from tests.operate.conftest import MORNING, REFUSED
from tests.scenarios.stage import M, Stage
from tests.scenarios.vendors import MONITOR, NAGIOS, configured
from tests.web.served import served

HOST = "http://console.test"
PASSWORD = "correct horse battery staple"
MAILS = (
    *MORNING,
    M(
        "html",
        "Gil Glover <gil@globex.example>",
        "Screenshot",
        html="<p>I click <b>Save</b>.</p><img src='https://t.example/p.png'><script>alert(1)</script>",
        files={"log.txt": b"09:01 drum 0%\n", "run.exe": b"MZ\x90\x00" * 50},
    ),
    *(M(f"s{number}", f"S <s{number}@stranger.example>", "Re: The printer", refs=["printer"]) for number in range(5)),
    M("toner", subject="Toner is empty"),
    *(
        M(f"{server}-{state}", MONITOR, f"** {kind} Service Alert: {server}/HTTP is {state} **", verdict="pass")
        for server, kind, state in (
            ("web01", "PROBLEM", "CRITICAL"),
            ("web02", "PROBLEM", "CRITICAL"),
            ("web02", "RECOVERY", "OK"),
        )
    ),
)


RULE = {"name": "toner", "when": [{"field": "subject", "contains": "toner"}], "tags": ["paper"]}


@pytest.fixture(scope="session", autouse=True)
def as_quick_as_tests() -> Iterator[None]:
    """Commands that the pages start are behind all else, also behind tests that run beside: they would starve."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "NICE", ())
        yield


@dataclass
class Site:
    """A console with its store. ``opens`` are the cookies of a visitor for each role."""

    console: Console
    url: str
    opens: dict[str, str]
    numbers: dict[str, int]
    mails: tuple[M, ...]


def build(folder: Path, migrated: Path, mails: tuple[M, ...] = MAILS, work: bool = True) -> Site:
    """Mail that was worked on, and the console that shows it."""
    return opened(folder, mails, filled(folder, migrated, mails, work))


def filled(folder: Path, migrated: Path, mails: tuple[M, ...], work: bool = True) -> dict[str, int]:
    """A store in this folder with that mail: the numbers of the mails."""

    async def fill() -> dict[str, int]:
        stage = Stage(folder, migrated, configured(NAGIOS, rule=(RULE,)))
        await stage.open()
        for mail in mails:
            await stage.accept(mail)
            if work:
                await stage.work()
        await stage.store.write(lambda c: refusals.add(c, [REFUSED]))
        await HeadingReader(stage.store, RawMail(stage.settings.store)).batch()
        numbers = {mail.key: (await stage.row(mail.key))["seq"] for mail in mails}
        await stage.close()
        return numbers

    with ThreadPoolExecutor(1) as apart:  # the browser's driver has this thread's loop
        return apart.submit(lambda: asyncio.run(fill())).result()


def opened(folder: Path, mails: tuple[M, ...], numbers: dict[str, int]) -> Site:
    """The console on the store in this folder."""
    settings = parse(
        {**configured(NAGIOS, rule=(RULE,)), "store": {"url": f"sqlite:///{folder}/gateway.db", "min_free": 0}}, {}
    )
    users = (ConsoleUser(name="lea", role="act", password_hash=hash_password(PASSWORD, 2**10)),)
    console_settings = settings.console.model_copy(update={"listen": "127.0.0.1:1", "users": users})
    console = Console(settings.model_copy(update={"console": console_settings}), "sqlite")
    opens = {
        role: console.access.change(
            lambda c, role=role: entries.make(c, "session", Visitor(f"{role}er", role), "", console.clock(), 3600)
        )
        for role in ("look", "act", "administer")
    }
    return Site(console, "", opens, numbers, mails)


def serve(site: Site) -> Iterator[Site]:
    """A server in a thread, for a browser."""
    with served(application(site.console), site.console.close) as site.url:
        yield site


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> tuple[Path, dict[str, int]]:
    """A folder with the store of a morning, to copy, and the numbers of its mails."""
    folder = tmp_path_factory.mktemp("morning")
    return folder, filled(folder, migrated_file, MAILS)


@pytest.fixture
def site(tmp_path: Path, morning: tuple[Path, dict[str, int]]) -> Site:
    folder, numbers = morning
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return opened(tmp_path, MAILS, numbers)


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=application(site.console), client=("192.0.2.50", 1))
    async with httpx.AsyncClient(transport=transport, base_url=HOST, headers={"Origin": HOST}) as client:
        yield client
    await site.console.close()


__all__ = ["COOKIE", "HOST", "MAILS", "PASSWORD", "Site", "build", "serve"]
