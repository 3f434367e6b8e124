"""Where a claim of a card can be checked: the page at the source that a pulled value came from."""

from registry.cards.view import CardView
from registry.inventory.links import logged_model_link, run_link, version_link


def evidence_links(card: CardView) -> list[tuple[str, str]]:
    """The pages at the source behind this card, as (words, address); only those that exist."""
    version = card.version
    links = [
        (f"Run {version.run_id[:8]}: parameters, metrics, data sets", run_link(version)),
        ("Logged model: signature and files", logged_model_link(version)),
        ("Version: tags and aliases", version_link(version)),
    ]
    return [(words, address) for words, address in links if address]
