"""Checks of the model card."""

from django.urls import reverse

from governance.checks.facts import Facts
from governance.checks.models import Verdict
from governance.checks.registry import Found, check

NAMED = 6


@check("card_complete", title="Model card complete for the tier")
def card_complete(facts: Facts) -> Found:
    """Whether every answer that the tier requires is on the card."""
    card = facts.card
    looked_at = f"{card.answered} of {card.required} required answers"
    missing = [gap.field.key for gap in card.gaps]
    found = {"missing": missing, "required": card.required, "tier": facts.tier}
    if not facts.tier:
        detail = "The model has no risk tier, so nobody can say what its card must answer."
        link = reverse("tier_assess", args=[facts.version.model_id])
        return Found(Verdict.FAIL, looked_at, detail, link, found)
    if not missing:
        detail = f"Everything that tier {facts.tier} asks is answered."
        return Found(Verdict.PASS, looked_at, detail, facts.card_link(), found)
    names = ", ".join(gap.field.label for gap in card.gaps[:NAMED])
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    detail = f"Missing for tier {facts.tier}: {names}{more}."
    return Found(Verdict.FAIL, looked_at, detail, facts.card_link(), found)
