"""Checking an evidence pack without Signet: its manifest, its files and what they prove."""

import hashlib
import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signet.errors import NoAnswer
from signet.statements import OURS, Broken, holds, opened

FORMAT = 1
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
READ_WHOLE = 256 * 1024 * 1024
PIECE = 1024 * 1024
ANCHOR_SIGNED = ("first_seq", "seq", "hash", "merkle_root", "at", "reason", "public_key")
# What a sign-off's columns repeat of its signed statement, and a gate answer's of its envelope.
SIGNED = {
    "request_id": "request",
    "round": "round",
    "digest": "digest",
    "signer_id": "signer",
    "signer_name": "name",
    "role": "role",
    "on_behalf_of_id": "on_behalf_of",
    "decision": "decision",
    "meaning": "meaning",
    "reason": "reason",
    "evidence_opened": "evidence_opened",
}
ANSWER = ("answer", "mode", "environment", "reasons")
TRAIL = {name: f"trail/{name}.json" for name in ("events", "proofs", "anchors")}


@dataclass
class Report:
    """What was found: a problem breaks the pack, a note is worth knowing, the counts held."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    files: int = 0
    sign_offs: int = 0
    gate_answers: int = 0
    events: int = 0
    proven: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with the pack."""
        return not self.problems

    @property
    def model(self) -> str:
        """The model the pack is about."""
        return str(self.manifest.get("model", ""))

    @property
    def version(self) -> str:
        """The version the pack is about."""
        return str(self.manifest.get("version", ""))

    @property
    def left_out(self) -> list[str]:
        """What could not be put into the pack."""
        return [str(one) for one in self.manifest.get("left_out", [])]

    def facts(self) -> dict[str, Any]:
        """The report as data."""
        counted = ("files", "sign_offs", "gate_answers", "events", "proven")
        return {
            "ok": self.ok,
            "model": self.model,
            "version": self.version,
            "built_at": self.manifest.get("built_at"),
            "problems": self.problems,
            "notes": self.notes,
            "left_out": self.left_out,
            **{name: getattr(self, name) for name in counted},
        }


def verify(path: Path, keys: list[str]) -> Report:
    """Check a pack against Signet's public keys (hex); NoAnswer when it cannot be read at all."""
    report = Report()
    try:
        with zipfile.ZipFile(path) as pack:
            names = [info.filename for info in pack.infolist()]
            if not {MANIFEST, SIGNATURE} <= set(names):
                raise NoAnswer(f"{path} is no evidence pack: it has no signed manifest.")
            if _sealed(pack, names, keys, report):
                _files(pack, names, report)
                _contents(pack, keys, report)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
        raise NoAnswer(f"{path} cannot be read as an evidence pack: {error}.") from None
    return report


def _sealed(pack: zipfile.ZipFile, names: list[str], keys: list[str], report: Report) -> bool:
    """The manifest must be signed by a trusted key; what it lists is read only then."""
    doubled = sorted(name for name, times in Counter(names).items() if times > 1)
    if doubled:
        report.problems.append(f"The pack holds two files of one name: {', '.join(doubled)}.")
        return False
    text = _read(pack, MANIFEST)
    try:
        signed = json.loads(_read(pack, SIGNATURE))
        key, signature = str(signed["public_key"]), bytes.fromhex(signed["signature"])
        manifest = json.loads(text)
        known = manifest["format"] == FORMAT and isinstance(manifest["files"], dict)
    except (ValueError, KeyError, TypeError, RecursionError):
        report.problems.append("The manifest or its signature is not in the form it must have.")
        return False
    if key not in keys or not holds(text, signature, key):
        report.problems.append("The manifest was not signed with a key that is trusted here.")
    elif not known:
        report.problems.append("The manifest has a format that this version cannot read.")
    else:
        report.manifest = manifest
    return bool(report.manifest)


def _files(pack: zipfile.ZipFile, names: list[str], report: Report) -> None:
    listed: dict[str, str] = report.manifest["files"]
    there = set(names) - {MANIFEST, SIGNATURE}
    for name in sorted(there - set(listed)):
        report.problems.append(f"{name} was added.")
    for name, sha256 in sorted(listed.items()):
        if name not in there:
            report.problems.append(f"{name} is missing.")
        elif _sha256(pack, name) != sha256:
            report.problems.append(f"{name} was changed.")
        else:
            report.files += 1


