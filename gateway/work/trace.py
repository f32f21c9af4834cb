"""What is kept of a decision: the columns of the mail's row, and the trace that says why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.match import domains, title
from gateway.model import questions as ask
from gateway.model.email import Email
from gateway.model.plain import by_field
from gateway.model.plan import Decision, Step
from gateway.store.senders import VENDOR


def columns_of(email: Email, decision: Decision) -> dict[str, Any]:
    """What the store keeps of a mail once it was read."""
    return {
        "digest": email.digest,
        "sender": decision.sender,
        "sender_domain": domains.of(decision.sender),
        "proof": decision.proof,
        "subject": email.subject[:255],
        "matter": title.matter(email.subject),
        "class": VENDOR if decision.notice_record and decision.notice_record.proven else email.auto.kind,
        "outcome": decision.outcome,
    }


def silenced(decision: Decision, why: str) -> Decision:
    """The decision, with why its sender is not told after all."""
    assert decision.acknowledgement is not None
    step = Step("acknowledge", decision.acknowledgement.occasion, f"silence: {why}")
    return replace(decision, trace=(*decision.trace, step))


def trace_of(decision: Decision, answers: Mapping[ask.Question, Any], email: Email, is_held: bool) -> str:
    """The trace as JSON: the mail's facts, the questions with answers, the steps, and whether a window held it."""
    return json.dumps(
        {
            "mail": {
                "message_id": email.message_id,
                "from": email.sender.address if email.sender else "",
                "subject": email.subject[:255],
                "class": email.auto.kind,
                "defects": email.defects[:20],
            },
            "answers": [
                {"asked": question.kind, "about": question, "answer": _plain(answer)}
                for question, answer in answers.items()
            ],
            "steps": decision.trace,
            "held": is_held,
            "outcome": decision.outcome,
            "reason": decision.reason,
            "detail": decision.detail,
        },
        default=by_field,
    )


def _plain(value: Any) -> Any:
    """An answer, of a long list its first."""
    return [_plain(part) for part in value[:20]] if isinstance(value, list) else value
