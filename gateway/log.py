"""Structured logs: one line an event, the delivery id on every line of its work. No bodies, no keys.

What comes from a mail or a peer is made printable, so that it cannot forge a line."""

from __future__ import annotations

import logging
import sys
from typing import Any

from gateway.startup import without

with without("rich"):
    import structlog


def _printable(_logger: Any, _method: str, event: Any) -> Any:
    for key, value in event.items():
        kept = "\n" if key == "exception" else ""
        if isinstance(value, str) and not value.isprintable():
            event[key] = "".join(c if c.isprintable() or c in kept else "?" for c in value)
    return event


def setup(level: str = "info", style: str = "json") -> None:
    """Write logs to standard error, as JSON lines or as text."""
    renderer: Any = (
        structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _printable,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
