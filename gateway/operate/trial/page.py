"""The report of a trial as one HTML page that needs nothing else, and stands in a browser that runs no script."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources

from jinja2 import Environment, StrictUndefined

from gateway.operate.trial.report import Report

_TEMPLATE = "report.html"


def page(report: Report) -> str:
    """Everything from a mail is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["day"] = lambda moment: datetime.fromtimestamp(moment, UTC).strftime("%-d %B %Y")
    environment.filters["many"] = lambda number: f"{number:,}"
    text = resources.files(__package__).joinpath(_TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(text).render(report=report)
