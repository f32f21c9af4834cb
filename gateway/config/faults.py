"""What is wrong with the values of a configuration: the cause, and what to write instead.

Pydantic says which rule was broken, in words of Python; here they become words of the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from gateway.config.syntax import SECRET
from gateway.config.types import (
    AUTHSERV_ID,
    CLOCK,
    HEADER,
    HEADER_OR_NONE,
    HOSTNAME,
    LISTENER,
    PROCESS,
    PROFILE,
    SITE,
    TENANT,
    did_you_mean,
    measure_of,
    size_text,
    span_text,
)

MOST_KNOWN = 14  # keys that are listed where none is near
MOST_HOMES = 3


def causes(error: ValidationError) -> list[ErrorDetails]:
    """The faults, without those that only follow from another: a list is too short once its wrong items are gone."""
    faults = error.errors(include_url=False)
    places = [fault["loc"] for fault in faults]
    return [
        fault
        for fault in faults
        if fault["type"] != "too_short"
        or not any(len(place) > len(fault["loc"]) and place[: len(fault["loc"])] == fault["loc"] for place in places)
    ]


def words(fault: ErrorDetails, root: type[BaseModel]) -> str:
    """The fault in a configuration of this model, for the one who wrote it."""
    if fault["type"] == "extra_forbidden":
        return _unknown(fault, root)
    if say := KINDS.get(fault["type"]):
        return say(fault, _field(root, fault["loc"]))
    return fault["msg"].removeprefix("Value error, ")


# -- keys that nothing knows --------------------------------------------------------------------------


def _unknown(fault: ErrorDetails, root: type[BaseModel]) -> str:
    *above, key = fault["loc"]
    name = str(key)
    here = _model(root, tuple(above))
    known = _keys(here) if here else []
    is_section = not above and isinstance(fault["input"], dict | list | tuple)
    if near := did_you_mean(name, known):
        return f"no such section{_bracketed(near)}" if is_section else f"no such key{near}"
    homes = [title for title, model in sections(root) if name in _keys(model) and model is not here]
    if name in _keys(root) and above and _inner(root.model_fields[name].annotation)[0] is None:
        return f"no such key here: {name} stands above all sections, at the beginning of the file"
    if homes and len(homes) <= MOST_HOMES:
        return f"no such key here: {name} stands in {' or '.join(homes)}"
    if is_section:
        return f"no such section; there are {', '.join(title for title, _ in sections(root) if '.' not in title)}"
    return f"no such key; there are {', '.join(known)}" if 0 < len(known) <= MOST_KNOWN else "no such key"


def _bracketed(question: str) -> str:
    return re.sub(r"mean (\S+)\?", r"mean [\1]?", question)


def _keys(model: type[BaseModel]) -> list[str]:
    """What may be written in a section."""
    return [field.alias or name for name, field in model.model_fields.items() if not field.exclude]


def sections(
    root: type[BaseModel], above: str = "", seen: frozenset[Any] = frozenset()
) -> Iterator[tuple[str, type[BaseModel]]]:
    """Each section with its title, as it is written: [smtp], [[mailbox]], [smtp.limits]."""
    for name, field in root.model_fields.items():
        model, many = _inner(field.annotation)
        if model is None or model in seen or field.exclude:
            continue
        path = "desk" if name == "desks" else f"{above}{name}"
        yield (f"[[{path}]]" if many else f"[{path}]"), model
        yield from sections(model, f"{path}.", seen | {model})


def _model(root: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The section at this place."""
    here: type[BaseModel] | None = root
    for step in loc:
        if isinstance(step, int) or here is None or step not in _by_key(here):
            continue  # a number in a list, or the name of a desk: the section is the same
        here = _inner(_by_key(here)[step].annotation)[0]
    return here


def _field(root: type[BaseModel], loc: tuple[int | str, ...]) -> FieldInfo | None:
    names = [step for step in loc if isinstance(step, str)]
    if not names:
        return None
    here = _model(root, loc[: max(at for at, step in enumerate(loc) if step == names[-1])])
    return _by_key(here).get(names[-1]) if here else None


