"""The report of a trial as one HTML page that needs nothing else, and stands in a browser that runs no script."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.operate.trial.report import Report

HERE = Path(__file__).parent
"""Where ``_report.html`` lies, which other pages show as well."""
FILTERS = {
    "date": lambda moment: datetime.fromtimestamp(moment, UTC).strftime("%-d %B %Y"),
    "many": lambda number: f"{number:,}",
}
"""What ``_report.html`` needs."""


def page(report: Report, done: bool = True) -> str:
    """Everything from a mail is escaped. ``done``: all mail was tried."""
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(FILTERS)
    return environment.get_template("report.html").render(report=report, done=done)
