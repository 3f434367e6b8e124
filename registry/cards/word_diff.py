"""Two texts side by side, with the words that differ marked; the caller's template escapes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

WORDS = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True)
class Piece:
    """A run of words, and whether the other text lacks it."""

    text: str
    changed: bool


def marked(before: str, after: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces; joined together, the pieces of each give the text unchanged."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    steps = SequenceMatcher(None, old, new).get_opcodes()
    return (
        list(_pieces(old, [(tag, a, b) for tag, a, b, _, _ in steps])),
        list(_pieces(new, [(tag, c, d) for tag, _, _, c, d in steps])),
    )


def _pieces(words: list[str], steps: list[tuple[str, int, int]]) -> Iterator[Piece]:
    for tag, start, end in steps:
        if start < end:
            yield Piece("".join(words[start:end]), tag != "equal")
