"""winmail.dat unpacked into a body and files; None where it cannot be, and then it stays a file.

Source: MS-OXTNEF, through tnefparse.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from . import limits, rtf

_SIGNATURE = b"\x78\x9f\x3e\x22"


@dataclass(slots=True)
class Tnef:
    html: bytes = b""
    html_text: str = ""
    text: str = ""
    files: list[tuple[str, bytes]] = field(default_factory=list)


def unpack(data: bytes) -> Tnef | None:
    if not data.startswith(_SIGNATURE):
        return None
    logger = logging.getLogger("tnef-decode")
    logger.disabled = True
    try:
        from tnefparse import TNEF

        source: Any = TNEF(data, do_checksum=False)
    except Exception:  # a third party's parser on hostile bytes
        return None
    found = Tnef()
    total = 0
    for attachment in list(source.attachments)[: limits.UNPACKED]:
        try:
            content = bytes(attachment.data or b"")
            name = attachment.long_filename() or attachment.name or ""
        except Exception:  # as above
            return None
        total += len(content)
        if total > limits.UNPACKED_BYTES:
            return None
        found.files.append((name if isinstance(name, str) else bytes(name).decode("cp1252", "replace"), content))
    try:
        html = source.htmlbody
        found.html_text = html if isinstance(html, str) else ""
        found.html = bytes(html) if isinstance(html, bytes | bytearray) else b""
    except Exception:  # as above
        found.html = b""
    body = _attribute(source, "body")
    found.text = body if isinstance(body, str) else bytes(body or b"").decode("cp1252", "replace")
    if not found.html and not found.html_text:
        packed = _attribute(source, "rtfbody")
        if packed:
            text, is_html = rtf.read(packed if isinstance(packed, bytes) else str(packed).encode("latin-1", "replace"))
            if is_html:
                found.html_text = text
            elif not found.text.strip():
                found.text = text
    return found


def _attribute(source: Any, name: str) -> Any:
    try:
        return getattr(source, name, None)
    except Exception:  # compressed RTF may be broken
        return None
