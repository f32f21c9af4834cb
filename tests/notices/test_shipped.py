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
    gives = [fixture.gives for fixture in loaded.profile.fixture if fixture.matches]
    assert "open" in {given.state for given in gives} | {part.split()[0] for given in gives for part in given.parts or ()}


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_was_written_by(name: str) -> None:
    """What rests on memory alone closes nothing of itself."""
    profile = profiles.read(profiles.SHIPPED / f"{name}.toml").profile

    assert profile.evidence
    assert not (profile.guessed and profile.handling().close)
