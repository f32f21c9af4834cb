"""The recipes of docs/pull.md: a mailbox behind IMAP, emptied into the gateway only as far as that has taken the mail."""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import shutil
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from gateway.store.engine import Store
from tests.harness import free_port
from tests.smtp.serving import contents, envelopes, serving
from tests.waiting import PATIENCE

RECIPES = (Path(__file__).parents[2] / "docs" / "pull.md").read_text("utf-8")
USER, PASSWORD = "support@msp.example", "SECRET"


def recipe(name: str) -> str:
    """The block of that language in the page."""
    found = re.search(rf"^```{name}\n(.*?)^```$", RECIPES, re.MULTILINE | re.DOTALL)
    assert found, name
    return found[1]


class Mailbox:
    """A Maildir served by Dovecot."""

    def __init__(self, folder: Path) -> None:
        if not shutil.which("dovecot"):
            pytest.skip("NOT TESTED: dovecot is not on this machine (Debian: apt-get install dovecot-imapd)")
        self.port = free_port()
        self.folder = folder
        self.new = folder / "mail" / "new"
        for name in ("new", "cur", "tmp"):
            (folder / "mail" / name).mkdir(parents=True)
        account = "nobody" if os.geteuid() == 0 else getpass.getuser()
        users = "" if os.geteuid() == 0 else f"default_internal_user = {account}\ndefault_login_user = {account}\n"
        uid = f"uid={account} gid=nogroup" if os.geteuid() == 0 else ""
        (folder / "dovecot.conf").write_text(
            f"""
            protocols = imap
            listen = 127.0.0.1
            base_dir = {folder}/run
            state_dir = {folder}/state
            log_path = {folder}/log
            ssl = no
            disable_plaintext_auth = no
            first_valid_uid = 1
            mail_location = maildir:{folder}/mail
            {users}
            service imap-login {{
              chroot =
              inet_listener imap {{
                port = {self.port}
              }}
              inet_listener imaps {{
                port = 0
              }}
            }}
            passdb {{
              driver = static
              args = password={PASSWORD}
            }}
            userdb {{
              driver = static
              args = {uid} home={folder}/mail
            }}
            """
        )
        for path in (folder, *folder.rglob("*")):
            if os.geteuid() == 0:
                shutil.chown(path, account)
        self.process = subprocess.Popen(["dovecot", "-F", "-c", str(folder / "dovecot.conf")])

    def put(self, name: str, subject: str, stamp: str = "", path: str = "ann@acme.example") -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "Ann <ann@acme.example>", USER, subject
        mail["Message-ID"], mail["Date"] = f"<{name}@acme.example>", "Mon, 01 Jun 2026 10:00:00 +0000"
        mail.set_content("Gr\u00fc\u00dfe")
        head = f"Authentication-Results: {stamp}\n".encode() if stamp else b""
        file = self.folder / "mail" / "tmp" / name
        file.write_bytes(f"Return-Path: <{path}>\n".encode() + head + mail.as_bytes())
        if os.geteuid() == 0:
            shutil.chown(file, "nobody")
        file.rename(self.new / name)

    def left(self) -> int:
        return sum(1 for name in ("new", "cur") for _ in (self.folder / "mail" / name).iterdir())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with tempfile.TemporaryDirectory(prefix="gateway-imap-") as name:
        box = Mailbox(Path(name))
        yield box
        box.stop()


def listener_of_the_page() -> dict[str, Any]:
    """The gateway's side of the page, on a free port."""
    said: dict[str, Any] = tomllib.loads(recipe("toml"))["smtp"]
    said["listeners"] = [{**said["listeners"][0], "listen": "127.0.0.1:0"}]
    return said


