"""The pictures of a mail's text: where they stand, before and after they are uploaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set

from gateway import blocks as rich
from gateway.model.email import Block, attachment_of

PLACE = "/api/documents/view/attachment-"


def shelter(body: Iterable[Block]) -> list[Block]:
    """Pictures of the mail with a place that holds until they are uploaded: as long as the final
    address, and as safe. A picture from elsewhere becomes a link: it is never loaded."""

    def place(block: Block) -> Block:
        props = block.get("props") or {}
        if (number := attachment_of(block)) >= 0:
            return {**block, "props": {**props, "url": f"{PLACE}{number:025d}"}}
        return rich.paragraph(rich.link(str(props.get("url") or ""), _picture_name(block)))

    return _pictures(body, place)


def without_pictures(body: Iterable[Block], left_out: Set[int]) -> list[Block]:
    """Pictures of these attachments as a line that names them."""

    def place(block: Block) -> Block:
        if attachment_of(block) in left_out:
            return rich.paragraph(f"[picture: {_picture_name(block)}]")
        return block

    return _pictures(body, place)


def place_pictures(body: Iterable[Block], files: Mapping[int, str]) -> list[Block]:
    """Pictures with the address of the uploaded file, by attachment index; a line that names it where
    there is none."""

    def place(block: Block) -> Block:
        url = str((block.get("props") or {}).get("url") or "")
        number = url.removeprefix(PLACE)
        if number != url and int(number) in files:
            return {**block, "props": {**block["props"], "url": rich.document_url(files[int(number)])}}
        return rich.paragraph(f"[picture: {_picture_name(block)}]")

    return _pictures(body, place)


def _pictures(body: Iterable[Block], place: Callable[[Block], Block]) -> list[Block]:
    out = []
    for block in body:
        if block.get("type") == "image":
            block = place(block)
        elif block.get("children"):
            block = {**block, "children": _pictures(block["children"], place)}
        out.append(block)
    return out


def _picture_name(block: Block) -> str:
    props = block.get("props") or {}
    return str(props.get("caption") or props.get("name") or "without name")
