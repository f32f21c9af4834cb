"""The words of a command line: paths and parameters of MAIL and RCPT (RFC 5321 4.1.2).

Linear, and lenient in what real senders do: blanks after the colon, missing brackets, a source route
(dropped, as the RFC asks).
"""

from __future__ import annotations

import re

LONGEST_ADDRESS = 1000

Parameters = list[tuple[str, str]]

_CONTROLS = re.compile("[\0-\x1f\x7f\ud800-\udfff]")  # and bytes that are not UTF-8
_BLANK = re.compile("[\0- \x7f]")


def path_of(keyword: str, arg: str) -> tuple[str | None, Parameters]:
    """The address of MAIL or RCPT and its parameters; None for bad syntax."""
    if arg[: len(keyword)].upper() != keyword:
        return None, []
    text = arg[len(keyword) :].strip()
    if text.startswith("<"):
        end = _closing(text)
        if end < 0:
            return None, []
        path, rest = text[1:end], text[end + 1 :]
    else:
        path, _, rest = text.partition(" ")
        if not path:
            return None, []
    if path.startswith("@"):
        path = path.partition(":")[2]
        if not path:
            return None, []  # a route to nowhere is no null sender
    path = path.strip()
    if len(path) > LONGEST_ADDRESS:
        return None, []
    if _CONTROLS.search(path) or (_BLANK.search(path) and not path.startswith('"')):
        return None, []
    parameters = []
    for word in rest.split():
        name, _, value = word.partition("=")
        parameters.append((name.upper(), value))
    return path, parameters


def _closing(text: str) -> int:
    """Where the bracket at the start closes, brackets in a quoted local part apart."""
    if (quote := text.find('"')) < 0 or quote > text.find(">") >= 0:
        return text.find(">")
    quoted = False
    skip = False
    for at, character in enumerate(text):
        if skip:
            skip = False
        elif quoted and character == "\\":
            skip = True
        elif character == '"':
            quoted = not quoted
        elif character == ">" and not quoted:
            return at
    return -1


def declared_size(parameters: Parameters) -> int:
    """What SIZE says, in octets; 0 without it."""
    return next((int(value) for name, value in parameters if name == "SIZE"), 0)
