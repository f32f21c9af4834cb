"""Bytes of a mail in, ``Email`` out: the one door of this package.

Promised: never raises, whatever the bytes; what cannot be understood is kept as text or as a file, with a
note in ``defects``. Pure: no I/O; the caller gives it a deadline and a memory limit all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace

from gateway.match.invisible import without_invisible
from gateway.model.email import Address, Attachment, Automatic, DeskMarks, Email, Forwarded, Reply

from . import auto, data, deskmail, forward, gesture, ids, limits, marks, reply
from .addresses import read_addresses
from .author import author_of, listed_author, only_address
from .blocks import to_blocks, without_pictures
from .body import Body, pictures
from .clean import clean, clean_line
from .content import Collector, Content
from .head import with_line_feeds
from .headers import date_of, decode_value, field_text
from .lines import plain, render, squeeze
from .mime import Part, Tree
from .protected import protected_subject


class Reading:
    """A parsed mail and the way to its files."""

    def __init__(self, email: Email, content: Content | None, raw: bytes) -> None:
        self.email = email
        self._content = content
        self._raw = raw

    def payload(self, index: int) -> bytes:
        """The decoded bytes of ``email.attachments[index]``. Raises IndexError."""
        if self._content is None:
            return self._raw  # kept as one file
        return self._content.files[index].payload()


def read(raw: bytes, *, own_addresses: Collection[str] = (), subject: str | None = None) -> Reading:
    """Reads a mail. ``subject`` stands in for the outer Subject of a bare text."""
    try:
        return _read(raw, own_addresses, subject)
    except Exception as error:  # the last rung: the mail is kept as one file
        return _unreadable(raw, error)


def _read(raw: bytes, own_addresses: Collection[str], subject: str | None, depth: int = 0) -> Reading:
    tree = Tree(with_line_feeds(raw))
    root = tree.root
    languages = _languages(root.header("content-language"), root.header("accept-language"))
    content = Collector(tree, languages).collect()
    hints = content.charsets
    headers = tuple((clean_line(name), decode_value(value, hints)) for name, value in root.fields)
    people = {key: _people(root, key, hints) for key in ("to", "cc")}
    sender, shown_from, from_problem = _sender(root, hints)
    known = ids.from_fields(root.fields)
    date = date_of(root.header("date"))
    outer = subject if subject is not None else next((v for n, v in headers if n.lower() == "subject"), "")
    outer = clean_line(outer)
    if not any(map(str.isalnum, outer)):
        outer = protected_subject(root) or outer

    shown: set[int] = set()
    body = Body(content, pictures(content), shown)
    lines = body.lines(content.rich)
    if all(line.blank for line in lines):
        # The HTML says nothing; another form of it may.
        shown.clear()
        lines = body.lines([*content.plain, *(item for item in content.rich if item[0] == "file")])
    text = body.text(lines)
    lines = marks.without_ids(lines)
    html = clean("\n".join(content.htmls))
    attachments = tuple(
        replace(file.meta, inline=True) if number in shown else file.meta for number, file in enumerate(content.files)
    )
    to = people["to"]
    automatic = auto.classify(
        headers, tree, shown_from, outer, text, own_addresses, [address.address for address in to]
    )
    is_report = automatic.by_structure == "bounce"
    inner = None if is_report else _inner(content, depth)
    forwarded = None if is_report else forward.find(lines, outer) or _attached(content, inner)
    answer = reply.reply_of(lines)
    claimed = marks.find((*known.in_reply_to, *known.references), outer, text, html)
    look = deskmail.Look(
        headers=headers,
        subject=outer,
        message_id=known.message_id,
        thread_ids=(*known.references, *known.in_reply_to),
        sender=sender.address.lower() if sender else "",
        lines=lines,
        text=text,
        marks=claimed,
        forwarded=forwarded,
        attached=inner.marks.notification if inner else None,
        files=len(content.files),
    )
    if automatic.kind not in deskmail.OTHERS and (notification := deskmail.find(look)):
        claimed = replace(claimed, notification=notification)
        automatic = deskmail.own(notification, automatic)
    email = Email(
        message_id=known.message_id,
        in_reply_to=known.in_reply_to,
        references=known.references,
        date=date,
        subject=outer,
        sender=sender,
        reply_to=_named(root, only_address(root.fields, "reply-to"), "reply-to", hints),
        to=to,
        cc=people["cc"],
        headers=headers[: limits.HEADERS],
        text=text,
        html=html,
        rich=None if answer.confidence == "low" else to_blocks(squeeze(lines)),
        reply=answer,
        forwarded=forwarded,
        auto=automatic,
        marks=claimed,
        attachments=attachments,
        defects=tuple(
            dict.fromkeys([*tree.notes, *content.notes, *_header_defects(date, root, tree, from_problem), *body.notes])
        )[: limits.DEFECTS],
        digest=_digest(headers, content),
        data=data.files(content),
        from_problem=from_problem,
        shown_from=shown_from,
        list_author=_named(root, *listed_author(root.fields), hints),
        doubts=tree.doubts,
        event=ids.event_id(content.event.uid),
        is_later_event=content.event.is_later,
        gesture=gesture.of(tree, content, outer, sender.key if sender else ""),
    )
    return Reading(email, content, raw)


def _inner(content: Content, depth: int) -> Email | None:
    """The first attached message."""
    if not content.messages or depth >= limits.MESSAGE_DEPTH:
        return None
    return _read(content.files[content.messages[0]].payload(), (), None, depth + 1).email


def _attached(content: Content, inner: Email | None) -> Forwarded | None:
    """A mail forwarded as an attached message."""
    if inner is None or (inner.sender is None and not inner.subject):
        return None
    above = squeeze(Body(content, {}, set()).lines([item for item in content.rich if item[0] != "file"]))
    chain = (inner.forwarded, *inner.forwarded.chain) if inner.forwarded is not None else ()
    return Forwarded(
        sender=inner.sender,
        to=inner.to,
        cc=inner.cc,
        subject=inner.subject,
        date=inner.date,
        reply_to=inner.reply_to,
        text=inner.text,
        above=render(above),
        blocks=without_pictures(inner.blocks),
        above_blocks=to_blocks(above),
        attached=True,
        message_ids=tuple(
            dict.fromkeys(
                message_id for message_id in (inner.message_id, *inner.in_reply_to, *inner.references) if message_id
            )
        ),
        chain=tuple(replace(deeper, chain=()) for deeper in chain)[: limits.MESSAGE_DEPTH],
        data=inner.data,
    )


def _people(root: Part, key: str, hints: Sequence[str]) -> tuple[Address, ...]:
    """The mailboxes of the first field of that name."""
    raw = next((raw for name, raw in root.fields if name.lower() == key), b"")
    return tuple(person for person in read_addresses(field_text(raw, hints)) if person.address)


def _named(root: Part, address: str, key: str, hints: Sequence[str]) -> Address | None:
    """A strict address with the name that its field gives it."""
    return Address(address, next((person.name for person in _people(root, key, hints)), "")) if address else None


def _sender(root: Part, hints: Sequence[str]) -> tuple[Address | None, Address | None, str]:
    """Who From names, what a lenient reader makes of it, and why the two differ. No other field stands in for it."""
    author = author_of(root.fields)
    raw = next((raw for name, raw in root.fields if name.lower() == "from"), b"")
    shown = next(iter(read_addresses(field_text(raw, hints))), None)
    if author.address:
        return Address(author.address, shown.name if shown else ""), shown, ""
    words = without_invisible(decode_value(raw, hints))[:200]
    return (Address("", words) if words else None), shown, author.problem


def _header_defects(date: str, root: Part, tree: Tree, from_problem: str) -> list[str]:
    found = [f"{from_problem}: it names nobody"] if from_problem else []
    if not date and root.header("date"):
        found.append("date not understood")
    return [*found, *tree.doubts]


def _languages(*values: str) -> tuple[str, ...]:
    return tuple(word.strip().partition(";")[0] for value in values for word in value[:200].split(",") if word.strip())


def _digest(headers: Sequence[tuple[str, str]], content: Content) -> str:
    """Content and the headers that a relay does not touch."""
    state = hashlib.sha256()
    for name, value in headers:
        if name.lower() in ("from", "to", "cc", "date", "subject", "message-id", "in-reply-to", "references"):
            state.update(f"{name.lower()}:{value}\n".encode("utf-8", "replace"))
    for part_hash in content.hashes:
        state.update(part_hash.encode())
    return state.hexdigest()


def _unreadable(raw: bytes, error: Exception) -> Reading:
    known = ids.scan_ids(raw)
    digest = hashlib.sha256(raw).hexdigest()
    text = clean(raw[:20_000].decode("utf-8", "replace"))
    shown = to_blocks(squeeze(plain(text)))
    email = Email(
        message_id=known.message_id,
        in_reply_to=known.in_reply_to,
        references=known.references,
        date="",
        subject="",
        sender=None,
        reply_to=None,
        to=(),
        cc=(),
        headers=(),
        text=text,
        html="",
        rich=None,
        reply=Reply(text, shown, text, text, confidence="low"),
        forwarded=None,
        auto=Automatic(),
        marks=DeskMarks(),
        attachments=(Attachment("1", "message.eml", "message/rfc822", len(raw), digest),),
        defects=(f"not understood, kept as a file: {type(error).__name__}",),
        digest=digest,
    )
    return Reading(email, None, raw)
