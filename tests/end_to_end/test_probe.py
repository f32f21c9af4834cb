"""A relay that passes on what strangers write is found out; the lines of docs/install.md are what mends it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.simulator import Simulator
from tests.harness import GatewayProcess, gateway
from tests.peers import Missing
from tests.smtp.postfix import Postfix
from tests.waiting import PATIENCE

DOCS = (Path(__file__).parents[2] / "docs" / "install.md").read_text()
CHECKS = next(line.strip() for line in DOCS.splitlines() if line.startswith("    /^(Authentication-Results"))
SWAKS = next(line.strip() for line in DOCS.splitlines() if "swaks" in line and "gateway-probe" in line)
SMTP = (
    'authserv_ids = ["mx.msp.example", "-"]\nrelays = ["127.0.0.0/8"]\ntenant = "5f3c1d2e-0a4b-4c6d-8e9f-0123456789ab"'
)


@pytest.fixture(scope="module")
def behind(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with gateway(tmp_path_factory.mktemp("probe"), simulator, smtp=SMTP) as running:
        yield running


def relay(running: GatewayProcess, folder: Path, checks: str) -> Postfix:
    """A Postfix in front of the gateway with these header_checks."""
    (folder / "header_checks").write_text(checks + "\n")
    folder.chmod(0o755)
    try:
        return Postfix(
            {"relayhost": f"[127.0.0.1]:{running.smtp_port}", "header_checks": f"regexp:{folder}/header_checks"}
        )
    except Missing as missing:
        pytest.skip(f"NOT TESTED WITH POSTFIX: {missing}")


@pytest.mark.parametrize(
    ("checks", "code", "says"),
    [
        ("/^X-Nothing:/ IGNORE", 1, "passed on a stranger's stamp, and it was believed"),
        (CHECKS, 0, "the forged mail was not believed: verdict unknown"),
    ],
    ids=["as Postfix comes", "as the documentation says"],
)
def test_the_probe(behind: GatewayProcess, tmp_path: Path, checks: str, code: int, says: str) -> None:
    postfix = relay(behind, tmp_path, checks)
    try:
        done = behind.run("check", "--json", "--probe", f"127.0.0.1:{postfix.port}")
    finally:
        postfix.stop()

    assert says in done.stdout + done.stderr
    assert done.returncode == code
    assert json.loads(done.stdout)


def test_a_relay_that_is_not_there(behind: GatewayProcess) -> None:
    done = behind.run("check", "--probe", "127.0.0.1:1")
    assert done.returncode == 1
    assert "cannot be reached" in done.stdout


def test_a_relay_that_refuses(behind: GatewayProcess, tmp_path: Path) -> None:
    postfix = relay(behind, tmp_path, "/^From: <gateway-probe/ REJECT not yours")
    try:
        done = behind.run("check", "--probe", f"127.0.0.1:{postfix.port}")
    finally:
        postfix.stop()
    assert "refused the forged mail: 550" in done.stdout
    assert done.returncode == 0


@pytest.mark.skipif(not shutil.which("swaks"), reason="NOT TESTED WITH SWAKS (Debian: apt-get install swaks)")
def test_the_mail_of_the_documentation(behind: GatewayProcess, tmp_path: Path) -> None:
    postfix = relay(behind, tmp_path, CHECKS)
    try:
        words = shlex.split(SWAKS.replace("--server mx.msp.example", f"--server 127.0.0.1:{postfix.port}"))
        sent = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)
        assert sent.returncode == 0, sent.stdout
        kept = postfix.await_log("status=sent")
    finally:
        postfix.stop()
    found = re.search(r"kept as ([0-9a-f-]+)", kept)
    assert found
    row = behind.became(found.group(1))
    assert (row["stage"], row["reason"]) == ("QUARANTINED", "spoofed-internal")
