"""Long answers as safe HTML, made when they are read; the stored text stays as it was typed."""

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from xml.sax.saxutils import escape

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

TAGS = {
    *("p", "br", "hr", "h4", "h5", "h6", "blockquote", "pre", "code", "em", "strong", "del", "a"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
}
SCHEMES = {"http", "https", "mailto"}
# Headings of an answer stay below the page's own.
HEADINGS = {"h1": "h4", "h2": "h5", "h3": "h6", "h4": "h6", "h5": "h6", "h6": "h6"}


# Markdown fills up short rows: 20,000 characters can ask for millions of cells.
MOST_CELLS = 2_000


@cache
def _parser(tables: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False})
    parser.enable("strikethrough").disable("image")
    return parser.enable("table") if tables else parser


def _parsed(text: str) -> list[Token]:
    """The text's tokens; one whose tables would have too many cells is read without tables."""
    return _parser(_cells(text) <= MOST_CELLS).parse(text)


def _cells(text: str) -> int:
    """At most this many cells have the tables of a text; a blank line ends a table."""
    plain = re.sub(r"\r\n?", "\n", text)
    parts = (part.split("\n") for part in re.split(r"\n[ \t]*\n", plain) if "|" in part)
    return sum(len(lines) * (1 + max(line.count("|") for line in lines)) for lines in parts)


# A card of many long answers takes seconds the first time; the next readers do not wait for it.
@lru_cache(maxsize=256)
def rendered(text: str) -> SafeString:
    """Markdown as HTML without raw HTML, scripts, styles, pictures or odd links."""
    tokens = _parsed(text)
    for token in tokens:
        token.tag = HEADINGS.get(token.tag, token.tag)
    parser = _parser(True)
    unsafe = parser.renderer.render(tokens, parser.options, {})
    clean = nh3.clean(
        unsafe,
        tags=TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )
    return mark_safe(clean)  # noqa: S308 - nh3 has just cleaned it


def blocks(text: str, drawn: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Markdown as (kind, markup) for print; kinds: body, heading, item, quote, code, cell.

    The markup knows only b, i, strike and br. `drawn` replaces what a font has no shape for.
    """
    opened: list[str] = []
    numbers: list[int] = []
    for token in _parsed(text):
        if token.nesting == 1:
            opened.append(token.type)
            if token.type.endswith("_list_open"):
                numbers.append(int(token.attrGet("start") or 1) - 1)
            if token.type == "list_item_open":
                numbers[-1] += 1
        elif token.nesting == -1:
            opened.pop()
            if token.type.endswith("_list_close"):
                numbers.pop()
        elif token.type == "inline":
            markup = _marked_up(token, drawn)
            kind = _kind(opened)
            yield kind, _mark(opened, numbers) + markup if kind == "item" else markup
        elif token.content:
            lines = escape(drawn(token.content.rstrip("\n"))).split("\n")
            yield "code", "<br/>".join(line.replace(" ", "\u00a0") for line in lines)


def _kind(opened: list[str]) -> str:
    for part, kind in (
        ("heading_open", "heading"),
        ("tr_open", "cell"),
        ("list_item_open", "item"),
    ):
        if part in opened:
            return kind
    return "quote" if "blockquote_open" in opened else "body"


def _mark(opened: list[str], numbers: list[int]) -> str:
    lists = [name for name in opened if name.endswith("_list_open")]
    return f"{numbers[-1]}. " if lists[-1] == "ordered_list_open" else "• "


def _marked_up(token: Token, drawn: Callable[[str], str]) -> str:
    tags = {"strong": "b", "em": "i", "s": "strike"}
    parts = []
    links: list[str] = []
    for child in token.children or []:
        name = child.type.removesuffix("_open").removesuffix("_close")
        if name in tags:
            parts.append(f"<{'/' if child.nesting < 0 else ''}{tags[name]}>")
        elif child.type == "link_open":
            links.append(str(child.attrGet("href")))
        elif child.type == "link_close":
            parts.append(f" ({escape(drawn(links.pop()))})")
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" " if child.type == "softbreak" else "<br/>")
        else:
            parts.append(escape(drawn(child.content)))
    return "".join(parts)
