"""Which client a text names."""

from __future__ import annotations

import pytest

from gateway.match.clients import Clients

NAMES = [("Acme", "1"), ("ACME", "2"), ("Smith", "3"), ("Smith North", "4"), ("Berg", "5")]
ALIASES = {"roadrunner": "acme", "SN": "smith north", "nobody": "Gone"}


@pytest.mark.parametrize(
    ("texts", "client_id"),
    [
        (["Smith North: disk full"], "4"),
        (["Smith: disk full"], "3"),
        (["SN: disk full"], "4"),
        # Two clients of one name, in whatever case and order, are no answer; nor is their alias.
        (["Acme: disk full"], ""),
        (["roadrunner: disk full"], ""),
        (["Acme: disk full", "Berg"], "5"),
        (["nobody"], ""),
        ([], ""),
    ],
)
def test_the_client_that_a_text_names(texts: list[str], client_id: str) -> None:
    assert Clients(NAMES, ALIASES).find(texts).client_id == client_id
    assert Clients(reversed(NAMES), ALIASES).find(texts).client_id == client_id
