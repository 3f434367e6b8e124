"""What an evidence pack of a version holds: plain facts, each read once."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, Q, QuerySet

from governance.checks.models import ArtifactManifest, CheckRun
from governance.findings.models import Finding
from governance.gate.models import GateDecision
from governance.policies.models import PolicyRevision
from governance.promotion.models import DeploymentApproval
from governance.requests.models import ApprovalRequest, SignOff
from governance.tiers.models import TierAssessment
from governance.writeback.models import AliasMove, WriteBack
from portal.trail.models import TrailEvent
from portal.trail.verification import event_row
from registry.cards.models import CardRevision
from registry.deployments.models import Deployment
from registry.inventory.models import ModelVersion

MOST_EVENTS = 20_000


def columns(row: Model, *without: str) -> dict[str, Any]:
    """Every column of a row by its name."""
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in without
    }


def rows(found: Iterable[Model], *without: str) -> list[dict[str, Any]]:
    """Every column of these rows."""
    return [columns(row, *without) for row in found]


class Collection:
    """The rows about one version."""

    def __init__(self, version: ModelVersion) -> None:
        self.version = version
        self.requests = list(
            ApprovalRequest.objects.filter(version=version)
            .exclude(state="draft")
            .select_related("policy", "card_revision", "plan")
            .order_by("pk")
        )
        ids = [request.pk for request in self.requests]
        self.sign_offs = list(SignOff.objects.filter(request__in=ids).order_by("pk"))
        numbers = {request.policy_id for request in self.requests}
        self.policies = list(PolicyRevision.objects.filter(pk__in=numbers).order_by("number"))
        self.runs = list(
            CheckRun.objects.filter(version=version).prefetch_related("results").order_by("pk")
        )
        self.manifests = list(ArtifactManifest.objects.filter(version=version).order_by("pk"))
        self.decisions = list(GateDecision.objects.filter(version=version).order_by("pk"))
        self.deployments = list(Deployment.objects.filter(version=version).order_by("pk"))
        self.approvals = list(
            DeploymentApproval.objects.filter(deployment__in=self.deployments).order_by("pk")
        )
        self.findings = list(
            Finding.objects.filter(Q(version=version) | Q(version=None, model=version.model))
        )
        self.moves = list(AliasMove.objects.filter(model=version.model).order_by("at", "pk"))
        self.write_backs = list(WriteBack.objects.filter(version=version).order_by("pk"))
        self.assessments = list(TierAssessment.objects.filter(model=version.model).order_by("pk"))
        self.revisions = list(CardRevision.objects.filter(version=version).order_by("number"))
        self.openings = [
            columns(opening) for request in self.requests for opening in request.openings.all()
        ]

    def request_facts(self, request: ApprovalRequest) -> dict[str, Any]:
        """One request with everything that hangs on it, but its signatures."""
        review = getattr(request, "review", None)
        return {
            "request": columns(request),
            "seats": rows(request.seats.order_by("pk")),
            "conditions": rows(request.conditions.order_by("pk"), "told"),
            "suspensions": rows(request.suspensions.order_by("pk")),
            "comments": rows(request.comments.order_by("pk")),
            "review": columns(review) if review else None,
            "plan": columns(request.plan) if request.plan else None,
        }

    def signatures(self, request: ApprovalRequest) -> list[dict[str, Any]]:
        """The signatures of a request: the exact text that was signed, and Signet's mark on it."""
        return rows(one for one in self.sign_offs if one.request_id == request.pk)

    def run_facts(self, run: CheckRun) -> dict[str, Any]:
        """One run of the checks with its results."""
        return columns(run) | {"results": rows(run.results.all())}

    def events(self) -> list[dict[str, Any]]:
        """Every event of the trail about these rows, as the trail's verifier reads them."""
        groups: list[list[Any]] = [
            [self.version],
            [self.version.model],
            self.requests,
            self.policies,
            self.runs,
            self.manifests,
            self.decisions,
            self.deployments,
            self.findings,
            self.assessments,
            self.revisions,
        ]
        about = Q()
        for group in filter(None, groups):
            kind = group[0]._meta.label_lower
            about |= Q(subject_kind=kind, subject_id__in=[str(row.pk) for row in group])
        found: QuerySet[TrailEvent] = TrailEvent.objects.filter(about).order_by("seq")
        return [event_row(event) for event in found[:MOST_EVENTS]]
