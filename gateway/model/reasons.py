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
        "The same mail arrived before, by another route or for another mailbox of the same board.",
        "Nothing; the detail names the delivery that has it.",
    )
    OWN = (
        "own",
        "suppressed",
        "The desk's own notification, or automatic mail From one of our own addresses.",
        "Nothing; release it if somebody wants it.",
    )
    PROBE = (
        "probe",
        "suppressed",
        "A probe of the gateway's own came back.",
        "Nothing; `gateway today` shows how long it took.",
    )
    BOUNCE = (
        "bounce",
        "suppressed",
        "A bounce of a mail that belongs to no ticket.",
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
    ASKS_FOR_NOTHING = (
        "asks-for-nothing",
        "suppressed",
        "A thank-you, a reaction or an accepted invitation that belongs to no ticket.",
        "Nothing; release it if it does ask for something.",
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
        "A vendor's notice that says nothing new about its problem.",
        "Nothing; the detail names the ticket, and `gateway notices problems` shows the count.",
    )
    OVERTAKEN = (
        "overtaken",
        "suppressed",
        "A vendor's notice that arrived after a newer one about the same problem.",
        "Nothing.",
    )
    NO_PROBLEM = (
        "no-problem",
        "suppressed",
        "A vendor says that a problem is over, or has news about it, and no such problem is open.",
        "Nothing; `gateway notices review` lists such notices.",
    )
    NOTICE_IGNORED = (
        "notice-ignored",
        "suppressed",
        "The profile says that such a notice needs nothing done.",
        "Nothing.",
    )
    IN_WINDOW = (
        "in-window",
        "suppressed",
        "A vendor's notice that a maintenance window held; its summary tells of it.",
        "Nothing; `gateway windows show` lists what the window held.",
    )
    CALENDAR = (
        "calendar",
        "suppressed",
        "A calendar of maintenance windows, mailed by its proven sender: its events are windows now.",
        "Nothing; `gateway windows list` shows them.",
    )
    DROPPED = (
        "dropped",
        "suppressed",
        "An operator dropped the mail.",
        "Nothing; release takes it back while it is kept.",
    )
    HELD_BY_RULE = (
        "held-by-rule",
        "quarantined",
        "A rule says that a person must look at such mail.",
        "Release it, or drop it; the detail names the rule.",
    )
    UNVERIFIED_SENDER = (
        "unverified-sender",
        "quarantined",
        "The mail refers to a ticket that its sender has nothing to do with.",
        "Look at the sender; release it as a new ticket, or drop it.",
    )
    SPOOFED_INTERNAL = (
        "spoofed-internal",
        "quarantined",
        "From is a technician or one of our own domains, and the verdict is not a pass.",
        "Look at the original; release it only if you know that it is genuine, else drop it.",
    )
    UNPROVEN_SENDER = (
        "unproven-sender",
        "quarantined",
        "Nothing proves who sent the mail, or it could not be determined, and the mailbox requires proof.",
        "Look at the original; release it, or drop it. The mailbox's on_none and on_unknown decide about such mail.",
    )
    FAILED_VERIFICATION = (
        "failed-verification",
        "quarantined",
        "According to the sender's domain the mail is not from there (the verdict is fail).",
        "Look at the original; release it only if you know that it is genuine, else drop it.",
    )
    RATE_LIMITED = (
        "rate-limited",
        "quarantined",
        "The sender caused more tickets or comments in an hour than [guard] allows.",
        "Look for a loop or a broken script; release what is genuine.",
    )
    LOOP_SUSPECTED = (
        "loop-suspected",
        "quarantined",
        "A machine at the sender's end keeps answering.",
        "Stop the other side's automatic answers; drop the mails.",
    )
    SHADOW = (
        "shadow",
        "suppressed",
        "It was under way when the shadow of its desk ended: the desk's own mail had it.",
        "Nothing; release it if the desk does not have it.",
    )
    NO_TICKET = (
        "no-ticket",
        "quarantined",
        "An operator moved the mail to a ticket that the desk no longer has; the mail is still where it was.",
        "Move it again; if you release it without a ticket, it stays where it was.",
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
        "Configure it again, then release the mail; or drop it.",
    )
    UNPARSEABLE = (
        "unparseable",
        "quarantined",
        "The parser crashed or hung on the mail three times.",
        "Look at the original; drop it, or release it after an upgrade.",
    )
    DAMAGED = (
        "damaged",
        "quarantined",
        "The stored mail differs from what was accepted, or a row that it needs cannot be read: the disk is faulty.",
        "Check the disk. Put the file or row back from a backup and release the mail; or ask the sender and drop it.",
    )
    API_REJECTED = (
        "api-rejected",
        "quarantined",
        "The desk refused the request for good.",
        "Read the desk's words in the detail, correct the cause, then release.",
    )
    DESK_REFUSED = (
        "desk-refused",
        "quarantined",
        "The desk does not let the gateway's key see or change this ticket, but other requests work.",
        "Give the key's user access to the client, then release; or move the mail to another ticket, or drop it.",
    )
    OUTCOME_UNKNOWN = (
        "outcome-unknown",
        "quarantined",
        "The desk did not answer a write, and the gateway's key cannot see whether it was carried out.",
        "Look in the desk. If it is there, drop the mail, or move later mail to it; if not, release the mail. Give "
        "the key's user access to all clients.",
    )
    RETRIES_EXHAUSTED = (
        "retries-exhausted",
        "quarantined",
        "It failed temporarily for the whole of work.retry_for.",
        "Correct the cause, then release.",
    )
