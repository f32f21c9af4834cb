"""What a reply does to a closed ticket (docs/mail-rules.md "Reopening"): reopen it, open a linked one, or only comment.

Automatic mail never reopens; nor does a short thank-you: at most 12 new words, all of a list of the
language or names, no question, no number, no file, no negation. Anything else of a bound human does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.model.email import Email
from gateway.model.plan import Trace
from gateway.model.questions import Facts, Reopens, TicketState

ReplyToClosed = Literal["reopen", "new_linked", "comment"]

MOST_REOPENS = 3
HOUR = 3600.0
MOST_WORDS = 12

THANKS = frozenset(
    "thanks thank thankyou thx ty cheers perfect great awesome excellent wonderful nice ok okay works resolved solved "
    "danke dankeschön vielen herzlichen besten prima super toll klasse passt erledigt funktioniert "
    "merci beaucoup parfait super génial gracias muchas perfecto genial grazie mille perfetto ottimo "
    "obrigado obrigada muito perfeito bedankt dank hartelijk dankjewel tack tak takk mange kiitos "
    "dziękuję dzięki děkuji děkuju díky köszönöm köszi mulțumesc спасибо большое дякую благодаря "
    "teşekkürler teşekkür ederim 谢谢 謝謝 ありがとうございます ありがとう 감사합니다".split()
)
SMALL = frozenset(
    "you very much so a lot for the your help it is now all good again everyone team to and from my side that has this "
    "für die ihre deine hilfe schnelle sehr alles jetzt wieder gut das es ist und euch ihnen dir bei "
    "pour votre aide tout de vous por su ayuda tu la todo per il aiuto tutto pela ajuda voor de hulp het "
    "för hjälpen hi hello hey hallo bonjour hola ciao dear best regards kind gruß grüße mfg lg vg".split()
)
NEGATION = frozenset(
    "not no don't doesn't didn't isn't can't cannot won't still but however again? never nicht kein keine aber noch "
    "leider immer pas non mais toujours no pero todavía aún non ma ancora não mas ainda niet geen maar nog "
    "inte men ikke nie ale не но ещё ei".split()
)


@dataclass(frozen=True, slots=True)
class Closing:
    """A mailbox's policy. ``window`` in seconds since the closing, 0 for always; ``status_id`` the
    status that a reopened ticket gets."""

    policy: ReplyToClosed = "comment"
    window: float = 0.0
    status_id: str = ""

    @property
    def asks(self) -> bool:
        """Whether the ticket's state matters at all: one counted call."""
        return self.policy != "comment"


@dataclass(frozen=True, slots=True)
class Reopening:
    """``reopen`` with this status; ``new`` means a ticket of its own with ``note``."""

    reopen: str = ""
    new: bool = False
    note: str = ""


def evaluate(
    email: Email, closing: Closing, state: TicketState, facts: Facts, now: float, trusted: bool, trace: Trace
) -> Reopening:
    """What the reply does to the ticket in this state."""
    if not state.is_closed:
        trace.add("state", "the ticket is open", "comment")
        return Reopening()
    if email.auto.is_auto:
        trace.add("state", "closed, and the mail is automatic", "comment only")
        return Reopening()
    if is_thanks(email):
        trace.add("state", "closed, and the mail says thank you", "comment only")
        return Reopening()
    if not trusted:
        trace.add("state", "closed, and only the token lets the sender in", "comment only")
        return Reopening()
    if closing.policy == "new_linked" or _too_late(state, closing, now):
        why = "closed" if closing.policy == "new_linked" else "closed for longer than the window"
        trace.add("state", why, "new ticket")
        return Reopening(new=True, note=f"continues ticket {state.number}, which is closed")
    if facts.ask(Reopens(state.ticket_id, now - HOUR)) >= MOST_REOPENS:
        trace.add("state", f"closed, and reopened {MOST_REOPENS} times in the last hour", "comment only")
        return Reopening()
    trace.add("state", "closed", "comment and reopen")
    return Reopening(reopen=closing.status_id)


def _too_late(state: TicketState, closing: Closing, now: float) -> bool:
    if not closing.window or not state.closed_at:
        return False
    return now - datetime.fromisoformat(state.closed_at).timestamp() > closing.window


def is_thanks(email: Email) -> bool:
    """Whether the new words are nothing but thanks."""
    text = email.reply.text
    if (
        any(attachment.size and not attachment.inline for attachment in email.attachments)
        or "?" in text
        or "？" in text
    ):
        return False
    words = [word.strip(".,!;:()\"'-–—…🙂😊👍🙏").casefold() for word in text.split()]
    words = [word for word in words if word]
    if not words or len(words) > MOST_WORDS or any(any(c.isdigit() for c in word) for word in words):
        return False
    if any(word in NEGATION for word in words) or not any(word in THANKS for word in words):
        return False
    sender = {part.casefold() for part in (email.sender.name if email.sender else "").split()}
    other = [word for word in words if word not in THANKS and word not in SMALL and word not in sender]
    return len(other) <= 1
