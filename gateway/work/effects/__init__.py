"""The kinds of effects: one class each, which says all that is to be known of its kind (docs/develop.md)."""

from __future__ import annotations

from typing import Any

from gateway.model.effects import EffectBody
from gateway.store.effects import body_of
from gateway.store.reading import Unreadable
from gateway.work.effects.acknowledge import Acknowledge
from gateway.work.effects.add_tag import AddTag
from gateway.work.effects.base import EffectKind
from gateway.work.effects.bundle import Bundle
from gateway.work.effects.close_ticket import CloseTicket
from gateway.work.effects.closing_note import TellClosing
from gateway.work.effects.comment import Comment
from gateway.work.effects.create_contact import CreateContact
from gateway.work.effects.create_ticket import CreateTicket
from gateway.work.effects.decide_again import DecideAgain
from gateway.work.effects.document import UploadDocument
from gateway.work.effects.further_ticket import CreateFurtherTicket
from gateway.work.effects.link_asset import LinkAsset
from gateway.work.effects.list_parts import ListParts
from gateway.work.effects.missing_files import NameMissingFiles
from gateway.work.effects.moved import SayMoved
from gateway.work.effects.note import AddNote
from gateway.work.effects.pictures import PlacePictures
from gateway.work.effects.released_files import NameReleasedFiles
from gateway.work.effects.set_client import SetClient
from gateway.work.effects.set_priority import SetPriority
from gateway.work.effects.set_status import Reopen, SetStatus
from gateway.work.effects.still_closed import TellStillClosed
from gateway.work.effects.window_over import AwaitWindow

_KINDS: tuple[EffectKind[Any], ...] = (
    CreateContact(),
    CreateTicket(),
    CreateFurtherTicket(),
    Comment(),
    AddNote(),
    UploadDocument(),
    PlacePictures(),
    NameMissingFiles(),
    NameReleasedFiles(),
    SetStatus(),
    Reopen(),
    TellStillClosed(),
    SetPriority(),
    SetClient(),
    AddTag(),
    LinkAsset(),
    Bundle(),
    CloseTicket(),
    TellClosing(),
    ListParts(),
    DecideAgain(),
    AwaitWindow(),
    SayMoved(),
    Acknowledge(),
)
KINDS: dict[str, EffectKind[Any]] = {kind.kind: kind for kind in _KINDS}


def words_of(kind: str, body: str) -> str:
    """What a stored effect does, as its class says; the name of its kind where the body is gone or cannot be read."""
    try:
        kept = body_of(kind, body)
    except Unreadable:
        return kind
    return kind if type(kept) is EffectBody else str(KINDS[kind].describe(kept)["effect"])
