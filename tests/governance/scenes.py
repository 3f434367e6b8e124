"""Requests walked through the real services: a version with its people, filed, signed, granted."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from governance.checks.models import (
    ArtifactManifest,
    CheckResult,
    CheckRun,
    ManifestState,
    Verdict,
)
from governance.policies.queries import policy_in_force
from governance.policies.rules import required_checks
from governance.requests.models import ApprovalRequest, SignOff
from governance.requests.parts import sha256_of
from governance.requests.seats import seat_states
from governance.requests.services import request_open, request_sign, request_submit
from governance.requests.standing import with_facts
from governance.requests.subjects import subject_of
from portal.accounts.actors import person
from portal.accounts.models import Team, User
from portal.accounts.permissions import Role
from portal.actors import Actor
from registry.cards.answers import Answer, State
from registry.cards.services import card_save
from registry.inventory.models import ModelVersion
from tests.factories import make_model, make_team, make_user, make_version

PURPOSE = "Replaces the champion, whose error grew over the summer."


@dataclass
class Scene:
    """A version with the people around it; all signing roles are held by others than its maker."""

    version: ModelVersion
    team: Team
    scientist: User
    people: dict[str, User]

    def actor(self, role: str) -> Actor:
        """The person of that role as an actor, with the roles held now."""
        return actor_for(self.people[role])

    @property
    def author(self) -> Actor:
        """The scientist who files."""
        return actor_for(self.scientist)


def actor_for(user: User) -> Actor:
    """A person as an actor, as read from the database now."""
    return person(User.objects.get(pk=user.pk), request_id="test-request")


def make_scene(tier: str = "T3", **fields: Any) -> Scene:
    team = make_team()
    model = make_model(team=team, risk_tier=tier, tier_reason="for the test")
    scientist = make_user(Role.DATA_SCIENTIST, team=team, display_name="Sam Scientist")
    people = {Role.MODEL_OWNER.value: make_user(Role.MODEL_OWNER, team=team)}
    for role in (
        Role.VALIDATOR,
        Role.ML_OPS,
        Role.DATA_GOVERNANCE,
        Role.PRIVACY,
        Role.EXECUTIVE,
        Role.GOVERNANCE_LEAD,
    ):
        people[role.value] = make_user(role)
    version = make_version(model, **{"run_user": "trainer-without-account", **fields})
    return Scene(version, team, scientist, people)


def another_version(scene: Scene, **fields: Any) -> Scene:
    """The same people around a newer version of the same model."""
    version = make_version(scene.version.model, **{"run_user": "trainer-without-account", **fields})
    return Scene(version, scene.team, scene.scientist, scene.people)


def read_artifact(version: ModelVersion, content: str = "model.skops") -> ArtifactManifest:
    """The version's artifact as read now: one file with that content."""
    files = [{"path": "model.skops", "size": len(content), "sha256": sha256_of({"is": content})}]
    return ArtifactManifest.objects.create(
        version=version,
        state=ManifestState.COMPLETE,
        digest=sha256_of({"files": files}),
        files=files,
        total_bytes=len(content),
        scanner="test",
    )


def run_checks(
    version: ModelVersion,
    environment: str = "production",
    *,
    failing: tuple[str, ...] = (),
    verdict: str = Verdict.FAIL,
) -> CheckRun:
    """A run in which every required check passes but those named."""
    policy = policy_in_force()
    tier = version.model.risk_tier or "T4"
    checks = dict.fromkeys((*required_checks(policy, tier), *failing), Verdict.PASS.value)
    checks.update(dict.fromkeys(failing, str(verdict)))
    run = CheckRun.objects.create(
        version=version,
        environment=environment,
        tier=tier,
        policy=policy,
        manifest=version.manifests.first(),
        digest=sha256_of({"verdicts": checks}),
        why="for the test",
    )
    CheckResult.objects.bulk_create(
        CheckResult(
            run=run,
            check_id=name,
            title=name.replace("_", " ").capitalize(),
            verdict=found,
            is_required=name in required_checks(policy, tier),
        )
        for name, found in checks.items()
    )
    return run


def write_card(actor: Actor, version: ModelVersion, **answers: Any) -> None:
    """Answer some fields of the card as this person."""
    newest = version.card_revisions.first()
    card_save(
        actor=actor,
        version_id=version.pk,
        base_revision=newest.number if newest else 0,
        changes={key: Answer(State.WRITTEN, value) for key, value in answers.items()},
    )


def filed(
    scene: Scene | None = None, *, state: str = "in_review", environment: str = "production"
) -> ApprovalRequest:
    """A request in the state draft, submitted, in_review, approved, rejected or changes_requested.

    All but `submitted` have checks that passed.
    """
    scene = scene or make_scene()
    if state != "submitted":
        if not scene.version.manifests.exists():
            read_artifact(scene.version)
        run_checks(scene.version, environment)
    request = request_open(
        actor=scene.author, version_id=scene.version.pk, environment=environment, purpose=PURPOSE
    )
    if state == "draft":
        return request
    request = request_submit(actor=scene.author, request_id=request.pk)
    if state == "approved":
        sign_all(scene, request)
    elif state in ("rejected", "changes_requested"):
        decision = "reject" if state == "rejected" else "return"
        sign(scene, request, next_role(request), decision=decision)
    request.refresh_from_db()
    return request


def sign(
    scene: Scene,
    request: ApprovalRequest,
    role: str,
    *,
    decision: str = "approve",
    user: User | None = None,
    **fields: Any,
) -> SignOff:
    """Sign a seat through the service, as the scene's person of that role unless told otherwise."""
    actor = actor_for(user) if user else scene.actor(role)
    digest = ApprovalRequest.objects.values_list("digest", flat=True).get(pk=request.pk)
    given = {
        "actor": actor,
        "request_id": request.pk,
        "role": role,
        "decision": decision,
        "reason": "Read the evidence and the card.",
        "digest": digest,
        "reauthenticated_at": timezone.now(),
        **fields,
    }
    return request_sign(**given)


def sign_all(scene: Scene, request: ApprovalRequest) -> ApprovalRequest:
    """Sign every seat in an order that the policy allows."""
    while role := next_role(request):
        sign(scene, request, role)
    request.refresh_from_db()
    return request


def next_role(request: ApprovalRequest) -> str:
    """The role of the next seat that can be signed; empty when all are."""
    fresh = with_facts(ApprovalRequest.objects.all()).get(pk=request.pk)
    live = subject_of(fresh.version, fresh.environment, fresh)
    return next((s.seat.role for s in seat_states(fresh, live.parts) if s.is_open), "")
