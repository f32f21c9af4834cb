"""A file that a mail names and does not carry, in a line that says where it lies.

Source: RFC 2046 5.2.3 (message/external-body), RFC 2017 (access-type URL), Thunderbird's X-Mozilla-Cloud-Part.
"""

from __future__ import annotations

from gateway.match.invisible import without_invisible

from .clean import clean_line
from .head import split_head
from .mime import Part, parse_typed

DESCRIBED = "message/external-body"
"""The type of a part that only describes a file."""
MOST = 20
"""Lines below the text of a mail; the others stand in their files alone."""
_LONGEST = 2000  # characters
_NAMES = ("name", "filename")


def line_of(part: Part) -> str:
    """What the part says of a file that lies elsewhere: its name, and its address or how else it is to be had; "" for a
    part that carries its file."""
    kind, said = _said(part)
    if not kind:
        return ""
    address = "".join(said.pop("url", "").split())
    name = part.filename() or _name_within(part)
    rest = ", ".join(f"{key} {value}" for key, value in said.items() if key not in _NAMES or value != name)
    place = address or rest or "it does not say where"
    return clean_line(without_invisible(f"Not in this mail: {name or 'a file'}, {place}"))[:_LONGEST]


def _said(part: Part) -> tuple[str, dict[str, str]]:
    """The kind of such a part, "" for any other, and its parameters."""
    if part.content_type == DESCRIBED:
        return DESCRIBED, dict(part.params)
    cloud = part.header("x-mozilla-cloud-part")
    return parse_typed(cloud.encode("utf-8", "replace")) if cloud else ("", {})


def _name_within(part: Part) -> str:
    """The name in the header fields of the file, which are the body of the part that describes it."""
    for field, raw in split_head(part.data, part.start, part.end).fields:
        if field.lower() in ("content-type", "content-disposition"):
            params = parse_typed(raw)[1]
            if name := next((params[key] for key in _NAMES if params.get(key)), ""):
                return name
    return ""
