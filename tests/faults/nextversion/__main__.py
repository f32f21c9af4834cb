"""``python -m tests.faults.nextversion serve …``: as ``gateway``, with the migration of this folder."""

from __future__ import annotations

import os
from pathlib import Path

from gateway import cli
from gateway.store import migrate

os.environ["GATEWAY_TEST_HEAD"] = migrate.head()
ours = migrate.folders
migrate.folders = lambda scripts: [*ours(scripts), Path(__file__).parent / "versions"]
cli.main()
