"""Checking every stored signature against what it was given for."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from governance.gate.statements import public_keys
from governance.policies.models import PolicyRevision, PolicyState
from governance.policies.queries import rules_digest
from governance.requests.models import SignOff
from governance.requests.statements import broken
from portal.trail.models import TrailEvent

MOST_SHOWN = 100


@dataclass
class SignatureReport:
    """How many signatures were looked at, and what is wrong with which."""

    checked: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)
    policies: list[tuple[int, str]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every signature is the one that was given, and every policy the one published."""
        return not self.faults and not self.policies

    def lines(self) -> Iterator[str]:
        """The report in words."""
        yield f"{self.checked:,} sign-offs looked at, {len(self.faults):,} do not hold."
        for pk, text in self.faults[:MOST_SHOWN]:
            yield f"Sign-off {pk}: {text}."
        for number, text in self.policies:
            yield f"Policy revision {number}: {text}."


def signatures_verify() -> SignatureReport:
    """Look at every sign-off: its signature, its statement, and the request it stands in.

    A row that was changed, moved to another request or copied into one is named.
    """
    report, trusted = SignatureReport(policies=list(_policies())), public_keys()
    seen: dict[str, int] = {}
    for row in SignOff.objects.select_related("request", "seat").order_by("pk").iterator():
        report.checked += 1
        fault = broken(row, trusted) or _misplaced(row)
        if not fault and row.signature in seen:
            fault = f"it repeats sign-off {seen[row.signature]}"
        seen.setdefault(row.signature, row.pk)
        if fault:
            report.faults.append((row.pk, fault))
    return report


def _policies() -> Iterator[tuple[int, str]]:
    """Published revisions that say something else than when they were published."""
    for policy in PolicyRevision.objects.filter(state=PolicyState.PUBLISHED).order_by("number"):
        told = TrailEvent.objects.filter(
            verb="policy.publish",
            subject_kind=policy._meta.label_lower,
            subject_id=str(policy.pk),
        ).first()
        published = told.facts.get("after", {}).get("digest") if told else policy.digest
        if rules_digest(policy.rules) != published or policy.digest != published:
            yield policy.number, "its rules are not those that were published"


def _misplaced(row: SignOff) -> str:
    """Whether the row stands where its subject says."""
    if row.seat.request_id != row.request_id or row.seat.role != row.role:
        return "it stands in another seat than it was given for"
    if row.subject.get("version_id") != row.request.version_id:
        return "its request is about another version by now"
    if row.subject.get("environment") != row.request.environment:
        return "its request is for another environment by now"
    return ""
