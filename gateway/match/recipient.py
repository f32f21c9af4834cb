"""The address to which a mail was sent, where its envelope names no more than the mailbox.

Whoever fetches mail, and many a forwarding, gives the mailbox in RCPT; a mail to a mailbox and its tagged address has
one of them there. The tag then stands in To or Cc alone. Who wrote it there knew it, as who gives it in RCPT does.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.match import domains
from gateway.match.ours import Ours
from gateway.model.email import Email
from gateway.model.envelope import Envelope


def as_addressed(email: Email, envelope: Envelope, ours: Ours) -> Envelope:
    """The envelope with the one tagged address of the same mailbox that To and Cc name; as it is where it has a tag
    itself, or they name several."""
    if domains.tag_of(envelope.rcpt_to):
        return envelope
    box = domains.untagged(envelope.rcpt_to).lower()
    named = [person.address.lower() for person in (*email.to, *email.cc)]
    tagged = {address for address in named if domains.tag_of(address) and domains.untagged(address) == box}
    tagged = {address for address in tagged if address in ours}
    return replace(envelope, rcpt_to=tagged.pop()) if len(tagged) == 1 else envelope
