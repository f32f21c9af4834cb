"""Caps that keep a hostile mail cheap: beyond them content is kept as a file with a note, never lost.

Source: docs/mail-rules.md "Limits", measured worst cases of existing parsers. Every number is a count or bytes.
"""

from __future__ import annotations

HEADER_BLOCK = 256 * 1024
HEADERS = 1_000
HEADER_VALUE = 64 * 1024
PARTS = 1_000
DEPTH = 50
OUTSIDE = 100
MESSAGE_DEPTH = 5
PARAMETERS = 100
BOUNDARY = 2_048
HTML = 2 * 1024 * 1024
HTML_TWICE = 256 * 1024
HTML_TAGS = 40_000
HTML_DEPTH = 200
LINKS = 2_000
EMBEDDED = 50
TEXT = 2 * 1024 * 1024
TRIMMED = 256 * 1024
ADDRESSES = 1_000
ADDRESS = 500
REFERENCES = 1_000
MESSAGE_ID = 998
FILENAME = 150
UNPACKED = 200
UNPACKED_BYTES = 100 * 1024 * 1024
DEFECTS = 100
LISTED = 1_000
INNER_NAME = 200
DIRECTORY = 1024 * 1024
INFLATED = 16 * 1024 * 1024
INFLATED_ONE = 4 * 1024 * 1024
XZ_MEMORY = 64 * 1024 * 1024
LINES = 10_000
PASSAGES = 2_000
PASSAGES_TEXT = 200_000
ENDING = 24
