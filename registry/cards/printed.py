"""A card as a PDF for the file: every answer with where it came from, the digest on each page.

ReportLab is imported when the first PDF is made; the fonts are those that come with Matplotlib.
"""

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from django.utils import timezone

from registry.cards.attachments.models import CardAttachment
from registry.cards.markdown import blocks
from registry.cards.notes import Beside, beside_of
from registry.cards.revisions import digest_matches
from registry.cards.view import CardView, FieldView

BODY, BOLD, MONO = "DejaVu", "DejaVu-Bold", "DejaVu-Mono"
FILES = {BODY: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf", MONO: "DejaVuSansMono.ttf"}
MOST_BLOCKS = 150
# Drawn in place of what the font has no shape for.
NO_SHAPE = "\N{WHITE SQUARE}"


def card_pdf(card: CardView) -> bytes:
    """The PDF of a card as it stands or as a revision left it."""
    from reportlab.platypus import SimpleDocTemplate

    _load_fonts()
    target = BytesIO()
    name = f"{card.version.model.name} version {card.version.version}"
    document = SimpleDocTemplate(
        target,
        title=f"Model card: {name}"[:200],
        author=card.revision.author_name if card.revision else "Signet",
        leftMargin=48,
        rightMargin=48,
        topMargin=44,
        bottomMargin=56,
    )
    foot = _foot(card)
    beside = beside_of(card)
    story = [*_head(card, name), *_missing(card), *_sections(card, beside), *_beside(beside)]
    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return target.getvalue()


@cache
def _load_fonts() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise RuntimeError("Matplotlib's fonts are missing: install requirements.txt again.")
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
    for name, file in FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(folder / file)))
    pdfmetrics.registerFontFamily(BODY, normal=BODY, bold=BOLD, italic=BODY, boldItalic=BOLD)


@cache
def _shapes() -> frozenset[int]:
    from reportlab.pdfbase import pdfmetrics

    _load_fonts()
    return frozenset(pdfmetrics.getFont(BODY).face.charToGlyph)


def drawable(text: str) -> str:
    """`text` with a square for each character that the font cannot draw."""
    shapes = _shapes()
    return "".join(c if ord(c) in shapes or c in "\n\t" else NO_SHAPE for c in text)


def _plain(text: Any) -> str:
    lines = escape(drawable(str(text))).replace("\t", "    ").split("\n")
    return "<br/>".join(lines)


@cache
def _style(name: str) -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle

    looks: dict[str, dict[str, Any]] = {
        "title": {"fontName": BOLD, "fontSize": 18, "leading": 23, "spaceAfter": 6},
        "section": {"fontName": BOLD, "fontSize": 13, "leading": 17, "spaceBefore": 16},
        "label": {"fontName": BOLD, "spaceBefore": 9, "keepWithNext": 1},
        "origin": {"fontSize": 7, "leading": 9, "textColor": HexColor("#555555")},
        "body": {"spaceAfter": 3},
        "item": {"leftIndent": 14, "spaceAfter": 1},
        "quote": {"leftIndent": 14, "spaceAfter": 3, "textColor": HexColor("#444444")},
        "heading": {"fontName": BOLD, "spaceBefore": 4, "spaceAfter": 2},
        "code": {"fontName": MONO, "fontSize": 8, "leading": 10, "leftIndent": 8},
        "cell": {"fontSize": 8, "leading": 10},
        "head": {"fontName": BOLD, "fontSize": 8, "leading": 10},
    }
    base = {"fontName": BODY, "fontSize": 9.5, "leading": 13, "splitLongWords": 1}
    return ParagraphStyle(name, **{**base, **looks[name]})


def _text(markup: str, style: str) -> Any:
    from reportlab.platypus import Paragraph

    return Paragraph(markup, _style(style))


def _head(card: CardView, name: str) -> Iterator[Any]:
    model = card.version.model
    yield _text(f"Model card: {_plain(name)}", "title")
    for label, value in (
        ("Owner", model.owner or "nobody yet"),
        ("Team", model.team or "none yet"),
        ("Risk tier", card.tier or "not set"),
        ("Answers", f"{card.answered} of {card.required} that the tier requires"),
        ("Schema", card.schema.version),
    ):
        yield _text(f"<b>{label}:</b> {_plain(value)}", "body")
    if card.revision:
        saved = timezone.localtime(card.revision.created_at).strftime("%Y-%m-%d %H:%M %Z")
        proof = "it matches" if digest_matches(card.revision) else "it does NOT match"
        by = _plain(card.revision.author_name)
        yield _text(f"<b>Revision:</b> {card.number}, saved by {by}, {saved}", "body")
        yield _text(f"<b>Digest:</b> {card.revision.digest}, recomputed: {proof}", "body")
    else:
        yield _text("<b>Revision:</b> none; nobody has written on this card", "body")
    made = timezone.localtime().strftime("%Y-%m-%d %H:%M %Z")
    yield _text(
        "What people wrote is as the revision has it. What comes from a source is as it was known "
        f"when this file was made, {made}. {NO_SHAPE} stands for a character that the font of this "
        "file cannot draw; the portal shows it.",
        "origin",
    )


