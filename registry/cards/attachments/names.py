"""The name under which people find a file again; it never becomes part of a path."""

import re
import unicodedata
from pathlib import PurePosixPath

from registry.cards.attachments.content import ALLOWED, BadFile
from registry.cards.attachments.models import Kind

ENDINGS = {
    ".pdf": Kind.PDF,
    ".png": Kind.PNG,
    ".csv": Kind.CSV,
    ".tsv": Kind.CSV,
    ".html": Kind.HTML,
    ".htm": Kind.HTML,
}
ARTICLES = {
    Kind.PDF: "a PDF",
    Kind.PNG: "a PNG picture",
    Kind.CSV: "a CSV table",
    Kind.HTML: "an HTML page",
}
LONGEST = 160


def clean_name(given: str) -> str:
    """The file's own name: no folders, no controls, nothing that turns the writing around."""
    own = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    # Cf holds the marks with which "report-gnp.html" is made to look like "report-lmth.png".
    seen = "".join(char for char in own if unicodedata.category(char)[0] != "C")
    name = " ".join(seen.split()).lstrip(". ")
    if not name:
        return "unnamed"
    ending = PurePosixPath(name).suffix[:10]
    stem = name.removesuffix(ending)
    return stem[: LONGEST - len(ending)].rstrip() + ending


def check_ending(name: str, kind: Kind) -> None:
    """Refuse a name that promises something else than the content is."""
    ending = PurePosixPath(name).suffix.lower()
    promised = ENDINGS.get(ending)
    if promised is kind:
        return
    own = next(known for known, found in ENDINGS.items() if found is kind)
    if promised is None:
        raise BadFile(
            f"“{name}” is {ARTICLES[kind]}, but its name does not end in {own}. Rename it and "
            f"attach it again. {ALLOWED}"
        )
    raise BadFile(
        f"“{name}” is {ARTICLES[kind]}, not {ARTICLES[promised]} as its name says. Attach the "
        f"right file, or rename it to end in {own}."
    )
