"""Why a mail was suppressed or quarantined: every reason, what happened and what to do.

The documentation's table is made from this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Reason:
    name: str
    outcome: Literal["suppressed", "quarantined"]
    happened: str
    do: str


ALL = (
    Reason(
        "duplicate-of",
        "suppressed",
        "The same mail came before, by another way or for another mailbox of the same board.",
        "Nothing; the detail names the delivery that has it.",
    ),
    Reason("own", "suppressed", "The mail is the desk's or the gateway's own.", "Nothing."),
    Reason("loop", "suppressed", "The mail carries the gateway's own loop mark.", "Look who sends it back."),
    Reason("bounce", "suppressed", "A delivery report about a mail that no ticket knows.", "Nothing."),
    Reason("receipt", "suppressed", "A read or delivery receipt without a ticket.", "Nothing."),
    Reason("auto-reply", "suppressed", "An automatic reply without a ticket.", "Nothing."),
    Reason("vacation", "suppressed", "An out-of-office reply without a ticket.", "Nothing."),
    Reason("skipped-by-rule", "suppressed", "A rule says to skip such mail.", "Nothing; the detail names the rule."),
    Reason(
        "counted",
        "suppressed",
        "A vendor's notice that says nothing new of its problem.",
        "Nothing; the detail names the ticket, `gateway notices problems` the count.",
    ),
    Reason(
        "overtaken",
        "suppressed",
        "A vendor's notice that came after a newer one of the same problem.",
        "Nothing.",
    ),
    Reason(
        "no-problem",
        "suppressed",
        "A vendor says that a problem is over, or has news of it, and none is open.",
        "Nothing; `gateway notices review` lists them.",
    ),
    Reason("notice-ignored", "suppressed", "The profile says that such a notice asks for nothing.", "Nothing."),
    Reason("dropped", "suppressed", "An operator dropped it.", "Nothing."),
    Reason(
        "held-by-rule",
        "quarantined",
        "A rule says that a person is to look at such mail.",
        "Release it, or drop it; the detail names the rule.",
    ),
    Reason(
        "unverified-sender",
        "quarantined",
        "The mail claims to belong to a ticket that its sender has nothing to do with.",
        "Look at the sender; release it as a new ticket, or drop it.",
    ),
    Reason(
        "spoofed-internal",
        "quarantined",
        "The mail is in the name of a technician or of our own domain, and its verdict is not a pass.",
        "Look at the original; release it only when you know that it is genuine.",
    ),
    Reason(
        "failed-verification",
        "quarantined",
        "The sender's domain says that the mail is not its own.",
        "Look at the original; release it, or drop it.",
    ),
    Reason(
        "rate-limited",
        "quarantined",
        "The sender made more tickets or comments within an hour than [guard] allows.",
        "Look for a loop or a broken script; release what is genuine.",
    ),
    Reason(
        "loop-suspected",
        "quarantined",
        "A machine at the sender's answers again and again.",
        "Stop the other side's automatic answers; drop the mails.",
    ),
    Reason(
        "no-ticket",
        "quarantined",
        "An operator moved the mail to a ticket that the desk does not have.",
        "Move it again, or release it.",
    ),
    Reason(
        "ambiguous-thread",
        "quarantined",
        "The mail's references name several tickets.",
        "Release it once it is clear where it belongs.",
    ),
    Reason(
        "ambiguous-client",
        "quarantined",
        "Contacts of several clients have the sender's address.",
        "Correct the contacts in the desk, then release.",
    ),
    Reason(
        "unknown-sender",
        "quarantined",
        "The desk does not know the sender and the mailbox has no fallback client.",
        "Add a contact or a fallback_client, then release.",
    ),
    Reason(
        "no-mailbox",
        "quarantined",
        "The mailbox or its desk is no longer configured.",
        "Configure it again, then release; or drop.",
    ),
    Reason(
        "unparseable",
        "quarantined",
        "Reading the mail killed or stalled the parser three times.",
        "Look at the original; drop, or release after an upgrade.",
    ),
    Reason(
        "damaged",
        "quarantined",
        "The kept mail is not what was accepted, or a row that it needs cannot be read: the disk has changed them.",
        "Look at the disk; put file or row back from a copy and release it, or ask the sender and drop it.",
    ),
    Reason(
        "api-rejected",
        "quarantined",
        "The desk refused the request for good.",
        "Read the desk's words in the detail, mend the cause, then release.",
    ),
    Reason(
        "retries-exhausted",
        "quarantined",
        "Temporary failures for the whole of work.retry_for.",
        "Mend the cause, then release.",
    ),
)

REASONS = {reason.name: reason for reason in ALL}
