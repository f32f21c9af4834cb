"""A TOML file as data, or what is wrong with its writing: the line, the cause, and what to write instead.

TOML's own reader says where it stopped. Why is told by the line: the usual mistakes each have their words. A value that
may be a secret is not repeated.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from gateway.config.reading import user_name

SECRET = re.compile(r"key|token|password|secret", re.IGNORECASE)
MOST_HEADER = 1000  # characters of a section's name
TYPOGRAPHIC = "“”„‟«»‘’‚‛"

_QUOTED = re.compile(r'"[^"]*"|\'[^\']*\'|#.*')
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_NOT_IN_KEY = re.compile(r"[\"'\[\]{},#]")
_WORDS_OF_TRUTH = {"yes": "true", "on": "true", "no": "false", "off": "false", "true": "true", "false": "false"}


class NotToml(Exception):
    """The file or its folder cannot be read, or it is not TOML: one line for the operator."""


class _Line(NamedTuple):
    """A line that cannot be read: its number, its text, its key and value where it has them, all lines of the file,
    and what TOML's reader said."""

    number: int
    text: str
    key: str
    value: str
    lines: list[str]
    said: str


def read(file: Path) -> tuple[dict[str, Any], str]:
    """The data and the text. A mark of UTF-8 at the start, as Windows' editors write it, is skipped. Raises NotToml."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise NotToml(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise NotToml(f"{file}: is not UTF-8: save it as UTF-8 without changing anything else") from error
    return parse(text, str(file)), text


def files_in(folder: Path) -> list[Path]:
    """The files of a folder that end in .toml, by name; without hidden ones, which editors make. None where there is
    no folder. Raises NotToml where this user may not look: what is not read would be left out unseen."""
    try:
        files = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise NotToml(f"{folder}: cannot be read by {user_name()} ({error.strerror})") from error
    return [file for file in files if file.suffix == ".toml" and not file.name.startswith(".")]


def parse(text: str, source: str) -> dict[str, Any]:
    """The data of a text that is from ``source``. Raises NotToml."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        number, words = explain(text, str(error))
        raise NotToml(f"{source}:{number}: {words}") from error
    except (ValueError, RecursionError) as error:
        raise NotToml(f"{source}: a number in it has too many digits, or lists in it are nested too deep") from error


def explain(text: str, said: str) -> tuple[int, str]:
    """The line (from 1) and the words for what TOML's reader ``said`` of the text."""
    lines = text.split("\n")
    found = _AT_LINE.search(said)
    number = min(int(found[1]) if found else len(lines), len(lines)) or 1
    line = lines[number - 1] if lines else ""
    key, value = _pair(line) or ("", "")
    bad = _Line(number, line, key, _uncommented(value), lines, said)
    for cause in CAUSES:
        if words := cause(bad):
            return words if isinstance(words, tuple) else (number, words)
    return number, f"cannot be read here: {_AT_LINE.sub('', said).strip()}"


def _pair(line: str) -> tuple[str, str] | None:
    """The key and the value of a line, None where it has none."""
    key, equals, value = line.partition("=")
    return (key.strip(), value.strip()) if equals and not _NOT_IN_KEY.search(key) else None


def _uncommented(value: str) -> str:
    return value if value[:1] in "\"'" else value.partition("#")[0].rstrip()


def _example(bad: _Line, value: str) -> str:
    """The pair as it should be written."""
    return f"{bad.key} = {'…' if SECRET.search(bad.key) else value}"


def _twice(bad: _Line) -> str:
    if not re.match("Cannot (overwrite|declare|redefine|mutate|add)", bad.said):
        return ""
    before = bad.lines[: bad.number - 1]
    if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", bad.text):
        same = re.compile(rf"\s*\[+\s*{re.escape(header[1])}\s*\]")
        name = f"[{header[1]}]"
    else:
        same = re.compile(rf"\s*{re.escape(bad.key)}\s*=")
        name = bad.key
    for number in range(len(before), 0, -1):
        if same.match(before[number - 1]):
            return f"{name} is there twice, in line {number} and here: keep one of them"
    return f"{name} is there twice: keep one of them"


def _marks(bad: _Line) -> str:
    if not any(mark in bad.text for mark in TYPOGRAPHIC):
        return ""
    straight = bad.value.strip(TYPOGRAPHIC + "\"'")
    return f'write straight quotes ("), not typographic ones: {_example(bad, _quoted(straight))}'


def _unseen(bad: _Line) -> str:
    """Blanks of a word processor and other characters that nobody sees, where TOML knows blank and tab alone."""
    for column, character in enumerate(_QUOTED.sub(lambda quoted: " " * len(quoted[0]), bad.text), 1):
        if character not in " \t\r" and unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cc", "Cf"):
            return f"character {column} (U+{ord(character):04X}) looks like a blank or like nothing: write it anew"
    return ""


def _braces(bad: _Line) -> str:
    if not re.match(r"\[\s*[\w-]+\s*=[^=]", bad.value):
        return ""
    inner = bad.value.removeprefix("[").removesuffix("]").strip()
    return f"keys with values stand in braces: {bad.key} = [{{ {'…' if SECRET.search(inner) else inner} }}]"


