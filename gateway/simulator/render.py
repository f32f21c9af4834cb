"""What the desk makes of rich text: HTML for people, and the Markdown that it measures.

The HTML is as unsafe as the desk's: it does not escape the content and language of `codeBlock`,
`textAlignment`, `backgroundColor`, `level` of a heading, `textColor` and string content of
unknown blocks, and looks at no scheme. So a mail that gets through to one of these shows on the
ticket page. Source: recordings 085 to 089, 157 to 200, extra/041 to 054 and 081 to 091.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gateway.blocks import markdown, trim, units

_NOT_A_LIST = "<p>[Invalid content format - not an array]</p>"
_CAPTION = "margin-top:8px;color:#667085;font-size:12px;"
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_TAGS = (("code", "code"), ("strike", "s"), ("underline", "u"), ("italic", "em"), ("bold", "strong"))


def escape(text: str) -> str:
    return text.translate(_ESCAPES)


def description_html(attributes: Any) -> str:
    value = attributes.get("description") if isinstance(attributes, dict) else None
    if isinstance(value, str) and trim(value):
        return content_html(value)
    if isinstance(value, list):
        return blocks_html(value) or "<p></p>"
    return "<p></p>"


def mailed_description(attributes: Any) -> str:
    """What the desk's mails about a new ticket say: the description's Markdown, put into their HTML as it is."""
    value = attributes.get("description") if isinstance(attributes, dict) else None
    words = comment_words(value) if isinstance(value, str) else ""
    return f'<div style="color:#475467;line-height:1.5;">{words or "No description provided."}</div>'


def content_html(text: str) -> str:
    """A description or comment: blocks when it is their JSON, else one escaped paragraph."""
    if text.lstrip().startswith(("[", "{")):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, list):
            html = blocks_html(value)
            if html:
                return html
        elif isinstance(value, dict):
            if value.get("type") == "doc":
                return blocks_html(list(_from_document(value))) or "<p></p>"
            return _NOT_A_LIST
    return f"<p>{escape(text)}</p>"


def _from_document(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The other editor's document (ProseMirror), as far as its text goes."""
    for node in value.get("content") or []:
        if not isinstance(node, dict):
            continue
        if node.get("type") in ("paragraph", "heading"):
            words = [
                {
                    "type": "text",
                    "text": item.get("text", ""),
                    "styles": {
                        str(mark.get("type")): True for mark in item.get("marks") or [] if isinstance(mark, dict)
                    },
                }
                for item in node.get("content") or []
                if isinstance(item, dict)
            ]
            yield {"type": node["type"], "props": node.get("attrs") or {}, "content": words}
        else:
            yield from _from_document(node)


def blocks_html(blocks: list[Any], level: int = 0) -> str:
    return "\n".join(_pieces(blocks, level))


def _pieces(blocks: Any, level: int) -> Iterator[str]:
    kind = ""
    items: list[str] = []
    for block in blocks if isinstance(blocks, list) else ():
        if not isinstance(block, dict):
            continue
        here = {"numberedListItem": "ol", "bulletListItem": "ul"}.get(str(block.get("type")), "")
        if items and here != kind:
            yield f"<{kind}>{''.join(items)}</{kind}>"
            items = []
        kind = here
        if here:
            items.append(_list_item(block))
            continue
        yield from _block(block, level)
    if items:
        yield f"<{kind}>{''.join(items)}</{kind}>"


def _list_item(block: dict[str, Any]) -> str:
    inner = "\n".join(_pieces(block.get("children"), 0))
    return f"<li{_style(block, 0)}>{_inline(block.get('content'))}{inner}</li>"


def _block(block: dict[str, Any], level: int) -> Iterator[str]:
    kind, content = block.get("type"), block.get("content")
    props = _props(block)
    style = _style(block, level)
    if kind == "paragraph":
        yield f"<p{style}>{_inline(content) or '<br>'}</p>"
    elif kind == "heading":
        size = props.get("level") or 1
        yield f"<h{size}{style}>{_inline(content)}</h{size}>"
    elif kind == "checkListItem":
        yield f"<div{style}>[{'x' if props.get('checked') else ' '}] {_inline(content)}</div>"
    elif kind == "table":
        yield _table(content)
        return
    elif kind == "codeBlock":
        code = "\n".join(_text(item) for item in content if isinstance(item, dict)) if isinstance(content, list) else ""
        yield f'<pre{style}><code class="language-{props.get("language") or ""}">{code}</code></pre>'
        return
    elif kind == "image":
        yield from _image(props, style)
        return
    else:
        words = content if isinstance(content, str) else _inline(content)
        if words:
            yield f"<div{style}>{words}</div>"
    yield from _pieces(block.get("children"), level + 1)


