"""The operator's templates: text in, lines out; the lines become paragraphs around the mail's body.

Sandboxed Jinja2. A value that a template prints is one line, with nothing in it that nobody sees: nothing from a mail
can add a line, a block or markup, or turn what stands beside it. ``{{ body }}`` on a line of its own stands for the
body's blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
)
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gateway.config.acknowledge import LANGUAGES, OCCASIONS
from gateway.match.invisible import without_invisible

BODY = "\ue000body\ue000"
MOST_OUTPUT = 100_000


class BadTemplate(Exception):
    """A template cannot be used; the text names it and the line."""


def shipped() -> Path:
    """The folder of the templates that come with the gateway: in the wheel, else in the checkout."""
    packaged = Path(str(resources.files("gateway"))) / "templates"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "templates"


def _one_line(value: Any) -> Any:
    if value == BODY:
        return BODY
    text = without_invisible(str(value).replace("\ue000", ""))
    return " ".join(text.split()) if any(c in text for c in "\r\n\t\x0b\x0c\x85\u2028\u2029") else text


NAMED = {"mail": "#412", "delivery": "01a20286-f748-75c3-8f5d-5156f44b4ae9"}
"""By what a mail is called: its number and its id."""
MAIL: dict[str, Any] = {
    **NAMED,
    "sender": {
        "name": "Ann Lee",
        "address": "ann@acme.example",
        "label": "Ann Lee (ann@acme.example)",
        "verdict": "verified",
    },
    "to": ["<support@msp.example>"],
    "cc": ["<bob@acme.example>"],
    "date": "2026-11-22 08:30 UTC",
    "subject": "Printer broken",
    "mailbox": "support@msp.example",
    "forwarder": "Tess Technician <tess@msp.example>",
}
VALUES: dict[str, dict[str, Any]] = {
    "title": MAIL,
    "ticket": {**MAIL, "body": BODY, "note": "continues ticket TIC1", "files": ["a.pdf (12 kB)"], "pictures": 2},
    "comment": {
        **MAIL,
        "body": BODY,
        "note": "the sender is not part of the ticket",
        "files": ["a.pdf (12 kB)"],
        "hidden": 12,
        "signature": 5,
        "automatic": "absence",
        "own_subject": "Approve: Printer",
    },
    "forward": {**MAIL, "body": BODY},
    "bounce": {**MAIL, "recipient": "ann@acme.example", "status": "5.1.1", "action": "failed"},
    "moved": {**MAIL, "there": "TIC001083"},
    "stranger": {**MAIL, "operator": "lmeier", "disproven": False},
    "missing": {**NAMED, "files": [{"name": "a.exe", "reason": "refused"}]},
    "released": {**NAMED, "files": ["a.exe"], "by": "operator", "at": "2026-11-22 08:30 UTC"},
    "still-closed": {**NAMED, "why": "400 VALIDATION_ERROR Invalid status"},
    "recovered": {
        "profile": "nagios",
        "word": "RECOVERY",
        "subject": "web01/HTTP is OK",
        "at": "2026-11-22 08:30 UTC",
        "closed": False,
        "why": "somebody wrote on it",
    },
    **{
        f"acknowledge.{language}": {
            "occasion": "stranger",
            "ticket": "TIC1",
            "subject": "Printer broken",
            "mailbox": "support@msp.example",
            "files": ["a.exe"],
        }
        for language in LANGUAGES
    },
    "files": {
        "mail": "#412",
        "name": "a.pdf",
        "size": "12 kB",
        "also": ["b.pdf"],
        "remarks": ["encrypted"],
        "held": True,
    },
}
"""What each template may print, with an example: a text that uses anything else fails when it is needed."""
EMPTY: dict[str, Any] = {
    **dict.fromkeys(("to", "cc", "files", "also", "remarks"), ()),
    **dict.fromkeys(("date", "subject", "forwarder", "note", "automatic", "status", "there", "ticket", "size"), ""),
    "own_subject": "",
    **dict.fromkeys(("pictures", "hidden", "signature"), 0),
}
"""What of it a mail may not have."""
CHOICES: dict[str, tuple[Any, ...]] = {
    "action": ("failed", "delayed", "delivered", "relayed", "expanded"),
    "occasion": OCCASIONS,
    "by": ("operator", "scanner"),
    "closed": (False, True),
    "disproven": (False, True),
    "held": (True, False),
}
"""What texts choose their words by."""
NAMES = tuple(VALUES)


def examples(name: str) -> Iterator[dict[str, Any]]:
    """The values of a template: with much and with little, and with each choice."""
    much = VALUES[name]
    little = {key: EMPTY.get(key, value) for key, value in much.items()}
    chosen = [key for key in CHOICES if key in much]
    for values in (much, little):
        for choice in product(*(CHOICES[key] for key in chosen)):
            yield {**values, **dict(zip(chosen, choice, strict=True))}


class _Compiled(BytecodeCache):
    """Compiling takes longer than all else about a template: done once for each text."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._codes.get(bucket.key):
            bucket.bytecode_from_string(code)  # one of another text is refused by its sum

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


class Templates:
    """The templates of ``folder``, each falling back to the shipped one."""

    def __init__(self, folder: Path | None = None) -> None:
        loaders: list[BaseLoader] = [FileSystemLoader(str(place)) for place in (folder, shipped()) if place]
        self._environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader(loaders),
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_one_line,
            auto_reload=False,
            bytecode_cache=_COMPILED,
        )

    def check(self) -> None:
        """Render every template with each of its examples. Raises BadTemplate."""
        for name in NAMES:
            for values in examples(name):
                lines = self.lines(name, **values)
                if "body" in values and not any(line.strip() == BODY for line in lines):
                    raise BadTemplate(f"{name}.txt: expected {{{{ body }}}} on a line of its own: the mail's text")
                if name.startswith(("title", "files", "acknowledge")) and not lines[0].strip():
                    raise BadTemplate(f"{name}.txt: expected text on its first line")

    def lines(self, name: str, /, **values: Any) -> list[str]:
        """Render. Raises BadTemplate."""
        try:
            text = self._environment.get_template(f"{name}.txt").render(**values)
        except TemplateNotFound as error:
            raise BadTemplate(f"{error.name}: no such template") from error
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            raise BadTemplate(f"{name}.txt{f' line {line}' if line else ''}: {error.message}") from error
        except Exception as error:
            raise BadTemplate(f"{name}.txt: {type(error).__name__}: {error}") from error
        return text[:MOST_OUTPUT].strip("\n").split("\n")
