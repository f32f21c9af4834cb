"""The scanner: a real clamd with a signature of ours, and stand-ins for its bad days."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.config.smtp import ScannerSettings
from gateway.intake.scanner import Scanner
from gateway.store.engine import Store
from gateway.upkeep.rescan import Rescanner
from tests.harness import free_port
from tests.peers import Missing
from tests.scenarios.stage import M, Stage
from tests.smtp.serving import contents, envelopes, peer, serving
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

WORDS = b"GATEWAY-TEST-SIGNATURE-9f41c7"


class Clamd:
    """clamd with one signature, on TCP and a Unix socket. Raises Missing."""

    def __init__(self) -> None:
        program = shutil.which("clamd")
        if not program:
            raise Missing("clamd (Debian: apt-get install clamav-daemon)")
        self.folder = Path(tempfile.mkdtemp(prefix="gateway-clamd-"))
        self.port = free_port()
        (self.folder / "db").mkdir()
        (self.folder / "db" / "gateway.ndb").write_text(f"Gateway.Test:0:*:{WORDS.hex()}\n")
        settings = {
            "DatabaseDirectory": f"{self.folder}/db",
            "TemporaryDirectory": str(self.folder),
            "LocalSocket": f"{self.folder}/socket",
            "TCPSocket": str(self.port),
            "TCPAddr": "127.0.0.1",
            "Foreground": "yes",
            "LogFile": f"{self.folder}/log",
            "StreamMaxLength": "30M",
            "MaxThreads": "2",
        }
        config = self.folder / "clamd.conf"
        config.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
        self.process = subprocess.Popen(
            [program, "--config-file", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + PATIENCE
        while not (self.folder / "socket").exists():
            if time.monotonic() > end or self.process.poll() is not None:
                self.stop()
                raise RuntimeError("clamd did not start")
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def clamd() -> Iterator[Clamd]:
    try:
        clamd = Clamd()
    except Missing as missing:
        pytest.skip(f"NOT TESTED WITH CLAMD: {missing}")
    yield clamd
    clamd.stop()


def infected() -> bytes:
    """The words inside a base64 part: clamd must unpack it."""
    text = base64.encodebytes(b"x" * 1000 + WORDS).replace(b"\n", b"\r\n")
    return (
        b"From: a@acme.example\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=x.bin\r\n"
        b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=x.bin\r\n\r\n" + text
    )


@pytest.mark.parametrize("way", ["tcp", "unix"])
async def test_infected_mail_is_refused(kept: Store, tmp_path: Path, clamd: Clamd, way: str) -> None:
    where = f"127.0.0.1:{clamd.port}" if way == "tcp" else f"unix:{clamd.folder}/socket"
    refused: list[str] = []
    settings = {"scanner": {"clamd": where}}
    async with serving(kept, tmp_path, refused=refused, **settings) as listener, peer(listener) as client:
        await client.ready()
        assert (await client.say(infected() + b".\r\n")).startswith("554 5.7.0 The mail contains malware")
        await client.ready()
        assert (await client.say(b"Subject: clean\r\n\r\n" + b"x" * 2_000_000 + b"\r\n.\r\n")).startswith("250")
        await client.ready()
        assert (
            await client.say(b"Subject: large\r\n\r\n" + b"x" * 50_000 + b"\r\n" + WORDS + b"\r\n.\r\n")
        ).startswith("554")

    assert refused == ["malware", "malware"]
    assert len(await contents(kept)) == 1
    assert len(list((tmp_path / "spool").iterdir())) == 1


@contextlib.asynccontextmanager
async def stand_in(answer: bytes | None) -> AsyncIterator[str]:
    """A scanner that answers so, or never."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readexactly(len(b"zINSTREAM\0"))
            while size := int.from_bytes(await reader.readexactly(4), "big"):
                await reader.readexactly(size)
            if answer is None:
                await reader.read()
            writer.write(answer or b"")
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.mark.parametrize(
    "answer",
    [None, b"", b"UNKNOWN COMMAND\0", b"INSTREAM size limit exceeded. ERROR\0", b"x" * 100_000],
    ids=["silent", "closes", "unknown", "limit", "junk"],
)
@pytest.mark.parametrize("away", ["defer", "accept"])
async def test_a_scanner_on_a_bad_day(kept: Store, tmp_path: Path, answer: bytes | None, away: str) -> None:
    async with stand_in(answer) as where:
        settings = {"scanner": {"clamd": where, "timeout": 0.3, "away": away}}
        async with serving(kept, tmp_path, **settings) as listener, peer(listener) as client:
            await client.ready()
            said = await client.say(b"x" * 500_000 + b"\r\n.\r\n")

    if away == "defer":
        assert said.startswith("451 4.7.1")
        assert await contents(kept) == []
    else:
        assert said.startswith("250")
        assert [envelope["notes"] for envelope in await envelopes(kept)] == ["unscanned"]


async def test_no_scanner_at_all(kept: Store, tmp_path: Path) -> None:
    settings = {"scanner": {"clamd": f"unix:{tmp_path}/nowhere"}}
    async with serving(kept, tmp_path, **settings) as listener, peer(listener) as client:
        await client.ready()
        assert (await client.say(b"x\r\n.\r\n")).startswith("451 4.7.1")


async def test_files_that_waited_are_scanned(tmp_path: Path, migrated_file: Path, clamd: Clamd) -> None:
    """Taken while the scanner was away; later it finds one of the two."""
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    files = {"good.bin": b"x" * 100, "bad.bin": b"x" * 1000 + WORDS}
    await stage.accept(M("a", files=files, edge={"notes": "unscanned"}))
    await stage.work()
    scanner = Scanner(ScannerSettings(clamd=f"unix:{clamd.folder}/socket"))

    await Rescanner(stage.planner, scanner, stage.clock).scan_waiting()
    await stage.work()
    await stage.close()

    assert [row["document_name"] for row in stage.simulator.desk.documents[stage.order[0]]] == ["good.bin"]
    assert any("bad.bin: malware: Gateway.Test" in comment["note"] for comment in stage.comments(1))


async def test_what_is_too_large_to_scan_is_noted(kept: Store, tmp_path: Path) -> None:
    async with stand_in(b"stream: OK\0") as where:
        settings = {"scanner": {"clamd": where, "max_size": 1000}}
        async with serving(kept, tmp_path, **settings) as listener, peer(listener) as client:
            for size in (500, 5000):
                await client.ready()
                assert (await client.say(b"x" * size + b"\r\n.\r\n")).startswith("250")

    assert [envelope["notes"] for envelope in await envelopes(kept)] == ["", "unscanned"]
