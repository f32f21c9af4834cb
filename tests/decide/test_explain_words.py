"""explain has words of its own for each kind of effect."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, get_args

import pytest

from gateway.model.plan import EffectKind
from gateway.operate.preview.explain import _summary


@pytest.mark.parametrize("kind", get_args(EffectKind))
def test_every_kind_has_words_of_its_own(kind: str) -> None:
    body: dict[str, Any] = defaultdict(str, request={"is_internal": False, "priority_id": "1"})
    said = {other: _summary(other, body)["effect"] for other in get_args(EffectKind)}

    assert said[kind]
    assert [other for other in said if said[other] == said[kind]] == [kind]


def test_an_effect_that_nobody_described_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="no words"):
        _summary("dance", {})