def _by_key(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _inner(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The section that a key holds, and whether there may be several."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    origin = get_origin(annotation)
    if origin is Annotated or origin in (Union, UnionType, tuple, dict):
        for part in get_args(annotation):
            model, many = _inner(part)
            if model is not None:
                return model, many or origin is tuple
    return None, False


# -- values that do not fit ---------------------------------------------------------------------------

Say = Callable[[ErrorDetails, FieldInfo | None], str]


def _key(fault: ErrorDetails) -> str:
    return next((step for step in reversed(fault["loc"]) if isinstance(step, str)), "")


def _shown(fault: ErrorDetails) -> str:
    """The value as it would be written, unless it may be a secret."""
    value = fault["input"]
    secret = SECRET.search(_key(fault)) or not isinstance(value, str | int | float | bool)
    return '"…"' if secret else json.dumps(value if isinstance(value, str) else str(value).lower(), ensure_ascii=False)


def _list(fault: ErrorDetails, field: FieldInfo | None) -> str:
    path = ".".join(step for step in fault["loc"] if isinstance(step, str))
    if isinstance(fault["input"], dict):
        return f"write [[{path}]], with two brackets: there may be several"
    if field and _inner(field.annotation)[0]:
        return f"expected sections [[{path}]]"
    return f"expected a list, in brackets: {_key(fault)} = [{_shown(fault)}]"


def _section(fault: ErrorDetails, _: FieldInfo | None) -> str:
    names = [
        "desk" if step == "desks" else step for step in fault["loc"] if isinstance(step, str) and step != "default"
    ]
    if isinstance(fault["input"], list | tuple):
        return f"write [{'.'.join(names)}], with one bracket: there is only one"
    return f"expected a section: [{'.'.join(names)}]"


def _text(fault: ErrorDetails, _: FieldInfo | None) -> str:
    value = fault["input"]
    if isinstance(value, list | tuple | dict):
        return f'expected one text, not a {"table" if isinstance(value, dict) else "list"}: {_key(fault)} = "…"'
    return f"expected text, in quotes: {_key(fault)} = {_shown(fault)}"


def _number(fault: ErrorDetails, _: FieldInfo | None) -> str:
    return f"expected a number, without quotes: {_key(fault)} = 10"


def _one_of(fault: ErrorDetails, _: FieldInfo | None) -> str:
    expected = str(fault["ctx"]["expected"])
    known = re.findall(r"'([^']*)'", expected)
    shown = re.sub(r"'([^']+)'", r"\1", expected).replace("''", '""')
    said = fault["input"]
    return f"expected {shown}{did_you_mean(said, known) if isinstance(said, str) else ''}"


def _day(fault: ErrorDetails, _: FieldInfo | None) -> str:
    return "expected a day, for example 2026-12-25"


def _missing(fault: ErrorDetails, field: FieldInfo | None) -> str:
    return f"is missing: {field.description}" if field and field.description else "is missing"


def _written(bound: float, field: FieldInfo | None) -> str:
    """A bound of a number as the key has it: 1h, 64M."""
    match field and bound and measure_of(field):
        case "time":
            return span_text(bound)
        case "size":
            return size_text(int(bound))
        case _:
            return f"{bound:g}"


def _form(fault: ErrorDetails, _: FieldInfo | None) -> str:
    pattern = str(fault["ctx"]["pattern"])
    return FORMS.get(pattern) or f"does not have the form {pattern}"


FORMS = {
    CLOCK: "expected a time of the day, for example 07:30",
    HOSTNAME: "expected the name of a host, for example mail.msp.example",
    HEADER: "expected the name of a header, for example X-Mail-Ticket-Gateway",
    AUTHSERV_ID: "expected one name, as it stands first in the relay's Authentication-Results, "
    "for example mx.msp.example",
    PROCESS: "expected letters, digits, dots, - and _",
    TENANT: "expected the tenant's id, for example 5f3c1d2e-0a4b-4c6d-8e9f-0123456789ab "
    "(Microsoft Entra admin centre, Overview)",
    SITE: "expected an address without a path, for example https://mail.msp.example",
    LISTENER: "expected at most 32 of a-z, 0-9 and -",
    PROFILE: "expected at most 40 of a-z, 0-9 and -",
    HEADER_OR_NONE: "expected the name of a header, for example X-Remote-User",
}

KINDS: dict[str, Say] = {
    "tuple_type": _list,
    "model_type": _section,
    "dict_type": _section,
    "model_attributes_type": _section,
    "string_type": _text,
    "path_type": _text,
    "url_type": _text,
    "date_type": _day,
    "date_parsing": _day,
    "date_from_datetime_parsing": _day,
    "date_from_datetime_inexact": _day,
    "float_type": _number,
    "int_type": _number,
    "float_parsing": _number,
    "int_parsing": _number,
    "int_parsing_size": _number,
    "finite_number": lambda fault, _: "expected a number with an end",
    "int_from_float": lambda fault, _: "expected a whole number",
    "bool_type": lambda fault, _: "expected true or false",
    "bool_parsing": lambda fault, _: "expected true or false",
    "literal_error": _one_of,
    "missing": _missing,
    "too_short": lambda fault, _: "expected at least one",
    "too_long": lambda fault, _: f"expected {fault['ctx']['max_length']}, not {fault['ctx']['actual_length']}",
    "string_too_short": lambda fault, _: "is empty",
    "string_too_long": lambda fault, _: f"is longer than {fault['ctx']['max_length']} characters",
    "greater_than": lambda fault, field: f"expected more than {_written(fault['ctx']['gt'], field)}",
    "greater_than_equal": lambda fault, field: f"expected {_written(fault['ctx']['ge'], field)} or more",
    "less_than_equal": lambda fault, field: f"expected {_written(fault['ctx']['le'], field)} or less",
    "url_parsing": lambda fault, _: "expected an address that begins with https:// (or http://)",
    "url_scheme": lambda fault, _: "expected an address that begins with https:// (or http://)",
    "string_pattern_mismatch": _form,
}
