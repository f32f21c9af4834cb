"""Headers of mails that tests write: each that differs is parsed and folded once in a process, which is most of what
writing a small mail takes."""

from __future__ import annotations

from email.headerregistry import BaseHeader, HeaderRegistry
from email.policy import EmailPolicy
from functools import cache
from typing import Any


class _Registry(HeaderRegistry):
    __getitem__ = cache(HeaderRegistry.__getitem__)

    def __init__(self) -> None:
        super().__init__()
        self._parsed: dict[object, BaseHeader] = {}

    def __call__(self, name: str, value: Any) -> BaseHeader:
        key = name, value if isinstance(value, str) else (repr(value),)  # an address has no hash
        if key not in self._parsed:
            self._parsed[key] = super().__call__(name, value)
        return self._parsed[key]


class _Policy(EmailPolicy):
    def fold_binary(self, name: str, value: Any) -> bytes:
        if not isinstance(value, BaseHeader):
            return super().fold_binary(name, value)
        if not hasattr(value, "folded"):  # not by its words: those of two headers are alike that differ by a comment
            value.folded = super().fold_binary(name, value)  # type: ignore[attr-defined]
        return value.folded


POLICY = _Policy(header_factory=_Registry())
"""Writes what email.policy.default does."""
