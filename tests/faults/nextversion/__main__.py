"""``python -m tests.faults.nextversion serve …``: as ``gateway``, with the migration of this folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gateway import cli
from gateway.store import migrate

os.environ["GATEWAY_TEST_HEAD"] = migrate.head()
original = migrate._config


def config(connection: Any, scripts: Path) -> Any:
    one = original(connection, scripts)
    one.set_main_option("version_locations", f"{migrate.HERE / 'versions'} {Path(__file__).parent / 'versions'}")
    one.set_main_option("path_separator", "space")
    return one


migrate._config = config
cli.main()
