"""Approvals given through the services that people use."""

from django.utils import timezone

from governance.checks.models import ArtifactManifest, CheckResult, CheckRun
from governance.policies.queries import policy_in_force
from governance.requests.models import ApprovalRequest
from governance.requests.services.filing import request_open, request_submit
from governance.requests.services.signing import request_sign
from portal.accounts.actors import person
from portal.accounts.models import Team, User
from portal.accounts.permissions import Role
from registry.inventory.models import ModelVersion, RegisteredModel
from tests.factories import make_team, make_user

REQUIRED = ("artifact_digest", "artifact_scan", "critical_findings")


def team_of(model: RegisteredModel) -> Team:
    """The model's team, made now for a model that has none, with the lowest tier."""
    if model.team is None or not model.risk_tier:
        model.team, model.risk_tier = model.team or make_team(), model.risk_tier or "T4"
        RegisteredModel.objects.filter(pk=model.pk).update(
            team=model.team, risk_tier=model.risk_tier
        )
    return model.team


def checked(version: ModelVersion, environment: str = "production") -> CheckRun:
    """A manifest and a run of the checks in which everything that is required passes."""
    manifest = ArtifactManifest.objects.create(
        version=version,
        state="complete",
        digest=f"{version.pk:064x}",
        files=[{"path": "MLmodel", "size": 3, "sha256": "a" * 64}],
        total_bytes=3,
    )
    run = CheckRun.objects.create(
        version=version,
        environment=environment,
        tier=version.model.risk_tier,
        policy=policy_in_force(),
        manifest=manifest,
        digest=f"{version.pk:064x}",
    )
    for name in REQUIRED:
        CheckResult.objects.create(
            run=run, check_id=name, title=name, verdict="pass", is_required=True
        )
    return run


def approved(
    version: ModelVersion, *, environment: str = "production", owner: User | None = None
) -> ApprovalRequest:
    """An approval of this version, filed by a scientist and signed by an owner of its team."""
    team = team_of(version.model)
    version = ModelVersion.objects.select_related("model__team").get(pk=version.pk)
    checked(version, environment)
    scientist = person(make_user(Role.DATA_SCIENTIST, team=team))
    owner = owner or make_user(Role.MODEL_OWNER, team=team)
    request = request_open(actor=scientist, version_id=version.pk, environment=environment)
    request = request_submit(actor=scientist, request_id=request.pk)
    request_sign(
        actor=person(owner),
        request_id=request.pk,
        role=Role.MODEL_OWNER,
        decision="approve",
        reason="Looked at everything.",
        digest=request.digest,
        reauthenticated_at=timezone.now(),
    )
    request.refresh_from_db()
    assert request.state == "approved"
    return request
