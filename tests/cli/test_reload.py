"""How `gateway reload` finds the gateway that runs: from its configuration, which may be wrong by now."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli import reload

TOKEN = b"a-token-of-the-gateway"
HTTP = b'[http]\nlisten = "127.0.0.1:9025"\ntoken_file = "token"\n'


@pytest.mark.parametrize(
    ("configuration", "token", "found"),
    [
        (HTTP, TOKEN + b"\n", ("127.0.0.1:9025", TOKEN.decode())),
        (
            b"\xef\xbb\xbf" + HTTP.replace(b"\n", b"\r\n"),
            b"\xef\xbb\xbf" + TOKEN + b"\r\n",
            ("127.0.0.1:9025", TOKEN.decode()),
        ),
        (HTTP, b"", ("127.0.0.1:9025", "")),
        (HTTP + b"[mailbox\n", TOKEN, ("127.0.0.1:8025", "")),
        (HTTP + b"[smtp]\nmax_size = " + b"1" * 5000, TOKEN, ("127.0.0.1:8025", "")),
    ],
    ids=["as Unix writes it", "as Windows writes it", "empty token", "no TOML", "a number without end"],
)
def test_the_gateway_is_found(configuration: bytes, token: bytes, found: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_bytes(configuration)
    (tmp_path / "token").write_bytes(token)

    assert reload._door(tmp_path / "gateway.toml") == found
