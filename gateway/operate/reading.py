"""The text of a kept mail for who looks at it: read in the parser's child, as all mail is."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.config.settings import Settings
from gateway.model.email import Email
from gateway.store.raw import RawMail
from gateway.work.parser import Parser, ParserBroken, ParserBusy, ParserDied

DEADLINE = 5.0
"""Seconds for which somebody waits for a mail to be shown; HTML can be made that takes far longer."""


class NotRead(Exception):
    """The mail cannot be shown as text; its bytes can be had."""


def parser_of(settings: Settings) -> Parser:
    """One child, for who looks at one mail at a time."""
    return Parser(
        children=1,
        deadline=min(DEADLINE, settings.parser.deadline),
        memory=settings.parser.memory,
        own=settings.own_addresses(),
    )


async def read(parser: Parser, raws: RawMail, content: Any) -> Email:
    """The mail of a row of ``deliveries.content``. Raises NotRead."""
    with _readable():
        return await parser.read(raws.read(content))


async def html(parser: Parser, raws: RawMail, content: Any) -> str:
    """Its HTML, safe to show in a frame without rights. Raises NotRead."""
    with _readable():
        return await parser.html(raws.read(content))


async def file(parser: Parser, raws: RawMail, content: Any, index: int) -> bytes:
    """The bytes of its attachment ``index``. Raises NotRead."""
    with _readable(), tempfile.TemporaryDirectory(prefix="gateway-file-") as folder:
        into = Path(folder) / "file"
        await parser.file(raws.read(content), index, into)
        return into.read_bytes()


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (ParserDied, ParserBroken) as error:
        raise NotRead(str(error)) from error
    except ParserBusy as error:
        raise NotRead("other mail is being read; try again") from error
    except OSError as error:
        raise NotRead(f"it is not where it was kept: {error}") from error


def new_words(email: Email) -> tuple[str, str]:
    """What the sender wrote in this mail, and what was cut as old or as a signature."""
    if email.reply.confidence == "low":
        return email.text, ""
    cut = "\n\n".join(filter(None, (email.reply.signature, email.reply.quoted)))
    return email.reply.text, cut
