"""Every scenario."""

from tests.scenarios import (
    scripts,
    scripts_audience,
    scripts_automatic,
    scripts_copies,
    scripts_files,
    scripts_machines,
    scripts_matters,
    scripts_meant,
    scripts_operator,
    scripts_quotes,
    scripts_requesters,
    scripts_signatures,
    scripts_texts,
    scripts_today,
)

ALL = [
    *scripts.ALL,
    *scripts_requesters.ALL,
    *scripts_files.ALL,
    *scripts_audience.ALL,
    *scripts_operator.ALL,
    *scripts_texts.ALL,
    *scripts_quotes.ALL,
    *scripts_signatures.ALL,
    *scripts_automatic.ALL,
    *scripts_machines.ALL,
    *scripts_today.ALL,
    *scripts_matters.ALL,
    *scripts_meant.ALL,
    *scripts_copies.ALL,
]
