"""Keeping what people type, and making revisions of it.

A draft is no part of the record: it leaves no event in the trail. The revision made of it does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone

from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Invalid
from registry.cards.answers import Answer, BadAnswer, State
from registry.cards.drafts.models import CardDraft
from registry.cards.drafts.queries import others_writing
from registry.cards.entries import Entry, entries_of, new_entry, said_digest, same
from registry.cards.inputs import UNDECIDED, Inputs, answer_of, inputs_of
from registry.cards.queries import latest_revision, standing_revision
from registry.cards.schema import Field, schema_of
from registry.cards.services import Changes, Saved, card_save, locked_version
from registry.cards.texts import text_of_value
from registry.cards.view import FieldView, field_of
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions

# Beyond this nobody is typing: a table full of text is to be a file beside the answer.
MOST_TYPED = 300_000
UNFIT = Answer(State.UNKNOWN, reason="no answer yet")


@dataclass(frozen=True)
class Sender:
    """The browser window that sends, its place in the order, and the draft it last saw.

    `said` names the answer that its last draft gave: once that has been saved for its author, it is
    what the window goes on from.
    """

    window: str
    seq: int
    seen: str = ""
    said: str = ""

    def replaces(self, draft: CardDraft) -> bool:
        """Whether these words may take the place of that draft: never of one that was not seen."""
        return self.window == draft.window or self.seen == draft.token


@dataclass(frozen=True)
class Kept:
    """What became of typed words: the draft, what is wrong with it, and who else is at the field.

    `draft` is None when the words say what the card says anyway. `elsewhere` is the draft of the
    author's other window that was not written over; then nothing was kept.
    """

    view: FieldView
    base: str
    draft: CardDraft | None = None
    fault: str = ""
    moved: bool = False
    elsewhere: CardDraft | None = None
    others: list[CardDraft] = field(default_factory=list)

    @property
    def said(self) -> str:
        """The name of the answer that the draft gives, as `base` names the card's."""
        answer = _answer(self.view.field, self.draft) if self.draft else UNFIT
        return "" if answer is UNFIT else said_digest(_entry(answer))

    @property
    def their_text(self) -> str:
        """What the card says, as text to write on in."""
        return text_of_value(self.view.field, self.view.value)


def draft_save(
    *, actor: Actor, version_id: int, key: str, inputs: Inputs, base: str, sender: Sender
) -> Kept:
    """Keep what somebody has typed into one field; sent twice or too late, it changes nothing."""
    with transaction.atomic():
        version = _version(actor, version_id)
        require(actor, "card.edit", version)
        _check_size(inputs)
        view, entry = field_of(version, key)
        now = said_digest(entry)
        old = _own(actor, version).select_for_update().filter(field_key=key).first()
        if old and not sender.replaces(old) and typed(old) != inputs:
            return Kept(view, now, elsewhere=old)
        draft = old
        if inputs.state != UNDECIDED and inputs.meaning == inputs_of(view).meaning:
            draft = None
            _own(actor, version).filter(field_key=key).delete()
        elif not old or old.window != sender.window or old.seq < sender.seq:
            read = now if sender.said == now else base
            if not old or (typed(old), old.base) != (inputs, read):
                draft = _written(actor, version, key, inputs, read, sender)
    return Kept(
        view,
        now,
        draft=draft,
        fault=fault_of(view.field, inputs) if draft else "",
        moved=draft is not None and draft.base != now,
        others=others_writing(actor, version, key),
    )


def draft_drop(*, actor: Actor, version_id: int, key: str) -> None:
    """Give up what the actor typed into one field; the card's own answer stands."""
    with transaction.atomic():
        version = _version(actor, version_id)
        require(actor, "card.edit", version)
        _own(actor, version).filter(field_key=key).delete()


@dataclass(frozen=True)
class Form:
    """One section as it was sent: its changes, and per field the base and the draft it showed."""

    changes: Changes = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)

    def covers(self, draft: CardDraft) -> bool:
        """Whether the form says what its sender wants in the field of this draft."""
        return self.tokens.get(draft.field_key) == draft.token


@dataclass(frozen=True)
class Published:
    """The revision, and the drafts that stayed: they clash with it or need correcting."""

    saved: Saved
    waiting: tuple[str, ...] = ()


