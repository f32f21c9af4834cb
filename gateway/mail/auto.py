"""Whether a machine sent the mail. First version: the main headers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .model import Automatic


def classify(
    headers: Sequence[tuple[str, str]], content_type: str, sender: str, own_addresses: Collection[str] = ()
) -> Automatic:
    first: dict[str, str] = {}
    for name, value in headers:
        first.setdefault(name.lower(), value)
    submitted = first.get("auto-submitted", "").lower()
    if sender.lower() in {one.lower() for one in own_addresses}:
        return Automatic("own", ("From is an address of ours",))
    if content_type == "multipart/report" or "x-failed-recipients" in first:
        return Automatic("bounce", ("multipart/report",))
    if sender.lower().startswith(("mailer-daemon@", "postmaster@")):
        return Automatic("bounce", (f"From {sender}",))
    if submitted.startswith("auto-replied"):
        return Automatic("auto-reply", (f"Auto-Submitted: {submitted}",))
    if submitted and not submitted.startswith("no"):
        return Automatic("notification", (f"Auto-Submitted: {submitted}",))
    precedence = first.get("precedence", "").lower()
    if precedence in ("bulk", "junk", "auto_reply"):
        return Automatic("bulk", (f"Precedence: {precedence}",))
    if "list-id" in first:
        return Automatic("list", ("List-Id",))
    return Automatic()
