"""Text as a reader shall see it: without markup, in one form of Unicode."""

from html.parser import HTMLParser

import polars as pl

_SUSPECT = r"<[A-Za-z/!?]|&#?[0-9A-Za-z]+;"
"""What a text with HTML in it holds; others are not looked at any closer."""
_INLINE_NAMES = (
    "a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd mark q s samp small span "
    "strike strong sub sup tt u var wbr"
)
_BLOCK_NAMES = (
    "address article aside audio blockquote body br button canvas caption center col colgroup dd "
    "details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header "
    "hr html iframe img input label legend li link main map menu meta nav noscript object ol "
    "optgroup option p param picture pre section select source summary svg table tbody td textarea "
    "tfoot th thead time title tr ul video"
)
_INLINE, _BLOCKS = frozenset(_INLINE_NAMES.split()), frozenset(_BLOCK_NAMES.split())
_UNSEEN = frozenset(("script", "style"))
_DEEPEST = 2
"""Exports escape their HTML up to once more than a page does."""


def cleaned(texts: pl.Series) -> pl.Series:
    """Texts without HTML and its entities, in Unicode's form NFKC; missing ones stay missing.

    What only looks like markup ("a<b and c>d", "<3") stays. Plain text keeps its bits.
    """
    suspect = texts.str.contains(_SUSPECT).fill_null(False)
    plain = {text: without_html(text) for text in set(texts.filter(suspect))}
    return texts.replace(plain).str.normalize("NFKC")


def without_html(text: str) -> str:
    """The text that a browser would show, blocks parted by spaces."""
    for _ in range(_DEEPEST):
        shown = _Shown()
        shown.feed(text)
        shown.close()
        text = "".join(shown.parts)
    return text


class _Shown(HTMLParser):
    """Collects what a page shows; tags that HTML does not have are text."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self.unseen += 1
        elif tag in _BLOCKS:
            self.parts.append(" ")
        elif tag not in _INLINE or (attrs and all(value is None for _, value in attrs)):
            self.parts.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _UNSEEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        elif tag in _BLOCKS:
            self.parts.append(" ")
        elif tag not in _INLINE:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.parts.append(data)

    def unknown_decl(self, data: str) -> None:
        self.handle_data(data.removeprefix("CDATA["))
