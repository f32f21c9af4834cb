"""The desk's reader of multipart/form-data: stricter than the RFC.

Its server's own reader takes `filename="…"` as raw UTF-8 with %0A, %0D and %22 undone, and
fails on a backslash before a quote. The strict reader (older servers) fails on `filename*`,
on unquoted parameters and on a preamble too. Source: recordings 219 to 246, multipart-node20/
and multipart-node26/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^;\s]+))', re.I)
_TYPE = re.compile(r"[\t\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    filename: str | None
    content_type: str
    content: bytes


def boundary_of(content_type: str) -> bytes | None:
    if not content_type.lower().startswith("multipart/form-data"):
        return None
    found = _BOUNDARY.search(content_type)
    return (found[1] or found[2]).encode("latin-1", "replace") if found else None


def parts_of(content_type: str, body: bytes, strict: bool) -> list[Part]:
    """The parts of a body; ValueError where the desk's reader throws."""
    boundary = boundary_of(content_type)
    if boundary is None:
        raise ValueError("no multipart body")
    mark = b"--" + boundary
    if body.startswith(mark):
        at = len(mark)
    elif strict or (start := body.find(b"\r\n" + mark)) < 0:
        raise ValueError("no first boundary")
    else:
        at = start + 2 + len(mark)
    parts: list[Part] = []
    while not body.startswith(b"--", at):
        if not body.startswith(b"\r\n", at):
            raise ValueError("junk after a boundary")
        head_end = body.find(b"\r\n\r\n", at)
        if head_end < 0:
            raise ValueError("headers without end")
        end = body.find(b"\r\n" + mark, head_end + 2)
        if end < 0:
            raise ValueError("no last boundary")
        parts.append(_part(body[at + 2 : head_end], body[head_end + 4 : end], strict))
        at = end + 2 + len(mark)
    return parts


def _part(head: bytes, content: bytes, strict: bool) -> Part:
    disposition = kind = None
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-disposition":
            disposition = value.strip()
        elif name.strip().lower() == b"content-type":
            kind = value.strip()
    if disposition is None or not disposition.lower().startswith(b"form-data"):
        raise ValueError("no form-data")
    params = _params(disposition[len(b"form-data") :], strict)
    if "name" not in params:
        raise ValueError("no name")
    filename = params.get("filename*", params.get("filename"))
    return Part(params["name"], filename, _content_type(kind), content)


def _params(text: bytes, strict: bool) -> dict[str, str]:
    params: dict[str, str] = {}
    at = 0
    while at < len(text):
        found = re.compile(rb'\s*;\s*([A-Za-z]+\*?)=(?:"([^"]*)"|([^;"\s]*))').match(text, at)
        if found is None:
            if text[at:].strip() in (b"", b";"):
                break
            raise ValueError("a parameter that cannot be read")
        name = found[1].decode().lower()
        quoted, bare = found[2], found[3]
        if name.endswith("*"):
            charset, _, value = (bare or b"").partition(b"''")
            if strict or charset.lower() != b"utf-8":
                raise ValueError("an extended parameter")
            params[name] = unquote_to_bytes(value).decode("utf-8", "replace")
        elif quoted is None and strict:
            raise ValueError("a parameter without quotes")
        else:
            params[name] = _unescape(quoted if quoted is not None else bare)
        at = found.end()
    return params


def _unescape(value: bytes) -> str:
    for escaped, plain in ((b"%0A", b"\n"), (b"%0D", b"\r"), (b"%22", b'"')):
        value = value.replace(escaped, plain).replace(escaped.lower(), plain)
    return value.decode("utf-8", "replace")


def _content_type(value: bytes | None) -> str:
    if value is None or not value:
        return "text/plain"
    text = value.decode("latin-1")
    if not _TYPE.fullmatch(text):
        return "application/octet-stream"
    return text.lower()
