"""A card as a file in one of the formats."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import slugify

from registry.cards.exchange.formats import Format
from registry.cards.view import CardView


def card_file(card: CardView, form: Format) -> HttpResponse:
    """The card as a download under a name that says what it is."""
    response = HttpResponse(form.export(card), content_type=form.media_type)
    response["Content-Disposition"] = content_disposition_header(True, file_name(card, form)) or ""
    return response


def file_name(card: CardView, form: Format) -> str:
    """The name under which a card is kept: the format's own where tools look for just that."""
    if form.key in ("yaml", "hf"):
        return form.file_name
    about = slugify(f"{card.version.model.name}-{card.version.version}-r{card.number}")
    return f"{about}.{form.file_name}"
