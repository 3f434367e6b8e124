"""Verbs on findings: opening one for a fact, giving it an owner, closing it by somebody else."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from governance.findings.models import Finding, FindingKind, Severity
from governance.findings.queries import visible_findings
from portal.accounts.models import User
from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Conflict, Denied, Invalid
from portal.trail.services import record
from registry.inventory.models import ModelVersion, RegisteredModel

# Days until a finding should be closed; the owner or governance may set another day.
DAYS = {Severity.CRITICAL: 2, Severity.HIGH: 7, Severity.MODERATE: 30, Severity.LOW: 90}
LONGEST_TEXT = 4000


def finding_open(
    *,
    actor: Actor,
    model: RegisteredModel,
    kind: str,
    severity: str,
    key: str,
    text: str,
    version: ModelVersion | None = None,
    facts: Mapping[str, Any] | None = None,
    owner: User | None = None,
    due_on: date | None = None,
) -> Finding:
    """The open finding of this key, made now if there is none; its owner is mailed soon.

    `key` names the fact, such as `artifact_changed:12`. Without `owner` it is the model's.
    """
    with transaction.atomic():
        require(actor, "finding.manage", model)
        _check(kind, severity, text)
        known = Finding.objects.filter(key=key, closed_at=None).first()
        if known:
            return known
        wanted = Finding(
            model=model,
            version=version,
            kind=kind,
            severity=severity,
            key=key,
            text=text.strip(),
            facts=dict(facts or {}),
            owner=owner or model.owner,
            due_on=due_on or timezone.localdate() + timedelta(days=DAYS[Severity(severity)]),
        )
        made = _insert(wanted)
        if made is None:
            return Finding.objects.get(key=key, closed_at=None)
        record(actor, "finding.open", made, after=finding_facts(made))
    return made


def finding_assign(
    *, actor: Actor, finding_id: int, owner_id: int | None, due_on: date | None, reason: str = ""
) -> Finding:
    """Set who sees to a finding and by when; setting what stands changes nothing."""
    with transaction.atomic():
        finding = _locked(actor, finding_id)
        require(actor, "finding.manage", finding.model)
        _still_open(finding)
        before = finding_facts(finding)
        owner = User.objects.filter(pk=owner_id, is_active=True).first() if owner_id else None
        if owner_id and owner is None:
            raise Invalid.at("owner", "Choose somebody who can sign in.")
        finding.owner, finding.due_on = owner, due_on
        after = finding_facts(finding)
        if before == after:
            return finding
        if before["owner"] != after["owner"]:
            finding.told_at = None  # its new owner has not heard of it
        finding.save(update_fields=["owner", "due_on", "told_at"])
        record(actor, "finding.assign", finding, before=before, after=after, reason=reason.strip())
    return finding


def finding_close(*, actor: Actor, finding_id: int, resolution: str) -> Finding:
    """Close a finding with what was done about it; never by the one who had to see to it.

    Closing a closed one changes nothing.
    """
    resolution = resolution.strip()
    with transaction.atomic():
        finding = _locked(actor, finding_id)
        require(actor, "finding.manage", finding.model)
        if finding.closed_at:
            return finding
        if actor.user_id and actor.user_id == finding.owner_id:
            raise Denied(
                "You own this finding, so somebody else closes it: a validator, another owner of "
                "this model's team, or the governance lead. Tell them what you did.",
                code="own-finding",
            )
        if not 0 < len(resolution) <= LONGEST_TEXT:
            raise Invalid.at(
                "resolution", f"Say what was done about it, in 1 to {LONGEST_TEXT} characters."
            )
        before = finding_facts(finding)
        finding.closed_at = timezone.now()
        finding.closed_by_id = actor.user_id
        finding.closed_by_name, finding.resolution = actor.name, resolution
        finding.save(update_fields=["closed_at", "closed_by", "closed_by_name", "resolution"])
        record(
            actor,
            "finding.close",
            finding,
            before=before,
            after=finding_facts(finding),
            reason=resolution,
        )
    return finding


def findings_settle(*, actor: Actor, keys: list[str], resolution: str) -> int:
    """Close the open findings of these keys, because their fact is no more; how many there were."""
    with transaction.atomic():
        # All of them before the first is recorded: others lock a finding before the trail's head.
        rows = Finding.objects.select_for_update().filter(key__in=keys, closed_at=None)
        found = [finding.pk for finding in rows.order_by("pk")]
        for pk in found:
            finding_close(actor=actor, finding_id=pk, resolution=resolution)
    return len(found)


def finding_facts(finding: Finding) -> dict[str, Any]:
    """What the trail keeps of a finding."""
    return {
        "model": finding.model.name,
        "version": finding.version.version if finding.version else None,
        "kind": finding.kind,
        "severity": finding.severity,
        "text": finding.text,
        "owner": str(finding.owner) if finding.owner else None,
        "due_on": finding.due_on,
        "closed_at": finding.closed_at,
    }


def _check(kind: str, severity: str, text: str) -> None:
    if kind not in FindingKind.values:
        raise Invalid.at("kind", f"Choose one of {', '.join(FindingKind.values)}.")
    if severity not in Severity.values:
        raise Invalid.at("severity", f"Choose one of {', '.join(Severity.values)}.")
    if not 0 < len(text.strip()) <= LONGEST_TEXT:
        raise Invalid.at("text", f"Say what was found, in 1 to {LONGEST_TEXT} characters.")


def _insert(wanted: Finding) -> Finding | None:
    try:
        with transaction.atomic():
            wanted.save(force_insert=True)
    except IntegrityError:  # the same fact was found twice at the same time
        return None
    return wanted


def _locked(actor: Actor, finding_id: int) -> Finding:
    rows = visible_findings(actor).select_for_update(of=("self",))
    rows = rows.select_related("model__team__business_unit", "version__model", "owner")
    found = rows.filter(pk=finding_id).first()
    if found is None:
        raise Invalid("There is no such finding.", code="unknown-finding")
    return found


def _still_open(finding: Finding) -> None:
    if finding.closed_at:
        raise Conflict("This finding is closed; its owner and due date stay as they were.")
