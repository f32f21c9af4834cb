"""The picture of what a mail costs: it shows what is kept, each stage with its share."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from benchmarks.history import PICTURE, SHOWN, drawn, kept
from benchmarks.stages import STAGES

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_is_of_the_figures_that_are_kept() -> None:
    assert PICTURE.read_text("utf-8") == drawn(kept()[-SHOWN:])


def test_a_machine_that_is_half_as_fast_makes_no_bar_longer() -> None:
    figures = dict.fromkeys((*STAGES, "parsers"), 2.0)
    slow = {stage: 2 * ms for stage, ms in figures.items()}
    picture = drawn([{"commit": "a", "yardstick": 10.0, **figures}, {"commit": "b", "yardstick": 20.0, **slow}])

    titled = [shape for shape in ElementTree.fromstring(picture).iter(f"{SVG}rect") if len(shape)]
    assert len({shape.get("height") for shape in titled}) == 1
    assert re.search("a, read: 3.00 ms", picture) and re.search("b, other: 3.00 ms", picture)
