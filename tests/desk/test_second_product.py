"""A second product is a folder beside the first: a mail becomes a ticket and a comment at a desk of another product, by the
whole of the worker."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from gateway.store.engine import Store
from tests.desk.notebook import House

ALONE = """
import asyncio, pathlib, sys
sys.modules["gateway.desk.algapsa"] = None  # whoever imports it fails
from tests.desk.notebook import House
from gateway.store.engine import Store

async def main(folder):
    house = House(folder, Store(f"sqlite:///{folder}/gateway.db"))
    await house.accept("a", "The printer", "It does not print.")
    await house.work()
    house.store.close()
    print(*house.notebook.pages)

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


def opened(folder: Path, migrated: Path) -> House:
    shutil.copy(migrated, folder / "gateway.db")
    return House(folder, Store(f"sqlite:///{folder}/gateway.db"))


async def test_a_mail_becomes_a_ticket_and_its_answer_a_comment(tmp_path: Path, migrated_file: Path) -> None:
    house = opened(tmp_path, migrated_file)
    await house.accept("a", "The printer", "It does not print.")
    await house.work()
    (page,) = house.notebook.pages.values()
    assert (page.title, page.owner, page.person) == ("The printer", "acme", "ann")
    assert "It does not print." in page.words
    house.notebook.asked.clear()

    await house.accept("b", "Re: The printer", "Now it does.", answers=["a"])
    await house.work()
    house.store.close()

    (page,) = house.notebook.pages.values()
    ((_, words, internal),) = page.notes
    assert "Now it does." in words and not internal
    assert "by number" in house.notebook.asked  # how the ticket is now


async def test_an_answer_that_is_lost_makes_no_second_ticket_and_no_second_comment(
    tmp_path: Path, migrated_file: Path
) -> None:
    house = opened(tmp_path, migrated_file)
    house.notebook.forgets = 1
    await house.accept("a", "The printer", "It does not print.")
    await house.work()
    house.notebook.forgets = 1
    await house.accept("b", "Re: The printer", "Now it does.", answers=["a"])
    await house.work()
    house.store.close()

    (page,) = house.notebook.pages.values()
    assert len(page.notes) == 1


async def test_an_answer_opens_a_closed_ticket_again_where_the_desk_says_so(
    tmp_path: Path, migrated_file: Path
) -> None:
    house = opened(tmp_path, migrated_file)
    await house.accept("a", "The printer", "It does not print.")
    await house.work()
    (page,) = house.notebook.pages.values()
    page.open = False
    await house.accept("b", "Re: The printer", "It does not print again.", answers=["a"])
    await house.work()
    house.store.close()

    assert page.open and len(page.notes) == 1


def test_nothing_of_the_other_product_is_needed(tmp_path: Path, migrated_file: Path) -> None:
    shutil.copy(migrated_file, tmp_path / "gateway.db")
    alone = subprocess.run([sys.executable, "-c", ALONE, str(tmp_path)], capture_output=True, text=True)

    assert alone.stdout.endswith("\npage-1\n"), alone.stderr
