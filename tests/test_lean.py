"""What a process need not import before it can listen."""

from __future__ import annotations

import subprocess
import sys

from tests.waiting import PATIENCE

PAGES = {"rich", "pygments"}
OTHERS_STORE = {"alembic", "psycopg", "sqlalchemy.dialects.postgresql"}
READING = {"chardetng_py", "gateway.mail.read"}


def imported(*statements: str) -> list[set[str]]:
    """The modules that a fresh interpreter has after each of the statements."""
    told = "print(*sys.modules)"
    code = "\n".join(["import sys", *(f"{statement}\n{told}" for statement in statements)])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    return [set(line.split()) for line in done.stdout.splitlines()]


def test_what_is_not_needed_is_not_imported_and_can_be_later() -> None:
    commands, gateway, later = imported("import gateway.cli", "import gateway.app", "import rich.console, click")

    assert not commands & (PAGES | OTHERS_STORE | READING)
    assert not gateway & (PAGES | OTHERS_STORE | READING)
    assert later >= {"rich.console", "click"}


def test_accepting_mail_needs_neither_the_store_nor_the_desk_nor_the_reader() -> None:
    (listener,) = imported("import gateway.processes.listener")

    assert not listener & {"sqlalchemy", "httpx", "starlette", "jinja2", "dkim", "dns", "gateway.mail.read"}
    assert not listener & PAGES


def test_a_parsers_child_needs_nothing_that_checks_what_it_answers() -> None:
    (child,) = imported("import gateway.mail.child")

    assert "gateway.mail.read" in child
    assert not child & {"pydantic", "sqlalchemy", "httpx", "asyncio"}
