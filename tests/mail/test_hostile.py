"""No mail is slow: every shape of 1 MB is read under 2 s and 300 MB, and time grows with size, not faster.

The table of slow inputs that stalled other parsers is in ``shapes.py``. In the short form a megabyte is read only where
a piece of the shape does not foretell it: as time grows with size, 16 such pieces take 16 times as long, unless
something ends the growth. That it is ended in time is tried with a sixth of those that need it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.decide.pictures import shelter, without_pictures
from gateway.mail import limits
from gateway.mail.read import read
from tests.mail.shapes import SHAPES
from tests.pace import processor_time
from tests.sizes import LONG, size

pytestmark = pytest.mark.timeout(600)  # half a minute of processor time in one go: long on a busy machine

MB = 1024 * 1024
PIECE = MB // 16
FORETELLS = 2 / 16 / 1.25  # seconds for a piece; its growth may be a little over its size
SLOWEST = 1.0  # seconds for a piece of any shape
CONSTANT = 0.05  # seconds of any input, which say nothing about growth
GROWTH = 1.25  # of the time of 4 quarters: what grows with the square takes 4
WHOLE = size(6, 1)  # each of so many is read whole where its piece foretells nothing
MAILS = Path(__file__).parents[1] / "mails" / "hostile"


def taken(raw: bytes) -> float:
    """Seconds of processor time for one reading: comparable with what is measured right after it."""
    began = time.process_time()
    read(raw)
    return time.process_time() - began


_EACH = f"""
import json
from gateway.mail.ids import scan_ids
from gateway.mail.read import read
from tests.mail.shapes import SHAPES
from tests.pace import processor_time
def seconds(work, raw):
    with processor_time() as spent:
        done = work(raw)
    return spent.seconds, done
found = {{}}
for number, (name, shape) in enumerate(SHAPES.items()):
    quarter, _ = seconds(read, shape({PIECE // 4}))
    piece, _ = seconds(read, shape({PIECE}))
    megabyte = shape({MB})
    is_whole = {LONG} or piece >= {FORETELLS} and number % {WHOLE} == 0
    reading, done = seconds(read, megabyte) if is_whole else (0.0, None)
    scanning, _ = seconds(scan_ids, megabyte)
    found[name] = [quarter, piece, reading, scanning, " ".join(done.email.defects) if done else ""]
peak = next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([found, peak]))
"""


@dataclass(frozen=True)
class Found:
    """Seconds for a quarter of a piece, for a piece, for a megabyte (0 where it was not read), and for its ids; what was
    wrong with it."""

    quarter: float
    piece: float
    reading: float
    scanning: float
    defects: str


@pytest.fixture(scope="module")
def read_apart() -> tuple[dict[str, Found], int]:
    """Every shape read in one process, as a child of the gateway reads; its peak memory in MB."""
    if not Path("/proc/self/status").exists():
        pytest.skip("NOT MEASURED: no /proc")
    run = subprocess.run([sys.executable, "-c", _EACH], capture_output=True, check=True, cwd=Path(__file__).parents[2])
    found, peak = json.loads(run.stdout)
    return {name: Found(*values) for name, values in found.items()}, peak


@pytest.mark.parametrize("name", SHAPES)
def test_a_megabyte_is_read_in_two_seconds(name: str, read_apart: tuple[dict[str, Found], int]) -> None:
    found = read_apart[0][name]
    assert found.piece < SLOWEST
    assert found.reading < 2
    assert found.scanning < 0.5
    # The last rung ("kept as a file") is for bugs, not for shapes.
    assert "not understood, kept as a file" not in found.defects


def test_memory_stays_under_300_mb(read_apart: tuple[dict[str, Found], int]) -> None:
    assert read_apart[1] < 300


@pytest.mark.parametrize("name", SHAPES)
def test_time_grows_with_size(name: str, read_apart: tuple[dict[str, Found], int]) -> None:
    """4 times the input takes little more than 4 readings of the input do. Where it took more, what else the machine
    did may have slowed it: measured again next to four readings, which that slows as well. What grows faster takes more
    each time."""
    found = read_apart[0][name]
    if found.piece <= CONSTANT + GROWTH * 4 * found.quarter:
        return
    small, large = SHAPES[name](PIECE // 4), SHAPES[name](PIECE)
    ratios = []
    for _ in range(6):
        four_small = sum(taken(small) for _ in range(4))
        ratios.append((taken(large) - CONSTANT) / four_small)
        if ratios[-1] <= GROWTH:
            return
    pytest.fail(f"4 times the input took {', '.join(f'{ratio:.2f}' for ratio in ratios)} of the time of 4 inputs")


def test_too_deep_parts_are_kept_as_a_file() -> None:
    email = read(SHAPES["nested parts"](200_000)).email
    assert any("kept as a file" in defect for defect in email.defects)
    assert any(attachment.size > 1000 for attachment in email.attachments)


def test_too_many_parts_are_kept_as_a_file() -> None:
    email = read(SHAPES["many names"](200_000)).email
    assert len(email.attachments) <= limits.PARTS + 1
    assert any("kept as a file" in defect for defect in email.defects)


def test_a_header_block_over_the_cap_keeps_the_text() -> None:
    email = read(b"X-Long: " + b"x" * 400_000 + b"\nSubject: y\n\nwords\n").email
    assert "a header block over 256 kB" in email.defects
    assert email.text == "words"


def test_html_over_the_cap_is_kept_as_a_file() -> None:
    email = read(b"Content-Type: text/html\n\n" + b"<p>word</p>" * 200_000).email
    assert [attachment.content_type for attachment in email.attachments] == ["text/html"]
    assert "HTML over the limit: kept as a file" in email.defects


@pytest.mark.parametrize("path", sorted(MAILS.glob("*.eml")), ids=lambda path: path.stem)
def test_hostile_mail(path: Path) -> None:
    with processor_time() as spent:
        read(path.read_bytes())

    assert spent.seconds < 2


@pytest.mark.parametrize("number", ["\u00b2", "\u0661", "\u2460", "9" * 5000, "-1", ""], ids=ascii)
@pytest.mark.parametrize(
    "part",
    [
        'Content-Type: text/html; charset=utf-8\r\n\r\n<p>The words.<img width="{n}" height="{n}" src="cid:x"></p>',
        'Content-Type: text/html; charset=utf-8\r\n\r\n<p>The words.</p><table border="{n}"><tr><td colspan="{n}">x</table>',
        'Content-Type: text/html; charset=utf-8\r\n\r\n<p>The words.</p><ol start="{n}"><li>x</ol><img src="attachment:{n}">',
        "Content-Type: text/plain; charset*{n}=utf-8\r\n\r\nThe words.",
        "Content-Type: text/plain\r\nContent-Disposition: inline; filename*{n}=x; filename*{n}*=utf-8''y\r\n\r\nThe words.",
    ],
)
def test_a_digit_that_is_no_number_leaves_the_words_where_they_are(number: str, part: str) -> None:
    raw = f"From: ann@acme.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n{part.replace('{n}', number)}\r\n".encode()
    email = read(raw).email

    assert "The words." in email.text or any(file.filename != "message.eml" for file in email.attachments)
    without_pictures(shelter(email.blocks), set())
