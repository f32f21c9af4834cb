"""Tests in several processes: all of them run, in the order of their file, and what becomes of them is told."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ONE = """
import os, time, warnings
import pytest

def test_passes(tmp_path): (tmp_path.parent / "left").write_text("x")
def test_fails(tmp_path):
    print("some words")
    assert not (tmp_path.parent / "left").exists()
def test_ends_its_process(): os._exit(3)
def test_is_of_the_same_file(tmp_path): assert not (tmp_path.parent / "left").exists(), "a process of its own"
@pytest.mark.filterwarnings("default")
def test_warns(): warnings.warn("a warning")
"""
OTHER = """
import pytest, time

@pytest.fixture(scope="session")
def whole():
    yield
    open("torn down", "x").close()

def test_has_the_other_process(whole): time.sleep(1)
@pytest.mark.skip(reason="not here")
def test_is_skipped(): pass
"""


def test_what_became_of_each_test_is_told(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(ONE)
    (tmp_path / "test_other.py").write_text(OTHER)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.workers", "--workers", "2", "-p", "no:cacheprovider"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": ""}

    done = subprocess.run([*command, "."], cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=60)

    assert done.returncode == 1, done.stdout
    lines = done.stdout.splitlines()
    assert "2 failed, 4 passed, 1 skipped, 1 warning" in lines[-1]
    assert [line.partition(" - ")[0] for line in lines if line.startswith("FAILED")] == [
        "FAILED test_one.py::test_fails", "FAILED test_one.py::test_ends_its_process",
    ]  # fmt: skip
    assert lines.count("some words") == 1
    assert "worker 1 ended with 3" in lines
    assert (tmp_path / "torn down").exists()


def test_at_the_first_failure_nothing_more_is_given_out(tmp_path: Path) -> None:
    (tmp_path / "test_1.py").write_text("def test_fails(): assert False\n")
    for number in range(2, 6):
        (tmp_path / f"test_{number}.py").write_text(
            "import time\n" + "".join(f"def test_{n}(): time.sleep(0.5)\n" for n in range(20))
        )
    command = [sys.executable, "-m", "pytest", "-p", "tests.workers", "--workers", "2", "-x", "-p", "no:cacheprovider"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": ""}

    done = subprocess.run([*command, "."], cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=30)

    assert done.returncode == 1, done.stdout
    assert "stopping after 1 failures" in done.stdout
    assert sum(map(int, re.findall(r"(\d+) passed", done.stdout))) < 20, "each goes on to the end of its test"
