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

    assert [f"{mistake.where}: {mistake.fixture}: {mistake.what}" for mistake in mistakes] == []
    assert loaded.profile.name == name
    assert {fixture.gives.state for fixture in loaded.profile.fixture if fixture.matches} >= {"open"}
