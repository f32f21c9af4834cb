"""The lines of docs/install.md for Postfix, in a Postfix: the gateway's mail arrives, all other mail goes where it went."""

from __future__ import annotations

import re
import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.simulator import Simulator
from tests.harness import BOX, GatewayProcess, free_port, gateway, mail
from tests.peers import Missing
from tests.smtp.postfix import Postfix
from tests.waiting import PATIENCE, until

PAGE = (Path(__file__).parents[2] / "docs" / "install.md").read_text().partition("## Behind Postfix")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"(?:^    .*\n?)+", PAGE, re.MULTILINE)
MAIN = dict(re.findall(r"^    (\w+) = (.+)$", next(text for text in BLOCKS if "transport_maps" in text), re.MULTILINE))
TRANSPORT = next(line.strip() for text in BLOCKS for line in text.splitlines() if "smtp:[" in line)
RECIPIENT = next(line.strip() for text in BLOCKS for line in text.splitlines() if line.endswith(" OK"))
CHECKS = next(line.strip() for text in BLOCKS for line in text.splitlines() if line.strip().startswith("/^("))


@pytest.fixture(scope="module")
def behind(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with gateway(tmp_path_factory.mktemp("install"), simulator) as running:
        yield running


def relay(folder: Path, port: int, main: dict[str, str]) -> Postfix:
    """The page's three files with this port, and these settings."""
    folder.chmod(0o755)
    (folder / "gateway_transport").write_text(TRANSPORT.replace("2525", str(port)) + "\n")
    (folder / "gateway_recipients").write_text(RECIPIENT + "\n")
    (folder / "gateway_header_checks").write_text(CHECKS + "\n")
    try:
        for name in ("gateway_transport", "gateway_recipients"):
            subprocess.run(["postmap", f"hash:{folder}/{name}"], check=True, capture_output=True)
        return Postfix({key: value.replace("/etc/postfix", str(folder)) for key, value in main.items()})
    except (Missing, FileNotFoundError) as missing:
        pytest.skip(f"NOT TESTED WITH POSTFIX: {missing}")


def offered(postfix: Postfix, recipient: str) -> tuple[int, str]:
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=PATIENCE) as client:
        client.ehlo()
        client.mail("you@example.com")
        code, text = client.rcpt(recipient)
        if code == 250:
            code, text = client.data(mail("By way of Postfix", sender="you@example.com").as_bytes())
    return code, text.decode()


IN_MYDESTINATION = {
    **{key: value for key, value in MAIN.items() if not key.startswith("relay_")},
    "mydestination": "msp.example",
    "local_recipient_maps": "inline:{ ann=1 } hash:/etc/postfix/gateway_recipients",
    "local_transport": "discard",
}


@pytest.mark.parametrize("main", [MAIN, IN_MYDESTINATION], ids=["a domain of its own", "one address of a domain"])
def test_the_lines_of_the_page(main: dict[str, str], behind: GatewayProcess, tmp_path: Path) -> None:
    postfix = relay(tmp_path, behind.smtp_port, main)
    try:
        taken, text = offered(postfix, BOX)
        unknown, _ = offered(postfix, "nobody@msp.example")
        with_tag, _ = offered(postfix, BOX.replace("@", "+acme@"))
        queue_id = re.search(r"queued as (\w+)", text)
        assert queue_id
        sent = postfix.await_log(f"{queue_id[1]}: to=<{BOX}>")
    finally:
        postfix.stop()

    assert (taken, with_tag, unknown) == (250, 250, 550)
    assert "status=sent (250 2.0.0 OK kept as " in sent
    until(lambda: "By way of Postfix" in behind.run("find", queue_id[1]).stdout, tell=behind.tail)


def test_other_mail_of_the_domain_goes_where_it_went(behind: GatewayProcess, tmp_path: Path) -> None:
    postfix = relay(tmp_path, behind.smtp_port, IN_MYDESTINATION)
    try:
        assert offered(postfix, "ann@msp.example")[0] == 250
        assert "relay=none" in postfix.await_log("to=<ann@msp.example>")
    finally:
        postfix.stop()


def test_a_gateway_that_is_not_running_costs_no_mail(tmp_path: Path) -> None:
    postfix = relay(tmp_path, free_port(), MAIN)
    try:
        assert offered(postfix, BOX)[0] == 250
        assert "Connection refused" in postfix.await_log("status=deferred")
    finally:
        postfix.stop()
