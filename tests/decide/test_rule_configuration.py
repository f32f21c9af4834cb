"""What is wrong with rules and maps is said with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import ConfigError, load

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
    (rule(X, 'category = "Printers"\n'), 9, "the id of a category"),
    ('[[domain]]\ndomain = "a.example"\nclient = "A"\n[[domain]]\ndomain = "gmail.com"\nclient = "A"\n', 10, "gmail.com is a public"),
    ('[[domain]]\ndomain = "mail.gmx.de"\nclient = "Acme"\n', 7, "mail.gmx.de is a public"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "words"), BAD, ids=[words for _, _, words in BAD])
def test_a_fault_has_its_file_and_line(text: str, line: int, words: str, tmp_path: Path) -> None:
    said = fault(tmp_path, text)

    assert words in said
    assert f"gateway.toml:{line}:" in said


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

    assert [one.name for one in load(tmp_path / "gateway.toml", {}).rule] == ["r", "10", "20"]
