"""Why a mail was suppressed or quarantined: every reason, what happened and what to do.

The documentation's table is made from this one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

Becomes = Literal["suppressed", "quarantined"]


class Reason(StrEnum):
    """A reason by its name in the store; ``becomes`` is the stage, ``happened`` and ``do`` are for the operator."""

    becomes: Becomes
    happened: str
    do: str

    def __new__(cls, name: str, becomes: Becomes, happened: str, do: str) -> Reason:
        reason = str.__new__(cls, name)
        reason._value_ = name
        reason.becomes, reason.happened, reason.do = becomes, happened, do
        return reason

    @classmethod
    def named(cls, name: str) -> Reason:
        """The reason of this name. Raises KeyError."""
        return {reason.value: reason for reason in cls}[name]

    @classmethod
    def of_status(cls, status: int) -> Reason:
        """Why mail is set aside that the desk refused with this HTTP status."""
        return cls.DESK_REFUSED if status == 403 else cls.API_REJECTED

    DUPLICATE = (
        "duplicate-of",
        "suppressed",
        "The same mail came before, by another way or for another mailbox of the same board.",
        "Nothing; the detail names the delivery that has it.",
    )
    OWN = (
        "own",
        "suppressed",
        "The desk's own notification, or automatic mail From one of our own addresses.",
        "Nothing; release it if somebody wants it.",
    )
    BOUNCE = (
        "bounce",
        "suppressed",
        "A delivery report about a mail that no ticket knows.",
        "Nothing; release it if a person wrote it.",
    )
    RECEIPT = (
        "receipt",
        "suppressed",
        "A read or delivery receipt without a ticket.",
        "Nothing; release it if a person wrote it.",
    )
    AUTO_REPLY = (
        "auto-reply",
        "suppressed",
        "An automatic reply without a ticket.",
        "Nothing; release it if a person wrote it.",
    )
    VACATION = (
        "vacation",
        "suppressed",
        "An out-of-office reply without a ticket.",
        "Nothing; release it if a person wrote it.",
    )
    SKIPPED_BY_RULE = (
        "skipped-by-rule",
        "suppressed",
        "A rule says to skip such mail.",
        "Nothing; the detail names the rule. Release it if the rule is wrong.",
    )
    COUNTED = (
        "counted",
        "suppressed",
        "A vendor's notice that says nothing new of its problem.",
        "Nothing; the detail names the ticket, `gateway notices problems` the count.",
    )
    OVERTAKEN = (
        "overtaken",
        "suppressed",
        "A vendor's notice that came after a newer one of the same problem.",
        "Nothing.",
    )
    NO_PROBLEM = (
        "no-problem",
        "suppressed",
        "A vendor says that a problem is over, or has news of it, and none is open.",
        "Nothing; `gateway notices review` lists them.",
    )
    NOTICE_IGNORED = "notice-ignored", "suppressed", "The profile says that such a notice asks for nothing.", "Nothing."
    DROPPED = "dropped", "suppressed", "An operator dropped it.", "Nothing; release takes it back while it is kept."
    HELD_BY_RULE = (
        "held-by-rule",
        "quarantined",
        "A rule says that a person is to look at such mail.",
        "Release it, or drop it; the detail names the rule.",
    )
    UNVERIFIED_SENDER = (
        "unverified-sender",
        "quarantined",
        "The mail claims to belong to a ticket that its sender has nothing to do with.",
        "Look at the sender; release it as a new ticket, or drop it.",
    )
    SPOOFED_INTERNAL = (
        "spoofed-internal",
        "quarantined",
        "The mail is in the name of a technician or of our own domain, and its verdict is not a pass.",
        "Look at the original; release it only when you know that it is genuine.",
    )
    UNPROVEN_SENDER = (
        "unproven-sender",
        "quarantined",
        "Nothing proves that the mail is its sender's, or it could not be looked at, and the mailbox wants proof.",
        "Look at the original; release it, or drop it; on_none and on_unknown of the mailbox say what is wanted.",
    )
    FAILED_VERIFICATION = (
        "failed-verification",
        "quarantined",
        "The sender's domain says that the mail is not its own (its verdict is fail).",
        "Look at the original; release it when you know that it is genuine, or drop it.",
    )
    RATE_LIMITED = (
        "rate-limited",
        "quarantined",
        "The sender made more tickets or comments within an hour than [guard] allows.",
        "Look for a loop or a broken script; release what is genuine.",
    )
    LOOP_SUSPECTED = (
        "loop-suspected",
        "quarantined",
        "A machine at the sender's answers again and again.",
        "Stop the other side's automatic answers; drop the mails.",
    )
    NO_TICKET = (
        "no-ticket",
        "quarantined",
        "An operator moved the mail to a ticket that is gone from the desk; it is still where it was.",
        "Move it again; released without a place it stays where it was.",
    )
    AMBIGUOUS_THREAD = (
        "ambiguous-thread",
        "quarantined",
        "The mail's references name several tickets.",
        "Release it once it is clear where it belongs.",
    )
    AMBIGUOUS_CLIENT = (
        "ambiguous-client",
        "quarantined",
        "Contacts of several clients have the sender's address.",
        "Correct the contacts in the desk, then release.",
    )
    UNKNOWN_SENDER = (
        "unknown-sender",
        "quarantined",
        "The desk does not know the sender and the mailbox has no fallback client.",
        "Add a contact or a fallback_client, then release.",
    )
    NO_MAILBOX = (
        "no-mailbox",
        "quarantined",
        "The mailbox or its desk is no longer configured.",
        "Configure it again, then release; or drop.",
    )
    UNPARSEABLE = (
        "unparseable",
        "quarantined",
        "Reading the mail killed or stalled the parser three times.",
        "Look at the original; drop, or release after an upgrade.",
    )
    DAMAGED = (
        "damaged",
        "quarantined",
        "The kept mail is not what was accepted, or a row that it needs cannot be read: the disk has changed them.",
        "Look at the disk; put file or row back from a copy and release it, or ask the sender and drop it.",
    )
    API_REJECTED = (
        "api-rejected",
        "quarantined",
        "The desk refused the request for good.",
        "Read the desk's words in the detail, mend the cause, then release.",
    )
    DESK_REFUSED = (
        "desk-refused",
        "quarantined",
        "The desk does not let the gateway's key see or change the ticket, and lets it do other things.",
        "Let the key's user see the client in the desk, then release; or move the mail to another ticket, or drop it.",
    )
    OUTCOME_UNKNOWN = (
        "outcome-unknown",
        "quarantined",
        "The desk did not answer a write, and does not let the gateway's key see whether it was done.",
        "Look in the desk. When it is there, drop the mail, or move later mail to it; when it is not, release it. Let "
        "the key's user see all clients.",
    )
    RETRIES_EXHAUSTED = (
        "retries-exhausted",
        "quarantined",
        "Temporary failures for the whole of work.retry_for.",
        "Mend the cause, then release.",
    )
