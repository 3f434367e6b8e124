"""May it run there? Computed from the facts as they are at this moment, never from tags."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from governance.checks.models import ArtifactManifest, ManifestState
from governance.gate.models import GateAnswer, GateMode
from governance.gate.questions import Objection, Question, Target, target_of
from governance.policies.models import PolicyRevision
from governance.policies.queries import is_intact, policy_in_force
from governance.policies.rules import approval_needed, gate_mode
from governance.reasons import Reason
from governance.requests.models import ApprovalRequest, Condition
from governance.requests.standing import Standing, approval_for
from portal.actors import Actor
from portal.errors import Conflict
from registry.inventory.models import ModelVersion

# How long an answer may be relied upon when Signet cannot be asked again.
STATEMENT_LIFE = timedelta(hours=24)


@dataclass(frozen=True)
class Judgement:
    """What the gate finds about one question."""

    question: Question
    at: datetime
    mode: str = GateMode.ENFORCE
    policy: PolicyRevision | None = None
    version: ModelVersion | None = None
    request: ApprovalRequest | None = None
    digest: str = ""
    objections: list[Objection] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)

    @property
    def approved(self) -> bool:
        """Whether nothing stands against it, whatever the mode."""
        return not self.objections

    @property
    def answer(self) -> GateAnswer:
        """What the pipeline is told: only enforce mode closes the gate."""
        if self.objections and self.mode == GateMode.ENFORCE:
            return GateAnswer.DENY
        return GateAnswer.CONDITIONS if self.conditions else GateAnswer.ALLOW

    @property
    def codes(self) -> list[str]:
        """The reason codes, each once."""
        return list(dict.fromkeys(objection.code.value for objection in self.objections))

    @property
    def valid_until(self) -> datetime | None:
        """Until when an approval may be relied upon without asking again; None without one."""
        if not self.approved:
            return None
        ends = [self.at + STATEMENT_LIFE]
        if self.request and self.request.expires_at:
            ends.append(self.request.expires_at)
        for condition in self.conditions:
            ends.append(datetime.combine(condition.due_on + timedelta(days=1), time(), UTC))
        return min(ends)


def judge(actor: Actor, question: Question, *, at: datetime, locking: bool) -> Judgement:
    """Everything that stands against the version, by the policy in force."""
    policy = policy_in_force()
    if not is_intact(policy):
        raise Conflict(f"Policy revision {policy.number} is not as it was published.")
    target = target_of(actor, question, locking=locking)
    objections = list(target.objections)
    standing = None
    if target.judged and approval_needed(policy, question.environment):
        if locking:
            _lock_requests(target.judged, question.environment)
        standing = approval_for(target.judged, question.environment, at=at)
        objections += _causes(standing, known={objection.code for objection in objections})
    request = standing.request if standing else None
    digest = _digest(target, request)
    return Judgement(
        question=question,
        at=at,
        mode=gate_mode(policy, question.environment),
        policy=policy,
        version=target.version,
        request=request,
        digest=digest,
        objections=objections + (_differing(question, digest) if target.judged else []),
        conditions=standing.conditions if standing and not objections else [],
    )


def undecided(question: Question, *, at: datetime, text: str) -> Judgement:
    """The judgement when the facts could not be established: closed."""
    return Judgement(question=question, at=at, objections=[Objection(Reason.COULD_NOT_TELL, text)])


def _lock_requests(version: ModelVersion, environment: str) -> None:
    """Hold the requests still until the answer is written, after the model's own row."""
    rows = ApprovalRequest.objects.filter(version=version, environment=environment)
    list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk"))


def _causes(standing: Standing, *, known: set[Reason]) -> list[Objection]:
    causes = [Objection(c.code, c.text) for c in standing.causes if c.code not in known]
    if standing.holds or causes or known:
        return causes
    return [Objection(Reason.COULD_NOT_TELL, "The approval does not hold, and no cause is known.")]


def _digest(target: Target, request: ApprovalRequest | None) -> str:
    """The artifact digest that was approved, or the one last read where none has to be."""
    if request and request.subject:
        return str(request.subject.get("parts", {}).get("artifact", {}).get("digest") or "")
    read = ArtifactManifest.objects.filter(version=target.judged, state=ManifestState.COMPLETE)
    return read.order_by("-id").values_list("digest", flat=True).first() or ""


def _differing(question: Question, digest: str) -> list[Objection]:
    if not question.digest or question.digest == digest:
        return []
    if not digest:
        text = "No digest of the artifact is on record, so what would run cannot be compared."
        return [Objection(Reason.COULD_NOT_TELL, text)]
    return [
        Objection(
            Reason.STALE_DIGEST,
            f"What would run has the digest {question.digest[:12]}…, the artifact on record "
            f"{digest[:12]}….",
        )
    ]
