"""What the editor asks while somebody types: keep these words, drop them, show them, who am I."""

import re
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import require
from portal.errors import Invalid
from registry.cards.answers import LIMITS
from registry.cards.drafts.queries import drafts_by_field
from registry.cards.drafts.services import Sender, draft_drop, draft_save
from registry.cards.forms import SectionForm
from registry.cards.inputs import Inputs
from registry.cards.markdown import rendered
from registry.cards.schema import FieldType, schema_of
from registry.cards.texts import plain_lines
from registry.cards.view import card_of
from registry.cards.views import address_of, page_context, version_at
from registry.inventory.models import ModelVersion

LONGEST_SEQ = 15
DIGEST = re.compile(r"[0-9a-f]{64}")


def _version_with(request: HttpRequest, pk: int, version: str, **_: Any) -> ModelVersion:
    return version_at(request, pk, version)


@needs({"POST": "card.edit"})
def card_draft(request: HttpRequest, pk: int, version: str, key: str) -> HttpResponse:
    """Keep what was typed into one field, and say how it stands: the part below the field."""
    found = version_at(request, pk, version)
    require(actor_of(request), "card.edit", found)
    _known(key)
    sent = request.POST
    base = sent.get(f"base-{key}", "")
    if not DIGEST.fullmatch(base):
        raise Invalid("The field's base is missing; reload the page. Your text is kept.")
    kept = draft_save(
        actor=actor_of(request),
        version_id=found.pk,
        key=key,
        inputs=Inputs(
            sent.get(f"state-{key}", "")[:16],
            plain_lines(sent.get(f"value-{key}", "")),
            plain_lines(sent.get(f"reason-{key}", "")),
        ),
        base=base,
        sender=_sender(request, key),
    )
    is_own = kept.view.by == actor_of(request).name
    context = {"kept": kept, "key": key, "model": found.model, "version": found, "is_own": is_own}
    status = 409 if kept.elsewhere else 200
    return render(request, "cards/_kept.html", context, status=status)


@needs({"POST": "card.edit"}, _version_with)
def card_draft_drop(request: HttpRequest, pk: int, version: str, key: str) -> HttpResponse:
    """Give up what was typed into one field; the field as the card has it."""
    found = version_at(request, pk, version)
    section = _known(key)
    draft_drop(actor=actor_of(request), version_id=found.pk, key=key)
    if not request.headers.get("HX-Request"):
        return redirect(f"{address_of('card_edit', found)}?section={section}#field-{key}")
    card = card_of(found)
    own, others = drafts_by_field(actor_of(request), found)
    form = SectionForm.of(card, section).with_drafts(own, others)
    item = next(item for item in form.fields if item.field.key == key)
    context = page_context(request, card) | {"item": item}
    return render(request, "cards/_field_form.html", context)


@needs({"POST": "card.edit"}, _version_with)
def card_preview(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """A long answer as readers will see it; nothing is kept."""
    text = plain_lines(request.POST.get("text", ""))
    most = LIMITS[FieldType.LONG_TEXT]
    if len(text) > most:
        raise Invalid.at("text", f"This is {len(text):,} characters long; at most {most:,} fit.")
    return render(request, "cards/_preview.html", {"html": rendered(text)})


@needs({"GET": "card.edit"}, _version_with)
def card_session(request: HttpRequest, pk: int, version: str) -> JsonResponse:
    """Who is signed in now, and the token that a form needs: after signing in in another tab."""
    answer = JsonResponse({"user": str(request.user.pk), "csrf": get_token(request)})
    answer["Cache-Control"] = "no-store"
    return answer


def _known(key: str) -> str:
    """The section of a field that people may answer; 404 for any other."""
    field = schema_of().by_key.get(key)
    if field is None or not field.editable:
        raise Http404
    return field.section


def _sender(request: HttpRequest, key: str) -> Sender:
    seq = request.POST.get("seq", "")
    return Sender(
        window=re.sub(r"[^0-9a-z]", "", request.POST.get("window", ""))[:32],
        seq=int(seq) if re.fullmatch(rf"[0-9]{{1,{LONGEST_SEQ}}}", seq) else 0,
        seen=request.POST.get(f"kept-{key}", "")[:60],
        said=request.POST.get("said", "")[:64],
    )
