"""Each shipped profile reads its fixtures as they say."""

from __future__ import annotations

import pytest

from gateway.config import profiles
from gateway.notices import fixtures

NAMES = profiles.shipped()


@pytest.mark.parametrize("name", NAMES)
def test_fixtures(name: str) -> None:
    loaded = profiles.read(profiles.SHIPPED / f"{name}.toml")

    mistakes = fixtures.run(loaded)

    assert [f"{one.where}: {one.fixture}: {one.what}" for one in mistakes] == []
    assert loaded.profile.name == name
    assert {one.gives.state for one in loaded.profile.fixture if one.matches} >= {"open"}
