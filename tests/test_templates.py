"""Operators' templates: they shape the lines, and can break neither blocks nor limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.templates import BODY, MAIL, NAMES, VALUES, BadTemplate, Templates


def rendered(templates: Templates, name: str, **values: object) -> list[str]:
    return templates.lines(
        name, **{**VALUES[name], **{key: value for key, value in values.items() if key in VALUES[name]}}
    )


def test_the_shipped_ones_render() -> None:
    Templates().check()


def test_a_folder_overrides_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "title.txt").write_text("[{{ mailbox }}] {{ subject }}\n")
    own = Templates(tmp_path)

    assert rendered(own, "title") == ["[support@msp.example] Printer broken"]
    assert rendered(own, "comment") == rendered(Templates(), "comment")
    own.check()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("ticket", "{{ body }}\n{{ nothing }}", "ticket.txt"),
        ("ticket", "{{ sender.label }", "ticket.txt line 1"),
        ("comment", "one\ntwo\n{% if %}", "comment.txt line 3"),
        ("ticket", "no place for the text", "expected {{ body }} on a line of its own"),
        ("title", "", "expected text on its first line"),
        ("title", "{{ ''.__class__.__mro__ }}", "title.txt"),
        ("missing", "{{ subject }}: {{ files | length }} files", "missing.txt: 'subject' is undefined"),
        ("still-closed", "{{ sender.label }}", "still-closed.txt: 'sender' is undefined"),
        ("bounce", "{{ body }}", "bounce.txt: 'body' is undefined"),
        ("acknowledge.de", "Re\n{% if occasion == 'held' %}{{ sender }}{% endif %}", "acknowledge.de.txt: 'sender'"),
        ("recovered", "{% if closed %}{{ ticket }}{% endif %}", "recovered.txt: 'ticket' is undefined"),
        ("comment", "{{ body }}\n{% if not files %}{{ no_files }}{% endif %}", "comment.txt: 'no_files' is undefined"),
    ],
)
def test_check_names_the_template_and_the_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / f"{name}.txt").write_text(text)

    with pytest.raises(BadTemplate) as caught:
        Templates(tmp_path).check()
    assert words in str(caught.value)


def test_the_page_lists_each_template_and_what_it_may_print() -> None:
    page = (Path(__file__).parent.parent / "docs" / "templates.md").read_text()
    rows = {line.split("`")[1].removesuffix(".txt"): line for line in page.splitlines() if line.startswith("| `")}

    for name, values in VALUES.items():
        row = rows["acknowledge.en" if name.startswith("acknowledge.") else name]
        own = values.keys() - (MAIL.keys() if "the mail's values" in row else ())
        assert [key for key in own if f"`{key}`" not in row] == [], name
        assert ("the mail's values" in row) is (MAIL.keys() <= values.keys()), name
    assert [key for key in MAIL if not re.search(rf"^\\| .*`{key}[`.].* \\|", page, re.MULTILINE)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_value_is_one_line_whatever_the_mail_says(name: str) -> None:
    evil = f"a\nb\r\n{{{{ 7 * 7 }}}}\u2028{BODY}"
    sender = {"name": evil, "address": evil, "label": evil, "verdict": evil}

    lines = rendered(Templates(), name, sender=sender, subject=evil, to=[evil], date=evil)

    assert len(lines) == len(rendered(Templates(), name))
    assert "49" not in "".join(lines)
    assert sum(BODY in line for line in lines) == sum(BODY in line for line in rendered(Templates(), name))
