"""The digest of somebody's reminders, as a plain mail."""

from smtplib import SMTPRecipientsRefused
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.errors import Upstream
from registry.cards.reminders.queries import Reminder

WAIT = 20  # seconds for a mail server to answer


def mail_is_sent() -> bool:
    """Whether this installation has a mail server at all."""
    return "dummy" not in settings.EMAIL_BACKEND


def digest_of(user: User, reminders: list[Reminder]) -> EmailMessage:
    """The mail; one sent again after a crash has the same id, so that mailboxes show it once."""
    page = settings.PORTAL_URL + reverse("reminder_list")
    context = {"user": user, "reminders": reminders, "page": page, "portal": settings.PORTAL_URL}
    count = len(reminders)
    host = urlsplit(settings.PORTAL_URL).hostname or "signet"
    return EmailMessage(
        subject=f"{count} of your model cards need{'s' if count == 1 else ''} you",
        body=render_to_string("cards/reminder_mail.txt", context),
        to=[user.email],
        headers={
            "Message-ID": f"<reminders-{user.pk}-{timezone.localdate():%Y%m%d}@{host}>",
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{page}>",
        },
    )


def digest_send(mail: EmailMessage) -> None:
    """Hand the mail to the mail server; Upstream says whether it is worth trying again."""
    mail.connection = get_connection(timeout=WAIT)
    try:
        mail.send()
    except SMTPRecipientsRefused as error:
        raise Upstream(
            f"The mail server does not deliver to {', '.join(mail.to)}: {error}. Correct the "
            "person's mail address.",
            permanent=True,
            code="mail-refused",
        ) from error
    except OSError as error:
        raise Upstream(
            f"The mail server did not take the mail: {error}. It is tried again later.",
            permanent=False,
            code="mail",
        ) from error
