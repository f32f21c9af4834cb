"""An SMTP listener that turns mail into AlgaPSA tickets, comments and documents."""

from gateway.lean import without

with without("rich"):
    import structlog  # noqa: F401 - before anyone else does

__version__ = "0.1.0"
