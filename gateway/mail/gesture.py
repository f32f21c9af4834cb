"""A mail whose structure says that it answers without words: a reaction, an accepted invitation.

A reaction is a part of the type by which Gmail sends one, or one whose disposition is ``reaction`` (RFC 9078). An
acceptance is the answer of one person to an invitation (RFC 5546 REPLY) that accepts it, without a comment, in a mail
that says nothing more.
"""

from __future__ import annotations

import json

from gateway.match.gratitude import is_gesture
from gateway.model.email import Gesture

from .content import Content
from .mime import Tree

REACTION = "text/vnd.google.email-reaction+json"
MOST = 10_000
CALENDAR = "calendar-notification@google.com"  # its words are about the answer, in the language of whoever answers


def of(tree: Tree, content: Content) -> Gesture:
    """What the mail is, "" for one with words."""
    for part in tree.root.walk():
        if part.content_type == REACTION and _is_reaction(part.payload()[:MOST]):
            return "reaction"
        if part.disposition == "reaction" and is_gesture(part.payload()[:MOST].decode("utf-8", "replace").strip()):
            return "reaction"
    robot = CALENDAR in tree.root.header("sender").lower()
    if content.accepts and (robot or not content.says_anything()):
        return "acceptance"
    return ""


def _is_reaction(data: bytes) -> bool:
    try:
        found = json.loads(data)
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(found.get("emoji"), str) and bool(found["emoji"].strip())
