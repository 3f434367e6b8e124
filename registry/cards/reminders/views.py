"""The page of one's own reminders."""

from datetime import timedelta

from django.contrib import messages
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.forms import submit
from registry.cards.reminders.forms import SettingsForm, SnoozeForm
from registry.cards.reminders.mail import mail_is_sent
from registry.cards.reminders.queries import reminders_of, settings_of
from registry.cards.reminders.services import (
    WISHES,
    count_forget,
    reminder_settings_save,
    reminder_snooze,
    reminder_wake,
)

USUALLY = timedelta(days=14)


@needs({"GET": "reminder.view"})
def reminder_list(request: HttpRequest) -> HttpResponse:
    """The cards of one's own models that need something, and those that are snoozed."""
    return _page(request)


@needs({"POST": "reminder.keep"})
def snooze(request: HttpRequest, pk: int) -> HttpResponse:
    """Put one reminder off until a day."""
    form = SnoozeForm(request.POST)
    actor = actor_of(request)
    done = submit(form, lambda values: reminder_snooze(actor=actor, model_id=pk, **values))
    if done is None:
        return _page(request, refused=(pk, form), status=422)
    messages.success(request, f"{done.model} comes up again on {done.until:%-d %b %Y}.")
    return redirect("reminder_list")


@needs({"POST": "reminder.keep"})
def wake(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a snoozed reminder come up again."""
    reminder_wake(actor=actor_of(request), model_id=pk)
    messages.success(request, "It is on the list again.")
    return redirect("reminder_list")


@needs({"POST": "reminder.keep"})
def reminder_settings(request: HttpRequest) -> HttpResponse:
    """Keep what this person wants to be reminded of."""
    form = SettingsForm(request.POST)
    actor = actor_of(request)
    done = submit(form, lambda values: reminder_settings_save(actor=actor, **values))
    if done is None:
        return _page(request, settings_form=form, status=422)
    messages.success(request, "Saved.")
    return redirect("reminder_list")


def _page(
    request: HttpRequest,
    *,
    refused: tuple[int, SnoozeForm] | None = None,
    settings_form: SettingsForm | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = actor_of(request)
    count_forget(actor)  # the number in the menu beside this list is the list's own
    wishes = settings_of(actor.user_id or 0)
    usual = SnoozeForm(initial={"until": timezone.localdate() + USUALLY})
    pk, form = refused or (0, usual)
    context = {
        "reminders": [
            (item, form if item.model.pk == pk else usual)
            for item in reminders_of(actor, wishes=wishes)
        ],
        "snoozed": reminders_of(actor, wishes=wishes, snoozed=True),
        "settings_form": settings_form or SettingsForm(initial=model_to_dict(wishes, WISHES)),
        "address": request.user.email,  # type: ignore[union-attr]
        "mail_is_sent": mail_is_sent(),
        "wishes": wishes,
    }
    return render(request, "cards/reminder_list.html", context, status=status)
