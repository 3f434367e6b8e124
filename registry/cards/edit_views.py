"""The editor of a model card: one section as a form, saved as a revision."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.errors import Invalid
from registry.cards.drafts.models import CardDraft
from registry.cards.drafts.queries import drafts_by_field
from registry.cards.drafts.services import Published, drafts_publish, is_waiting, says_more
from registry.cards.entries import Standing
from registry.cards.forms import SectionForm
from registry.cards.models import CardRevision
from registry.cards.notes import CardNotes
from registry.cards.schema import Section
from registry.cards.services import CardConflict
from registry.cards.view import CardView, SectionView, card_of
from registry.cards.views import address_of, page_context, version_at, whole
from registry.inventory.models import ModelVersion


@dataclass(frozen=True)
class SectionState:
    """How far a section is, for the list beside the form."""

    view: SectionView
    unknown: int
    amber: int
    comments: int
    drafts: int
    choices: int

    @property
    def section(self) -> Section:
        """The section."""
        return self.view.section

    @property
    def told(self) -> list[tuple[str, str, int, str]]:
        """What there is to say: (name, icon, how many, in words)."""
        found = [
            ("choices", "users", self.choices, "to choose between two texts"),
            ("amber", "alert-triangle", self.amber, "where the source has changed"),
            ("unknown", "help", self.unknown, "said to be unknown"),
            ("comments", "message", self.comments, "open comments"),
            ("drafts", "pencil", self.drafts, "drafts, in no revision yet"),
        ]
        return [item for item in found if item[2]]


@needs("card.edit", version_at)
def card_edit(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """One section of the card as a form."""
    found = version_at(request, pk, version)
    card = card_of(found)
    section = _section(request, card)
    if request.method == "POST":
        return _save(request, card, section)
    return _edit_page(request, SectionForm.of(card, section.section.key))


def _save(request: HttpRequest, card: CardView, section: SectionView) -> HttpResponse:
    base = whole(request.POST.get("base_revision", ""))
    read = card if base == card.number else _card_at(card.version, base)
    form = SectionForm.of(read, section.section.key, request.POST)
    note = request.POST.get("note", "")
    try:
        published = drafts_publish(
            actor=actor_of(request),
            version_id=card.version.pk,
            base_revision=base,
            form=form.asked,
            note=note,
        )
    except Invalid as error:
        return _edit_page(request, form.with_faults(error.fields), note=note, status=422)
    except CardConflict as conflict:
        keys = [clash.field.key for clash in conflict.clashes]
        newest = form.over(card_of(card.version), keys)
        return _edit_page(request, newest, note=note, conflict=conflict, status=409)
    messages.success(request, _told(card, published))
    return redirect(_after(request, card, section))


def _card_at(version: ModelVersion, base: int) -> CardView:
    try:
        return card_of(version, number=base)
    except CardRevision.DoesNotExist:
        raise Http404 from None


def _told(card: CardView, published: Published) -> str:
    saved = published.saved
    if saved.changed:
        text = f"Saved as revision {saved.revision.number if saved.revision else 0}."
    else:
        text = "Nothing had changed, so no revision was made."
    if saved.changed and saved.merged:
        names = _labels(card, saved.merged)
        text += f" Meanwhile somebody else changed {names}; both changes are kept."
    if published.waiting:
        names = _labels(card, published.waiting)
        text += f" Still a draft, because it needs a choice or a correction: {names}."
    return text


def _labels(card: CardView, keys: tuple[str, ...]) -> str:
    known = card.schema.by_key
    return ", ".join(known[key].label if key in known else key for key in keys)


def _after(request: HttpRequest, card: CardView, section: SectionView) -> str:
    """Where to go after saving: the next section, or the same one."""
    keys = [item.section.key for item in card.sections if item.section.editable]
    here = keys.index(section.section.key)
    if "next" in request.POST and here + 1 < len(keys):
        here += 1
    elif "next" in request.POST:
        return address_of("card_detail", card.version)
    return f"{address_of('card_edit', card.version)}?section={keys[here]}"


def _edit_page(
    request: HttpRequest,
    form: SectionForm,
    *,
    note: str = "",
    conflict: CardConflict | None = None,
    status: int = 200,
) -> HttpResponse:
    card = form.read
    own, others = drafts_by_field(actor_of(request), card.version)
    context = page_context(request, card)
    states = section_states(card, own, context["card_notes"])
    context |= {
        "form": form.with_drafts(own, others),
        "refused": form.faults,
        "states": states,
        "draft_count": sum(state.drafts for state in states),
        "note": note,
        "conflict": conflict,
    }
    return render(request, "cards/card_edit.html", context, status=status)


def section_states(
    card: CardView, own: dict[str, CardDraft], notes: CardNotes
) -> list[SectionState]:
    """Every section with something to fill in, and how far it is for this reader."""
    return [_state(card, item, own, notes) for item in card.sections if item.section.editable]


def _state(
    card: CardView, item: SectionView, own: dict[str, CardDraft], notes: CardNotes
) -> SectionState:
    shown = {view.field.key: view for view in item.fields if view.field.editable}
    drafts = [own[key] for key, view in shown.items() if key in own and says_more(own[key], view)]
    return SectionState(
        view=item,
        unknown=sum(view.standing is Standing.UNKNOWN for view in shown.values()),
        amber=sum(view.source_changed for view in shown.values()),
        comments=notes.open_in(item.section),
        drafts=len(drafts),
        choices=sum(is_waiting(draft, card.entries.get(draft.field_key)) for draft in drafts),
    )


def _section(request: HttpRequest, card: CardView) -> SectionView:
    """The section that was asked for, else the first with a gap."""
    offered = [item for item in card.sections if item.section.editable]
    wanted = request.GET.get("section", "")
    if wanted:
        found = next((item for item in offered if item.section.key == wanted), None)
        if found is None:
            raise Http404
        return found
    return next((item for item in offered if item.gaps), offered[0])
