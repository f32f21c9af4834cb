"""The desk's rich text: an array of blocks, as its editor (BlockNote) writes it.

Pure: no I/O, no clock. Promised here:

- `measure` is the length that the desk holds against its limit of 5,000 for a comment: UTF-16
  units of the trimmed Markdown rendering. Marks of bold, italic and underline, list and heading
  marks, the whole address of a link and the two line ends between blocks count; `children` and
  the JSON around do not.
- `split` cuts at block borders, a long block at a word, never inside a character; no text is lost.
- `harmless` lets through only what the desk's renderer shows without harm. The renderer does not
  escape colours, alignment, heading levels and code blocks and does not look at the scheme of a
  link, so none of these is taken from a mail, but for code blocks whose text holds no tag or entity.

Source: recordings of the desk (tests/contract), among them comments of 4,990 to 5,001 units.
"""

from gateway.blocks.make import (
    Block,
    Inline,
    as_json,
    bullet,
    document_url,
    dumps,
    heading,
    image,
    link,
    paragraph,
    paragraphs,
    table,
    text,
)
from gateway.blocks.measure import COMMENT_LIMIT, is_blank, markdown, measure, trim, units
from gateway.blocks.plain import plain
from gateway.blocks.preformatted import preformatted
from gateway.blocks.safe import clean, harmless, safe_href
from gateway.blocks.split import split
from gateway.blocks.tags import without_tags
from gateway.blocks.words import words

__all__ = [
    "COMMENT_LIMIT",
    "Block",
    "Inline",
    "as_json",
    "bullet",
    "clean",
    "document_url",
    "dumps",
    "harmless",
    "heading",
    "image",
    "is_blank",
    "link",
    "markdown",
    "measure",
    "paragraph",
    "paragraphs",
    "plain",
    "preformatted",
    "safe_href",
    "split",
    "table",
    "text",
    "trim",
    "units",
    "without_tags",
    "words",
]
