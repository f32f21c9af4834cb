"""What holds in every scenario."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.templates import VALUES, Templates


@pytest.fixture(autouse=True)
def _templates_have_their_values(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each template is given all that `gateway check` tries it with: what passes there never fails on a mail."""
    missing: set[tuple[str, str]] = set()
    lines = Templates.lines

    def looked_at(self: Templates, name: str, /, **values: Any) -> list[str]:
        missing.update((name, key) for key in VALUES[name].keys() - values.keys())
        return lines(self, name, **values)

    monkeypatch.setattr(Templates, "lines", looked_at)
    yield
    assert missing == set()
