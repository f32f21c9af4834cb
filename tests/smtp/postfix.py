"""A Postfix of our own: its own folder, loopback only, stopped by its process id."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.harness import free_port
from tests.peers import Missing
from tests.waiting import PATIENCE

MASTER = """
127.0.0.1:{port} inet n - n - 100 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Takes mail on ``port`` and sends it where ``extra`` says. Raises Missing."""

    def __init__(self, extra: Mapping[str, str] | None = None) -> None:
        if not shutil.which("postfix") or os.geteuid() != 0:
            raise Missing("Postfix (Debian: apt-get install postfix) and root are needed")
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="gateway-postfix-"))
        self.folder.chmod(0o755)
        self.log_file = self.folder / "log"
        (self.folder / "etc").mkdir()
        (self.folder / "queue").mkdir()
        (self.folder / "data").mkdir()
        account = pwd.getpwnam("postfix")
        os.chown(self.folder / "data", account.pw_uid, account.pw_gid)
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": f"{self.folder}/queue",
            "data_directory": f"{self.folder}/data",
            "maillog_file": str(self.log_file),
            "maillog_file_prefixes": str(self.folder),
            "myhostname": "postfix.test",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "smtpd_relay_restrictions": "permit_mynetworks, reject",
            "message_size_limit": "104857600",
            "mailbox_size_limit": "0",
            "minimal_backoff_time": "1s",
            "maximal_backoff_time": "1s",
            "queue_run_delay": "1s",
            "smtp_host_lookup": "native",
            "disable_dns_lookups": "yes",
            "in_flow_delay": "0",
            **(extra or {}),
        }
        (self.folder / "etc" / "main.cf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
        (self.folder / "etc" / "master.cf").write_text(MASTER.format(port=self.port))
        self.process = subprocess.Popen(
            ["postfix", "-c", str(self.folder / "etc"), "start-fg"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._await_port()

    def _await_port(self) -> None:
        import socket

        end = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError as error:
                if time.monotonic() > end or self.process.poll() is not None:
                    self.stop()
                    raise RuntimeError("Postfix did not start") from error
                time.sleep(0.05)

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def await_log(self, text: str) -> str:
        """Wait until the log says so; the lines that do. Deferred mail is flushed every two seconds."""
        end = time.monotonic() + PATIENCE
        flush = time.monotonic() + 2
        while time.monotonic() < end:
            if time.monotonic() > flush:
                flush += 2
                subprocess.run(["postfix", "-c", str(self.folder / "etc"), "flush"], capture_output=True, timeout=PATIENCE)
            if lines := [line for line in self.log().splitlines() if text in line]:
                return "\n".join(lines)
            time.sleep(0.05)
        raise AssertionError(f"Postfix never said {text!r}:\n{self.log()}")

    def stop(self) -> None:
        pid_file = self.folder / "queue" / "pid" / "master.pid"
        try:
            os.kill(int(pid_file.read_text()), signal.SIGTERM)
        except (OSError, ValueError):
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
