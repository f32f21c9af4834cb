"""Where a key of the configuration stands: file and line. TOML's own reader does not say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Places:
    """The files that were read, with their texts, in order."""

    files: tuple[tuple[str, str], ...] = field(default=())

    def of(self, section: str, number: int | None = None, key: str = "") -> str:
        """``file:line`` of a key of a section: of the ``number``-th [[section]] (from 0) over all files. A key of
        no section stands above all of them."""
        seen = 0
        if not section:
            return self._top(key)
        for file, text in self.files:
            lines = text.splitlines()
            for index, line in enumerate(lines):
                double = re.match(rf"\s*\[\[\s*{re.escape(section)}\s*\]\]", line)
                single = re.match(rf"\s*\[\s*{re.escape(section)}\s*\]", line)
                if number is None and not single:
                    continue
                if number is not None and not double:
                    continue
                if number is None or seen == number:
                    return f"{file}:{_key_line(lines, index, section, key) + 1}"
                seen += 1
        return self._top(section)

    def _top(self, key: str) -> str:
        """The place of a key above all sections; else the first file's name."""
        for file, text in self.files:
            for index, line in enumerate(text.splitlines()):
                if re.match(r"\s*\[", line) and not re.match(rf"\s*\[\[?\s*{re.escape(key)}[.\]]", line):
                    break
                if key and re.match(rf"\s*(\[\[?\s*)?{re.escape(key)}\s*[=.\]]", line):
                    return f"{file}:{index + 1}"
        return self.files[0][0] if self.files else "configuration"


def _key_line(lines: Sequence[str], start: int, section: str, key: str) -> int:
    """The line of the key in the section that begins there; the section's own when it is not found."""
    if not key:
        return start
    for index in range(start + 1, len(lines)):
        header = re.match(r"\s*\[\[?\s*([\w.-]+)", lines[index])
        if header and not header[1].startswith((f"{section}.", key)):
            break
        if re.match(rf"\s*(\[\[\s*[\w.]*)?[\"']?{re.escape(key)}[\"']?\s*(=|\])", lines[index]):
            return index
    return start
