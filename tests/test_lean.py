"""What a process need not import before it can listen."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.waiting import PATIENCE

PAGES = {"rich", "pygments"}
OTHERS_STORE = {"alembic", "psycopg", "sqlalchemy.dialects.postgresql"}
READING = {"chardetng_py", "gateway.mail.read"}


def imported(statement: str) -> set[str]:
    """The modules that a fresh interpreter has after a statement."""
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    return set(done.stdout.split())


@pytest.mark.parametrize("statement", ["import gateway.cli", "import gateway.cli, gateway.app"])
def test_what_is_not_needed_is_not_imported(statement: str) -> None:
    assert not imported(statement) & (PAGES | OTHERS_STORE | READING)


def test_accepting_mail_needs_neither_the_store_nor_the_desk_nor_the_reader() -> None:
    listener = imported("import gateway.processes.listener")

    assert not listener & {"sqlalchemy", "httpx", "starlette", "jinja2", "dkim", "dns", "gateway.mail.read"}
    assert not listener & PAGES


def test_what_was_left_out_can_be_imported_later() -> None:
    later = imported("import gateway.cli, gateway.app\nimport rich.console, click")

    assert later >= {"rich.console", "click"}