def fetchmail(folder: Path, mailbox: Mailbox, port: int) -> list[str]:
    """As on the page, but without TLS and once."""
    text = recipe("fetchmail").replace("poll imap.example", "poll 127.0.0.1").replace("port 993", f"port {mailbox.port}")
    text = text.replace(" ssl sslcertck", ' sslproto ""').replace("127.0.0.1/2424", f"127.0.0.1/{port}").replace("set daemon 60\n", "")
    (folder / "fetchmailrc").write_text(text)
    (folder / "fetchmailrc").chmod(0o600)
    return ["fetchmail", "--nosyslog", "--nodetach", "-f", str(folder / "fetchmailrc"), "--pidfile", str(folder / "pid"), "-i", str(folder / "ids")]


def getmail(folder: Path, mailbox: Mailbox, port: int) -> list[str]:
    """As on the page, but without TLS and OAuth."""
    text = recipe("getmail").replace("SimpleIMAPSSLRetriever", "SimpleIMAPRetriever").replace("server = imap.example", "server = 127.0.0.1")
    text = text.replace("port = 993", f"port = {mailbox.port}").replace("127.0.0.1:2424", f"127.0.0.1:{port}")
    if os.geteuid() == 0:
        text = text.replace("unixfrom = false\n", "unixfrom = false\nallow_root_commands = true\n")
    text = re.sub(r"use_xoauth2 = true\npassword_command = .*\n", f"password = {PASSWORD}\n", text)
    (folder / "support").write_text(text)
    (folder / "support").chmod(0o600)
    return ["getmail", "--getmaildir", str(folder), "--rcfile", "support"]


PULLERS = {"fetchmail": fetchmail, "getmail": getmail}


async def pull(command: list[str], mailbox: Mailbox) -> str:
    """Run it once; what it says."""
    end = time.monotonic() + PATIENCE
    while not mailbox.process.poll() and time.monotonic() < end:
        try:
            (await asyncio.open_connection("127.0.0.1", mailbox.port))[1].close()
            break
        except OSError:
            await asyncio.sleep(0.05)
    environment = {**os.environ, "HOME": str(mailbox.folder), "LC_ALL": "C"}
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
    said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return said.decode()


@pytest.mark.parametrize("name", PULLERS)
async def test_mail_leaves_the_mailbox_when_the_gateway_has_it(name: str, store: Store, tmp_path: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    if not shutil.which(name):
        pytest.skip(f"NOT TESTED: {name} is not on this machine (Debian: apt-get install {name.replace('getmail', 'getmail6')})")
    mailbox.put("1", "Printer", "mx.google.com; dmarc=pass header.from=acme.example")
    mailbox.put("2", "Screen", "mx.elsewhere.example; dmarc=pass header.from=acme.example")
    mailbox.put("3", "Mouse", path="jürgen@müller.example")  # one such mail must not keep back those behind it
    mailbox.put("4", "Desk", path="")
    async with serving(store, tmp_path, **listener_of_the_page()) as listener:
        command = PULLERS[name](tmp_path, mailbox, int(listener.addresses["pull"].rpartition(":")[2]))

        monkeypatch.setattr(listener.context.acceptor, "_free", 0)
        monkeypatch.setattr("gateway.intake.accept.DISK_EVERY", 1e9)
        monkeypatch.setattr(listener.context.acceptor, "_settings", listener.context.acceptor._settings.model_copy(update={"min_free": 1 << 60}))
        said = await pull(command, mailbox)
        assert mailbox.left() == 4 and not await contents(store) and ("disk space" in said or "452" in said), said

        monkeypatch.undo()
        said = await pull(command, mailbox)
        assert mailbox.left() == 0, said

        kept = await contents(store)
        assert [b"Gr=C3=BC=C3=9Fe" in raw or b"R3LDvMOfZQ==" in raw or "Gr\u00fc\u00dfe".encode() in raw for raw in kept] == [True] * 4
        found = {envelope["verdict"] for envelope in await envelopes(store)}
        assert found == {"pass", "unknown"}  # a stamp with another name is nobody's word
        assert {envelope["rcpt_to"] for envelope in await envelopes(store)} == {USER}
        assert {"", "ann@acme.example"} < {envelope["mail_from"] for envelope in await envelopes(store)}


def test_the_pages_listener_is_a_configuration() -> None:
    assert listener_of_the_page()["listeners"][0]["kind"] == "relay"
