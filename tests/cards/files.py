"""Files as people attach them, and files that must be refused, all made here."""

import gzip
import io
import struct
import zipfile
import zlib

from django.core.files.uploadedfile import SimpleUploadedFile

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\nxref\n0 1\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n"
CSV = b"slice,auc\nnorth,0.91\nsouth,0.87\n"
HTML = b"<!doctype html><html><body><script>document.title='ran'</script>Report</body></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 2, height: int = 2, *, tail: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\x80" * width) * height if width * height < 10_000 else b""
    pixels = zlib.compress(rows)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + tail


def zipped(content: bytes = b"x") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", content)
    return buffer.getvalue()


def sent(content: bytes, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


# Name, content, and a part of the sentence that says why.
HOSTILE = [
    ("chart.png", HTML, "“chart.png” is an HTML page, not a PNG picture"),
    ("report.pdf", HTML, "is an HTML page, not a PDF"),
    ("table.csv", png(), "is a PNG picture, not a CSV table"),
    ("page.html", CSV, "is a CSV table, not an HTML page"),
    ("drawing.png", SVG, "SVG picture, which can run scripts"),
    ("drawing.svg", SVG, "SVG picture, which can run scripts"),
    ("both.pdf", b"%PDF-1.4\n<html><script>1</script>\n" + PDF[9:], "and a web page at the same"),
    ("late.pdf", b"<html></html>" + PDF, "is an HTML page, not a PDF"),
    ("behind.pdf", PDF + zipped(), "Behind the end of this PDF"),
    ("cut.pdf", PDF[:40], "its end is missing"),
    ("odd.pdf", b"%PDF-x\n" + PDF[9:], "names no version"),
    ("behind.png", png(tail=b"<script>1</script>"), "Behind the end of this PNG"),
    ("cut.png", png()[:-20], "damaged or cut off"),
    ("empty.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "has no PNG header"),
    ("vast.png", png(60_000, 60_000), "more than a browser can show"),
    ("flat.png", png(0, 4), "header of this PNG picture is damaged"),
    ("bomb.csv", gzip.compress(b"0" * 30_000_000), "a gzip archive"),
    ("book.csv", zipped(b"0" * 1_000_000), "a ZIP archive or an Office document"),
    ("wide.csv", b"," * 2_000 + b"\n" + b"," * 2_000, "2,001 columns"),
    ("line.csv", b"a" * 2_000_000 + b",b\n1,2", "longer than a million characters"),
    ("quote.csv", b'a,b\n"' + b"x\n" * 200_000 + b'",1\n', "cannot be read"),
    ("ragged.csv", b"a,b\n1,2\n1,2,3\n", "line 3 has 3 cells, the first line has 2"),
    ("prose.csv", b"Only one sentence here.\nAnd another\n", "not divided by commas"),
    ("short.csv", b"a,b\n", "no row under its first line"),
    ("latin.csv", "stadt,wert\nKöln,1\n".encode("latin-1"), "no text in UTF-8"),
    ("wide16.csv", "a,b\n1,2\n".encode("utf-16"), "in UTF-16"),
    ("nul.csv", b"a,b\n1,\x002\n", "holds the byte 0x00"),
    ("nul.html", HTML + b"\x00", "holds the byte 0x00"),
    ("some.html", b"<div>no page</div>", "but no HTML page"),
    ("model.pdf", b"\x80\x04\x95cposix\nsystem\n.", "a pickle, which runs code"),
    ("photo.png", b"\xff\xd8\xff\xe0JFIF", "a JPEG picture"),
    ("setup.pdf", b"MZ\x90\x00", "a program"),
    ("empty.pdf", b"", "The file is empty"),
    ("report", PDF, "its name does not end in .pdf"),
    ("report.exe", PDF, "its name does not end in .pdf"),
    ("report\u202egnp.html", png(), "is a PNG picture, not an HTML page"),
]  # fmt: skip
