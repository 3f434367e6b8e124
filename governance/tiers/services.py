"""Verbs on risk tiers: answering the questionnaire, and setting another tier than it gives."""

from collections.abc import Mapping

from django.db import transaction

from governance.tiers.models import TierAssessment
from governance.tiers.queries import assessment_of
from governance.tiers.questionnaire import CURRENT, Outcome, outcome_of, questionnaire_of
from portal.accounts.permissions import allowed, require
from portal.actors import Actor
from portal.errors import Conflict, Denied, Invalid
from portal.trail.services import record
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import RegisteredModel, RiskTier
from registry.inventory.queries import visible_models

REASON = 1_000
STALE = (
    "Somebody assessed this model while you were answering, so nothing was saved. Reload the page "
    "to see what was answered, then try again."
)


def tier_assess(
    *,
    actor: Actor,
    model_id: int,
    answers: Mapping[str, str],
    override_tier: str = "",
    override_reason: str = "",
    seen: int | None = None,
) -> TierAssessment:
    """Answer the questionnaire for a model and set the tier that follows, or a chosen one.

    A stricter tier than the computed one is free. A less strict one than the computed, or than the
    model has now, needs governance (`tier.lower`) and a reason. `seen` is the id of the assessment
    that was read, 0 for none; Conflict when another stands by now.
    """
    with transaction.atomic():
        model = _locked(actor, model_id)
        require(actor, "tier.assess", model)
        standing = assessment_of(model)
        if seen is not None and seen != (standing.pk if standing else 0):
            raise Conflict(STALE, code="stale")
        outcome = outcome_of(questionnaire_of(), answers)
        tier = _tier(override_tier, outcome)
        reason = _reason(override_reason)
        _may_set(actor, model, tier, outcome, reason)
        clean = {q.key: str(answers[q.key]) for q in questionnaire_of().questions}
        if standing and _same(standing, clean, tier, reason) and model.risk_tier == tier:
            return standing
        made = TierAssessment.objects.create(
            model=model,
            questionnaire=CURRENT,
            answers=clean,
            score=outcome.score,
            computed_tier=outcome.tier,
            tier=tier,
            flags=outcome.flags,
            rationale=outcome.rationale,
            override_reason=reason if tier != outcome.tier else "",
            by_id=actor.user_id,
            by_name=actor.name,
        )
        before = {"risk_tier": model.risk_tier, "reason": model.tier_reason}
        model.risk_tier, model.tier_reason = tier, said(made)
        model.save(update_fields=["risk_tier", "tier_reason"])
        refresh_models([model.pk])
        after = {
            "risk_tier": tier,
            "computed": outcome.tier,
            "score": outcome.score,
            "flags": outcome.flags,
            "answers": clean,
        }
        record(actor, "tier.assess", model, before=before, after=after, reason=reason)
    return made


def said(made: TierAssessment) -> str:
    """Why a model has its tier, in words for its card."""
    if made.tier == made.computed_tier:
        return made.rationale
    why = made.override_reason or "no reason was given; a stricter tier needs none"
    against = f"Set to {made.tier} by {made.by_name}, against {made.computed_tier}"
    return f"{against}: {why}. {made.rationale}"


def lowers(model: RegisteredModel, tier: str, outcome: Outcome) -> bool:
    """Whether a tier is less strict than the computed one, or than the one the model has."""
    return tier > outcome.tier or bool(model.risk_tier and tier > model.risk_tier)


def _locked(actor: Actor, model_id: int) -> RegisteredModel:
    models = visible_models(actor).select_for_update(of=("self",))
    return models.select_related("team__business_unit").get(pk=model_id)


def _tier(override: str, outcome: Outcome) -> str:
    if override and override not in RiskTier.values:
        raise Invalid.at("override_tier", f"Choose one of {', '.join(RiskTier.values)}.")
    return override or outcome.tier


def _reason(reason: str) -> str:
    reason = reason.strip()
    if len(reason) > REASON:
        text = f"At most {REASON:,} characters; this has {len(reason):,}."
        raise Invalid.at("override_reason", text)
    return reason


def _may_set(
    actor: Actor, model: RegisteredModel, tier: str, outcome: Outcome, reason: str
) -> None:
    if not lowers(model, tier, outcome):
        return
    if not allowed(actor, "tier.lower", model):
        against = outcome.tier if tier > outcome.tier else model.risk_tier
        raise Denied(
            f"{tier} is less strict than {against}, so data governance or the governance lead sets "
            "it. Ask one of them, or keep the stricter tier.",
            code="tier-lower",
        )
    if not reason:
        raise Invalid.at("override_reason", "Say why a less strict tier is enough.")


def _same(standing: TierAssessment, answers: Mapping[str, str], tier: str, reason: str) -> bool:
    kept = (standing.questionnaire, standing.answers, standing.tier, standing.override_reason)
    return kept == (CURRENT, answers, tier, reason if tier != standing.computed_tier else "")