def _sha256(pack: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with pack.open(name) as file:
            while piece := file.read(PIECE):
                digest.update(piece)
    except zipfile.BadZipFile:  # its own checksum says so already
        return ""
    return digest.hexdigest()


def _contents(pack: zipfile.ZipFile, keys: list[str], report: Report) -> None:
    """What the files prove by themselves: statements, sign-offs, the slice of the trail."""
    if report.problems:
        return
    parts: list[Callable[[zipfile.ZipFile, list[str], Report], None]] = [
        _statements,
        _sign_offs,
        _trail,
    ]
    for check in parts:
        try:
            check(pack, keys, report)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            report.problems.append("A file of the pack is not in the form it must have.")


def _statements(pack: zipfile.ZipFile, keys: list[str], report: Report) -> None:
    for name in _named(report, "gate/", ".dsse.json"):
        try:
            said = opened(json.loads(_read(pack, name)), keys)["predicate"][OURS]
        except Broken as broken:
            report.problems.append(f"{name}: {broken}")
            continue
        row = json.loads(_read(pack, name.replace(".dsse.json", ".json")))
        told = {**said, "reasons": list(dict.fromkeys(one["code"] for one in said["reasons"]))}
        differing = sorted(k for k in ANSWER if row[k] != told[k])
        if differing:
            report.problems.append(f"{name} says something else about {', '.join(differing)}.")
        else:
            report.gate_answers += 1


def _sign_offs(pack: zipfile.ZipFile, keys: list[str], report: Report) -> None:
    for name in _named(report, "requests/", "/signatures.json"):
        for row in json.loads(_read(pack, name)):
            text, signature = row["statement"].encode(), bytes.fromhex(row["signature"])
            if row["public_key"] not in keys:
                report.problems.append(f"{name}: signed with a key that is not trusted.")
            elif not holds(text, signature, row["public_key"]):
                report.problems.append(f"{name}: the signature of {row['signer_name']} is wrong.")
            elif differing := _unlike(row):
                report.problems.append(
                    f"{name}: what is shown of the signature of {row['signer_name']} is not what "
                    f"was signed: {', '.join(differing)}."
                )
            else:
                report.sign_offs += 1


def _unlike(row: Mapping[str, Any]) -> list[str]:
    """The columns of a sign-off that say something else than its signed statement."""
    signed = json.loads(row["statement"])
    return sorted(column for column, name in SIGNED.items() if row[column] != signed[name])


def _trail(pack: zipfile.ZipFile, _: list[str], report: Report) -> None:
    if not set(TRAIL.values()) <= set(report.manifest["files"]):
        report.notes.append("The pack holds no slice of the trail.")
        return
    events, proofs, anchors = (json.loads(_read(pack, TRAIL[name])) for name in TRAIL)
    # The manifest vouches for the trail's keys: it is signed by a key that is trusted here.
    trusted = json.loads(_read(pack, "keys.json"))["trail"]
    roots = {}
    for anchor in anchors:
        if anchor["public_key"] in trusted and _genuine(anchor):
            roots[anchor["seq"]] = anchor["merkle_root"]
        else:
            report.problems.append(f"The anchor at event {anchor['seq']} is not genuine.")
    by_seq = {proof["seq"]: proof for proof in proofs}
    bare = 0
    for event in events:
        report.events += 1
        seq, leaf = event["seq"], f"{event['prev']}\n{event['body']}".encode()
        proof = by_seq.get(seq)
        if hashlib.sha256(leaf).hexdigest() != event["hash"]:
            report.problems.append(f"Event {seq} of the trail was changed.")
        elif proof is None:
            bare += 1
        elif climbed(event["hash"], proof) != roots.get(proof["anchor"]):
            report.problems.append(f"Event {seq} does not stand under the anchor it names.")
        else:
            report.proven += 1
    if bare:
        report.notes.append(
            f"{bare} events are newer than the newest anchor and have no proof yet."
        )


def climbed(leaf: str, proof: Mapping[str, Any]) -> str:
    """The Merkle root (RFC 6962) to which an event's hash leads, in hex; "" for a wrong length."""
    node = hashlib.sha256(b"\0" + bytes.fromhex(leaf)).digest()
    index, size, path = int(proof["index"]), int(proof["size"]), list(proof["path"])
    if not 0 <= index < size:
        return ""
    while size > 1:
        if index ^ 1 < size:
            if not path:
                return ""
            other = bytes.fromhex(path.pop(0))
            pair = other + node if index % 2 else node + other
            node = hashlib.sha256(b"\1" + pair).digest()
        index, size = index // 2, (size + 1) // 2
    return "" if path else node.hex()


def _genuine(anchor: Mapping[str, Any]) -> bool:
    facts = {name: anchor[name] for name in ANCHOR_SIGNED}
    text = json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()
    return holds(text, bytes.fromhex(anchor["signature"]), anchor["public_key"])


def _named(report: Report, start: str, end: str) -> Iterator[str]:
    names = sorted(report.manifest["files"])
    return (name for name in names if name.startswith(start) and name.endswith(end))


def _read(pack: zipfile.ZipFile, name: str) -> bytes:
    """A whole file, unless it would fill the memory."""
    with pack.open(name) as file:
        content = file.read(READ_WHOLE + 1)
    if len(content) > READ_WHOLE:
        raise NoAnswer(f"{name} in the pack is larger than {READ_WHOLE // PIECE} MB.")
    return content
