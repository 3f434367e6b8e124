"""Files for spreadsheets: no cell is taken for a formula, whatever people typed."""

from typing import TypeVar

Cell = TypeVar("Cell")
# What makes a spreadsheet read a cell as a formula, in the widths that it accepts.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guarded(cell: Cell) -> Cell | str:
    """An apostrophe goes before text that looks like a formula; any other value stays as it is."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA):
        return f"'{cell}"
    return cell


class Line:
    """A file for the csv module that hands each line back."""

    def write(self, text: str) -> str:
        """The line itself."""
        return text
