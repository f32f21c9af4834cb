"""What the code and the pages cite is there: each page, and each heading of it that is named."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = [path for folder in ("gateway", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
PAGE = re.compile(r"docs/([a-z0-9-]+(?:/[a-z0-9-]+)?\.md)((?:\s+(?:and\s+)?\"[^\"\n]+\")*)")
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
ELSEWHERE = re.compile(r"\b(?:DESIGN|CONTRACT|RULES|PAIN|VENDOR|PERF) (?:\"|\d)")


@cache
def headings(page: Path) -> set[str]:
    return {line.lstrip("#").strip() for line in page.read_text("utf-8").splitlines() if line.startswith("#")}


def anchor(heading: str) -> str:
    """As a forge makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def cited_and_not_there(file: Path) -> list[str]:
    text = file.read_text("utf-8")
    missing = ELSEWHERE.findall(text)
    for page, named in PAGE.findall(text):
        there = headings(ROOT / "docs" / page) if (ROOT / "docs" / page).is_file() else set()
        missing += sorted(set(re.findall(r'"([^"]+)"', named)) - there) if there else [page]
    return missing


def test_what_is_cited_is_there() -> None:
    assert {str(file): missing for file in (*CODE, *PAGES) if (missing := cited_and_not_there(file))} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, part in LINK.findall(re.sub(r"`[^`\n]*`", "", page.read_text("utf-8"))):
        if "://" in target:
            continue
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), target
        if part and file.suffix == ".md":
            assert part in {anchor(heading) for heading in headings(file)}, f"{target}#{part}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_long_page_begins_with_links_to_its_sections(page: Path) -> None:
    text = page.read_text("utf-8")

    assert len(text.splitlines()) <= 150 or "](#" in text.partition("\n## ")[0]
