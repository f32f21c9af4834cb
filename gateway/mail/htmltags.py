"""The elements of HTML by what they do to lines, and the looks that matter. Source: WHATWG HTML."""

from __future__ import annotations

from .scan import Token

BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "dir", "div", "dl",
        "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
        "html", "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td",
        "tfoot", "th", "thead", "tr", "ul", "caption",
    }
)  # fmt: skip
VOID = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    }
)  # fmt: skip
STYLES = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "cite": "italic", "u": "underline",
    "ins": "underline", "s": "strike", "strike": "strike", "del": "strike", "code": "code", "tt": "code",
    "kbd": "code", "samp": "code",
}  # fmt: skip
HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
PREFORMATTED = frozenset({"pre", "listing", "plaintext", "xmp"})
DROPPED = frozenset(
    {
        "script", "style", "title", "iframe", "template", "svg", "annotation", "datalist", "xml",
    }
)  # fmt: skip
# An opening tag closes an element of the same family that was left open, up to a barrier.
CLOSES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "li": (frozenset({"li"}), frozenset({"ul", "ol", "table"})),
    "td": (frozenset({"td", "th"}), frozenset({"tr", "table"})),
    "th": (frozenset({"td", "th"}), frozenset({"tr", "table"})),
    "tr": (frozenset({"tr"}), frozenset({"table"})),
    "option": (frozenset({"option"}), frozenset({"select", "optgroup", "datalist", "table"})),
    "dt": (frozenset({"dt", "dd"}), frozenset({"dl", "table"})),
    "dd": (frozenset({"dt", "dd"}), frozenset({"dl", "table"})),
}
# Ends a drawing that nobody closed (WHATWG HTML 13.2.6.5), unless the drawing holds HTML.
PAGE_AGAIN = frozenset(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta "
    "nobr ol p pre ruby s small span strong strike sub sup table tt u ul var".split()
)
DRAWINGS = frozenset({"svg", "math"})
WITHIN_DRAWINGS = frozenset({"foreignobject", "desc", "annotation-xml"})
P_CLOSERS = BLOCKS - {"html", "body", "td", "th", "tr", "tbody", "thead", "tfoot"}
BARRIERS = frozenset({"td", "th", "table"})
TABLE_PARTS = frozenset({"table", "tr", "td", "th", "tbody", "thead", "tfoot", "caption"})
TABLE_TAGS = (TABLE_PARTS - {"caption"}) | {"html", "body"}
PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "pre", "ul", "ol", "dl"})


def tight(token: Token) -> bool:
    """A paragraph without a distance to the next one: Word's, which has empty paragraphs for that."""
    if token.name != "p" or not token.attrs:
        return False
    if token.attribute("class").startswith("Mso"):
        return True
    style = token.attribute("style").replace(" ", "").lower()
    return "margin:0" in style or "margin-bottom:0" in style


def css_styles(style: str) -> frozenset[str]:
    found: set[str] = set()
    compact = style.replace(" ", "")
    if "font-weight:bold" in compact or any(f"font-weight:{n}" in compact for n in (600, 700, 800, 900)):
        found.add("bold")
    if "font-style:italic" in compact:
        found.add("italic")
    if "text-decoration:underline" in compact:
        found.add("underline")
    if "text-decoration:line-through" in compact:
        found.add("strike")
    return frozenset(found)


def tiny(token: Token) -> bool:
    """A counting pixel or a spacer."""
    for side in ("width", "height"):
        value = token.attribute(side).strip().removesuffix("px")
        if value.isdecimal() and int(value[:6]) <= 3:
            return True
    return False
