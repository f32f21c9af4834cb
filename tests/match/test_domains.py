"""Whose a domain is: registered domains, and the names that providers give to their customers."""

from __future__ import annotations

import pytest

from gateway.match import domains
from gateway.smtp.verdict.sender import is_aligned


@pytest.mark.parametrize(
    ("domain", "family"),
    [
        ("mail.acme.example", "acme.example"),
        ("acme.co.uk", "acme.co.uk"),
        ("co.uk", "co.uk"),
        ("acme.onmicrosoft.com", "acme.onmicrosoft.com"),
        ("mail.acme.onmicrosoft.com", "acme.onmicrosoft.com"),
        ("onmicrosoft.com", "onmicrosoft.com"),
        ("acme.zendesk.com", "acme.zendesk.com"),
        ("acme.github.io", "acme.github.io"),
        ("acmezendesk.com", "acmezendesk.com"),
    ],
)
def test_the_family(domain: str, family: str) -> None:
    assert domains.family(domain) == family


@pytest.mark.parametrize(
    ("domain", "other", "aligned"),
    [
        ("mail.acme.example", "acme.example", True),
        ("acme.onmicrosoft.com", "acme.onmicrosoft.com", True),
        ("news.acme.zendesk.com", "acme.zendesk.com", True),
        ("evil.onmicrosoft.com", "acme.onmicrosoft.com", False),
        ("onmicrosoft.com", "acme.onmicrosoft.com", False),
        ("sandbox1.mailgun.org", "sandbox2.mailgun.org", False),
    ],
)
def test_customers_of_one_provider_do_not_prove_each_other(domain: str, other: str, aligned: bool) -> None:
    assert is_aligned(domain, other) is aligned
