"""The desk's Markdown rendering of blocks, and how long it is."""

from __future__ import annotations

from typing import Any

from gateway.blocks.make import Block, Inline

COMMENT_LIMIT = 5000
"""What the desk takes in one comment, by `measure`."""
LIST_ITEMS = ("bulletListItem", "numberedListItem", "checkListItem")

# what String.prototype.trim takes away; str.strip takes U+001C to U+001F too and not U+FEFF
_SPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def trim(value: str) -> str:
    """JavaScript's trim."""
    return value.strip(_SPACE)


def units(value: str) -> int:
    """Length in UTF-16 units: how the desk, written in JavaScript, counts characters."""
    if value.isascii():
        return len(value)
    return len(value.encode("utf-16-le", "surrogatepass")) // 2


def styled(item: Inline) -> str:
    value = item.get("text")
    if not isinstance(value, str):
        return ""
    styles = item.get("styles")
    if not isinstance(styles, dict) or not styles:
        return value
    if styles.get("bold"):
        value = f"**{value}**"
    if styles.get("italic"):
        value = f"*{value}*"
    if styles.get("underline"):
        value = f"<u>{value}</u>"
    for name, rule in (("textColor", "color"), ("backgroundColor", "background-color")):
        if styles.get(name) and styles[name] != "default":
            value = f'<span style="{rule}:{styles[name]}">{value}</span>'
    return value


def words_of(content: Any) -> str:
    """The text of a link: its styles are not rendered."""
    if not isinstance(content, list):
        return ""
    return "".join(
        item["text"]
        for item in content
        if isinstance(item, dict) and item.get("type") == "text" and isinstance(item.get("text"), str)
    )


def inline_markdown(content: Any) -> str:
    if not isinstance(content, list):
        return ""
    return "".join(item_markdown(item) for item in content if isinstance(item, dict))


def item_markdown(item: Inline) -> str:
    if item.get("type") == "text":
        return styled(item)
    if item.get("type") == "link":
        return f"[{words_of(item.get('content'))}]({item.get('href') or ''})"
    return ""


def _heading_mark(props: Any) -> str:
    level = props.get("level") if isinstance(props, dict) else None
    return "#" * (min(level, 10_000) if isinstance(level, int) and level > 0 else 1) + " "


def mark_of(block: Block) -> str:
    kind, props = block.get("type"), block.get("props")
    if kind == "heading":
        return _heading_mark(props)
    if kind == "bulletListItem":
        return "* "
    if kind == "numberedListItem":
        return "1. "
    if kind == "checkListItem":
        return f"- [{'x' if isinstance(props, dict) and props.get('checked') else ' '}] "
    return ""


def _image(props: Any) -> str:
    props = props if isinstance(props, dict) else {}
    url = string(props.get("url")).strip()
    if not url:
        return ""
    return f"![{string(props.get('caption')).strip() or string(props.get('name')).strip()}]({url})"


def string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def rows_of(block: Block) -> list[list[Any]]:
    content = block.get("content")
    rows = content.get("rows") if isinstance(content, dict) else None
    found = []
    for row in rows if isinstance(rows, list) else ():
        cells = row.get("cells") if isinstance(row, dict) else None
        found.append(cells if isinstance(cells, list) else [])
    return found


def table_markdown(rows: list[list[Any]]) -> str:
    width = len(rows[0]) if rows else 0
    if width == 0:
        return ""
    lines = []
    for row in rows:
        cells = [inline_markdown(cell) for cell in (row + [[]] * width)[:width]]
        lines.append("|" + "".join(f" {cell if trim(cell) else ' '} |" for cell in cells) + "\n")
    lines.insert(1, "|" + " --- |" * width + "\n")
    return "".join(lines)


def block_markdown(block: Block) -> str:
    kind, content = block.get("type"), block.get("content")
    if kind == "paragraph":
        rendered = inline_markdown(content) if content else " "
    elif kind in ("heading", *LIST_ITEMS):
        rendered = mark_of(block) + inline_markdown(content) if isinstance(content, list) else ""
    elif kind == "codeBlock":
        props = block.get("props")
        language = string(props.get("language")) if isinstance(props, dict) else ""
        rendered = f"```{language}\n{inline_markdown(content)}\n```" if isinstance(content, list) else ""
    elif kind == "image":
        return _image(block.get("props"))
    elif kind == "table":
        return table_markdown(rows_of(block))
    else:
        return ""
    return rendered


def markdown(blocks: list[Block]) -> str:
    """The rendering that the desk measures. Unknown kinds of block render as nothing."""
    return "\n\n".join(block_markdown(block) for block in blocks if isinstance(block, dict))


def measure(blocks: list[Block]) -> int:
    return units(trim(markdown(blocks)))


def is_blank(blocks: list[Block]) -> bool:
    """Nothing to read: the desk refuses such a comment."""
    return not any(trim(block_markdown(block)) for block in blocks if isinstance(block, dict))
