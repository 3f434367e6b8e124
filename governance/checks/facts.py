"""What checks look at: the facts of one version, each read once and only when a check asks."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property

from django.db.models import QuerySet
from django.urls import reverse

from governance.checks.evaluation import Evaluation, evaluation_of
from governance.checks.models import ArtifactManifest, ManifestState
from governance.findings.models import Finding, Severity
from governance.policies.models import PolicyRevision
from governance.policies.rules import thresholds_for
from governance.requests.models import GRANTED_STATES, ApprovalRequest
from registry.cards.view import CardView, FieldView, card_of
from registry.deployments.models import Deployment
from registry.inventory.models import ModelVersion

CHAMPION = "champion"


@dataclass
class Facts:
    """The facts of `version` for `environment`; `version` has its model, owner and team loaded."""

    version: ModelVersion
    environment: str
    policy: PolicyRevision

    def under(self, policy: PolicyRevision) -> "Facts":
        """The same facts, already read, under another policy."""
        other = copy(self)
        other.policy = policy
        other.__dict__.pop("thresholds", None)
        return other

    @property
    def tier(self) -> str:
        """The model's tier; empty when nobody has assessed it."""
        return self.version.model.risk_tier

    @cached_property
    def card(self) -> CardView:
        """The card as it stands now."""
        return card_of(self.version)

    def answer(self, key: str) -> FieldView:
        """One field of the card."""
        return self.card.field(key)

    @cached_property
    def evaluation(self) -> Evaluation:
        """What the pipeline logged about the evaluation."""
        return evaluation_of(self.version)

    @cached_property
    def thresholds(self) -> Mapping[str, Mapping[str, float]]:
        """What the metrics must reach: the policy's limits and the pipeline's, the stricter."""
        return stricter(
            thresholds_for(self.policy, self.version.model.task), self.evaluation.thresholds
        )

    @cached_property
    def manifest(self) -> ArtifactManifest | None:
        """The newest reading of the artifact, also one that failed."""
        return self.version.manifests.defer("files").first()

    @cached_property
    def read(self) -> ArtifactManifest | None:
        """The newest reading that came to an end."""
        if self.manifest and self.manifest.state == ManifestState.COMPLETE:
            return self.manifest
        return self._complete.first()

    @cached_property
    def first_digest(self) -> str:
        """The digest of the first reading that came to an end."""
        return self._complete.order_by("id").values_list("digest", flat=True).first() or ""

    @property
    def _complete(self) -> QuerySet[ArtifactManifest]:
        return self.version.manifests.filter(state=ManifestState.COMPLETE).defer("files")

    @cached_property
    def file_names(self) -> list[str]:
        """The paths of the artifact's files as last read completely."""
        if self.read is None:
            return []
        files = ArtifactManifest.objects.values_list("files", flat=True).get(pk=self.read.pk)
        return [str(entry["path"]) for entry in files]

    @cached_property
    def serving(self) -> list[Deployment]:
        """What serves of this model in the environment, the newest first."""
        live = Deployment.objects.filter(
            version__model_id=self.version.model_id,
            environment=self.environment,
            ended_at__isnull=True,
        )
        return list(live.select_related("version").order_by("-started_at"))

    @cached_property
    def champion(self) -> ModelVersion | None:
        """The version that is compared with: the alias champion, else what serves already."""
        named = self.version.model.aliases.get(CHAMPION)
        if named:
            found = ModelVersion.objects.filter(
                model_id=self.version.model_id, version=named, gone_at__isnull=True
            ).first()
            if found:
                return found
        return self.serving[0].version if self.serving else None

    @cached_property
    def granted(self) -> list[ApprovalRequest]:
        """The granted requests of the model's other versions for the environment, newest first."""
        requests = ApprovalRequest.objects.filter(
            version__model_id=self.version.model_id,
            environment=self.environment,
            state__in=GRANTED_STATES,
        )
        return list(requests.exclude(version=self.version).select_related("version"))

    @cached_property
    def critical(self) -> list[Finding]:
        """The open critical findings about this version or the whole model."""
        found = Finding.objects.filter(
            model_id=self.version.model_id, severity=Severity.CRITICAL, closed_at__isnull=True
        )
        return [f for f in found if f.version_id in (None, self.version.pk)]

    @property
    def version_link(self) -> str:
        """The version's page."""
        return reverse("version_detail", args=[self.version.model_id, self.version.version])

    def card_link(self, section: str = "") -> str:
        """The card's page, at one of its sections."""
        page = reverse("card_detail", args=[self.version.model_id, self.version.version])
        return f"{page}#{section}" if section else page


def stricter(
    one: Mapping[str, Mapping[str, float]], other: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Both sets of limits; where both name one, the one that is harder to meet."""
    merged = {metric: dict(limits) for metric, limits in one.items()}
    for metric, limits in other.items():
        kept = merged.setdefault(metric, {})
        for side, value in limits.items():
            pick = max if side == "min" else min
            kept[side] = pick(kept[side], value) if side in kept else value
    return merged
