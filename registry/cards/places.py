"""Where each question of a card is answered."""

from django.urls import reverse

from registry.cards.schema import Field

# Answers that are given on the model's page, and the page's name.
SET_ON_MODEL = {
    "technical_owner": "model_assign",
    "team": "model_assign",
    "risk_tier": "model_tier",
    "tier_rationale": "model_tier",
}


def place_of(model_id: int, version: str, field: Field, *, may_edit: bool) -> str:
    """Where an answer is given, for somebody who may; otherwise where it would stand."""
    if field.key in SET_ON_MODEL:
        return reverse(SET_ON_MODEL[field.key], args=[model_id])
    name = "card_edit" if may_edit else "card_detail"
    place = f"?section={field.section}#field-{field.key}" if may_edit else f"#{field.section}"
    return reverse(name, args=[model_id, version]) + place
