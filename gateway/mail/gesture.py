"""A mail whose structure says that it answers without words: a reaction, an accepted invitation.

A reaction is a part of the type by which Gmail sends one, or one whose disposition is ``reaction`` (RFC 9078). An
acceptance is the answer of one person to an invitation (RFC 5546 REPLY) that accepts it, in a mail that says nothing
more (``acceptance``).
"""

from __future__ import annotations

import json
from dataclasses import replace

from gateway.match.gratitude import is_gesture
from gateway.match.noreply import takes_no_answers
from gateway.model.email import Gesture

from . import acceptance, calendar
from .body import Body
from .content import Content
from .lines import squeeze
from .mime import Tree
from .reply import reply_of

REACTION = "text/vnd.google.email-reaction+json"
MOST = 10_000
CALENDAR = "calendar-notification@google.com"  # its words are about the answer, in the language of whoever answers


def of(tree: Tree, content: Content, subject: str, sender: str) -> Gesture:
    """What the mail of ``sender``, an address in lower case, is; "" for one with words."""
    for part in tree.root.walk():
        if part.content_type == REACTION and _is_reaction(part.payload()[:MOST]):
            return "reaction"
        if part.disposition == "reaction" and is_gesture(part.payload()[:MOST].decode("utf-8", "replace").strip()):
            return "reaction"
    if content.event.accepted is None or any(file.meta.content_type not in calendar.TYPES for file in content.files):
        return ""
    by_a_robot = CALENDAR in tree.root.header("sender").lower() or takes_no_answers(sender)
    words = "" if by_a_robot else _written(content)
    return "acceptance" if acceptance.is_bare(content.event.accepted, subject, words, sender) else ""


def _written(content: Content) -> str:
    """The text of the letter without the calendar object, and without what it quotes."""
    order = [(kind, index) for kind, index in content.rich if kind != "file"]
    lines = Body(replace(content, event=calendar.Shown()), {}, set()).lines(order)
    return reply_of(squeeze(lines)).text


def _is_reaction(data: bytes) -> bool:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and isinstance(found.get("emoji"), str) and bool(found["emoji"].strip())
