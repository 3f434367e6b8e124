"""Django finds governance's models here; each lives with its subject."""

from governance.checks.models import ArtifactManifest, CheckResult, CheckRun
from governance.findings.models import Finding
from governance.gate.models import GateDecision
from governance.packs.models import EvidencePack
from governance.plans.models import ChangePlan
from governance.policies.models import PolicyRevision
from governance.promotion.models import DeploymentApproval
from governance.requests.models import (
    ApprovalRequest,
    Condition,
    Delegation,
    EmergencyReview,
    EvidenceOpening,
    RequestComment,
    Seat,
    SignOff,
    Suspension,
)
from governance.tiers.models import TierAssessment
from governance.writeback.models import AliasMove, SourceStyle, WriteBack

__all__ = [
    "AliasMove",
    "ApprovalRequest",
    "ArtifactManifest",
    "ChangePlan",
    "CheckResult",
    "CheckRun",
    "Condition",
    "Delegation",
    "DeploymentApproval",
    "EmergencyReview",
    "EvidenceOpening",
    "EvidencePack",
    "Finding",
    "GateDecision",
    "PolicyRevision",
    "RequestComment",
    "Seat",
    "SignOff",
    "SourceStyle",
    "Suspension",
    "TierAssessment",
    "WriteBack",
]
