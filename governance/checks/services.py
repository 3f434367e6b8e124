"""Verbs on evidence: reading a version's artifact, and running its checks."""

from typing import Any

from django.db import transaction

from governance.checks.manifests import Bounds, Progress, Reading, artifact_read
from governance.checks.models import ArtifactManifest, CheckResult, CheckRun, ManifestState
from governance.checks.queries import latest_manifest
from governance.checks.running import LOADED, Findings, checks_find
from governance.checks.scanning import scanner_name
from governance.checks.signals import checks_finished
from governance.findings.models import FindingKind, Severity
from governance.findings.services import finding_open
from portal.accounts.permissions import require
from portal.actors import Actor, service
from portal.errors import Conflict, Invalid, Upstream
from portal.jobs.models import Job
from portal.jobs.services import job_enqueue
from portal.trail.services import record
from registry.connectors.base import VersionRef
from registry.deployments.models import Environment
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions
from registry.sources.connect import connector_of

WHY = 200


def checks_run(*, actor: Actor, version_id: int, environment: str, why: str) -> CheckRun:
    """Run every check on what is known now, and keep what they find.

    The artifact is taken as last read (`manifest_read`). When the newest run found exactly the
    same, under the same policy, that run is the answer and nothing is written.
    """
    with transaction.atomic():
        version = _version(actor, version_id)
        require(actor, "check.run", version)
        if environment not in Environment.values:
            raise Invalid.at("environment", f"Choose one of {', '.join(Environment.values)}.")
        findings = checks_find(version, environment)
        known = CheckRun.objects.filter(version=version, environment=environment).first()
        if known and (known.digest, known.manifest_id) == (findings.digest, _manifest(findings)):
            checks_finished.send(sender=CheckRun, run=known, actor=actor)
            return known
        run = _kept(findings, why)
        checks_finished.send(sender=CheckRun, run=run, actor=actor)
        record(actor, "check.run", run, after=_run_facts(run, findings), reason=run.why)
    return run


def checks_enqueue(*, actor: Actor, version_id: int, environment: str, why: str) -> Job:
    """Have a worker read the artifact if needed and run the checks; the job, also if it waits."""
    with transaction.atomic():
        version = _version(actor, version_id)
        require(actor, "check.run", version)
        if environment not in Environment.values:
            raise Invalid.at("environment", f"Choose one of {', '.join(Environment.values)}.")
        return job_enqueue(
            actor=actor,
            kind="governance.checks",
            key=f"version:{version.pk}:{environment}",
            args={"version_id": version.pk, "environment": environment},
            why=why[:WHY],
        )


def manifest_enqueue(*, actor: Actor, version_id: int, why: str) -> Job:
    """Have a worker read and hash the artifact again; the job, also if it waits already."""
    with transaction.atomic():
        version = _version(actor, version_id)
        require(actor, "check.run", version)
        return job_enqueue(
            actor=actor,
            kind="governance.manifest",
            key=f"version:{version.pk}",
            args={"version_id": version.pk},
            why=why[:WHY],
        )


def manifest_read(
    *,
    actor: Actor,
    version_id: int,
    bounds: Bounds | None = None,
    progress: Progress | None = None,
) -> ArtifactManifest:
    """Read, hash and scan a version's artifact by way of its source; for workers only.

    What cannot be read for good is kept as a failed reading; a source that does not answer raises
    Upstream, and the earlier reading stands. Files that differ from the first reading, and unsafe
    ones, open a finding.
    """
    version = _version(actor, version_id)
    require(actor, "check.run", version)
    try:
        reading: Reading | None = _reading(version, bounds, progress)
        error = ""
    except Upstream as problem:
        if not problem.permanent:
            raise
        reading, error = None, problem.message
    with transaction.atomic():
        # Two readings of one version end one after the other; rows that point at it go on.
        locked = ModelVersion.objects.select_for_update(of=("self",), no_key=True)
        version = locked.select_related(*LOADED).get(pk=version_id)
        earlier = latest_manifest(version)
        made = _manifest_kept(version, reading, error)
        record(actor, "manifest.read", made, after=_manifest_facts(made))
        if made.state == ManifestState.COMPLETE:
            _findings_open(version, made, earlier)
    return made


