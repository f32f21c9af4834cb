"""The files of a mail, listed once and in the order of the tree: their names, types and what is in them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from gateway.match.files import shows
from gateway.model.email import Attachment

from .archive import Looker
from .head import split_head, with_line_feeds
from .headers import decode_value
from .mime import Part
from .names import Namer, clean_name, extension_of, invented, shorten, with_ending
from .sniff import type_of

MESSAGES = frozenset({"message/rfc822", "message/global"})
_NAMES = {
    "message/delivery-status": "delivery-report.txt",
    "message/global-delivery-status": "delivery-report.txt",
    "message/disposition-notification": "read-receipt.txt",
    "message/feedback-report": "feedback-report.txt",
    "message/global-headers": "original-headers.txt",
    "message/global-disposition-notification": "read-receipt.txt",
    "text/rfc822-headers": "original-headers.txt",
    "message/rfc822-headers": "original-headers.txt",
    "application/pgp-encrypted": "pgp-version.asc",
    "application/pgp-signature": "signature.asc",
    "application/pgp-keys": "public-key.asc",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "message/external-body": "external-file.txt",
    "message/partial": "part-of-a-message.eml",
    "text/calendar": "invitation.ics",
}


@dataclass(slots=True)
class File:
    """An attachment with a way to its bytes."""

    part: Part
    meta: Attachment
    data: bytes | None = None

    def payload(self) -> bytes:
        return self.part.payload() if self.data is None else self.data


class Files:
    """Collects the files; ``found`` are they, ``messages`` the indices of those that are mails, ``hashes`` a list to
    which that of each is added."""

    def __init__(self, hashes: list[str] | None = None) -> None:
        self.found: list[File] = []
        self.messages: list[int] = []
        self._hashes = [] if hashes is None else hashes
        self._namer = Namer()
        self._looker = Looker()

    def add(
        self, part: Part, path: str, name: str, content_type: str, data: bytes, own: bool = False, hashed: bool = False
    ) -> File:
        """``own``: the file is the part, not what was found in it. ``hashed``: the hash of what it stands in is added
        already."""
        if own and content_type in MESSAGES:
            self.messages.append(len(self.found))
            name = name if clean_name(name) else _message_name(data)
        kind = type_of(data)
        named = with_ending(clean_name(name) or _name_for(part, content_type, data), content_type, kind, data[:4096])
        sniffed, inside = self._looker.look(data, kind, content_type, named)
        meta = Attachment(
            part=path,
            filename=self._namer.unique(shorten(named)),
            content_type=content_type,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            content_id=part.header("content-id").strip("<> ") if own else "",
            sniffed=sniffed,
            inside=inside,
        )
        file = File(part, meta, None if own else data)
        self.found.append(file)
        if not hashed:
            self._hashes.append(meta.sha256)
        return file


def is_shown(file: Attachment) -> bool:
    """A picture that browsers show, by its label and by its content: any other one is a file."""
    return all(shows(kind) for kind in (file.content_type, file.sniffed) if kind.startswith("image/"))


def _name_for(part: Part, content_type: str, data: bytes) -> str:
    """A name for a part that has none."""
    known = _NAMES.get(content_type, "")
    if not known and part.parent is not None and part.parent.content_type == "multipart/encrypted":
        known = "encrypted.asc"
    return known or invented(content_type, extension_of(content_type, data[:4096]))


def _message_name(data: bytes) -> str:
    """A nested message is called by its Subject."""
    for raw in split_head(with_line_feeds(data.lstrip(b"\r\n"))).values("subject"):
        if raw:
            subject = clean_name(decode_value(raw).replace("/", "-").replace("\\", "-"))[:80].strip(" .")
            if subject:
                return subject + ".eml"
    return "message.eml"
