"""Whether a machine sent the mail: an ordered list of named tests on its headers; the first that holds decides.

Mail that is automatic and comes from one of our own addresses is our own; a report keeps its kind, and what a
person or a web form sends from there is their mail. A no-reply address, a List-Unsubscribe or an
X-Auto-Response-Suppress alone never makes a mail automatic (people behind Exchange and security gateways send them),
and no test reads only the words of the body. A post of a person through a discussion list or a group address is
human: support addresses are often such groups.
Source: docs/mail-rules.md "Automatic mail" and "Bounces", RFC 3834, RFC 3464, RFC 2919.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from gateway.match.noreply import says_so
from gateway.match.ours import Ours
from gateway.model.email import Address, AutoKind, Automatic

from .autosignals import CODES, SCAN, Signals
from .autowords import VAGUE
from .bounce import amazon_kind, read_report
from .mime import Tree

Test = Callable[[Signals], str]
Rule = tuple[str, AutoKind, Test]


def _receipt(s: Signals) -> str:
    if s.report_type == "disposition-notification" or "message/disposition-notification" in s.part_types:
        return "report of type disposition-notification"
    return "Amazon SES delivery notice" if amazon_kind(s.text) == "delivery" else ""


def _feedback(s: Signals) -> str:
    if s.report_type == "feedback-report" or "message/feedback-report" in s.part_types:
        return "report of type feedback-report"
    if amazon_kind(s.text) == "complaint":
        return "Amazon SES complaint"
    if s.bare_subject.startswith("complaint about message from ") and s.has_original:
        return "Subject of a complaint with the original attached"
    return ""


def _challenge(s: Signals) -> str:
    if s.report_type and s.report_type not in (
        "delivery-status",
        "disposition-notification",
        "feedback-report",
    ):
        return f"report of type {s.report_type}"
    for name in ("x-boxbe-cr", "x-boxbe-challenge", "x-challenge-response"):
        if name in s.first:
            return name
    if s.report_type == "delivery-status" and (says_so(s.local) and s.answered):
        return "a report that answers in another's name"
    return ""


def _delivery_report(s: Signals) -> str:
    if s.report_type == "delivery-status":
        return "report of type delivery-status"
    if s.has_status:
        return "part message/delivery-status"
    return "Amazon SES bounce" if amazon_kind(s.text) == "bounce" else ""


def _failed_recipients(s: Signals) -> str:
    return next((name for name in ("x-failed-recipients", "x-bounce-reason") if name in s.first), "")


def _daemon(s: Signals) -> str:
    return f"From {s.daemon}" if s.daemon and not s.absence_subject else ""


def _no_sender(s: Signals) -> str:
    """Only reports leave From empty; they say so in their Subject too."""
    if (not s.sender or "@" not in s.address) and s.undelivered_subject and "<>" in s.get("from"):
        return f"empty From, Subject says {s.undelivered_subject!r}"
    return ""


def _null_report(s: Signals) -> str:
    if s.null_sender and not s.absence_subject and (s.undelivered_subject or s.has_original or s.report_type):
        return "empty Return-Path and the shape of a report"
    return ""


def _report_subject(s: Signals) -> str:
    phrase = s.undelivered_subject
    if s.person or not phrase:
        return ""
    if s.has_original or (s.report_words if phrase not in VAGUE else CODES.search(s.text[:SCAN])):
        return f"Subject says {phrase!r}, text or attached original agree"
    return ""


def _robot_report(s: Signals) -> str:
    """A no-reply or no-content sender that carries an SMTP answer and the original."""
    if (s.has_original or CODES.search(s.text[:SCAN])) and says_so(s.local) and s.report_words:
        return "a no-reply address, an SMTP answer and the original"
    return ""


def _absence(s: Signals) -> str:
    if s.absence_subject:
        return f"Subject begins with {s.absence_subject!r}"
    if s.submitted.startswith("auto-replied") and any(w in s.submitted for w in ("vacation", "owner-email")):
        return f"Auto-Submitted: {s.submitted[:60]}"
    if "x-ms-exchange-inbox-rules-loop" in s.first and _suppresses(s.get("x-auto-response-suppress")):
        return "an Exchange inbox rule that answers"
    return ""


def _suppresses(value: str) -> bool:
    return any(word.strip() in ("all", "oof", "autoreply") for word in value.split(","))


def _auto_replied(s: Signals) -> str:
    if s.submitted.startswith("auto-replied"):
        return f"Auto-Submitted: {s.submitted[:60]}"
    names = (
        "x-autoreply", "x-autorespond", "x-autoresponse", "x-autoresponder", "x-autoreply-from",
        "x-mail-autoreply", "x-vacation", "x-autoreply-domain", "x-auto-reply", "autoresponder",
        "x-post-messageclass-autoreply",
    )  # fmt: skip
    for name in names:
        if name in s.first and s.get(name) not in ("no", "false", "0", "none"):
            return name
    if s.get("x-precedence") == "auto_reply" or s.get("precedence") in (
        "auto_reply",
        "auto-reply",
        "autoreply",
    ):
        return "Precedence: auto_reply"
    if any(n.lower() == "delivered-to" and v.strip().lower() == "autoresponder" for n, v in s.headers):
        return "Delivered-To: autoresponder"
    if s.get("x-post-messageclass").startswith("9"):
        return "X-POST-MessageClass: 9"
    return ""


def _helpdesk(s: Signals) -> str:
    machine = s.submitted.startswith("auto-") or s.get("precedence") in ("bulk", "list") or "list-id" in s.first
    names = (
        "x-jira-fingerprint", "x-servicenow-generated", "x-github-reason", "x-gitlab-notificationreason",
        "x-zendesk-from-account-id", "x-otrs-loop", "x-otobo-loop", "x-rt-ticket", "rt-ticket",
        "x-redmine-issue-id", "x-freshdesk-ticket-id", "x-fc-machinegenerated", "x-bugzilla-reason",
        "x-zammad-ticket-id", "x-osticket-id", "x-freescout-mail-type",
    )  # fmt: skip
    for name in names:
        if name in s.first and (
            machine
            or name
            in (
                "x-jira-fingerprint",
                "x-servicenow-generated",
                "x-github-reason",
                "x-gitlab-notificationreason",
                "x-fc-machinegenerated",
                "x-bugzilla-reason",
            )
        ):
            return name
    return ""


def _auto_generated(s: Signals) -> str:
    if s.submitted and not s.submitted.startswith(("no", "none", "false", "0", "auto-replied")):
        return f"Auto-Submitted: {s.submitted[:60]}"
    for name in ("x-autogenerated", "x-auto-generated", "x-cron-env", "x-mailgenerated"):
        if name in s.first and s.get(name) not in ("no", "false"):
            return name
    if s.get("x-amazon-mail-relay-type") == "notification" or s.get("x-mailer").startswith("amazon ses notif"):
        return "X-Amazon-Mail-Relay-Type: notification"
    if s.address.endswith("@sns.amazonaws.com"):
        return "From Amazon SNS"
    return ""


def _bulk(s: Signals) -> str:
    for name in ("precedence", "x-precedence"):
        if s.get(name) in ("bulk", "junk"):
            return f"{name}: {s.get(name)}"
    if (
        "x-campaign" in s.first
        or "x-campaignid" in s.first
        or "x-campaign-id" in s.first
        or "x-mailchimp-id" in s.first
    ):
        return "X-Campaign"
    if "feedback-id" in s.first and "list-unsubscribe" in s.first:
        return "Feedback-ID and List-Unsubscribe"
    return ""


def _list(s: Signals) -> str:
    precedence = s.get("precedence") == "list" or s.get("x-precedence") == "list"
    ids = [name for name in ("list-id", "mailing-list", "x-mailing-list", "list-owner") if name in s.first]
    if not precedence and not ids:
        return ""
    post = s.get("list-post")
    discussion = (
        ("mailto:" in post)
        or "x-google-group-id" in s.first
        or (bool(ids) and precedence and bool(s.get("sender")) and s.address not in s.get("sender"))
    )
    if discussion and not s.submitted.startswith("auto-"):
        # A person wrote it; the list only carried it.
        return ""
    return "Precedence: list" if precedence else ids[0]


def _null(s: Signals) -> str:
    return "empty Return-Path" if s.null_sender and (s.address or s.first) else ""


RULES: tuple[Rule, ...] = (
    ("receipt", "receipt", _receipt),
    ("feedback report", "notification", _feedback),
    ("challenge", "auto-reply", _challenge),
    ("delivery report", "bounce", _delivery_report),
    ("failed recipients", "bounce", _failed_recipients),
    ("absence", "vacation", _absence),
    ("mail daemon", "bounce", _daemon),
    ("empty From", "bounce", _no_sender),
    ("null sender's report", "bounce", _null_report),
    ("report by subject", "bounce", _report_subject),
    ("report of a robot", "bounce", _robot_report),
    ("automatic answer", "auto-reply", _auto_replied),
    ("other help desk", "helpdesk", _helpdesk),
    ("generated", "notification", _auto_generated),
    ("bulk", "bulk", _bulk),
    ("list", "list", _list),
    ("null sender", "notification", _null),
)


KEPT: tuple[AutoKind, ...] = ("human", "bounce", "receipt")
"""Kinds that mail from one of our own addresses keeps; whatever else a machine sends from there is our own."""


def classify(
    headers: Sequence[tuple[str, str]],
    tree: Tree,
    sender: Address | None,
    subject: str,
    text: str,
    own_addresses: Collection[str] = (),
    recipients: Collection[str] = (),
) -> Automatic:
    """``reasons``: the deciding one first, then the further ones."""
    signals = Signals(headers, tree, sender, subject, text, Ours(own_addresses))
    kind: AutoKind = "human"
    reasons: list[str] = []
    for name, result, test in RULES:
        reason = test(signals)
        if reason:
            kind = result if not reasons else kind
            reasons.append(f"{name}: {reason}")
    if kind not in KEPT and signals.address in signals.own:
        kind = "own"
        reasons.insert(0, f"own mail: From {signals.address} is ours")
    report = None
    if kind == "bounce":
        report = read_report(tree, headers, text, (*own_addresses, *recipients))
    return Automatic(kind, tuple(reasons[:8]), report)
