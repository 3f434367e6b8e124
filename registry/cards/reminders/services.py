"""Snoozing a reminder and choosing what to be reminded of: each person for themselves."""

from datetime import date, timedelta
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone

from portal.accounts.models import User
from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Denied, Invalid
from portal.trail.services import record
from registry.cards import answers
from registry.cards.answers import BadAnswer
from registry.cards.reminders.models import ReminderSettings, ReminderSnooze
from registry.cards.reminders.queries import reminder_count
from registry.inventory.models import RegisteredModel
from registry.inventory.queries import visible_models

LONGEST = timedelta(days=180)
KEPT = 60  # seconds for which the number in the menu may be old
WISHES = ("by_mail", "gaps", "reviews", "files", "days_ahead")


def reminder_snooze(
    *, actor: Actor, model_id: int, until: date, reason: str = ""
) -> ReminderSnooze:
    """Do not remind the actor of this model's card before `until`; the reason is optional."""
    with transaction.atomic():
        model = _own_model(actor, model_id)
        why = _checked(until, reason)
        old = ReminderSnooze.objects.filter(user_id=actor.user_id, model=model).first()
        before = _told(old) if old else None
        snooze, _ = ReminderSnooze.objects.update_or_create(
            user_id=actor.user_id,
            model=model,
            defaults={"until": until, "reason": why, "created_at": timezone.now()},
        )
        record(actor, "reminder.snooze", model, before=before, after=_told(snooze), reason=why)
    count_forget(actor)
    return snooze


def reminder_wake(*, actor: Actor, model_id: int) -> None:
    """Let a snoozed reminder come up again at once; nothing happens when none is snoozed."""
    with transaction.atomic():
        model = _own_model(actor, model_id)
        old = ReminderSnooze.objects.filter(user_id=actor.user_id, model=model).first()
        if old is None:
            return
        before = _told(old)
        old.delete()
        record(actor, "reminder.wake", model, before=before)
    count_forget(actor)


def reminder_settings_save(*, actor: Actor, **wishes: Any) -> ReminderSettings:
    """Keep what the actor wants to be reminded of; a wish that is not named stays as it is."""
    with transaction.atomic():
        require(actor, "reminder.keep")
        user = _person(actor)
        found, _ = ReminderSettings.objects.select_for_update().get_or_create(user=user)
        before = {name: getattr(found, name) for name in WISHES}
        for name, value in wishes.items():
            setattr(found, name, value)
        try:
            found.full_clean(exclude=["user"])
        except ValidationError as error:
            raise Invalid("Nothing was changed.", fields=error.message_dict) from None
        after = {name: getattr(found, name) for name in WISHES}
        if after != before:
            found.save()
            record(actor, "reminder.settings", user, before=before, after=after)
    count_forget(actor)
    return found


def count_kept(actor: Actor) -> int:
    """How many reminders wait, at most a minute old: every page shows it."""
    key = _key(actor)
    count = cache.get(key)
    if count is None:
        count = reminder_count(actor)
        cache.set(key, count, KEPT)
    return int(count)


def count_forget(actor: Actor) -> None:
    """Count anew when it is next shown."""
    cache.delete(_key(actor))


def _key(actor: Actor) -> str:
    return f"reminders:{actor.user_id}"


def _person(actor: Actor) -> User:
    if actor.user_id is None:
        raise Denied("Only a person has reminders.")
    return User.objects.get(pk=actor.user_id)


def _own_model(actor: Actor, model_id: int) -> RegisteredModel:
    require(actor, "reminder.keep")
    model = get_object_or_404(visible_models(actor).select_for_update(of=("self",)), pk=model_id)
    if actor.user_id is None or model.owner_id != actor.user_id:
        raise Denied(
            f"You are reminded of models that you own, and {model.name} has another owner. "
            "Its owner can be changed on its page."
        )
    return model


def _checked(until: date, reason: str) -> str:
    today = timezone.localdate()
    faults = {}
    if not today < until <= today + LONGEST:
        latest = (today + LONGEST).strftime("%-d %b %Y")
        faults["until"] = [f"Choose a day from tomorrow until {latest}."]
    try:
        why = answers.text_of(reason, answers.NOTE).strip()
    except BadAnswer as error:
        faults["reason"] = [str(error)]
    if faults:
        raise Invalid("Nothing was snoozed.", fields=faults)
    return why


def _told(snooze: ReminderSnooze) -> dict[str, Any]:
    """A snooze, for the trail."""
    return {"person": snooze.user_id, "until": snooze.until, "reason": snooze.reason}