def _backslash(bad: _Line) -> str:
    if not re.search(r"Unescaped|[Ee]scape|hex", bad.said):
        return ""
    return f"in double quotes a \\ is written twice; in single quotes it stands for itself: {bad.key} = '…'"


def _quote_missing(bad: _Line) -> str:
    for quote in "\"'":
        if bad.value.startswith(quote) and bad.value.count(quote) == 1:
            return f"the quote at the end is missing: {_example(bad, bad.value + quote)}"
        if bad.value.endswith(quote) and bad.value.count(quote) == 1:
            return f"the quote at the beginning is missing: {_example(bad, quote + bad.value)}"
    return ""


def _open(bad: _Line) -> tuple[int, str] | str:
    """A list that is not closed is noticed where the next section or key begins."""
    if not re.match("Unclosed|Expected|Invalid|Unterminated", bad.said):
        return ""
    for number in range(bad.number, 0, -1):
        line = _QUOTED.sub("", bad.lines[number - 1])
        if (pair := _pair(line)) and pair[1][:1] in ("[", "{"):
            rest = "\n".join(bad.lines[number - 1 : bad.number - 1]) if number < bad.number else bad.lines[number - 1]
            rest = re.sub(r'"[^"\n]*"|\'[^\'\n]*\'|#.*', "", rest)
            for left, right, what in (("[", "]", "list"), ("{", "}", "table")):
                if rest.count(left) > rest.count(right):
                    return number, f"the {what} of {pair[0]} is not closed: {right} is missing"
            return ""
        if pair or (re.match(r"\s*\[", line) and number < bad.number):
            return ""
    return ""


def _comment(bad: _Line) -> str:
    if bad.text.lstrip()[:1] not in (";", "/"):
        return ""
    return f"a comment begins with #, not with {bad.text.lstrip()[0]}"


def _equals_missing(bad: _Line) -> str:
    if "=" in bad.text.split('"')[0]:
        key = bad.key
        if re.search(r"\s", key):
            return f"a key has no blanks in it: {'_'.join(key.split())} = …"
        return ""
    if found := re.match(r"\s*([\w-]+)\s*:\s*(.*)", bad.text):
        return f"write = between a key and its value, not a colon: {found[1]} = …"
    if found := re.match(r"\s*([\w-]+)\s+[\"'\[{\w]", bad.text):
        return f"the = between {found[1]} and its value is missing"
    if found := re.match(r"\s*([\w-]+)\s*$", bad.text):
        return f"{found[1]} has no value: {found[1]} = …"
    return ""


def _brackets(bad: _Line) -> str:
    if found := re.match(r"\[*\s*([\w.-]+)\s*\]*$", bad.text.strip()[:MOST_HEADER]):
        left, right = bad.text.count("["), bad.text.count("]")
        if left != right and left + right:
            name, many = found[1], max(left, right) > 1
            return f"the brackets of a section do not match: {f'[[{name}]]' if many else f'[{name}]'}"
    return ""


def _ending(bad: _Line) -> str:
    """Something after the value."""
    if not (found := re.fullmatch(r"(\"[^\"]*\"|'[^']*'|\[[^\[\]]*\]|true|false|[\d.]+)\s*([;,].*)", bad.value)):
        return ""
    if "=" in found[2]:
        return "one key and one value in a line: begin a new line for the second"
    return f"nothing follows a value: leave out the {found[2][0]} at the end"


def _value(bad: _Line) -> str:
    if not bad.key:
        return ""
    value = bad.value
    if not value:
        return f'{bad.key} has no value: write one behind the =, "" for an empty text'
    if truth := _WORDS_OF_TRUTH.get(value.lower()):
        return f"write true or false, without quotes: {bad.key} = {truth}"
    if value[0] not in "\"'[{":
        return f"text stands in quotes: {_example(bad, _quoted(value))}"
    return ""


def _address(bad: _Line) -> str:
    if not bad.key or not re.fullmatch(r"\d+(\.\d+){2,}", bad.value) or re.fullmatch(r"\d{1,3}(\.\d{3})+", bad.value):
        return ""
    return f"text stands in quotes: {_example(bad, _quoted(bad.value))}"


def _day(bad: _Line) -> str:
    for found in re.finditer(r"\d{4}-\d{2}-\d{2}", _QUOTED.sub("", bad.text)):
        try:
            date.fromisoformat(found[0])
        except ValueError:
            return f"there is no such day: {found[0]}"
    return ""


def _number(bad: _Line) -> str:
    if not bad.key or not re.fullmatch(r"\d[\d.,'_]*", bad.value):
        return ""
    return f"a number is written without separators and leading zeros: {bad.key} = {_plain(bad.value)}"


def _plain(number: str) -> str:
    return re.sub(r"\D", "", number).lstrip("0") or "0"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


CAUSES: tuple[Callable[[_Line], tuple[int, str] | str], ...] = (
    _twice, _marks, _unseen, _backslash, _comment, _brackets, _equals_missing, _quote_missing, _day, _address, _number,
    _braces, _ending, _open, _value,
)  # fmt: skip
