"""Proofs that events stand in the trail under a signed anchor, without the rest of the trail."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from portal.trail.anchors import facts_of
from portal.trail.models import TrailAnchor, TrailEvent


def proofs_of(seqs: Iterable[int]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A proof for each event that an anchor covers, and those anchors.

    A proof names the anchor, the event's place in its span, how long that is, and the hashes to
    climb to the anchor's Merkle root (RFC 6962). An event after the newest anchor has none.
    """
    spans: dict[int, list[int]] = defaultdict(list)
    anchors = {anchor.seq: anchor for anchor in TrailAnchor.objects.order_by("seq")}
    ends = sorted(anchors)
    for seq in sorted(set(seqs)):
        covering = next((end for end in ends if end >= seq), None)
        if covering is not None and anchors[covering].first_seq <= seq:
            spans[covering].append(seq)
    proofs = []
    for end, wanted in spans.items():
        first = anchors[end].first_seq
        rows = TrailEvent.objects.filter(seq__gte=first, seq__lte=end).order_by("seq")
        levels = levels_of(list(rows.values_list("hash", flat=True)))
        proofs += [
            {
                "seq": seq,
                "anchor": end,
                "index": seq - first,
                "size": len(levels[0]),
                "path": path_of(levels, seq - first),
            }
            for seq in wanted
        ]
    return proofs, [facts_of(anchors[end]) for end in spans]


def levels_of(hashes: list[str]) -> list[list[bytes]]:
    """The tree from its leaves up; an odd one out is carried up as it is."""
    level = [hashlib.sha256(b"\0" + bytes.fromhex(leaf)).digest() for leaf in hashes]
    levels = [level]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) % 2 else []
        level = [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs] + odd
        levels.append(level)
    return levels


def path_of(levels: list[list[bytes]], index: int) -> list[str]:
    """The hashes beside the way from a leaf to the root."""
    path = []
    for level in levels[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling].hex())
        index //= 2
    return path
