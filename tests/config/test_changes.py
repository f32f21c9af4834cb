"""What a running gateway takes of a changed configuration, and what it names as waiting for a restart."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from gateway.config.changes import LIVE, LIVE_KEYS, changes
from gateway.config.load import parse
from gateway.config.settings import ConfigError, Settings

BASE = """
[desk]
url = "http://desk/api/v1"
api_key = "k"
[console]
listen = "127.0.0.1:8026"
[[console.users]]
name = "lea"
[[mailbox]]
address = "support@msp.example"
[[rule]]
name = "printers"
when = [{field = "subject", contains = "printer"}]
board = "Sales"
[[rule]]
name = "vip"
when = [{field = "from", contains = "boss@"}]
priority = "High"
[[domain]]
domain = "acme.example"
client = "Acme"
"""


def settings(text: str) -> Settings:
    return parse(tomllib.loads(text), {})


TAKEN = [
    ('board = "Sales"', 'board = "Alerts"', "rule.printers"),
    ('name = "vip"', 'name = "boss"', "rule.vip, rule.boss"),
    ('client = "Acme"', 'client = "Acme Ltd"', "domain.acme.example"),
    ('api_key = "k"', 'api_key = "new"', "desks.default.api_key"),
    ('name = "lea"', 'name = "lea"\nrole = "act"', "console.users"),
    (
        "[[console.users]]",
        '[console.oidc]\nissuer = "https://sso.msp.example"\nclient_id = "c"\nclient_secret = "s"\nroles = { a = "act" }\n'
        "[[console.users]]",
        "console.oidc",
    ),
    (
        "[console]",
        '[[notice]]\nprofile = "veeam"\nsenders = ["a@b.example"]\n[console]',
        "notice.veeam, profiles.veeam",
    ),
    ("[console]", "[guard]\nanswers = 2\n[console]", "guard.answers"),
    (
        "[console]",
        '[smarthost]\nhost = "m.example:25"\nfrom = "a@b.example"\n[console]',
        "smarthost.host, smarthost.sender",
    ),
]
RESTART = [
    ("[console]", '[smtp]\nmax_size = "5M"\n[console]', "smtp.max_size"),
    ("127.0.0.1:8026", "127.0.0.1:8027", "console.listen"),
    ("http://desk/", "http://other/", "desks.default.url"),
    ("[console]", '[store]\nurl = "sqlite:///other.db"\n[console]', "store.url"),
    ("support@msp.example", "help@msp.example", "mailbox.support@msp.example, mailbox.help@msp.example"),
    ("[desk]", 'timezone = "Europe/Berlin"\n[desk]', "timezone"),
    ("[desk]", '[desks.web]\nurl = "http://web/api/v1"\napi_key = "k"\n[desks.default]', "desks.web"),
]


@pytest.mark.parametrize(("old", "new", "named"), TAKEN)
def test_it_is_taken(old: str, new: str, named: str) -> None:
    assert BASE.count(old) == 1
    before, after = settings(BASE), settings(BASE.replace(old, new))
    found = changes(before, after)
    assert (", ".join(found.taken), found.restart) == (named, ())
    assert found.settings == after


@pytest.mark.parametrize(("old", "new", "named"), RESTART)
def test_it_waits_for_a_restart(old: str, new: str, named: str) -> None:
    assert BASE.count(old) == 1
    before = settings(BASE)
    found = changes(before, settings(BASE.replace(old, new)))
    assert (found.taken, ", ".join(found.restart)) == ((), named)
    assert found.settings == before, "and nothing of it is in force"


def test_the_order_of_rules_counts() -> None:
    head, first, second = BASE.split("[[rule]]")
    second, tail = second.split("[[domain]]")
    turned = "[[rule]]".join((head, second, first)) + "[[domain]]" + tail
    assert changes(settings(BASE), settings(turned)).taken == ("rule.order",)


def test_what_is_taken_has_to_go_without_what_is_not() -> None:
    """A notice of a mailbox that only a restart brings."""
    new = (
        BASE
        + '[[mailbox]]\naddress = "noc@msp.example"\n[[notice]]\nprofile = "veeam"\nsenders = ["a@b.example"]\nmailbox = "noc@msp.example"\n'
    )
    with pytest.raises(ConfigError, match=r"restart.*noc@msp\.example"):
        changes(settings(BASE), settings(new))


def test_every_section_was_thought_of() -> None:
    """A new section of the configuration is taken at once, or docs/operate.md says that it waits."""
    waits: Any = {
        "desks",
        "smtp",
        "http",
        "console",
        "store",
        "work",
        "retention",
        "parser",
        "log",
        "timezone",
        "mailbox",
    }
    assert set(Settings.model_fields) - {"locations"} == {*LIVE, *waits}
    assert set(LIVE_KEYS) <= waits
