"""What a file really is: read from its content in small pieces, whatever its name says."""

import csv
import io
import re
import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import IO

from registry.cards.attachments.models import Kind

LARGEST = 25 * 1024 * 1024
LARGEST_WORDS = "25 MB"
ALLOWED = "Attach a PDF, a PNG picture, a CSV table or an HTML page."
HEAD = 4096
MOST_PIXELS = 50_000_000
LONGEST_LINE = 1024 * 1024
MOST_COLUMNS = 1_000
MOST_ROWS = 1_000_000
PNG = b"\x89PNG\r\n\x1a\n"
# What people try most, so that the refusal names it instead of guessing.
OTHERS = (
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"PAR1", "a Parquet file"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a bitmap picture"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\x80\x04", "a pickle, which runs code when it is read"),
    (b"\x80\x05", "a pickle, which runs code when it is read"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
)
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
MARKUP = re.compile(rb"<\s*(!doctype|html|script|svg|body|iframe|\?php)", re.IGNORECASE)
LEAD = re.compile(r"^(\s|<!--.*?-->|<\?xml[^>]*\?>)+", re.DOTALL)


class BadFile(ValueError):
    """A file that is not taken; the message tells a person why and what to do."""


def kind_of(file: IO[bytes], size: int) -> Kind:
    """Which of the allowed kinds the content is, checked to its end; BadFile for anything else."""
    if size == 0:
        raise BadFile("The file is empty.")
    if size > LARGEST:
        raise BadFile(too_large(size))
    file.seek(0)
    head = file.read(HEAD)
    if head.startswith(PNG):
        _check_png(file, size)
        return Kind.PNG
    if head.startswith(b"%PDF-"):
        _check_pdf(file, size, head)
        return Kind.PDF
    for magic, words in OTHERS:
        if head.startswith(magic):
            raise BadFile(f"This is {words}. {ALLOWED}")
    return _kind_of_text(file, head)


def too_large(size: int) -> str:
    """Why a file of this size is refused."""
    return (
        f"The file is {size / 1024 / 1024:.1f} MB; at most {LARGEST_WORDS} fit. Attach a shorter "
        "one, or write the address of the whole one in the answer."
    )


def _check_png(file: IO[bytes], size: int) -> None:
    """Walk the chunks: a header first, picture data, an end, and nothing behind it."""
    broken = BadFile("This PNG picture is damaged or cut off. Save it again and attach that.")
    place, kinds = len(PNG), []
    while True:
        file.seek(place)
        start = file.read(8)
        if len(start) < 8:
            raise broken
        length, kind = struct.unpack(">I4s", start)
        place += 12 + length
        if place > size or not kind.isalpha():
            raise broken
        if not kinds:
            _check_png_header(kind, file.read(length + 4) if length == 13 else b"")
        kinds.append(kind)
        if kind == b"IEND":
            break
        if len(kinds) > 100_000:
            raise broken
    if b"IDAT" not in kinds:
        raise broken
    if place != size:
        raise BadFile(
            "Behind the end of this PNG picture there is something else. Save the picture again "
            "and attach that."
        )


def _check_png_header(kind: bytes, body: bytes) -> None:
    if kind != b"IHDR" or len(body) != 17:
        raise BadFile("This says it is a PNG picture but has no PNG header.")
    facts, checksum = body[:13], struct.unpack(">I", body[13:])[0]
    width, height = struct.unpack(">II", facts[:8])
    if checksum != zlib.crc32(kind + facts) or not width or not height:
        raise BadFile("The header of this PNG picture is damaged. Save it again and attach that.")
    if width * height > MOST_PIXELS:
        raise BadFile(
            f"This picture has {width:,} by {height:,} points, more than a browser can show. "
            f"Save it with at most {MOST_PIXELS // 1_000_000} million points."
        )


