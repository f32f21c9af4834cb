"""What docs/notices.md shows works as it stands."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from gateway.config import profiles
from gateway.config.load import load
from gateway.notices import fixtures

PAGE = (Path(__file__).parents[2] / "docs" / "notices.md").read_text(encoding="utf-8")


def example(heading: str, begins: str) -> str:
    """The indented lines under a heading that begin so."""
    part = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"(?:^(?:    .*)?\n)+", part, re.M)
    return next(text for block in blocks if (text := textwrap.dedent(block)).strip().startswith(begins))


def test_the_profile_reads_its_fixtures(tmp_path: Path) -> None:
    (tmp_path / "cooling.toml").write_text(example("Write a profile", "name ="))

    loaded = profiles.read(tmp_path / "cooling.toml", own=True)

    assert fixtures.run(loaded) == []
    assert len(loaded.profile.fixture) == 2


def test_the_notices_are_valid(tmp_path: Path) -> None:
    head = '[desk]\nurl = "http://desk/api/v1"\napi_key = "k"\n[[mailbox]]\naddress = "alerts@msp.example"\n'
    (tmp_path / "gateway.toml").write_text(head + example("Turn a profile on", "[[notice]]"))

    found = load(tmp_path / "gateway.toml", {})

    assert [notice.called for notice in found.notice] == ["veeam", "synology-globex", "datto-rmm"]
    assert found.notice[2].expect[0].by == ("06:00",)
