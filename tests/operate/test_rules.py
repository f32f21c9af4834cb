"""Which rules counted, and what a text would do if it stood in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.load import load
from gateway.config.settings import ConfigError, Settings
from gateway.model.spans import DAY
from gateway.operate.preview.pasted import pasted
from gateway.operate.rules import ruled
from gateway.store import hits
from tests.scenarios.scripts import ALICE, EVE, GIL
from tests.scenarios.stage import START, M, Stage, settings_for

RULES = {
    "rule": [
        {"name": "printers", "when": [{"field": "subject", "contains": "printer"}], "go_on": True, "tags": ["paper"]},
        {"name": "toner", "when": [{"field": "subject", "contains": "toner"}], "board": "Sales"},
        {"name": "fax", "when": [{"field": "subject", "contains": "fax"}], "board": "Sales"},
    ],
    "domain": [{"domain": "evil.example", "client": "Globex"}, {"domain": "never.example", "client": "Globex"}],
}


async def test_rules_and_domains_are_counted(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file, {**settings_for(), **RULES})
    await stage.open()
    mails = (
        M("a", ALICE, "Printer needs toner"),
        M("b", GIL, "Toner"),
        M("c", EVE, "Hello"),
        M("d", ALICE, reply="a", text="The printer again"),
    )
    for mail in mails:
        await stage.accept(mail)
        await stage.work()
    numbers = {mail.key: (await stage.row(mail.key))["seq"] for mail in mails}
    found = await stage.store.read(lambda c: ruled(c, stage.settings, stage.clock()))
    later = await stage.store.read(lambda c: ruled(c, stage.settings, stage.clock() + 31 * DAY))
    dropped = await stage.store.write(lambda c: hits.drop(c, START + DAY, 2).count + hits.drop(c, START + DAY, 2).count)
    left = await stage.store.read(lambda c: hits.counted(c, 0.0))
    await stage.close()

    assert [(row.kind, row.name, row.count.mails, row.count.last) for row in found] == [
        ("rule", "printers", 1, numbers["a"]),
        ("rule", "toner", 2, numbers["b"]),
        ("rule", "fax", 0, 0),
        ("domain", "evil.example", 1, numbers["c"]),
        ("domain", "never.example", 0, 0),
    ]
    assert found[0].does == "tags paper, goes on"
    assert not any(row.count.mails for row in later)
    assert (dropped, left) == (3, {})


MAIN = """[desk]
url = "http://desk/api/v1"
api_key = "k"
[[mailbox]]
address = "support@msp.example"
[[rule]]
name = "printers"
when = [{field = "subject", contains = "printer"}]
board = "Sales"
[[rule]]
name = "rest"
when = [{field = "subject", exists = true}]
priority = "Low"
"""
VIP = '[[rule]]\nname = "vip"\nwhen = [{field = "from", contains = "boss@"}]\npriority = "High"\n'


@pytest.fixture
def current(tmp_path: Path) -> Settings:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.toml").write_text(
        '[[rule]]\nname = "extra"\non = "reply"\nwhen = [{field = "subject", contains = "x"}]\npriority = "Low"\n'
    )
    (tmp_path / "gateway.toml").write_text(MAIN)
    return load(tmp_path / "gateway.toml", {})


def test_what_is_there_is_replaced_and_what_is_new_goes_to_the_end(current: Settings) -> None:
    text = (
        VIP.replace("vip", "printers")
        + VIP.replace("boss", "chief").replace("vip", "extra")
        + '[[domain]]\ndomain = "acme.example"\nclient = "Acme"\n'
    )
    found = pasted(current, text, {})
    assert [rule.name for rule in found.settings.rule] == ["printers", "rest", "extra"]
    assert [rule.priority for rule in found.settings.rule] == ["High", "Low", "High"]
    assert found.settings.domain[0].client == "Acme"
    files = [name for name, _ in current.locations.files]
    assert found.places == (
        f"rule 'printers': in place of {files[0]}:6",
        f"rule 'extra': in place of {files[1]}:1",
        f"domain 'acme.example': at the end of {files[0]}",
    )
    assert found.settings.store == current.store


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there is nothing in it"),
        ("[[rule]", "the text:1: the brackets of a section do not match"),
        ("[[rule]]\nname = vip", 'the text:2: text stands in quotes: name = "vip"'),
        ("a = " + "1" * 5000, "the text: a number in it has too many digits"),
        ("a = " + "[" * 5000, "the text: .*nested too deep"),
        ('[store]\nurl = "sqlite:///x.db"', "store: expected"),
        (VIP.replace("priority", "priorty"), "the text:4: .*priorty"),
        (VIP.replace("from", "form"), "the text:3: .*did you mean|the text:3: .*form"),
        ("\n\n" + VIP.replace('"High"', '"High"\nstatus = "New"'), "the text:7: .*board"),
        ('[[notice]]\nprofile = "nobody"', "the text:[12]: .*nobody"),
        (VIP, "can never match: rule 'rest'|can never match"),
        ("x" * 70_000, "longer than"),
    ],
)
def test_what_is_wrong_is_said_with_the_line_of_the_text(current: Settings, text: str, why: str) -> None:
    if text == VIP:  # what stands before takes all of it
        text = VIP.replace("from", "subject").replace("boss@", "printer")
    with pytest.raises(ConfigError, match=why):
        pasted(current, text, {})
