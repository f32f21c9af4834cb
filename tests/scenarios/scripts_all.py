"""Every scenario."""

from tests.scenarios import (
    scripts,
    scripts_audience,
    scripts_automatic,
    scripts_files,
    scripts_operator,
    scripts_requesters,
    scripts_texts,
)

ALL = [
    *scripts.ALL,
    *scripts_requesters.ALL,
    *scripts_files.ALL,
    *scripts_audience.ALL,
    *scripts_operator.ALL,
    *scripts_texts.ALL,
    *scripts_automatic.ALL,
]
