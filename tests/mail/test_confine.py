"""A parser's child makes no socket and is told no secret."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.mail.confine import SOCKET
from gateway.work.parser import INTERPRETER, Parser
from tests.harness import mail
from tests.waiting import PATIENCE

pytestmark = pytest.mark.skipif(platform.machine() not in SOCKET, reason="the filter knows x86-64 and arm64")

TRIES = """
import os, socket, sys
from gateway.mail.confine import without_network
before = socket.socket()
assert without_network()
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
    try:
        socket.socket(family, socket.SOCK_DGRAM)
    except PermissionError:
        print("refused")
try:
    socket.getaddrinfo("mail.example", 25)
except OSError:
    print("no names")
print(open(sys.argv[1]).read(), os.popen("echo pipes").read().strip())
"""


def test_sockets_are_refused_and_files_are_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("files")

    done = subprocess.run([sys.executable, "-c", TRIES, tmp_path / "file"], capture_output=True, text=True, timeout=PATIENCE)

    assert done.stdout.split("\n")[:-1] == ["refused"] * 4 + ["no names", "files pipes"], done.stderr


async def test_a_parsers_child_is_confined_and_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DESK_API_KEY", "secret")
    monkeypatch.setenv("PGPASSWORD", "secret")
    parser = Parser(children=1)

    email = await parser.read(mail("Confined").as_bytes())
    process = Path(f"/proc/{parser._idle[0].process.pid}")
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
    names = {entry.partition(b"=")[0].decode() for entry in (process / "environ").read_bytes().split(b"\0") if entry}
    await parser.close()

    assert email.subject == "Confined"
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
    assert names <= set(INTERPRETER) & set(os.environ)
