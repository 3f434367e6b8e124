"""What people decide about a registered model: who answers for it, and how much is at stake."""

from typing import Any

from django.db import transaction

from portal.accounts.models import User
from portal.accounts.permissions import require
from portal.accounts.queries import team_chosen
from portal.actors import Actor
from portal.errors import Conflict, Invalid
from portal.trail.services import record
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import RegisteredModel, RiskTier
from registry.inventory.queries import visible_models

REASON_LENGTH = 1000
STALE = (
    "Somebody changed this while you were looking at it, so nothing was saved. Reload the page to "
    "see what it is now, then try again."
)


def assignment_stamp(model: RegisteredModel) -> str:
    """What a form about owner and team has seen; it changes when either does."""
    return f"{model.owner_id or ''}:{model.team_id or ''}"


def tier_stamp(model: RegisteredModel) -> str:
    """What a form about the risk tier has seen."""
    return f"{model.risk_tier}:{model.tier_reason}"


def model_assign(
    *,
    actor: Actor,
    model_id: int,
    owner_id: int | None,
    team_id: int | None,
    reason: str = "",
    seen: str | None = None,
) -> RegisteredModel:
    """Name the owner and the team that answer for a model; Conflict unless `seen` still holds."""
    with transaction.atomic():
        model = _locked(actor, model_id)
        require(actor, "model.assign", model)
        if seen is not None and seen != assignment_stamp(model):
            raise Conflict(STALE, code="stale")
        owner, team = _owner(owner_id), team_chosen(team_id)
        reason = _reason(reason)
        if (model.owner_id, model.team_id) == (owner_id, team_id):
            return model
        before = _assignment(model)
        model.owner, model.team = owner, team
        model.save(update_fields=["owner", "team"])
        refresh_models([model.pk])
        record(actor, "model.assign", model, before=before, after=_assignment(model), reason=reason)
    return visible_models(actor).get(pk=model.pk)


def model_set_tier(
    *, actor: Actor, model_id: int, tier: str, reason: str, seen: str | None = None
) -> RegisteredModel:
    """Set a model's risk tier, always with a reason; Conflict unless `seen` still holds."""
    with transaction.atomic():
        model = _locked(actor, model_id)
        require(actor, "model.set_tier", model)
        if seen is not None and seen != tier_stamp(model):
            raise Conflict(STALE, code="stale")
        if tier not in RiskTier.values:
            raise Invalid.at("tier", f"Choose one of {', '.join(RiskTier.values)}.")
        reason = _reason(reason)
        if not reason:
            raise Invalid.at("reason", "Say why this tier fits: what a wrong prediction costs.")
        if (model.risk_tier, model.tier_reason) == (tier, reason):
            return model
        before = {"risk_tier": model.risk_tier, "reason": model.tier_reason}
        model.risk_tier, model.tier_reason = tier, reason
        model.save(update_fields=["risk_tier", "tier_reason"])
        refresh_models([model.pk])
        after = {"risk_tier": tier, "reason": reason}
        record(actor, "model.set_tier", model, before=before, after=after, reason=reason)
    return visible_models(actor).get(pk=model.pk)


def _locked(actor: Actor, model_id: int) -> RegisteredModel:
    return (
        visible_models(actor)
        .select_for_update(of=("self",))
        .select_related("owner", "team__business_unit")
        .get(pk=model_id)
    )


def _owner(owner_id: int | None) -> User | None:
    if owner_id is None:
        return None
    owner = User.objects.filter(pk=owner_id, is_active=True).first()
    if owner is None:
        raise Invalid.at("owner", "Nobody active has this account; choose somebody from the list.")
    return owner


def _reason(reason: str) -> str:
    reason = reason.strip()
    if len(reason) > REASON_LENGTH:
        raise Invalid.at("reason", f"At most {REASON_LENGTH} characters; this has {len(reason)}.")
    return reason


def _assignment(model: RegisteredModel) -> dict[str, Any]:
    """Owner and team for the trail, by name too: names outlive rows."""
    return {
        "owner_id": model.owner_id,
        "owner": str(model.owner) if model.owner else None,
        "team_id": model.team_id,
        "team": str(model.team) if model.team else None,
        "business_unit": str(model.team.business_unit) if model.team else None,
    }
