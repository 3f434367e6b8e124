"""What on a model needs somebody's attention, and where to see to it."""

from dataclasses import dataclass

from django.urls import reverse

from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.deployments.models import Deployment, Environment
from registry.inventory.models import DetailState, ModelVersion, RegisteredModel


@dataclass(frozen=True)
class Hint:
    """One thing to see to; with an address when this person can do it."""

    level: str
    title: str
    text: str
    url: str = ""
    action: str = ""


def hints(
    actor: Actor,
    model: RegisteredModel,
    versions: list[ModelVersion],
    live: list[Deployment],
) -> list[Hint]:
    """Everything that needs attention, the most pressing first."""
    found = _serving(model, live) + _duties(actor, model)
    if model.gone_at:
        return found
    return found + _versions(model, versions)


def _serving(model: RegisteredModel, live: list[Deployment]) -> list[Hint]:
    found = []
    gone = [d for d in live if model.gone_at or (d.version and d.version.gone_at)]
    if gone:
        text = f"{gone[0].name} serves something that {model.source.name} no longer has."
        found.append(Hint("error", "Serves, but gone at the source.", text))
    for deployment in live:
        version = deployment.version.version if deployment.version else ""
        if (
            deployment.environment == Environment.PRODUCTION
            and model.champion_version
            and version != model.champion_version
        ):
            text = (
                f"{deployment.name} serves version {version} in production; "
                f"the champion is version {model.champion_version}."
            )
            found.append(Hint("warning", "Not the champion.", text))
    return found


def _duties(actor: Actor, model: RegisteredModel) -> list[Hint]:
    found = []
    if model.owner_id is None or model.team_id is None:
        missing = " and no ".join(
            word
            for word, there in (("owner", model.owner_id), ("team", model.team_id))
            if there is None
        )
        url = reverse("model_assign", args=[model.pk])
        may = allowed(actor, "model.assign", model)
        text = "Nobody can be asked about it yet."
        found.append(Hint("warning", f"No {missing}.", text, url if may else "", "Assign"))
    if not model.risk_tier:
        url = reverse("model_tier", args=[model.pk])
        may = allowed(actor, "tier.assess", model)
        text = "Its tier decides which checks and sign-offs it needs."
        found.append(Hint("warning", "No risk tier.", text, url if may else "", "Assess its risk"))
    return found


def _versions(model: RegisteredModel, versions: list[ModelVersion]) -> list[Hint]:
    found = []
    if versions and not model.champion_version:
        text = "No version has the alias champion at the source, so nothing says which one counts."
        found.append(Hint("info", "No champion.", text))
    gaps = model.card_required - model.card_answered
    if gaps > 0 and model.latest_version:
        url = reverse("card_detail", args=[model.pk, model.latest_version])
        text = f"{gaps} of {model.card_required} required fields of version {model.latest_version}."
        found.append(Hint("info", "Card has gaps:", text, url, "Open the card"))
    failed = [v for v in versions if v.detail_state == DetailState.FAILED and not v.gone_at]
    if failed:
        named = ", ".join(v.version for v in failed[:5])
        text = f"Version {named}: {failed[0].detail_error or 'the source gave no reason'}."
        found.append(Hint("warning", "Details could not be read.", text))
    return found
