"""Every scenario."""

from tests.scenarios import scripts, scripts_requesters

ALL = [*scripts.ALL, *scripts_requesters.ALL]
