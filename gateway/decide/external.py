"""Vendors' own numbers in subjects (INC0012345, [#4711], CASE-12): kept as ids of the vendor's domain.

Such an id leads to a ticket only for mail of the same domain with a passing verdict.
"""

from __future__ import annotations

import re

from gateway.match import domains
from gateway.model.email import Email

PATTERNS = (
    re.compile(r"\b((?:INC|CS|RITM|REQ|CHG|PRB|CASE|SR|TKT)[-_ #]{0,2}\d{4,14})\b", re.I),
    re.compile(r"\[(?:ticket|case|request|incident)?[ #:]{0,3}([A-Z]{0,8}-?\d{3,14})\]", re.I),
    re.compile(r"\b(?:ticket|case|incident|request)(?: id| number| no\.?)?[ #:]{1,3}([A-Z]{0,8}-?\d{4,14})\b", re.I),
    re.compile(r"\(([A-Z][A-Z0-9]{1,9}-\d{1,9})\)"),
)
MOST = 3


def ids_of(email: Email) -> tuple[str, ...]:
    """The numbers of the subject as ids of the sender's domain."""
    domain = domains.of(email.sender.address) if email.sender else ""
    if not domain:
        return ()
    subject = email.subject[:500]
    numbers = [match[1] for pattern in PATTERNS for match in pattern.finditer(subject)]
    clean = ["".join(c for c in number.upper() if c.isalnum()) for number in numbers]
    return tuple(f"{number}@number.{domain}" for number in dict.fromkeys(clean))[:MOST]
