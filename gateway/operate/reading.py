"""The text of a kept mail for who looks at it: read in the parser's child, as all mail is."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.config.settings import Settings
from gateway.decide.shown import NO_QUOTE, looked
from gateway.decide.signing import known_of
from gateway.mail.ending import Ending
from gateway.mail.look import Look
from gateway.model.email import Email
from gateway.model.questions import EndingOf, FilesOn, UnknownIn, Unshown
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


def new_words(email: Email, answers: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """What the sender wrote in this mail, and what of it was cut: (why, line). By ``answers``, which the decision about
    a comment got, as the comment has it; without them as the rules alone say."""
    reply = email.reply
    asked = {UnknownIn.kind, EndingOf.kind} & answers.keys()
    if asked and reply.passages and email.forwarded is None:
        seen = _looked(email, answers)
        return "\n".join(passage.text for passage in seen.shown), [
            (_WHY.get(why, why), text) for why, text in seen.cut if text.strip()
        ]
    if reply.confidence == "low":
        return email.text, []
    cut = [("signature", line) for line in reply.signature.splitlines() if line.strip()]
    return reply.text, [*cut, *(("quoted", line) for line in reply.quoted.splitlines() if line.strip())]


_WHY: Mapping[str, str] = {
    "footer": "an app's line",
    "frame": "the desk's own mail",
    "introduction": "says whose words follow",
}


def _looked(email: Email, answers: Mapping[str, Any]) -> Look:
    """The same look at the passages as when the mail was decided."""
    present, unshown = answers.get(FilesOn.kind, {}), answers.get(UnknownIn.kind)
    told = answers.get(EndingOf.kind, {})
    lines, pictures, beside = (tuple(told.get(name, ())) for name in ("lines", "pictures", "beside"))
    known = known_of(email, Ending(lines, pictures, beside), present).passages
    if UnknownIn.kind not in answers:
        return looked(email, NO_QUOTE, present, known)
    if unshown is not None:
        missing = tuple((int(i), int(count)) for i, count in unshown["missing"])
        unshown = Unshown(missing, unshown["comments"], unshown["mails"], unshown["is_whole"])
    return looked(email, unshown, present, known)
