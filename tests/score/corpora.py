"""The corpora: found, read by our reader, judged by the judge that lies beside them (score.py)."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from gateway.mail.cases import as_message, timed
from gateway.mail.read import read

KINDS = ("reply", "forward", "mime", "auto")
HALVES = ("dev", "dev2")
"""The first collection, and the second, from sources that the first does not have."""
# Conventions of a source that say nothing about what a reader sees; the judge leaves them out too.
_LENIENT = {
    "mime": {"body_exact", "att_content_type", "from_name"},
    "auto": {"is_bounce", "kind"},
}


@dataclass
class Result:
    figures: dict[str, int]
    fields: dict[str, tuple[int, int]]
    sources: dict[str, tuple[int, int]]
    failures: list[tuple[str, list[str]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find() -> Path | None:
    named = os.environ.get("GATEWAY_CORPORA", "")
    folder = Path(named) if named else Path(__file__).parents[2].parent / "shared" / "corpora"
    return folder if (folder / "reply" / "dev" / "manifest.jsonl").exists() else None


@cache
def judge(corpora: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("corpora_judge", corpora / "score.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cases(corpora: Path, kind: str, half: str = "dev") -> Iterator[tuple[dict[str, Any], bytes]]:
    folder = corpora / kind / half
    for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines():
        if line.strip():
            case = json.loads(line)
            yield case, as_message((folder / case["input"]).read_bytes(), case.get("input_type", "eml"))


def measure(corpora: Path, kind: str, half: str = "dev") -> Result:
    score = getattr(judge(corpora), f"score_{kind}")
    by_field: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    by_source: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    failures: list[tuple[str, list[str]]] = []
    extra: Counter[str] = Counter()
    for case, raw in cases(corpora, kind, half):
        got = timed(raw, case.get("own_addresses") or (), case.get("envelope_subject"))
        predicted = prediction(kind, got)
        checks = {name: ok for name, ok in score(case, predicted).items() if not name.startswith("_")}
        if not checks:
            continue
        wrong = [name for name, ok in checks.items() if not ok]
        for name, ok in checks.items():
            by_field[name][0] += bool(ok)
            by_field[name][1] += 1
        right = not [name for name in wrong if name not in _LENIENT.get(kind, ())]
        source = case.get("set") or case["source_repo"]
        by_source[source][0] += right
        by_source[source][1] += 1
        if not right:
            failures.append((case["id"], wrong))
        _count(kind, case, predicted, extra, corpora)
    figures = {
        "cases": sum(of for _, of in by_source.values()),
        "right": sum(right for right, _ in by_source.values()),
    }
    figures.update(_named(kind, extra))
    notes: list[str] = []
    if kind == "auto":
        figures["false alarms"], listed = false_alarms(corpora, half)
        notes += listed
        hit, missed, false = extra["hit"], extra["missed"], extra["false"]
        notes.append(f"precision {hit / (hit + false):.4f}, recall {hit / (hit + missed):.4f}")
        notes.append(
            f"bounces with recipient {extra['recipient']}, with the original's id {extra['id']}, of {extra['bounces']}"
        )
    if kind == "forward":
        figures["false forwards"], listed = false_forwards(corpora, half)
        notes += listed
    as_pairs = lambda table: {name: (right, of) for name, (right, of) in table.items()}  # noqa: E731
    return Result(figures, as_pairs(by_field), as_pairs(by_source), failures, notes)


def _named(kind: str, extra: Counter[str]) -> dict[str, int]:
    if kind == "reply":
        return {"missing words": extra["missing"]}
    if kind == "auto":
        return {
            "hit": extra["hit"],
            "false": extra["false"],
            "bounce ids": extra["id"],
            "bounce recipients": extra["recipient"],
        }
    return {}


def _count(kind: str, case: dict[str, Any], got: dict[str, Any], extra: Counter[str], corpora: Path) -> None:
    if kind == "reply" and "expected_text" in case:
        extra["missing"] += bool(missing_words(case, got, judge(corpora)))
    if kind == "auto" and "is_auto" in case:
        truth, found = case["is_auto"], got["is_auto"]
        extra["hit" if truth and found else "missed" if truth else "false" if found else "human"] += 1
        if case.get("kind") == "bounce" and got["bounce"]:
            extra["bounces"] += 1
            extra["recipient"] += bool(got["bounce"]["recipient"])
            extra["id"] += bool(got["bounce"]["original_message_id"])


def missing_words(case: dict[str, Any], got: dict[str, Any], module: ModuleType) -> Counter[str]:
    """Words of the expected text that are not in ours."""
    key = {"quotes": "text_quotes", "signature": "text_signature"}.get(case.get("mode", ""), "text")
    words = lambda text: Counter(re.findall(r"\w+", module.nw(text)))  # noqa: E731
    return words(case["expected_text"]) - words(got.get(key) or "")


def prediction(kind: str, got: dict[str, Any]) -> dict[str, Any]:
    """Our fields under the judge's names."""
    people = lambda some: [(person or {}).get("address") for person in some or []]  # noqa: E731
    names = lambda some: [(person or {}).get("name") for person in some or []]  # noqa: E731
    if kind == "reply":
        reply = got["reply"]
        return {
            "text": reply["text"],
            "text_quotes": reply["without_quotes"],
            "text_signature": reply["without_signature"],
            "seconds": got["seconds"],
        }
    if kind == "forward":
        found = got["forwarded"]
        if found is None:
            return {"is_forward": False}
        sender = found["from"] or {}
        return {
            "is_forward": True,
            "original_from_address": sender.get("address"),
            "original_from_name": sender.get("name"),
            "original_subject": found["subject"],
            "original_date": found["date"],
            "original_to": people(found["to"]),
            "original_to_names": names(found["to"]),
            "original_cc": people(found["cc"]),
            "original_cc_names": names(found["cc"]),
            "body": found["text"],
            "message": found["above"],
        }
    if kind == "mime":
        sender = got["from"] or {}
        return {
            "subject": got["subject"],
            "from_address": sender.get("address"),
            "from_name": sender.get("name"),
            "message_id": got["message_id"],
            "to_addresses": people(got["to"]),
            "body": got["text"],
            "html": got["html"],
            "attachments": got["attachments"],
        }
    return {key: got["auto"][key] for key in ("is_auto", "kind", "is_bounce", "bounce")}


def false_alarms(corpora: Path, half: str) -> tuple[int, list[str]]:
    """Mail that people wrote (the reply corpus) and that we call automatic."""
    found = []
    for case, raw in cases(corpora, "reply", half):
        automatic = read(raw).email.auto
        if automatic.is_auto:
            found.append(f"false alarm: {case['id']} {automatic.kind} {automatic.reasons[:1]}")
    return len(found), found


def false_forwards(corpora: Path, half: str) -> tuple[int, list[str]]:
    """Forwards found in the mime corpus, where the Subject does not say so and no message is attached; and, for
    the reply corpus, those without any header block (a block is an older mail that the text holds)."""
    found = []
    for kind in ("reply", "mime"):
        for case, raw in cases(corpora, kind, half):
            email = read(raw).email
            forwarded = email.forwarded
            if forwarded is None or forwarded.attached:
                continue
            if kind == "mime" and email.subject.lower().startswith(("fw", "wg", "tr")):
                continue
            if kind == "reply" and forwarded.sender is not None and forwarded.subject:
                continue
            found.append(f"false forward: {case['id']} of {forwarded.sender} {forwarded.subject[:40]!r}")
    return len(found), found
