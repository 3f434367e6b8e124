"""Mailing the digests: one job finds who is due, one for each person mails and then notes it."""

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.actors import person
from portal.accounts.models import User
from portal.jobs.context import JobContext
from portal.jobs.registry import job
from portal.jobs.schedule import every
from portal.jobs.services import job_enqueue
from registry.cards.reminders.mail import digest_of, digest_send, mail_is_sent
from registry.cards.reminders.models import ByMail, ReminderSettings
from registry.cards.reminders.queries import reminders_of

PERIODS = {ByMail.WEEKLY: timedelta(days=7), ByMail.DAILY: timedelta(days=1)}
EARLY = timedelta(hours=3)  # a digest keeps to its time of day, whichever look finds it due


@job("cards.digests", title="Find whose reminders are due by mail", service="cards")
def find_due(context: JobContext) -> dict[str, Any]:
    """Ask for one mail to each owner whose last digest is long enough ago."""
    if not mail_is_sent():
        return {"text": "No mail is sent here: EMAIL_URL is not set."}
    due = list(due_people())
    for user in due:
        job_enqueue(
            actor=context.actor,
            kind="cards.digest_mail",
            key=str(user.pk),
            args={"user_id": user.pk},
            why="the digest is due",
        )
    return {"text": f"{len(due)} {'person is' if len(due) == 1 else 'people are'} due."}


@job("cards.digest_mail", title="Mail somebody's reminders", retries=4, service="cards")
def mail_digest(context: JobContext, *, user_id: int) -> dict[str, Any] | None:
    """Mail one person's reminders, and note the time once the mail server has them."""
    user = due_people().filter(pk=user_id).first()
    if user is None:
        return {"text": "Not due any more."}
    reminders = reminders_of(person(user, request_id=context.job.request_id))
    if reminders:
        digest_send(digest_of(user, reminders))
    with context.finishing() as outcome:
        ReminderSettings.objects.update_or_create(user=user, defaults={"mailed_at": timezone.now()})
        count = len(reminders)
        cards = f"{count} card{'' if count == 1 else 's'}"
        outcome["text"] = f"{cards} named to {user}." if count else f"Nothing waits for {user}."
    return None


def due_people() -> QuerySet[User]:
    """Active owners with a mail address whose last digest is longer ago than they wish."""
    now = timezone.now() + EARLY
    wish = "reminder_settings__by_mail"
    last = "reminder_settings__mailed_at"
    due = Q(reminder_settings__isnull=True)
    for by_mail, period in PERIODS.items():
        never_yet = Q(**{f"{last}__isnull": True})
        due |= Q(**{wish: by_mail}) & (never_yet | Q(**{f"{last}__lte": now - period}))
    owners = User.objects.filter(is_active=True, owned_models__gone_at__isnull=True)
    return owners.filter(due, owned_models__isnull=False).exclude(email="").distinct()


every(hours=6, kind="cards.digests")
