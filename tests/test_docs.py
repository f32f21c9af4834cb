"""The pages that are made from the code, and the example file, cannot go stale."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest

from gateway.config import settings as config
from gateway.config.load import parse
from gateway.metrics import Metrics

ROOT = Path(__file__).parent.parent


def test_generated_pages_are_fresh() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "generate.py"))["pages"]()

    stale = [path.name for path, text in made.items() if not path.exists() or path.read_text() != text]
    assert stale == [], "run `make docs`"


def test_every_event_of_the_log_is_explained() -> None:
    """In CHAPTERS of docs/events.py, from which docs/events.md is made."""
    made = runpy.run_path(str(ROOT / "docs" / "events.py"))
    logged = set(made["found"](ROOT / "gateway"))

    assert logged - set(made["MEANING"]) == set(), "say in docs/events.py what these events mean"
    assert set(made["MEANING"]) - logged == set(), "these events are not logged any more"


def test_the_example_is_valid(tmp_path: Path) -> None:
    text = (ROOT / "gateway.example.toml").read_text()
    uncommented = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.M)

    for words in (text, uncommented):
        data = tomllib.loads(words)
        settings = parse(data, {})
        assert settings.mailbox[0].address == "support@msp.example"


def test_the_example_shows_the_defaults() -> None:
    text = (ROOT / "gateway.example.toml").read_text()
    shown = tomllib.loads(re.sub(r"^# (timeout|settle|rate|burst|max_size) = ", r"\1 = ", text, flags=re.M))

    settings = parse(shown, {})
    for name in ("timeout", "settle", "rate", "burst"):
        assert getattr(settings.desks["default"], name) == config.DeskSettings.model_fields[name].default
    assert settings.smtp.max_size == config.SmtpSettings.model_fields["max_size"].default


@pytest.mark.parametrize("file", ["dashboard.json", "alerts.yml"])
def test_dashboard_and_alerts_use_metrics_that_exist(file: str) -> None:
    known = {metric._name for name, metric in vars(Metrics()).items() if name != "registry"}
    used = set(re.findall(r"\bgateway_[a-z_]+", (ROOT / "deploy" / file).read_text()))

    assert used
    assert {re.sub(r"_(total|bucket|count|sum)$", "", metric) for metric in used} - known == set()


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "docs" / "dependencies.md").read_text()

    names = [re.split(r"[\[<>=]", dependency)[0] for dependency in project["dependencies"]]
    assert [name for name in names if name not in lines] == []
