"""News that is mailed to all clients of an incident names none of them."""

from __future__ import annotations

import random
import re
import unicodedata

import pytest

from gateway.decide.notices import fanout
from gateway.mail.read import read as read_mail
from gateway.match.clients import Text
from gateway.model.envelope import Envelope
from gateway.model.notice import Notice
from tests.pace import processor_time

NEWS = [
    "Some users cannot send mail from the desktop app.",
    "We have found the cause and roll out a change.",
    "Next update: later today.",
]
SYLLABLES = "won der land glo bex ini tech ac me bau müh le haus dorf krü ger son fer nan dez wil low brook".split()
FORMS = ["", " GmbH", " Ltd", " & Co", ", Inc.", " S.A."]
SHAPES = [
    "Organization: {}",
    "This concerns {}'s mailboxes.",
    "{} reported it first.",
    "{}: users in two sites",
    "See {run}.onmicrosoft.com for details",
    "Contact admin@{run}.example.",
    "(tenant {up})",
    "the {run}-hq site",
    "Dear {},",
    "https://admin.example/t/{run}",
]


def squeezed(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text.casefold()))


def name_of(dice: random.Random) -> str:
    words = ["".join(dice.sample(SYLLABLES, dice.randint(2, 3))).capitalize() for _ in range(dice.randint(1, 2))]
    return " ".join(words) + dice.choice(FORMS)


def notice(title: str, names: tuple[str, ...] = (), word: str = "Extended recovery") -> Notice:
    return Notice("m365", "update", "k", title=title, word=word, names=names, incident="EX734521", object="EX734521")


def test_no_name_gets_through() -> None:
    """Clients and aliases of the desk, tenants of the mail, recipients: in any place and shape."""
    assert {seed: names for seed in range(400) if (names := names_that_get_through(random.Random(seed)))} == {}


def names_that_get_through(dice: random.Random) -> list[str]:
    """Of generated news about generated names."""
    clients, tenant, recipient = [name_of(dice) for _ in range(3)], name_of(dice), name_of(dice)
    every = [*clients, tenant, recipient]
    lines = list(NEWS)
    for name in every:
        shape = dice.choice(SHAPES)
        said = shape.format(name, run=squeezed(name), up=name.upper())
        if dice.random() < 0.2 and " " in name:  # over the end of a line
            head, _, tail = name.partition(" ")
            at = dice.randrange(len(lines) + 1)
            lines[at:at] = [f"It is about {head}", f"{tail} and others"]
        else:
            lines.insert(dice.randrange(len(lines) + 1), said)
    title = dice.choice(["EX734521: mail is late", f"EX734521: mail is late at {dice.choice(every)}"])
    raw = f"To: {recipient.replace(',', '')} <it@x.example>\nSubject: s\n\nx".encode()
    to = fanout.recipients(read_mail(raw).email, Envelope("", "alerts+token@msp.example"))

    out = fanout.told(notice(title, (tenant,)), lines, (*clients, *to))

    assert out
    text = squeezed("\n".join(out))
    return [name for name in every if squeezed(name) in text or squeezed(name.split()[0]) in text]


def test_a_line_without_end_is_looked_through_at_once() -> None:
    line = "www-" * 50_000 + "\x01"
    with processor_time() as spent:
        assert fanout.told(notice("Mail flow"), [line], ()) == ["Mail flow", "State: Extended recovery", line]

    assert spent.seconds < 1


def test_what_names_nobody_is_told_as_it_is() -> None:
    out = fanout.told(notice("EX734521: mail is late"), ["Hello Alice,", "", *NEWS, "Tenant: Acme"], ("Acme",))
    assert out == ["EX734521: mail is late", "State: Extended recovery", *NEWS]


@pytest.mark.parametrize(
    ("title", "word", "out"),
    [
        ("Mail is late at Acme", "Restored", ["State: Restored"]),
        ("Mail is late at Acme", "Restored for Acme", ["There is news about EX734521."]),
        ("Mail is late", "Restored", ["Mail is late", "State: Restored"]),
    ],
)
def test_in_doubt_only_the_state_is_told(title: str, word: str, out: list[str]) -> None:
    assert fanout.told(notice(title, word=word), ["It is about Ac", "me."], ("Acme",)) == out


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("acme.onmicrosoft.com", "Acme", True),
        ("ACME-CORP", "Acme Corp.", True),
        ("acme_corp", "Acme Corp", True),
        ("Acmecorp", "Acme Corp", True),
        ("Acme", "Acme Corp. GmbH", True),
        ("Café Müller", "Cafe Muller", True),
        ("Ac\u200bme", "Acme", True),
        ("of BP and others", "BP", True),
        ("a bpm value", "BP", False),
        ("The service is down", "The Acme Service", False),
        ("nothing of it", "Acme", False),
        ("", "Acme", False),
        ("anything", "", False),
        ("anything", "&", False),
    ],
)
def test_a_name_is_found_however_it_is_written(text: str, name: str, found: bool) -> None:
    assert Text.of(text).names(name) is found
