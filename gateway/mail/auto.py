"""Whether a machine sent the mail: an ordered list of named tests; the first that holds names the kind.

Structure and headers prove a kind; words of the subject and the name of the sender only make it look so
(``Rule.looks``), and what only looks automatic is never suppressed. What a server on the way adds (the marks of an
inbox rule that sent the mail on, auto-forwarded, X-Auto-Response-Suppress) says nothing of the author.

Mail that is automatic and comes from one of our own addresses is our own; a report keeps its kind, and what a
person or a web form sends from there is their mail. A no-reply address or a List-Unsubscribe alone never makes a
mail automatic (people behind Exchange and security gateways send them), and no test reads only the words of the
body. A post of a person through a discussion list or a group address is human: support addresses are often such
groups.
Source: docs/mail-rules.md "Automatic mail" and "Bounces", RFC 3834, RFC 3464, RFC 2919.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from gateway.match.noreply import says_so
from gateway.match.ours import ours_of
from gateway.model.email import Address, AutoKind, Automatic

from .autosignals import Signals, is_null
from .autowords import VAGUE
from .bounce import amazon_kind, read_report
from .mime import Tree


class Rule(NamedTuple):
    """``test`` says what it found, "" for nothing. ``looks``: what it finds are words and names, no proof."""

    name: str
    kind: AutoKind
    test: Callable[[Signals], str]
    looks: bool = False


def _receipt(s: Signals) -> str:
    if s.report_type == "disposition-notification":
        return "report of type disposition-notification"
    if "message/disposition-notification" in s.part_types and (s.is_machine or not (s.person or s.answered)):
        return "part message/disposition-notification"
    return ""


def _amazon_receipt(s: Signals) -> str:
    return "Amazon SES delivery notice" if _of_amazon(s) and amazon_kind(s.text) == "delivery" else ""


def _of_amazon(s: Signals) -> bool:
    return s.address.endswith("@sns.amazonaws.com") or "x-amz-sns-message-id" in s.first


def _feedback(s: Signals) -> str:
    if s.report_type == "feedback-report" or "message/feedback-report" in s.part_types:
        return "report of type feedback-report"
    if amazon_kind(s.text) == "complaint":
        return "Amazon SES complaint"
    if s.bare_subject.startswith("complaint about message from ") and s.has_original:
        return "Subject of a complaint with the original attached"
    return ""


def _server_report(s: Signals) -> str:
    """What servers report daily about the mail of a domain: TLS (RFC 8460 5.3) and DMARC (RFC 7489 7.2.1.1)."""
    if s.report_type == "tlsrpt" or ("tls-report-domain" in s.first and "tls-report-submitter" in s.first):
        return "TLS report"
    return f"DMARC report {s.aggregate}" if s.aggregate and not (s.person or s.answered) else ""


def _challenge(s: Signals) -> str:
    if s.report_type and s.report_type not in (
        "delivery-status",
        "disposition-notification",
        "feedback-report",
        "tlsrpt",
    ):
        return f"report of type {s.report_type}"
    for name in ("x-boxbe-cr", "x-boxbe-challenge", "x-challenge-response"):
        if name in s.first:
            return name
    if s.report_type == "delivery-status" and (says_so(s.local) and s.answered):
        return "a report that answers in another's name"
    return ""


def _delivery_report(s: Signals) -> str:
    """The report itself; its parts in another mail only where no person sends them on."""
    if s.report_type == "delivery-status":
        return "report of type delivery-status"
    if s.has_status and not s.status_is_attached and (s.is_machine or not (s.person or s.answered)):
        return "part message/delivery-status"
    return ""


def _amazon_report(s: Signals) -> str:
    return "Amazon SES bounce" if _of_amazon(s) and amazon_kind(s.text) == "bounce" else ""


def _failed_recipients(s: Signals) -> str:
    return next((name for name in ("x-failed-recipients", "x-bounce-reason") if name in s.first), "")


def _null_report(s: Signals) -> str:
    if not s.null_sender or s.absence_subject:
        return ""
    shaped = s.undelivered_subject or s.has_original or s.report_type or s.daemon
    return "empty Return-Path and the shape of a report" if shaped else ""


def _original_of_a_daemon(s: Signals) -> str:
    return f"From {s.daemon}, with the original attached" if s.is_daemon and s.has_original else ""


def _no_sender(s: Signals) -> str:
    """Only reports leave From empty; they say so in their Subject too."""
    if (not s.sender or "@" not in s.address) and s.undelivered_subject and "<>" in s.get("from"):
        return f"empty From, Subject says {s.undelivered_subject!r}"
    return ""


def _daemon(s: Signals) -> str:
    """A mail program's name; people write from postmaster@ and the like, too."""
    if not s.daemon or s.absence_subject:
        return ""
    speaks = s.is_daemon or (not s.person and (s.undelivered_subject or s.has_original or s.is_machine or s.transcript))
    return f"From {s.daemon}" if speaks else ""


