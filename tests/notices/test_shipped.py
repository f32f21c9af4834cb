"""Each shipped profile reads its fixtures as they say."""

from __future__ import annotations

import pytest

from gateway.notices import fixtures, load

NAMES = load.shipped()


@pytest.mark.parametrize("name", NAMES)
def test_fixtures(name: str) -> None:
    loaded = load.read(load.SHIPPED / f"{name}.toml")

    mistakes = fixtures.run(loaded)

    assert [f"{one.where}: {one.fixture}: {one.what}" for one in mistakes] == []
    assert loaded.profile.name == name
    assert {one.gives.state for one in loaded.profile.fixture if one.matches} >= {"open"}
