"""Colours of HTML and CSS as six hex digits, so that two spellings of one colour are the same. Source: CSS Color 4."""

from __future__ import annotations

import colorsys
import re

TRANSPARENT = "transparent"
_NAMED = {
    "white": "ffffff", "black": "000000", "silver": "c0c0c0", "gray": "808080", "grey": "808080", "red": "ff0000",
    "maroon": "800000", "yellow": "ffff00", "olive": "808000", "lime": "00ff00", "green": "008000",
    "aqua": "00ffff", "cyan": "00ffff", "teal": "008080", "blue": "0000ff", "navy": "000080", "fuchsia": "ff00ff",
    "magenta": "ff00ff", "purple": "800080", "orange": "ffa500", "whitesmoke": "f5f5f5", "snow": "fffafa",
    "ivory": "fffff0", "lightgray": "d3d3d3", "lightgrey": "d3d3d3", "gainsboro": "dcdcdc", "darkgray": "a9a9a9",
    "darkgrey": "a9a9a9", "transparent": TRANSPARENT,
}  # fmt: skip
# Words of CSS that name no colour, and what browsers pass over in the place of one.
_NO_COLOURS = frozenset("inherit initial unset revert revert-layer none auto normal currentcolor".split())
_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]{1,60})\)")
_NUMBER = re.compile(r"([+-]?\d{0,6}(?:\.\d{1,6})?)(%|deg)?")


def colour(value: str) -> str:
    """ "" for a colour that is not known; ``value`` in lower case."""
    value = value.strip()
    if value.startswith("#"):
        return _hex(value[1:])
    if value in _NAMED:
        return _NAMED[value]
    found = _FUNCTION.fullmatch(value)
    if found:
        return _function(found[1], re.split(r"[\s,/]+", found[2].strip()))
    return value if value.isalpha() and value not in _NO_COLOURS else ""


def _hex(digits: str) -> str:
    if len(digits) in (3, 4):
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) == 8:
        return TRANSPARENT if digits.endswith("00") else digits[:6]
    return digits if len(digits) == 6 else ""


def _function(name: str, values: list[str]) -> str:
    numbers = [_number(value) for value in values[:4]]
    if len(numbers) < 3 or None in numbers:
        return ""
    first, second, third = (number or (0.0, "") for number in numbers[:3])
    if len(numbers) == 4 and numbers[3] is not None and numbers[3][0] == 0:
        return TRANSPARENT
    parts: tuple[float, ...]
    if name == "hsl":
        parts = colorsys.hls_to_rgb(first[0] % 360 / 360, _part(third[0], 100), _part(second[0], 100))
    else:
        parts = tuple(_part(part, 100 if unit == "%" else 255) for part, unit in (first, second, third))
    return "".join(f"{round(part * 255):02x}" for part in parts)


def _part(number: float, whole: int) -> float:
    return min(max(number / whole, 0.0), 1.0)


def _number(text: str) -> tuple[float, str] | None:
    found = _NUMBER.fullmatch(text)
    return (float(found[1]), found[2] or "") if found and found[1].strip("+-") not in ("", ".") else None
