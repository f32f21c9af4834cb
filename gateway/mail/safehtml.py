"""The HTML of a mail for a browser: what is left of it runs nothing, loads nothing and leads nowhere.

The sanitiser is nh3 (Ammonia, which parses as browsers do); the page shows what it returns in a frame without any
right, under a policy that forbids the same once more.
"""

from __future__ import annotations

MOST = 1_000_000
"""Characters of HTML that are shown."""

TAGS = frozenset(
    """a abbr b blockquote br caption center code col colgroup dd del div dl dt em figcaption figure font h1 h2 h3 h4 h5
    h6 hr i img ins kbd li ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u
    ul""".split()
)
ATTRIBUTES = {
    "*": {"align", "dir", "lang", "style", "title", "valign"},
    "font": {"color", "face", "size"},
    "img": {"alt", "height", "src", "width"},
    "table": {"border", "cellpadding", "cellspacing", "width"},
    "td": {"bgcolor", "colspan", "height", "nowrap", "rowspan", "width"},
    "th": {"bgcolor", "colspan", "height", "nowrap", "rowspan", "width"},
    "tr": {"bgcolor"},
    "ol": {"start", "type"},
}
STYLES = frozenset(
    """background-color border border-bottom border-collapse border-color border-left border-right border-style
    border-top border-width color direction font-family font-size font-style font-weight height letter-spacing
    line-height margin margin-bottom margin-left margin-right margin-top max-width padding padding-bottom padding-left
    padding-right padding-top text-align text-decoration text-indent text-transform vertical-align white-space
    width""".split()
)
"""Properties that take no address."""
GONE = frozenset({"script", "style", "title", "template", "noscript", "svg", "math", "object", "iframe"})
"""Elements that go with what is in them."""


def safe(html: str) -> str:
    """The mail's HTML without scripts, addresses, forms and what is loaded from elsewhere."""
    import nh3

    return nh3.clean(
        html[:MOST],
        tags=set(TAGS),
        clean_content_tags=set(GONE),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_kept,
        filter_style_properties=set(STYLES),
        url_schemes={"data"},
        link_rel=None,
        strip_comments=True,
    )


def _kept(tag: str, attribute: str, value: str) -> str | None:
    """Pictures are shown when the mail has them inside; a style that could load anything goes whole."""
    if attribute == "src":
        return (
            value
            if value.lstrip().lower().startswith(("data:image/png", "data:image/jpeg", "data:image/gif"))
            else None
        )
    if attribute == "style" and ("(" in value or "\\" in value or "@" in value):
        return None
    return value
