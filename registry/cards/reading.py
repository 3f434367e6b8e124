"""What the read view shows around a card's sections."""

from typing import Any

from portal.actors import Actor
from registry.cards.claims import evidence_by_field, evidence_links
from registry.cards.figures import charts_of
from registry.cards.models import CardPin
from registry.cards.revisions import digest_matches
from registry.cards.summary import summary_of
from registry.cards.view import CardView
from registry.inventory.queries import visible_versions

CHARTED = 50


def reading(actor: Actor, card: CardView) -> dict[str, Any]:
    """The summary, the charts, the evidence and the proof of the revision that is shown."""
    versions = visible_versions(actor).filter(model_id=card.version.model_id)
    return {
        "questions": summary_of(card),
        "charts": charts_of(card, list(versions.order_by("-ordinal")[:CHARTED])),
        "evidence": evidence_links(card),
        "claims": evidence_by_field(card),
        "digest_matches": bool(card.revision and digest_matches(card.revision)),
        "pin": CardPin.objects.filter(revision=card.revision).first() if card.revision else None,
    }
