"""Texts of the operator with {captures} in them, filled from what a rule's conditions found in a mail."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.match.conditions import View

_NAMED = re.compile(r"\{([^{}]*)\}")


def fill(text: str, captures: Mapping[str, str], view: View) -> str:
    """A text with its {captures}, {subject} and {from}; "" when one that it needs is not there."""
    known = {**captures, "subject": view.email.subject, "from": (view.texts("from") or ("",))[0]}
    if not all(known.get(name) for name in names_in(text)):
        return ""
    return put_in(text, known).strip()


def put_in(text: str, known: Mapping[str, str]) -> str:
    """A text with what each of its names in braces stands for; all at once, as a mail may have braces, too."""
    return _NAMED.sub(lambda found: known[found[1]], text)


def names_in(text: str) -> list[str]:
    """The names in braces."""
    return _NAMED.findall(text)
