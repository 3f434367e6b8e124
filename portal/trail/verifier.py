"""Verifies a trail. One file for auditors: it needs Python and `cryptography`, and no Signet.

python verifier.py EXPORT --anchors anchors.jsonl --public-key KEY     (exit code 1: tampered with)
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Row = Mapping[str, Any]
START = "0" * 64
SIGNED = ("first_seq", "seq", "hash", "merkle_root", "at", "reason", "public_key")
ANCHOR_EVERY = 100  # events
LATE = (
    f"No anchor vouches for the newest {ANCHOR_EVERY} events or more: ask why, and see the mailbox."
)
KEPT = 1000  # findings told; the rest are counted
FINDINGS = {
    "missing": "the events {} to {} are missing",
    "order": "it stands after event {}",
    "chain": "it does not continue event {}: one of the two was replaced, inserted or moved",
    "edited": "its text or its hash was changed",
    "column": "its column {} does not say what its text says",
    "rewritten": "the events {} to {} are not those that were anchored at {}",
    "cut": "it was anchored at {} and is missing",
    "head": "the trail's head names this event, but the chain ends with event {} and another hash",
    "key": "its anchor in {} is signed with a key that is not Signet's, {}",
    "signature": "its anchor in {} has a wrong signature",
    "gap": "its anchor in {} does not join the one before it, which ends at event {}",
    "removed": "its anchor was removed from the database",
    "unpublished": "its anchor is not in the anchor file",
    "differs": "its anchor in the database is not the one in the anchor file",
    "line": "line {} of the anchor file cannot be read",
}


def link(previous: str, body: str) -> str:
    """SHA-256 over the previous event's hash and this event's exact text, in hex."""
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()


def statement(anchor: Row) -> bytes:
    """The exact bytes that an anchor's signature covers."""
    facts = {name: anchor[name] for name in SIGNED}
    return json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()


