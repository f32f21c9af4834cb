"""Where a key of the configuration stands: file and line. TOML's own reader does not say.

Reads what that one has found to be valid TOML (1.0), so it need not look for faults.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

Path = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)+")
_STRINGS = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}|' r"'''(?:[^']|'(?!''))*'{3,5}|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]*")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something of the configuration that is wrong. ``where`` is file and line."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class Locations:
    """The files that were read, with their texts, in order. What several files add to one array counts on."""

    files: tuple[tuple[str, str], ...] = field(default=())

    def of(self, section: str, number: int | None = None, key: str = "") -> str:
        """``file:line`` of a key of a section: of the ``number``-th [[section]] (from 0) over all files. A key of
        no section stands above all of them."""
        path: Path = (*((section,) if section else ()), *(() if number is None else (number,)))
        return self.at((*path, key) if key else path)

    def at(self, path: Path) -> str:
        """``file:line`` of the value at the path, or of the nearest one around it."""
        before = 0
        for file, lines in self._lines:
            here = path
            if len(path) > 1 and isinstance(path[1], int):
                mine = sum(len(key) == 2 and key[0] == path[0] for key in lines)
                if not before <= path[1] < before + mine:
                    before += mine
                    continue
                here = (path[0], path[1] - before, *path[2:])
            for end in range(len(here), 0, -1):
                if here[:end] in lines:
                    return f"{file}:{lines[here[:end]]}"
        return self.files[0][0] if self.files else "configuration"

    @cached_property
    def _lines(self) -> list[tuple[str, dict[Path, int]]]:
        return [(file, _Scan(text).lines) for file, text in self.files]


class _Scan:
    """The line (from 1) of every key, table and array item of a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.lines: dict[Path, int] = {}
        self._tables: dict[Path, int] = {}  # how many tables an array of them has so far
        here: Path = ()
        while self._skip():
            if text.startswith("[[", self.at):
                here = self._array_of_tables()
            elif text.startswith("[", self.at):
                self._take(1)
                here = self._resolve(self._key())
                self._take(1)
                self._note(here)
            else:
                self._pair(here)

    def _array_of_tables(self) -> Path:
        self._take(2)
        names = self._key()
        self._take(2)
        path = (*self._resolve(names[:-1]), names[-1])
        number = self._tables[path] = self._tables.get(path, -1) + 1
        self._note(path)
        self._note((*path, number))
        return (*path, number)

    def _resolve(self, names: tuple[str, ...]) -> Path:
        """A header's names with the number of the latest table where one is an array."""
        path: Path = ()
        for name in names:
            path = (*path, name)
            if path in self._tables:
                path = (*path, self._tables[path])
        return path

    def _pair(self, here: Path) -> None:
        line = self.line
        path = (*here, *self._key())
        self.lines.setdefault(path, line)
        self._skip()
        self._take(1)  # =
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip()
        self._note(path)
        first = self.text[self.at]
        if first == "[":
            self._items(path, "]")
        elif first == "{":
            self._items(path, "}")
        elif match := _STRINGS.match(self.text, self.at):
            self._take(len(match[0]))
        else:
            self._take(len(_SCALAR.match(self.text, self.at)[0]))  # type: ignore[index]

    def _items(self, path: Path, end: str) -> None:
        """The items of an array or of an inline table."""
        self._take(1)
        number = 0
        while self._skip() and self.text[self.at] != end:
            if self.text[self.at] == ",":
                self._take(1)
            elif end == "}":
                self._pair(path)
            else:
                self._value((*path, number))
                number += 1
        self._take(1)

    def _key(self) -> tuple[str, ...]:
        names = []
        while True:
            self._skip()
            match = _STRINGS.match(self.text, self.at) or _BARE.match(self.text, self.at)
            assert match is not None
            names.append(match[0].strip("\"'"))
            self._take(len(match[0]))
            self._skip()
            if self.text[self.at] != ".":
                return tuple(names)
            self._take(1)

    def _note(self, path: Path) -> None:
        self.lines.setdefault(path, self.line)

    def _skip(self) -> bool:
        """Blanks and comments. False at the end."""
        if match := _BLANK.match(self.text, self.at):
            self._take(len(match[0]))
        return self.at < len(self.text)

    def _take(self, length: int) -> None:
        self.line += self.text.count("\n", self.at, self.at + length)
        self.at += length
