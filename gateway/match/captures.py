"""Texts of the operator with {captures} in them, filled from what a rule's conditions found in a mail."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.match.conditions import View


def fill(text: str, captures: Mapping[str, str], view: View) -> str:
    """A text with its {captures}, {subject} and {from}; "" when one that it needs is not there."""
    known = {**captures, "subject": view.email.subject, "from": (view.texts("from") or ("",))[0]}
    for name in names_in(text):
        if not known.get(name):
            return ""
        text = text.replace("{" + name + "}", known[name])
    return text.strip()


def names_in(text: str) -> list[str]:
    """The names in braces."""
    return [part.partition("}")[0] for part in text.split("{")[1:] if "}" in part]
