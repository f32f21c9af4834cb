"""Mail whose text looks like Markdown, on the desk's page: the words of the mail, in description and comments."""

from __future__ import annotations

from pathlib import Path

from gateway.simulator.page import ticket_page
from gateway.simulator.viewer import shown_html
from tests.scenarios.play import aligned, written
from tests.scenarios.scripts import ALICE
from tests.scenarios.stage import M, Stage
from tests.simulator.test_viewer import Page

TEXT = r"""# systemctl restart backup
Error in <config> section, value <null>; use List<String>
- C:\Users\alice\AppData\_temp_\*.log
- run __init__ and **all** of it

***** Nagios *****
1. first
10. tenth
![x](//tracker.evil.example/p.png?u=alice)
[Click here][1] or www.acme.example/help.

[1]: //evil.example/x"""
LONG = "\n".join(f"- line {n} of <log> with __marks__ and *stars*" for n in range(200))


async def test_the_page_shows_the_words_of_the_mail(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    await stage.accept(M("a", ALICE, "Backup", TEXT, verdict="pass"))
    await stage.accept(M("b", ALICE, reply="a", text=TEXT, verdict="pass"))
    await stage.accept(M("c", ALICE, reply="a", text=LONG))
    await stage.work()
    page = Page(ticket_page(stage.simulator.desk, stage.order[0]) or "")
    parts = [Page(shown_html(comment["note"])) for comment in stage.comments(1)]
    await stage.close()

    for line in filter(None, TEXT.split("\n")):
        assert page.lines.count(line) == 2, line
    assert [line for part in parts for line in part.lines if line.startswith("- line ")] == LONG.split("\n")
    assert page.pictures == []
    assert {link for link in page.links if not str(link).startswith("/_sim/")} == {"https://www.acme.example/help"}
    assert len(parts) == 3
    assert all(map(aligned, written(stage)))
