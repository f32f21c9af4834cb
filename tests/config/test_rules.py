"""What is wrong with rules and maps is said with file and line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.config.load import load, parse
from gateway.config.locations import Locations
from gateway.config.rules import ConditionSettings, ExampleSettings, RuleSettings
from gateway.config.settings import ConfigError
from gateway.work.rules import try_example

HEAD = """[desk]
url = "http://desk/api/v1"
api_key = "k"
[[mailbox]]
address = "support@msp.example"
"""


def fault(folder: Path, text: str, rules: str = "") -> str:
    file = folder / "gateway.toml"
    file.write_text(HEAD + text)
    if rules:
        (folder / "rules").mkdir()
        (folder / "rules" / "a.toml").write_text(rules)
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    return str(caught.value)


def rule(conditions: str, more: str = "", name: str = "r") -> str:
    return f'[[rule]]\nname = "{name}"\nwhen = [{conditions}]\n{more}'


X = '{field = "subject", contains = "x"}'
BAD = [
    (rule(X, 'priorty = "High"\n'), 9, "no such key"),
    (rule('{field = "sbject", contains = "x"}'), 8, "is not one of"),
    (rule('{field = "subject", like = "x"}'), 8, "like: no such key"),
    (rule('{field = "subject", regex = "(?<=a)b"}'), 8, "regex: invalid perl operator"),
    (rule('{field = "subject", regex = "("}'), 8, "regex: missing"),
    (rule(X, 'client = "{who}"\n'), 9, "{who} is not defined"),
    (rule(X, 'status = "New"\n'), 9, "expected board"),
    (rule(X) + rule(X, name="s"), 9, "can never match: rule 'r' takes all of it"),
    (rule(X + ', {field = "verdict", equals = "pass"}, {field = "verdict", equals = "fail"}'), 8, "can never match: verdict"),
    (rule(X + ', {field = "size", above = 10}, {field = "size", below = 5}'), 8, "can never match: size"),
    (rule('{field = "scl", at_least = 5}, {field = "scl", below = 5}'), 8, "can never match: scl"),
    (rule('{field = "subject", at_least = 5}'), 8, "size, spam_score, scl go with"),
    (rule('{field = "spam_score", contains = "5"}'), 8, "size, spam_score, scl go with"),
    (rule(X + ', {none = [{field = "subject", contains = "X"}]}'), 8, "can never match: the same"),
    (rule('{field = "class", equals = "spam"}'), 8, "never 'spam'"),
    (rule('{field = "from_domain", equals = "a@b.c"}'), 8, "no @"),
    (f'[[rule]]\nname = "r"\nwhen = [\n  {X},\n  # a "comment" with [brackets]\n  {{ any = [\n    {X},\n    {{ field = "subject", regex = "(" }},\n  ] }},\n]\n', 13, "regex: missing"),
    (f'[[rule]]\nname = """\n[[rule]]"""\nwhen = [\n  {X},\n  {{ field = "subject", like = "x" }},\n]\n', 11, "like: no such key"),
    (rule(X, 'on = "reply"\ntitle = "x"\n'), 10, "title: is for new tickets"),
    (rule(X, 'category = "Printers"\n'), 9, "category belongs to a board"),
    (rule(X, 'board = "Support"\nsubcategory = "Printers"\n'), 10, "expected category as well"),
    (rule(X, 'priority_at_least = "High"\n'), 9, "'High' is not in priorities"),
    (rule(X, 'priority = "Low"\npriority_at_least = "High"\n'), 10, "expected either priority or"),
    ('[[domain]]\ndomain = "a.example"\nclient = "A"\n[[domain]]\ndomain = "gmail.com"\nclient = "A"\n', 10, "gmail.com is a public"),
    ('[[domain]]\ndomain = "mail.gmx.de"\nclient = "Acme"\n', 7, "mail.gmx.de is a public"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "words"), BAD, ids=[words for _, _, words in BAD])
def test_a_fault_has_its_file_and_line(text: str, line: int, words: str, tmp_path: Path) -> None:
    said = fault(tmp_path, text)

    assert words in said
    assert f"gateway.toml:{line}:" in said


def test_priorities_are_ordered_once(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text('priorities = ["Low", "High", "low"]\n' + HEAD)

    with pytest.raises(ConfigError, match=r"gateway\.toml:1: priorities: expected each once"):
        load(file, {})


def test_a_fault_in_a_file_of_rules(tmp_path: Path) -> None:
    said = fault(tmp_path, rule(X), "# mine\n" + rule('{field = "to", contains = "y"}', 'client = "{x}"\n', "s"))

    assert "a.toml:5:" in said


def test_only_rules_stand_beside(tmp_path: Path) -> None:
    assert "expected [[rule]] only" in fault(tmp_path, "", "[log]\n")


def test_rules_of_several_files_keep_their_order(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(HEAD + rule(X))
    (tmp_path / "rules").mkdir()
    for name in ("20", "10"):
        text = rule(X.replace('"x"', f'"{name}"'), name=name)
        (tmp_path / "rules" / f"{name}.toml").write_text(text)

    assert [rule.name for rule in load(tmp_path / "gateway.toml", {}).rule] == ["r", "10", "20"]


TORTURE = (
    """
# a comment with [[rule]] in it
"quoted.key" = 'literal # no comment'
dotted.inner.key = 1979-05-27 07:32:00   # a date with a blank
[[rule]]
name = \'\'\'
[[rule]] ''quoted''\'\'\'
when = [ # an array
  { field = "a#b", "regex" = "\\"]" }, # one
  [1, 2,
   3], { x = { y = [
     true ] } },
]
  [rule.sub]
  key = 1
  [[rule.example]]
  a = 1
  [[rule.example]]
  b = [ ]
[[rule]]
[other."dotted.name"]
x = """
    + '"""\nmore"""\n'
)


def test_places_in_any_toml() -> None:
    tomllib.loads(TORTURE)
    locations = Locations((("f", TORTURE),))
    expected = {
        ("quoted.key",): 3,
        ("dotted", "inner", "key"): 4,
        ("rule", 0): 5,
        ("rule", 0, "name"): 6,
        ("rule", 0, "when"): 8,
        ("rule", 0, "when", 0, "regex"): 9,
        ("rule", 0, "when", 1, 2): 11,
        ("rule", 0, "when", 2, "x", "y", 0): 12,
        ("rule", 0, "sub", "key"): 15,
        ("rule", 0, "example", 1, "b"): 19,
        ("rule", 0, "example", 1, "nothing"): 18,
        ("rule", 1): 20,
        ("other", "dotted.name", "x"): 22,
    }

    assert {path: locations.at(path) for path in expected} == {path: f"f:{line}" for path, line in expected.items()}


@pytest.mark.parametrize(
    "example",
    [
        {"subject": "printer\nis broken"},
        {"sender": "Ann\r\nBcc: x@y.example"},
        {"to": "a\nb"},
        {"headers": {"Subject": "printer"}},
        {"headers": {"X-Queue": "a\nb"}},
        {"headers": {"Content-Type": "multipart/mixed"}},
        {"attachments": ("a\nb.txt",)},
    ],
    ids=str,
)
def test_an_example_of_which_no_mail_can_be_made(example: dict[str, Any]) -> None:
    settings = parse(tomllib.loads(HEAD), {})
    rule = RuleSettings(name="a", skip=True, when=(ConditionSettings(field="subject", contains="printer"),))

    assert "no mail can be made of it: " in try_example(settings, rule, ExampleSettings(**example))
