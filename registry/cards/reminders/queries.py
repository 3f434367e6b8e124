"""What there is to be reminded of, worked out from the cards each time it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.cards.attachments.models import CardAttachment
from registry.cards.many.filters import with_cards
from registry.cards.many.listing import CardRow, card_row
from registry.cards.reminders.models import ReminderSettings, ReminderSnooze
from registry.inventory.models import RegisteredModel
from registry.inventory.queries import visible_models


@dataclass(frozen=True)
class Reminder:
    """What one model's card needs from its owner, or when it is to come up again."""

    card: CardRow
    gaps: int
    review_on: date | None
    files: list[CardAttachment]
    snooze: ReminderSnooze | None = None

    @property
    def model(self) -> RegisteredModel:
        """The model in question."""
        return self.card.model

    @property
    def reasons(self) -> list[str]:
        """Each thing that needs doing, in words."""
        found = []
        if self.review_on:
            overdue = self.review_on < timezone.localdate()
            day = self.review_on.strftime("%-d %b %Y")
            found.append(f"Review was due on {day}" if overdue else f"Review is due by {day}")
        if self.gaps:
            found.append(f"{self.gaps} required answer{'' if self.gaps == 1 else 's'} missing")
        found += [f"The file “{file.name}” {file.validity_words}" for file in self.files]
        return found


def settings_of(user_id: int) -> ReminderSettings:
    """What a person has chosen, or what everybody starts with; not saved by reading."""
    found = ReminderSettings.objects.filter(user_id=user_id).first()
    return found or ReminderSettings(user_id=user_id)


def owned_cards(actor: Actor, wishes: ReminderSettings) -> QuerySet[RegisteredModel]:
    """The models of a person's own whose cards need something they want to hear of."""
    if not allowed(actor, "reminder.view"):
        return RegisteredModel.objects.none()
    owned = with_cards(visible_models(actor)).filter(owner_id=wishes.user_id)
    needs = Q(pk__in=[])
    if wishes.gaps:
        needs |= Q(card_state="gaps")
    if wishes.reviews:
        needs |= Q(card_review_on__lte=_horizon(wishes))
    if wishes.files:
        ending = _ending_files(wishes).filter(
            version__model=OuterRef("pk"), version__version=OuterRef("latest_version")
        )
        needs |= Exists(ending)
    return owned.filter(needs)


def reminders_of(
    actor: Actor, *, wishes: ReminderSettings | None = None, snoozed: bool = False
) -> list[Reminder]:
    """A person's reminders, overdue reviews first; those that are snoozed when `snoozed`.

    Four queries whatever the number of cards.
    """
    wishes = wishes or settings_of(actor.user_id or 0)
    rows = owned_cards(actor, wishes).select_related("owner", "team__business_unit")
    models = list(rows.order_by("card_review_on", "name", "pk"))
    files = _files_by_model(models, wishes)
    snoozes = _active_snoozes(wishes.user_id)
    return [
        _reminder(actor, model, wishes, files.get(model.pk, []), snoozes.get(model.pk))
        for model in models
        if (model.pk in snoozes) is snoozed
    ]


def reminder_count(actor: Actor) -> int:
    """How many cards wait for this person; two queries."""
    wishes = settings_of(actor.user_id or 0)
    active = ReminderSnooze.objects.filter(
        user_id=wishes.user_id, model=OuterRef("pk"), until__gt=timezone.localdate()
    )
    return owned_cards(actor, wishes).exclude(Exists(active)).count()


def _reminder(
    actor: Actor,
    model: RegisteredModel,
    wishes: ReminderSettings,
    files: list[CardAttachment],
    snooze: ReminderSnooze | None,
) -> Reminder:
    near = model.card_review_on and model.card_review_on <= _horizon(wishes)
    return Reminder(
        card=card_row(actor, model),
        gaps=len(model.card_gaps) if wishes.gaps else 0,
        review_on=model.card_review_on if near and wishes.reviews else None,
        files=files,
        snooze=snooze,
    )


def _horizon(wishes: ReminderSettings) -> date:
    return timezone.localdate() + timedelta(days=wishes.days_ahead)


def _ending_files(wishes: ReminderSettings) -> QuerySet[CardAttachment]:
    """The files that still count and end within the person's horizon."""
    current = CardAttachment.objects.filter(withdrawn_at__isnull=True, replaced_by__isnull=True)
    return current.filter(expires_on__lte=_horizon(wishes))


def _files_by_model(
    models: list[RegisteredModel], wishes: ReminderSettings
) -> Mapping[int, list[CardAttachment]]:
    if not wishes.files:
        return {}
    newest = {model.pk: model.latest_version for model in models}
    found: dict[int, list[CardAttachment]] = {}
    files = _ending_files(wishes).filter(version__model__in=models).select_related("version")
    for file in files.order_by("expires_on", "pk"):
        if newest[file.version.model_id] == file.version.version:
            found.setdefault(file.version.model_id, []).append(file)
    return found


def _active_snoozes(user_id: int) -> dict[int, ReminderSnooze]:
    snoozes = ReminderSnooze.objects.filter(user_id=user_id, until__gt=timezone.localdate())
    return {snooze.model_id: snooze for snooze in snoozes}
