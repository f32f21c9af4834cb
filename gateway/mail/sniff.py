"""What a file is by its content, whatever its name and label say.

First what a policy may turn on (programs, pages, archives), then what puremagic knows, then text. HTML is
recognised as browsers do. Source: WHATWG MIME Sniffing 7.1; the formats' own magic numbers.
"""

from __future__ import annotations

import re

import puremagic

HEAD = 4096
LEAST_ODD = 10  # of so many octets of an unknown file one is a control character
UNKNOWN = "application/octet-stream"
ZIP = "application/zip"
OLE = "application/x-ole-storage"
HTML = "text/html"
SVG = "image/svg+xml"
MESSAGE = "message/rfc822"
XHTML = "application/xhtml+xml"

MAGIC = (
    (b"\x7fELF", "application/x-executable"),
    (b"\xfe\xed\xfa\xce", "application/x-mach-binary"),
    (b"\xfe\xed\xfa\xcf", "application/x-mach-binary"),
    (b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xca\xfe\xba\xbe", "application/java-vm"),
    (b"#!", "text/x-shellscript"),
    (b"L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut"),
    (b"ITSF", "application/vnd.ms-htmlhelp"),
    (b"dex\n", "application/vnd.android.dex"),
    (b"\0asm", "application/wasm"),
    (b"vhdxfile", "application/x-vhdx"),
    (b"conectix", "application/x-vhd"),
    (b"KDMV", "application/x-vmdk"),
    (b"# Disk DescriptorFile", "application/x-vmdk"),
    (b"QFI\xfb", "application/x-qcow2"),
    (b"MSWIM\0\0\0", "application/x-ms-wim"),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"]\0\0", "application/x-lzma"),
    (b"\x1f\x9d", "application/x-compress"),
    (b"\x1f\xa0", "application/x-compress"),
    (b"LZIP", "application/x-lzip"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"MSCF", "application/vnd.ms-cab-compressed"),
    (b"!<arch>\n", "application/x-archive"),
    (b"\x60\xea", "application/x-arj"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"%PDF-", "application/pdf"),
)
ELSEWHERE = (
    (257, b"ustar", "application/x-tar"),
    (7, b"**ACE**", "application/x-ace-compressed"),
    (2, b"-lh", "application/x-lzh-compressed"),
    (512, b"EFI PART", "application/x-raw-disk-image"),
    (-512, b"conectix", "application/x-vhd"),
    (-512, b"koly", "application/x-apple-diskimage"),
)
SECTOR = 2048
_VOLUMES = {
    b"CD001": "application/x-iso9660-image",
    b"BEA01": "application/x-udf-image",
    b"NSR02": "application/x-udf-image",
    b"NSR03": "application/x-udf-image",
}
"""Ids of the volume descriptors that begin at the 16th sector of an image (ECMA-119 8, ECMA-167 2/9)."""

_PAGE = (
    b"<!doctype html", b"<html", b"<head", b"<script", b"<iframe", b"<h1", b"<div", b"<font", b"<table", b"<a",
    b"<style", b"<title", b"<b", b"<body", b"<br", b"<p", b"<!--", b"<meta", b"<form", b"<img", b"<object", b"<embed",
)  # fmt: skip
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_FIELD = re.compile(rb"([A-Za-z][A-Za-z0-9-]{0,60}):(?:\s|$)")
_MAIL_FIELDS = frozenset(
    (b"received", b"from", b"to", b"return-path", b"message-id", b"mime-version", b"content-type", b"dkim-signature",
     b"delivered-to", b"x-mailer")
)  # fmt: skip
_CONTROL = frozenset(range(32)) - {8, 9, 10, 11, 12, 13, 27}


def type_of(data: bytes) -> str:
    """The media type of the content; text/plain for text that nothing else knows."""
    head = bytes(data[:HEAD])
    if head.startswith(b"MZ") and b"\0" in head:
        return "application/vnd.microsoft.portable-executable"
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    for at, magic, kind in ELSEWHERE:
        if data[at:][: len(magic)] == magic if at < 0 else data[at : at + len(magic)] == magic:
            return kind
    if image := _disk_image(data):
        return image
    if found := markup(head) or _puremagic(head):
        return found
    if _is_binary(head):
        return UNKNOWN
    return MESSAGE if _is_message(head) else "text/plain"


def mislabelled(data: bytes) -> str:
    """What a part is that is called text, or nothing at all, and that nobody can read as text; "" for text. A few
    control characters make no file of a letter, nor does UTF-16."""
    head = bytes(data[:HEAD])
    if any(head.startswith(bom) for bom, _ in _BOMS):
        return ""
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if b"\0" not in head:
        return ""
    odd = sum(byte in _CONTROL and byte != 0 for byte in head)
    if not odd:
        return ""
    kind = type_of(data)
    is_text = kind.startswith("text/") or kind == MESSAGE or (kind == UNKNOWN and odd * LEAST_ODD < len(head))
    return "" if is_text else kind


def _disk_image(data: bytes) -> str:
    """What Windows mounts on a double click, whatever its name."""
    for sector in range(16, 20):
        at = sector * SECTOR + 1
        if kind := _VOLUMES.get(bytes(data[at : at + 5])):
            return kind
    boots = data[510:512] == b"\x55\xaa" and data[:1] in (b"\xeb", b"\xe9", b"\xfa", b"\x33")
    return "application/x-raw-disk-image" if boots else ""


def _is_message(head: bytes) -> bool:
    """Whether text begins as a mail does: with header fields, two of them such as only mails have."""
    names: set[bytes] = set()
    for line in re.split(rb"\r?\n", head):
        if line[:1] in (b" ", b"\t") and names:
            continue
        field = _FIELD.match(line)
        if field is None:
            break
        names.add(field[1].lower())
    return len(names & _MAIL_FIELDS) >= 2


def markup(head: bytes) -> str:
    """HTML, SVG, XHTML and XML that a browser would run as such, "" for everything else."""
    for bom, charset in _BOMS:
        if head.startswith(bom):
            head = head[len(bom) :].decode(charset, "replace").encode("utf-8")
            break
    else:  # the XML declaration tells the encoding as well (XML 1.0, appendix F)
        for begins, charset in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
            if head.startswith(begins):
                head = head.decode(charset, "replace").encode("utf-8")
    text = head.lstrip(b"\t\n\x0b\x0c\r ").lower()
    if not text.startswith(b"<"):
        return ""
    if text.startswith((b"<?xml", b"<!doctype svg", b"<svg")) or b"<svg" in text[:512]:
        if b"http://www.w3.org/1999/xhtml" in text or b"xml-stylesheet" in text:
            return XHTML
        return SVG if b"<svg" in text or b"doctype svg" in text else "application/xml"
    ends = (b" ", b">", b"\t", b"\n", b"\r", b"/", b"")
    if any(text.startswith(tag) and (tag == b"<!--" or text[len(tag) : len(tag) + 1] in ends) for tag in _PAGE):
        return HTML
    return "application/xml" if text.startswith((b"<!doctype", b"<!entity", b"<?")) or b"xmlns" in text else ""


def _puremagic(head: bytes) -> str:
    try:
        found = str(puremagic.from_string(head, mime=True))
    except Exception:  # it raises for anything that it does not know
        return ""
    return "" if found == UNKNOWN else found


def _is_binary(head: bytes) -> bool:
    return any(byte in _CONTROL for byte in head)
