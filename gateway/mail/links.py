"""Targets that may not be links, as text: a technician can still go to a file server, a chat or a notebook.

What runs (``javascript:``) or leads nowhere outside the mail (an anchor, a path without a host) is not shown.
Source: RFC 8089 (file), Microsoft's UNC names.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from gateway.match.invisible import without_invisible

from .clean import clean_line

_MOST = 2_000
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,40}):", re.IGNORECASE)
_RUNS = frozenset("javascript vbscript livescript mocha data blob about cid mid view-source ws-src jar".split())
_FILE = re.compile(r"file:(?://localhost(?=/))?", re.IGNORECASE)
_DRIVE = re.compile(r"/*([a-z])[:|](?=[\\/]|\Z)", re.IGNORECASE)


def target_text(href: str) -> str:
    """The target as a person writes it (``\\\\server\\share\\file``), "" where there is nothing to tell."""
    value = without_invisible(clean_line(href[: 2 * _MOST])).strip()
    file = _FILE.match(value)
    if file:
        path = value[file.end() :]
        return _path(unquote(path if file.end() == 5 else "//" + path))[:_MOST]
    if value.startswith(("\\\\", "//")) or _DRIVE.match(value):
        return _path(unquote(value) if "%" in value else value)[:_MOST]
    if value.lower().startswith("www."):
        return value[:_MOST]
    scheme = _SCHEME.match(re.sub(r"\s", "", value[:60]))
    if scheme is None or scheme[1].lower() in _RUNS or len(value) <= len(scheme[0]):
        return ""
    return value[:_MOST]


def _path(path: str) -> str:
    path = without_invisible(clean_line(path))
    drive = _DRIVE.match(path)
    if drive:
        return f"{drive[1].upper()}:" + path[drive.end() :].replace("/", "\\")
    backward = path.replace("/", "\\")
    name = backward.lstrip("\\")
    before = len(backward) - len(name)
    if not name:
        return ""
    if before == 3 and "\\" not in path:
        return "/" + path.lstrip("/")  # file:///home/...: a path of this computer
    return "\\\\" + name if before >= 2 else name


def says(label: str, target: str) -> bool:
    """Whether the words of the link are the target already."""
    return _bare(target) in _bare(label)


def _bare(text: str) -> str:
    return re.sub(r"[\s\\/<>\"]+", "/", unquote(text)).strip("/").casefold().removeprefix("file:/")
