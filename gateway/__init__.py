"""An SMTP listener that turns mail into AlgaPSA tickets, comments and documents."""

__version__ = "0.1.0"