def _props(block: dict[str, Any]) -> dict[str, Any]:
    props = block.get("props")
    return props if isinstance(props, dict) else {}


def _style(block: dict[str, Any], level: int) -> str:
    props = _props(block)
    rules = []
    if props.get("backgroundColor") and props["backgroundColor"] != "default":
        rules.append(f"background-color:{props['backgroundColor']}")
    if props.get("textAlignment") and props["textAlignment"] != "left":
        rules.append(f"text-align:{props['textAlignment']}")
    if level and block.get("type") == "paragraph":
        rules.append(f"margin-left: {level * 25}px")
    return f' style="{";".join(rules)}"' if rules else ""


def _text(item: dict[str, Any]) -> str:
    value = item.get("text")
    return value if isinstance(value, str) else ""


def _inline(content: Any) -> str:
    if not isinstance(content, list):
        return ""
    if not content:
        return "<br>"
    return "".join(_inline_item(item) for item in content if isinstance(item, dict))


def _inline_item(item: dict[str, Any]) -> str:
    if item.get("type") == "link":
        words = item.get("content")
        inner = "".join(_styled(word) for word in words if isinstance(word, dict)) if isinstance(words, list) else ""
        href = escape(str(item.get("href") or ""))
        return f'<a href="{href}" target="_blank" rel="noopener noreferrer">{inner}</a>'
    if item.get("type") != "text":
        return ""
    html = _styled(item)
    styles = item.get("styles")
    rules = [
        f"{rule}:{styles[name]}"
        for name, rule in (("textColor", "color"), ("backgroundColor", "background-color"))
        if isinstance(styles, dict) and styles.get(name) and styles[name] != "default"
    ]
    return f'<span style="{";".join(rules)}">{html}</span>' if rules else html


def _styled(item: dict[str, Any]) -> str:
    html = escape(_text(item))
    styles = item.get("styles")
    for name, tag in _TAGS:
        if isinstance(styles, dict) and styles.get(name):
            html = f"<{tag}>{html}</{tag}>"
    return html


def _table(content: Any) -> str:
    rows = content.get("rows") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        return "<!-- Invalid table structure -->"
    lines = []
    for row in rows:
        cells = row.get("cells") if isinstance(row, dict) else None
        # a cell that is an object, as the newer editor has it, is shown empty
        shown = [_inline(cell if isinstance(cell, list) else []) for cell in cells or []]
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in shown) + "</tr>")
    return f"<table><tbody>{''.join(lines)}</tbody></table>"


def _image(props: dict[str, Any], style: str) -> Iterator[str]:
    url, name, caption = (str(props.get(key) or "").strip() for key in ("url", "name", "caption"))
    if not url:
        return
    below = f'<figcaption style="{_CAPTION}">{escape(caption)}</figcaption>' if caption else ""
    alt = escape(caption or name or "ticket-comment-image")
    yield (
        f'<figure{style}><img src="{escape(url)}" alt="{alt}" style="max-width:100%;height:auto;" />{below}</figure>'
    )


# --- what a comment says, for the desk's limit ------------------------------------------------


def comment_words(text: str) -> str:
    """The Markdown of a comment, trimmed; empty where the desk says that there is no text."""
    text = trim(text)
    if not text:
        return ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text  # not JSON: it is the text
    if not value:
        return ""
    if isinstance(value, dict) and value.get("type") == "doc":
        value = list(_from_document(value))
    if isinstance(value, list) and all(isinstance(block, dict) for block in value):
        words = trim(markdown(value)) or trim("\n\n".join(filter(trim, map(_simple, value))))
        if words:
            return words
    return trim("\n".join(_raw(value)))


def comment_length(text: str) -> int:
    return units(comment_words(text))


def _simple(block: dict[str, Any]) -> str:
    content = block.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_text(item) for item in content if isinstance(item, dict) and item.get("type") == "text")
    return json.dumps(content) if content else ""


def _raw(value: Any) -> Iterator[str]:
    """Any text that can be found: `text` and `content` of objects, strings in lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _raw(item)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        if isinstance(value.get("content"), str):
            yield value["content"]
        for item in value.values():
            if isinstance(item, dict | list):
                yield from _raw(item)
