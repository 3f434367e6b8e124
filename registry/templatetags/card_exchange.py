"""The menu of what a card can be taken home as."""

from typing import Any

from django import template

from registry.cards.exchange.formats import FORMATS
from registry.cards.view import CardView

register = template.Library()


@register.inclusion_tag("cards/_export_menu.html")
def export_menu(card: CardView, *, is_old: bool, may_edit: bool) -> dict[str, Any]:
    """Every document and format of the card that is shown, and the way to import one."""
    return {
        "card": card,
        "version": card.version,
        "model": card.version.model,
        "formats": FORMATS.values(),
        "is_old": is_old,
        "may_edit": may_edit,
    }