def drafts_publish(
    *,
    actor: Actor,
    version_id: int,
    base_revision: int | None = None,
    form: Form | None = None,
    note: str = "",
) -> Published:
    """Make one revision of a sent section and of the actor's drafts in all other fields.

    Drafts that clash with what others saved, or that are no answer yet, stay. What the section
    itself says must be acceptable: Invalid and CardConflict come from `card_save`, and then
    nothing has changed. Without `base_revision`, the newest is meant.
    """
    sent = form or Form()
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "card.edit", version)
        newest = latest_revision(version)
        entries = entries_of(version, standing_revision(version), schema_of())
        ready, done, waiting = _sorted(_own(actor, version).select_for_update(), entries, sent)
        _own(actor, version).filter(pk__in=[draft.pk for draft in done]).delete()
        saved = card_save(
            actor=actor,
            version_id=version_id,
            base_revision=(newest.number if newest else 0)
            if base_revision is None
            else base_revision,
            changes={**ready, **sent.changes},
            note=note,
            seen={**{key: said_digest(entries.get(key)) for key in ready}, **sent.bases},
        )
    return Published(saved, tuple(draft.field_key for draft in waiting))


def typed(draft: CardDraft) -> Inputs:
    """What the form's inputs held."""
    return Inputs(draft.state, draft.value, draft.reason)


def fault_of(item: Field, inputs: Inputs) -> str:
    """What has to be corrected before the words are an answer; nothing while a choice is open."""
    if inputs.state == UNDECIDED:
        return ""
    try:
        answer_of(item, inputs)
    except BadAnswer as error:
        return str(error)
    return ""


def _sorted(
    drafts: QuerySet[CardDraft], entries: Mapping[str, Entry], sent: Form
) -> tuple[dict[str, Answer | None], list[CardDraft], list[CardDraft]]:
    """The answers of drafts that can be saved, the drafts that are used up, and those that stay."""
    ready: dict[str, Answer | None] = {}
    done: list[CardDraft] = []
    waiting: list[CardDraft] = []
    schema = schema_of()
    for draft in drafts:
        key = draft.field_key
        answer = _answer(schema.by_key.get(key), draft)
        if sent.covers(draft) or _stands(answer, entries.get(key)):
            done.append(draft)
        elif answer is UNFIT or key in sent.changes or is_waiting(draft, entries.get(key)):
            waiting.append(draft)
        else:
            ready[key] = answer
            done.append(draft)
    return ready, done, waiting


def _answer(item: Field | None, draft: CardDraft) -> Answer | None:
    try:
        return answer_of(item, typed(draft)) if item else UNFIT
    except BadAnswer:
        return UNFIT


def _stands(answer: Answer | None, entry: Entry | None) -> bool:
    """Whether the card says just that already."""
    return answer is not UNFIT and same(_entry(answer), entry)


def _entry(answer: Answer | None) -> Entry | None:
    return new_entry(answer, by="", at="", pulled=None) if answer else None


def _written(
    actor: Actor, version: ModelVersion, key: str, inputs: Inputs, base: str, sender: Sender
) -> CardDraft:
    draft = CardDraft(
        version=version,
        field_key=key,
        author_id=actor.user_id,
        state=inputs.state,
        value=inputs.value,
        reason=inputs.reason,
        base=base,
        window=sender.window,
        seq=sender.seq,
        changed_at=timezone.now(),
    )
    changing = ["state", "value", "reason", "base", "window", "seq", "changed_at"]
    CardDraft.objects.bulk_create(
        [draft],
        update_conflicts=True,
        unique_fields=["version", "field_key", "author"],
        update_fields=changing,
    )
    return draft


def _own(actor: Actor, version: ModelVersion) -> QuerySet[CardDraft]:
    return CardDraft.objects.filter(version=version, author_id=actor.user_id)


def _version(actor: Actor, version_id: int) -> ModelVersion:
    related = "model__team__business_unit", "model__owner"
    return get_object_or_404(visible_versions(actor).select_related(*related), pk=version_id)


def _check_size(inputs: Inputs) -> None:
    most = max(len(inputs.value), len(inputs.reason))
    if most > MOST_TYPED:
        raise Invalid.at(
            "value",
            f"This is {most:,} characters long, more than Signet keeps as a draft "
            f"({MOST_TYPED:,}). Shorten it, or attach it as a file.",
        )


def says_more(draft: CardDraft, view: FieldView) -> bool:
    """Whether a draft says anything that does not stand in the field already."""
    return draft.state == UNDECIDED or typed(draft).meaning != inputs_of(view).meaning


def is_waiting(draft: CardDraft, entry: Entry | None) -> bool:
    """Whether a draft waits for its author's choice: others saved the field, or it is undecided."""
    return draft.state == UNDECIDED or draft.base != said_digest(entry)
