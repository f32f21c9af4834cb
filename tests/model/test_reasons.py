"""The table of reasons is the list of what is given: nothing else is, and each is given by something."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import gateway
from gateway.model.reasons import Reason

CODE = Path(gateway.__file__).parent
HOME = CODE / "model" / "reasons.py"


@cache
def _nodes() -> dict[Path, list[ast.Attribute | ast.Constant]]:
    """What may name a reason, by file."""
    words = ("Reason", "cls.", *(reason.value for reason in Reason))
    return {
        file: [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute | ast.Constant)]
        for file in sorted(CODE.rglob("*.py"))
        if any(word in (text := file.read_text("utf-8")) for word in words)
    }


WORDS_OF_ALL = (CODE / "operate" / "said.py", CODE / "operate" / "preview" / "kept.py")
"""They name reasons and give none."""


def _given() -> set[str]:
    """The members that the code gives: as Reason.NAME, or by the class itself."""
    return {
        node.attr
        for file, nodes in _nodes().items()
        if file not in WORDS_OF_ALL
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("Reason", "cls")
    }


def test_every_documented_reason_is_given_by_something() -> None:
    given = _given()

    assert [reason.name for reason in Reason if reason.name not in given] == []


def test_no_reason_is_spelt_out_beside_the_table() -> None:
    """A reason in quotes is one that nothing ties to its row. The exceptions are kinds of mail and an answer to RCPT."""
    named = {reason.value for reason in Reason if "-" in reason.value} - {"auto-reply", "no-mailbox"}
    spelt = [
        node.value
        for file, nodes in _nodes().items()
        if file != HOME
        for node in nodes
        if isinstance(node, ast.Constant) and node.value in named
    ]

    assert spelt == []


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_says_what_happened_and_what_to_do(reason: Reason) -> None:
    assert reason.becomes in ("suppressed", "quarantined")
    assert reason.happened.endswith(".") and reason.do.endswith(".")