def _report_subject(s: Signals) -> str:
    phrase = s.undelivered_subject
    if s.person or not phrase:
        return ""
    plain = phrase not in VAGUE and (s.quoted_head or s.names_the_unreached)
    if s.has_original or s.transcript or plain:
        return f"Subject says {phrase!r}, text or attached original agree"
    return ""


def _robot_report(s: Signals) -> str:
    """A no-reply or no-content sender that carries an SMTP answer or the original."""
    if says_so(s.local) and (s.has_original or s.transcript) and s.report_words:
        return "a no-reply address, an SMTP answer or the original"
    return ""


def _says_absent(s: Signals) -> str:
    """Auto-Submitted says who answered; an automatic answer by other headers says in its Subject that it is one."""
    if s.submitted.startswith("auto-replied") and any(w in s.submitted for w in ("vacation", "owner-email")):
        return f"Auto-Submitted: {s.submitted[:60]}"
    if s.rule_answers:
        return "an Exchange inbox rule that answers"
    if s.absence_subject and (_auto_replied(s) or s.null_sender or (s.is_machine and s.names_an_answer)):
        return f"Subject begins with {s.absence_subject!r}, and the headers are a machine's"
    return ""


def _absence(s: Signals) -> str:
    return f"Subject begins with {s.absence_subject!r}" if s.absence_subject else ""


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
    machine = (
        s.is_generated
        or s.submitted.startswith("auto-replied")
        or s.get("precedence") in ("bulk", "list")
        or "list-id" in s.first
    )
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
    if s.is_generated:
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
        if s.get(name) == "junk" or (s.get(name) == "bulk" and not _discusses(s)):
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
    by_others = bool(ids) and precedence and bool(s.get("sender")) and s.address not in s.get("sender")
    if _discusses(s) or (by_others and not s.submitted.startswith("auto-")):
        return ""
    return "Precedence: list" if precedence else ids[0]


def _discusses(s: Signals) -> bool:
    """A list that takes posts carried it, whatever its Precedence: a person wrote it."""
    takes_posts = "mailto:" in s.get("list-post") or "x-google-group-id" in s.first
    return takes_posts and not s.submitted.startswith("auto-")


def _null(s: Signals) -> str:
    return "empty Return-Path" if s.null_sender and (s.address or s.first) else ""


RULES: tuple[Rule, ...] = (
    Rule("receipt", "receipt", _receipt),
    Rule("Amazon's receipt", "receipt", _amazon_receipt),
    Rule("feedback report", "notification", _feedback),
    Rule("servers' report", "notification", _server_report),
    Rule("challenge", "auto-reply", _challenge),
    Rule("delivery report", "bounce", _delivery_report),
    Rule("Amazon's report", "bounce", _amazon_report),
    Rule("failed recipients", "bounce", _failed_recipients),
    Rule("automatic absence", "vacation", _says_absent),
    Rule("absence by subject", "vacation", _absence, looks=True),
    Rule("null sender's report", "bounce", _null_report),
    Rule("daemon's report", "bounce", _original_of_a_daemon),
    Rule("empty From", "bounce", _no_sender),
    Rule("mail daemon", "bounce", _daemon, looks=True),
    Rule("report by subject", "bounce", _report_subject, looks=True),
    Rule("report of a robot", "bounce", _robot_report, looks=True),
    Rule("automatic answer", "auto-reply", _auto_replied),
    Rule("other help desk", "helpdesk", _helpdesk),
    Rule("generated", "notification", _auto_generated),
    Rule("bulk", "bulk", _bulk),
    Rule("list", "list", _list),
    Rule("null sender", "notification", _null),
)


KEPT: tuple[AutoKind, ...] = ("human", "bounce", "receipt")
"""Proven kinds that mail from one of our own addresses keeps; whatever else a machine sends from there is our own."""


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
    signals = Signals(headers, tree, sender, subject, text, ours_of(tuple(own_addresses)))
    found = [(rule, reason) for rule in RULES if (reason := rule.test(signals))]
    reasons = [f"{rule.name}: {reason}" for rule, reason in found]
    kind: AutoKind = next((rule.kind for rule, _ in found), "human")
    proven: AutoKind = next((rule.kind for rule, _ in found if not rule.looks), "human")
    if proven not in KEPT and signals.address in signals.own:
        kind = proven = "own"
        reasons.insert(0, f"own mail: From {signals.address} is ours")
    report = None
    if kind == "bounce":
        report = read_report(tree, headers, text, (*own_addresses, *recipients))
    return Automatic(kind, tuple(reasons[:8]), report, proven)


def enveloped(automatic: Automatic, mail_from: str) -> Automatic:
    """What the envelope adds: only machines send from the null sender."""
    if not is_null(mail_from) or automatic.by_structure != "human":
        return automatic
    kind: AutoKind = automatic.kind if automatic.is_auto else "notification"
    reason = "null sender: the envelope names none"
    return replace(automatic, kind=kind, by_structure=kind, reasons=(*automatic.reasons[:7], reason))