def genuine(anchor: Row) -> bool:
    """Whether the anchor's signature is right for the public key that it names."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(anchor["public_key"]))
        public.verify(bytes.fromhex(anchor["signature"]), statement(anchor))
    except (InvalidSignature, ValueError):
        return False
    return True


def merkle_root(hashes: list[str]) -> str:
    """The root over hashes in order, as in RFC 6962, in hex."""
    level = [hashlib.sha256(b"\0" + bytes.fromhex(leaf)).digest() for leaf in hashes]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) % 2 else []
        level = [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs] + odd
    return level[0].hex()


@dataclass
class Report:
    """What was read and what was found; a note is worth knowing and proves nothing."""

    events: int = 0
    anchors: int = 0
    finding_count: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def find(self, what: str, seq: int, *facts: object) -> None:
        """Count one finding of the kind `what` at event `seq`."""
        self.finding_count += 1
        if len(self.findings) < KEPT:
            text = FINDINGS[what].format(*facts)
            self.findings.append({"seq": seq, "what": what, "text": text})

    def told(self) -> str:
        """The report as text."""
        count = f"{self.finding_count} finding{'s' * (self.finding_count > 1)}"
        verdict = f"FAILED, {count}" if self.findings else "OK, nothing found"
        lines = [f"{verdict}: {self.events} events, {self.anchors} anchors read."]
        lines += [f"  event {found['seq']}: {found['text']}." for found in self.findings]
        return "\n".join([*lines, *self.notes])


class Verifier:
    """Takes the anchors of the database and of the anchor file, then each event, then the head."""

    def __init__(
        self, inside: Iterable[Row], outside: Iterable[Row], keys: Iterable[str], report: Report
    ) -> None:
        self.find, self.report, self.keys = report.find, report, set(keys)
        self.seq, self.hash = 0, START
        self.expected: dict[int, dict[bytes, Row]] = {}
        self.until: dict[int, int] = {}
        self.spans: dict[int, list[str]] = {}
        kept = self._read(inside, "the database")
        published = self._read(outside, "the anchor file")
        for seq in sorted({*kept, *published}):
            if kept.get(seq) != published.get(seq):
                both = seq in kept and seq in published
                self.find("differs" if both else "unpublished" if seq in kept else "removed", seq)
        report.anchors = len({*kept, *published})

    def _read(self, anchors: Iterable[Row], place: str) -> dict[int, Row]:
        read: dict[int, Row] = {}
        end = 0
        for anchor in sorted(anchors, key=lambda one: one["seq"]):
            seq, first = anchor["seq"], anchor["first_seq"]
            if anchor == read.get(seq):  # written twice after a crash: the same line is no harm
                continue
            if first != end + 1:
                self.find("gap", seq, place, end)
            if anchor["public_key"] not in self.keys:
                self.find("key", seq, place, anchor["public_key"])
            elif not genuine(anchor):
                self.find("signature", seq, place)
            else:
                self.expected.setdefault(seq, {})[statement(anchor)] = anchor
                self.until[first] = max(seq, self.until.get(first, 0))
            read[seq], end = anchor, seq
        return read

    def event(self, row: Row) -> None:
        """Check the next event: its place, its text, its columns and the anchor that ends at it."""
        seq = row["seq"]
        if seq > self.seq + 1:
            self.find("missing", self.seq + 1, self.seq + 1, seq - 1)
        elif seq <= self.seq:
            self.find("order", seq, self.seq)
        elif row["prev"] != self.hash:
            self.find("chain", seq, self.seq)
        computed = link(row["prev"], row["body"])
        if computed != row["hash"]:
            self.find("edited", seq)
        for column in differing(row):
            self.find("column", seq, column)
        self.seq, self.hash = seq, row["hash"]
        self.report.events += 1
        if seq in self.until:
            self.spans[seq] = []
        for hashes in self.spans.values():
            hashes.append(computed)
        for anchor in self.expected.pop(seq, {}).values():
            span = self.spans.get(anchor["first_seq"]) or [START]
            if (self.hash, merkle_root(span)) != (anchor["hash"], anchor["merkle_root"]):
                self.find("rewritten", seq, anchor["first_seq"], seq, anchor["at"])
        self.spans = {first: span for first, span in self.spans.items() if self.until[first] > seq}

    def finish(self, head: Row) -> Report:
        """Compare the end of the chain with its head and the anchors; the report is complete."""
        if head["seq"] > self.seq:
            self.find("missing", self.seq + 1, self.seq + 1, head["seq"])
        elif (head["seq"], head["hash"]) != (self.seq, self.hash):
            self.find("head", head["seq"], self.seq)
        for seq, anchors in sorted(self.expected.items()):
            self.find("cut", seq, *{anchor["at"] for anchor in anchors.values()})
        if self.seq - max(self.until.values(), default=0) >= ANCHOR_EVERY:
            self.report.notes.append(LATE)
        return self.report


def differing(row: Row) -> Iterator[str]:
    """The columns that do not say what the event's text says."""
    try:
        facts = json.loads(row["body"])
        for group in ("actor", "subject"):
            facts |= {f"{group}_{name}": value for name, value in facts[group].items()}
        yield from (name for name in row if name in facts and facts[name] != row[name])
    except (ValueError, LookupError, TypeError, AttributeError):
        yield "body"


def read_anchors(path: Path, report: Report) -> list[Row]:
    """The anchors of a file; a line cut short by a crash counts if it was not written again."""
    anchors: list[Row] = []
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(filter(None, lines), 1):
        try:
            facts = json.loads(line)
            anchors.append({name: facts[name] for name in (*SIGNED, "signature")})
        except (ValueError, LookupError, TypeError):
            if not any(other != line and other.startswith(line) for other in lines):
                report.find("line", 0, number)
    return anchors


def main() -> int:
    """Verify an export and print the verdict."""
    parser = argparse.ArgumentParser(description="Verifies an exported trail.")
    parser.add_argument("export", type=Path, help="made by `manage.py trail export`")
    parser.add_argument("--anchors", type=Path, required=True, help="kept outside the database")
    parser.add_argument("--public-key", action="append", required=True, help="Signet's, in hex")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    given = parser.parse_args()
    report = Report()
    with given.export.open(encoding="utf-8") as lines:
        start = json.loads(next(lines))
        anchors = read_anchors(given.anchors, report)
        older = [anchor for anchor in anchors if anchor["at"] <= start["exported_at"]]
        if len(older) < len(anchors):
            report.notes.append(
                f"Not used, newer than the export: {len(anchors) - len(older)} anchors."
            )
        verifier = Verifier(start["anchors"], older, given.public_key, report)
        for line in lines:
            verifier.event(json.loads(line))
    verifier.finish(start["head"])
    print(json.dumps(asdict(report)) if given.json else report.told())
    return 1 if report.finding_count else 0


if __name__ == "__main__":
    sys.exit(main())
