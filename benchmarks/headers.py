"""What the event loop spends on a hostile header block of 256 kB, until the mail is kept."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

import structlog

from tests.smtp.headershapes import SHAPES, in_the_loop

ROUNDS = 9


def main(show: Callable[[str], None] = print) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        took = {
            shape: max(_median(block, Path(folder), relay) for relay in (False, True))
            for shape, block in SHAPES.items()
        }
    for shape, seconds in sorted(took.items(), key=lambda pair: -pair[1])[:5]:
        show(f"{shape:32} {1000 * seconds:8.2f} ms")
    show(f"{len(took)} shapes, worst {1000 * max(took.values()):.1f} ms of the loop")


def _median(block: bytes, folder: Path, relay: bool) -> float:
    return sorted(asyncio.run(in_the_loop(block, folder, relay)) for _ in range(ROUNDS))[ROUNDS // 2]


if __name__ == "__main__":
    main()
