"""The language of a mail: what its program says, else what its words look like."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.config.acknowledge import LANGUAGES
from gateway.model.email import Email

if TYPE_CHECKING:
    from langdetect.detector_factory import DetectorFactory

LEAST = 40  # characters: of fewer words nobody can tell
MOST = 1500
SURE = 0.9

_TAG = re.compile(r"[a-z]{2}")


def language_of(email: Email, usual: str) -> str:
    """One of LANGUAGES; ``usual`` where nothing tells, or where it is none of them."""
    for name in ("Content-Language", "Accept-Language"):
        tag = _TAG.match(email.header(name).strip().lower())
        if tag and tag[0] in LANGUAGES:
            return tag[0]
    text = email.reply.text or email.text
    return _by_words(_opening(text)) or _by_words(text) or usual


def _opening(text: str) -> str:
    """The first paragraphs that are enough to tell: a pasted message, a signature and legal words stand behind what
    somebody says, and may be in another language."""
    said = ""
    for paragraph in re.split(r"\n\s*\n", text[: 2 * MOST]):
        said = f"{said} {' '.join(paragraph.split())}".strip()
        if len(said) >= LEAST:
            break
    return said


def _by_words(text: str) -> str:
    words = " ".join(text.split())[:MOST]
    if len(words) < LEAST:
        return ""
    from langdetect.lang_detect_exception import LangDetectException

    detector = _profiles().create()
    detector.append(words)
    try:
        found = detector.get_probabilities()
    except LangDetectException:  # digits and addresses only
        return ""
    return str(found[0].lang) if found and found[0].prob >= SURE else ""


@cache
def _profiles() -> DetectorFactory:
    """Those of LANGUAGES alone: all of them take seconds to read."""
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    factory.set_seed(0)
    folder = Path(PROFILES_DIRECTORY)
    factory.load_json_profile([(folder / language).read_text(encoding="utf-8") for language in LANGUAGES])
    return factory