def _missing(card: CardView) -> Iterator[Any]:
    if card.gaps:
        yield _text("What is missing", "section")
    for gap in card.gaps:
        unknown = "; said to be unknown" if gap.said_unknown else ""
        yield _text(f"• {_plain(gap.field.label)} ({_plain(gap.why)}{unknown})", "item")


def _sections(card: CardView, beside: Beside) -> Iterator[Any]:
    for section in card.sections:
        yield _text(_plain(section.section.label), "section")
        if not section.shown:
            yield _text("Nothing is answered here.", "body")
        for item in section.shown:
            yield _text(_plain(item.field.label), "label")
            yield from _answer(item)
            at = timezone.localtime(item.at).strftime(", %Y-%m-%d %H:%M %Z") if item.at else ""
            yield _text(_plain(item.origin + at), "origin")
            if item.source_changed:
                now = item.pulled_words or "nothing any more"
                yield _text(f"The source has changed since; it says now: {_plain(now)}", "origin")
            yield from _files(beside.files.get(item.field.key, []))


def _beside(beside: Beside) -> Iterator[Any]:
    """Files about the whole card, and the comments that nobody has resolved."""
    if whole := beside.files.get("", []):
        yield _text("Files about the card as a whole", "section")
        yield from _files(whole)
    if not (beside.threads or beside.resolved):
        return
    yield _text("Comments", "section")
    said = f"{len(beside.threads)} open, {beside.resolved} resolved, when this file was made."
    yield _text(said, "body")
    for label, thread in beside.threads:
        yield _text(_plain(label), "label")
        for comment in (thread.first, *thread.replies):
            yield _text(_plain(comment.text), "item")
            at = timezone.localtime(comment.created_at).strftime("%Y-%m-%d %H:%M %Z")
            yield _text(_plain(f"{comment.author_name}, {at}"), "origin")


def _files(files: list[CardAttachment]) -> Iterator[Any]:
    for file in files:
        dates = f", {file.validity_words}" if file.validity_words else ""
        by = f"attached by {file.uploaded_by_name} {file.uploaded_at:%Y-%m-%d}"
        words = f"File: {file.name} ({file.get_kind_display()}, {file.size:,} bytes{dates}), {by}"
        yield _text(f"{_plain(words)}<br/>SHA-256 {file.sha256}", "origin")


def _answer(item: FieldView) -> Iterator[Any]:
    if item.standing == "unknown":
        yield _text("Unknown", "body")
    elif item.standing == "not_applicable":
        yield _text(f"Not applicable: {_plain(item.reason)}", "body")
    elif item.field.type == "long_text":
        parts = list(islice(blocks(str(item.value), drawable), MOST_BLOCKS + 1))
        if len(parts) > MOST_BLOCKS:
            # Laying out thousands of blocks takes minutes; the words are all there as one.
            parts = [("body", _plain(" ".join(str(item.value).split())))]
        yield from (_text(markup, style) for style, markup in parts)
    elif item.field.type == "list":
        yield from (_text(f"• {_plain(entry)}", "item") for entry in item.value)
    elif item.field.type == "table":
        yield _table(item)
    else:
        yield _text(_plain(item.words), "body")


def _table(item: FieldView) -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import LongTable

    table = item.table
    rows = [[_text(_plain(name), "head") for name in table["columns"]]]
    rows += [[_text(_plain(cell), "cell") for cell in row] for row in table["rows"]]
    width = 499 / max(len(table["columns"]), 1)
    lines = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor("#bbbbbb")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    return LongTable(
        rows, colWidths=[width] * len(table["columns"]), repeatRows=1, style=lines, splitInRow=1
    )


def _foot(card: CardView) -> Any:
    digest = card.revision.digest if card.revision else "no revision"
    name = drawable(f"{card.version.model.name} version {card.version.version}")[:60]

    def draw(canvas: Any, document: Any) -> None:
        canvas.setFont(BODY, 7)
        canvas.drawString(48, 36, f"{name}, revision {card.number}")
        canvas.drawRightString(547, 36, f"Page {document.page}")
        canvas.drawString(48, 26, f"Digest {digest}")

    return draw
