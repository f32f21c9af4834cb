"""Words in angle brackets that look like tags: what a program put into its page without escaping it.

An address or a link in brackets is no element. Nor is a name that HTML does not know, without attributes, that
nothing in the page closes ("Enter <server>", "List<String>"); elements of other vocabularies have their ends.
Source: WHATWG HTML 3.2.
"""

from __future__ import annotations

import re

_WRITTEN = re.compile(
    r"<(?:(?:mailto:)?[a-z0-9][a-z0-9._%+-]{0,64}@[a-z0-9.-]{1,253}\.[a-z0-9-]{2,63}|(?:https?|ftp)://[^\s<>\"']{1,2000})>",
    re.IGNORECASE,
)
_MOST = 200
_ELEMENTS = frozenset(
    """
    a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br
    button canvas caption center cite code col colgroup command content data datalist dd del details dfn dialog dir div
    dl dt element em embed fencedframe fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head
    header hgroup hr html i iframe image img input ins isindex kbd keygen label legend li link listing main map mark
    marquee math menu menuitem meta meter multicol nav nextid nobr noembed noframes noscript object ol optgroup option
    output p param picture plaintext portal pre progress q rb rbc rp rt rtc ruby s samp script search section select
    selectedcontent shadow slot small source spacer span strike strong style sub summary sup svg table tbody td template
    textarea tfoot th thead time title tr track tt u ul var video wbr xml xmp
    """.split()
)


class Bracketed:
    """Which tags of a page are words."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lowered = ""
        self._words: dict[str, bool] = {}

    def __call__(self, at: int, name: str, attrs: str) -> bool:
        """``at``: where the bracket opens; ``name`` and ``attrs`` as a reader of tags takes them."""
        if name in _ELEMENTS and not attrs.startswith((":", "@", ".")):
            return False
        if _WRITTEN.match(self._source, at):
            return True
        return not attrs and ":" not in name and name not in _ELEMENTS and self._never_ends(name)

    def _never_ends(self, name: str) -> bool:
        if name not in self._words:
            if len(self._words) >= _MOST:
                return False
            self._lowered = self._lowered or self._source.lower()
            self._words[name] = f"</{name}" not in self._lowered
        return self._words[name]
