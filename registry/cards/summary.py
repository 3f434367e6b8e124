"""A card in plain words before its sections: the questions of somebody who signs for it."""

from dataclasses import dataclass

from registry.cards.view import CardView, FieldView

QUESTIONS = (
    ("What it does", ("overview", "business_problem")),
    ("What it decides", ("decision_supported", "autonomy_level")),
    ("Who answers for it", ("technical_owner", "team", "business_owner", "contact")),
    ("How risky it is", ("risk_tier", "tier_rationale", "legal_class", "personal_data")),
    ("How good it is", ("metrics", "threshold", "baseline", "champion_delta")),
)


@dataclass(frozen=True)
class Question:
    """A reader's question, the fields that answer it, and those that should and do not."""

    title: str
    said: list[FieldView]
    missing: list[FieldView]


def summary_of(card: CardView) -> list[Question]:
    """The questions in order; a field that the card's schema does not have is left out."""
    known = {item.field.key: item for item in card.fields}
    found = []
    for title, keys in QUESTIONS:
        items = [known[key] for key in keys if key in known]
        said = [item for item in items if item.standing not in ("missing", "unknown")]
        found.append(Question(title, said, [item for item in items if item not in said]))
    return found
