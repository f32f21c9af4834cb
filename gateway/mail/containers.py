"""Containers that people cannot open, and what they hold: opaque signatures (S/MIME), winmail.dat."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.model.email import ENCRYPTED

from . import cms, tnef
from .charset import decode
from .mime import Part, Tree
from .textparts import meta_charset

_OPAQUE = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})


@dataclass(slots=True)
class Contained:
    """What was in a container: a mail of its own (``tree``), or a letter and files. ``is_whole``: the container need
    not be kept. An empty one says with its ``note`` why it stays a file."""

    note: str
    is_whole: bool = False
    tree: Tree | None = None
    html: str = ""
    text: str = ""
    item: list[str] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.is_whole or bool(self.html or self.text or self.item or self.files)


def opened(part: Part, name: str, charsets: list[str]) -> Contained | None:
    """None for what is no container; ``name`` is the file's, ``charsets`` those of the mail so far."""
    kind, name = part.content_type, name.lower()
    if kind in _OPAQUE or (name.endswith(".p7m") and kind.startswith("application/")):
        return _opaque(part)
    if kind in _TNEF or name == "winmail.dat":
        return _winmail(part, charsets)
    return None


def _opaque(part: Part) -> Contained | None:
    data = part.payload()
    if cms.kind(data) == "encrypted":
        return Contained(ENCRYPTED)
    inner = cms.content(data)
    if inner is None:
        return None
    tree = Tree(inner)
    for node in tree.root.walk():
        node.path = f"{part.path or '1'}!{node.path or '1'}"
    return Contained("S/MIME signature unwrapped, not verified", is_whole=True, tree=tree)


def _winmail(part: Part, charsets: list[str]) -> Contained:
    found = tnef.unpack(part.payload())
    if found is None:
        return Contained("winmail.dat not understood: kept as a file")
    html = found.html_text
    if found.html and not html:
        html = decode(found.html, meta_charset(found.html) or found.label, charsets)[0]
    # What was not read to the end stays to be seen.
    return Contained("winmail.dat unpacked", found.is_whole, None, html, found.text, found.item, found.files)