def _check_pdf(file: IO[bytes], size: int, head: bytes) -> None:
    """A header at the very start, a trailer at the very end, no markup that a browser would run."""
    if not re.match(rb"%PDF-[12]\.\d", head):
        raise BadFile("This says it is a PDF but names no version of it. Export it again.")
    if MARKUP.search(head[:1024]):
        raise BadFile(
            "This file is a PDF and a web page at the same time. Export the PDF again and attach "
            "that."
        )
    file.seek(max(size - 2048, 0))
    tail = file.read(2048)
    end = tail.rfind(b"%%EOF")
    if end < 0 or b"startxref" not in tail[:end]:
        raise BadFile("This PDF is cut off: its end is missing. Export it again and attach that.")
    if tail[end + 5 :].strip(b"\x00\r\n\t "):
        raise BadFile(
            "Behind the end of this PDF there is something else. Export the PDF again and attach "
            "that."
        )


def _kind_of_text(file: IO[bytes], head: bytes) -> Kind:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadFile("This text is in UTF-16. Save it as UTF-8 and attach that.")
    start = LEAD.sub("", head.decode("utf-8-sig", errors="replace")).lower()
    if start.startswith("<svg") or "<!doctype svg" in start[:200]:
        raise BadFile("This is an SVG picture, which can run scripts. Save it as PNG.")
    if re.match(r"<!doctype html\b|<html[\s>]", start):
        _check_text(file, "page")
        return Kind.HTML
    if start.startswith("<"):
        raise BadFile(
            f"This is markup, but no HTML page: it starts with neither a doctype nor <html>. "
            f"{ALLOWED}"
        )
    _check_csv(file)
    return Kind.CSV


def _check_text(file: IO[bytes], what: str) -> None:
    for _ in _lines(file, what):
        pass


def _lines(file: IO[bytes], what: str) -> Iterator[str]:
    """The lines of a UTF-8 text, a page's long ones in pieces; BadFile for anything else."""
    file.seek(0)
    reader = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        while line := reader.readline(LONGEST_LINE + 1):
            if found := CONTROLS.search(line):
                raise BadFile(
                    f"This is neither text nor another kind that can be attached (it holds the "
                    f"byte {ord(found[0]):#04x}). {ALLOWED}"
                )
            if len(line) > LONGEST_LINE and what == "table":
                raise BadFile("A line of this table is longer than a million characters.")
            yield line
    except UnicodeDecodeError:
        raise BadFile(
            f"This is no text in UTF-8. Save the {what} as UTF-8 and attach that. {ALLOWED}"
        ) from None
    finally:
        reader.detach()


def _check_csv(file: IO[bytes]) -> None:
    """Every row has as many cells as the first: that is what makes a text a table."""
    rows = csv.reader(_lines(file, "table"), delimiter=_delimiter(file), strict=True)
    count = columns = 0
    try:
        for row in rows:
            if not row:
                continue
            count += 1
            columns = columns or len(row)
            _check_row(row, columns, count, rows.line_num)
    except csv.Error as error:
        raise BadFile(
            f"This is no CSV table: line {rows.line_num} cannot be read ({error}). {ALLOWED}"
        ) from None
    if count < 2:
        raise BadFile(f"This is no CSV table: it has no row under its first line. {ALLOWED}")


def _check_row(row: list[str], columns: int, count: int, line: int) -> None:
    if columns < 2:
        raise BadFile(
            "This is no CSV table: its first line is not divided by commas, semicolons, tabs or "
            f"bars. {ALLOWED}"
        )
    if columns > MOST_COLUMNS:
        raise BadFile(f"This table has {columns:,} columns; at most {MOST_COLUMNS:,} fit.")
    if len(row) != columns:
        raise BadFile(
            f"This is no consistent CSV table: line {line} has {len(row)} cells, the first line "
            f"has {columns}. Correct it and attach it again."
        )
    if count > MOST_ROWS:
        raise BadFile(
            f"This table has more than {MOST_ROWS:,} rows. Attach a summary and write the address "
            "of the data in the answer."
        )


def _delimiter(file: IO[bytes]) -> str:
    first = next((line for line in islice(_lines(file, "table"), 20) if line.strip()), "")
    return max(",;\t|", key=first.count)
