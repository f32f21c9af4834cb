"""Text that is given to a command in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.shared import text_of

RULE = '[[rule]]\nname = "Dürer"\n'


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["as Unix writes it", "as Windows writes it"])
def test_a_text_is_read_as_the_configuration_is(mark: str, tmp_path: Path) -> None:
    (tmp_path / "rule.toml").write_text(mark + RULE, encoding="utf-8")

    assert text_of(tmp_path / "rule.toml") == RULE