def _version(actor: Actor, version_id: int) -> ModelVersion:
    return visible_versions(actor).select_related(*LOADED).get(pk=version_id)


def _manifest(findings: Findings) -> int | None:
    newest = findings.facts.manifest
    return newest.pk if newest else None


def _kept(findings: Findings, why: str) -> CheckRun:
    facts = findings.facts
    run = CheckRun.objects.create(
        version=facts.version,
        environment=facts.environment,
        tier=facts.tier,
        policy=facts.policy,
        manifest=facts.manifest,
        digest=findings.digest,
        why=why[:WHY],
    )
    CheckResult.objects.bulk_create(
        CheckResult(
            run=run,
            check_id=outcome.check_id,
            title=outcome.title,
            verdict=outcome.verdict,
            is_required=outcome.is_required,
            looked_at=outcome.found.looked_at[:500],
            detail=outcome.found.detail[:4000],
            link=outcome.found.link[:500],
            facts=dict(outcome.found.facts),
        )
        for outcome in findings.outcomes
    )
    return run


def _run_facts(run: CheckRun, findings: Findings) -> dict[str, Any]:
    return {
        "environment": run.environment,
        "tier": run.tier,
        "policy": run.policy.number,
        "digest": run.digest,
        "verdicts": {outcome.check_id: outcome.verdict for outcome in findings.outcomes},
    }


def _reading(version: ModelVersion, bounds: Bounds | None, progress: Progress | None) -> Reading:
    if version.gone_at:
        raise Conflict("The version is gone at its source, so its files cannot be read.")
    connector = connector_of(version.model.source)
    try:
        wanted = VersionRef(version.model.name, version.version, version.source_uri, version.run_id)
        return artifact_read(connector.artifact(wanted), bounds=bounds, progress=progress)
    finally:
        connector.close()


def _manifest_kept(version: ModelVersion, reading: Reading | None, error: str) -> ArtifactManifest:
    if reading is None:
        return ArtifactManifest.objects.create(
            version=version, state=ManifestState.FAILED, error=error[:2000]
        )
    return ArtifactManifest.objects.create(
        version=version,
        state=ManifestState.COMPLETE,
        digest=reading.digest,
        files=reading.files,
        total_bytes=reading.total_bytes,
        scanner=scanner_name(),
        scan=reading.scan,
    )


def _manifest_facts(made: ArtifactManifest) -> dict[str, Any]:
    if made.state == ManifestState.FAILED:
        return {"error": made.error}
    return {
        "digest": made.digest,
        "files": len(made.files),
        "bytes": made.total_bytes,
        "unsafe": len(made.scan["dangerous"]),
    }


def _findings_open(
    version: ModelVersion, made: ArtifactManifest, earlier: ArtifactManifest | None
) -> None:
    """What a reading proves wrong becomes a finding; Signet opens it, whoever asked to read."""
    actor = service("governance")
    first = version.manifests.filter(state=ManifestState.COMPLETE).order_by("id").first()
    if earlier and first and first.digest != made.digest:
        finding_open(
            actor=actor,
            model=version.model,
            version=version,
            kind=FindingKind.ARTIFACT_CHANGED,
            severity=Severity.CRITICAL,
            key=f"artifact_changed:{version.pk}",
            text=(
                f"The files of {version} have changed since Signet first read them: "
                f"{first.digest[:16]} then, {made.digest[:16]} now. Approvals given for the first "
                "do not cover these. Register the new files as a version of their own."
            ),
            facts={"first": first.digest, "now": made.digest, "manifest": made.pk},
        )
    unsafe = made.scan.get("dangerous") or []
    if unsafe:
        finding_open(
            actor=actor,
            model=version.model,
            version=version,
            kind=FindingKind.UNSAFE_ARTIFACT,
            severity=Severity.CRITICAL,
            key=f"unsafe_artifact:{version.pk}",
            text=f"{version} carries files that run a program when loaded: {'; '.join(unsafe[:3])}",
            facts={"dangerous": unsafe, "manifest": made.pk},
        )
