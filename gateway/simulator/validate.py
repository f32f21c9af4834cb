"""The desk's validation: issues in its words and in its order (it uses zod 3).

A field is a name, whether it must be there, and a check that returns the issues of a value.
Unknown keys are dropped unless a schema is strict. Source: recorded 400 answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from gateway.simulator.text import units
from gateway.simulator.wire import Issue, Row, invalid, invalid_query

Check = Callable[[Any, list[Any]], list[Issue]]
Field = tuple[str, bool, Check]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
_DECIMAL = re.compile(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_PREFIXED = re.compile(r"0[xob][0-9a-f]+", re.I)
MISSING = object()
"""The value of a field that is not there."""


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def kind_of(value: object) -> str:
    if value is MISSING:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def wrong_type(value: object, expected: str, path: list[Any]) -> list[Issue]:
    received = kind_of(value)
    message = "Required" if received == "undefined" else f"Expected {expected}, received {received}"
    return [{"code": "invalid_type", "expected": expected, "received": received, "path": path, "message": message}]


def uuid(value: Any, path: list[Any]) -> list[Issue]:
    if not isinstance(value, str):
        return wrong_type(value, "string", path)
    if not is_uuid(value):
        return [{"validation": "uuid", "code": "invalid_string", "message": "Invalid uuid", "path": path}]
    return []


def nullable(check: Check) -> Check:
    return lambda value, path: [] if value is None else check(value, path)


def boolean(value: Any, path: list[Any]) -> list[Issue]:
    return [] if isinstance(value, bool) else wrong_type(value, "boolean", path)


def number(value: Any, path: list[Any]) -> list[Issue]:
    return [] if kind_of(value) == "number" else wrong_type(value, "number", path)


def anything(value: Any, path: list[Any]) -> list[Issue]:
    return []


def obj(value: Any, path: list[Any]) -> list[Issue]:
    return [] if isinstance(value, dict) else wrong_type(value, "object", path)


def url(value: Any, path: list[Any]) -> list[Issue]:
    if not isinstance(value, str):
        return wrong_type(value, "string", path)
    if not re.match(r"[a-z][a-z0-9+.-]*:\S", value, re.I):
        return [{"validation": "url", "code": "invalid_string", "message": "Invalid url", "path": path}]
    return []


def string(least: int = 0, most: int | None = None, short: str | None = None, long: str | None = None) -> Check:
    def check(value: Any, path: list[Any]) -> list[Issue]:
        if not isinstance(value, str):
            return wrong_type(value, "string", path)
        size = units(value)
        if size < least:
            message = short or f"String must contain at least {least} character(s)"
            return [_size("too_small", "minimum", least, "string", message, path)]
        if most is not None and size > most:
            message = long or f"String must contain at most {most} character(s)"
            return [_size("too_big", "maximum", most, "string", message, path)]
        return []

    return check


def one_of(*options: str) -> Check:
    def check(value: Any, path: list[Any]) -> list[Issue]:
        expected = " | ".join(f"'{option}'" for option in options)
        if not isinstance(value, str):
            received = kind_of(value)
            if received == "undefined":
                return wrong_type(value, expected, path)
            return [
                {
                    "expected": expected,
                    "received": received,
                    "code": "invalid_type",
                    "path": path,
                    "message": f"Expected {expected}, received {received}",
                }
            ]
        if value in options:
            return []
        return [
            {
                "received": value,
                "code": "invalid_enum_value",
                "options": list(options),
                "path": path,
                "message": f"Invalid enum value. Expected {expected}, received '{value}'",
            }
        ]

    return check


def array(check_item: Check, least: int = 0, short: str | None = None) -> Check:
    def check(value: Any, path: list[Any]) -> list[Issue]:
        if not isinstance(value, list):
            return wrong_type(value, "array", path)
        if len(value) < least:
            message = short or f"Array must contain at least {least} element(s)"
            return [_size("too_small", "minimum", least, "array", message, path)]
        return [issue for i, item in enumerate(value) for issue in check_item(item, [*path, i])]

    return check


def _size(code: str, bound: str, value: int, kind: str, message: str, path: list[Any]) -> Issue:
    return {
        "code": code,
        bound: value,
        "type": kind,
        "inclusive": True,
        "exact": False,
        "message": message,
        "path": path,
    }


def issues_of(body: Any, fields: Sequence[Field]) -> tuple[Row, list[Issue]]:
    """The known fields of a body, and what is wrong with them."""
    if not isinstance(body, dict):
        return {}, wrong_type(body, "object", [])
    known: Row = {}
    issues: list[Issue] = []
    for name, required, check in fields:
        value = body.get(name, MISSING)
        if value is MISSING:
            if required:
                issues += check(value, [name])
            continue
        found = check(value, [name])
        if found:
            issues += found
        else:
            known[name] = value
    return known, issues


def parse(body: Any, fields: Sequence[Field]) -> Row:
    known, issues = issues_of(body, fields)
    if issues:
        raise invalid(issues)
    return known


def query_number(query: Any, name: str, default: int, most: int | None) -> tuple[int, list[Issue]]:
    """`page` and `limit`: JavaScript's Number(text), then bounds."""
    text = query.get(name)
    if text is None:
        return default, []
    value = _number_of(text)
    if value is None:
        return default, [
            {
                "code": "invalid_type",
                "expected": "number",
                "received": "nan",
                "path": [name],
                "message": "Expected number, received nan",
            }
        ]
    if value < 1:
        return default, [
            {
                "code": "too_small",
                "minimum": 1,
                "type": "number",
                "inclusive": True,
                "exact": False,
                "message": "Number must be greater than or equal to 1",
                "path": [name],
            }
        ]
    if most is not None and value > most:
        return default, [
            {
                "code": "too_big",
                "maximum": most,
                "type": "number",
                "inclusive": True,
                "exact": False,
                "message": f"Number must be less than or equal to {most}",
                "path": [name],
            }
        ]
    return int(min(value, 2**53)), []


def _number_of(text: str) -> float | None:
    """What JavaScript's Number makes of a text, None for NaN."""
    text = text.strip()
    if _DECIMAL.fullmatch(text):
        return float(text)
    try:
        return float(int(text, 0)) if _PREFIXED.fullmatch(text) else None if text else 0.0
    except ValueError:
        return None


def refuse_query(issues: list[Issue]) -> None:
    if issues:
        raise invalid_query(issues)
