"""docs/smtp.md says what the code does: each refusal is in it, and each test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.smtp import replies
from gateway.smtp.replies import Reply

HERE = Path(__file__).parent
TEXT = (HERE.parent.parent / "docs" / "smtp.md").read_text(encoding="utf-8")
REPLIES = [reply for reply in vars(replies).values() if isinstance(reply, Reply) and reply.reason]


def test_every_refusal_is_documented() -> None:
    rows = [f"| `{reply.reason}` | {reply.code} {reply.enhanced} | {reply.text} |" for reply in REPLIES]

    assert [row for row in rows if row not in TEXT] == []
    documented = [line for line in TEXT.splitlines() if re.match(r"\| `[a-z-]+` \| [45]", line)]
    assert sorted(set(rows)) == sorted(documented)


def test_every_refusal_has_an_enhanced_code() -> None:
    for reply in REPLIES:
        assert re.fullmatch(rf"{reply.code // 100}\.[0-9]\.[0-9]{{1,2}}", reply.enhanced), reply
        assert reply.text[0].isupper() and "\n" not in reply.text


def test_every_named_test_exists() -> None:
    named = re.findall(r"(test_[a-z]+): (test_[a-z0-9_]+)", TEXT)

    assert len(named) > 25
    for file, function in named:
        assert f"def {function}(" in (HERE / f"{file}.py").read_text(encoding="utf-8"), (file, function)
