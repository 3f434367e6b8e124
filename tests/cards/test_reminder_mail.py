"""The digest over real SMTP, by the real runner of jobs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.accounts.actors import person
from portal.accounts.permissions import Role
from portal.actors import service
from portal.jobs.models import Job, JobState
from portal.jobs.runner import run_job
from portal.jobs.services import job_enqueue
from registry.cards.reminders.models import ReminderSettings
from registry.cards.reminders.services import reminder_snooze
from registry.inventory.lifecycle import refresh_models
from tests.cards.facts import make_full_version
from tests.factories import make_model, make_team, make_user
from tests.smtp import mail_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    made = make_user(
        Role.MODEL_OWNER, team=make_team(), email="mara@retailer.example", display_name="Mara"
    )
    version = make_full_version(make_model("demand", owner=made, risk_tier="T4"))
    refresh_models([version.model_id])
    return made


@pytest.fixture
def box(settings):
    with mail_server() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
        yield found


def run(kind="cards.digests"):
    job = job_enqueue(actor=service("cards"), kind=kind, key="test")
    assert run_job(job.pk)
    for mailing in Job.objects.filter(kind="cards.digest_mail"):
        run_job(mailing.pk)
    return Job.objects.filter(kind="cards.digest_mail").order_by("-pk").first()


def test_an_owner_gets_one_mail_that_names_the_cards(owner, box):
    job = run()
    assert (job.state, job.result["text"]) == (JobState.DONE, "1 card named to Mara.")
    (found,) = box.mails
    assert found["To"] == "mara@retailer.example"
    assert found["Subject"] == "1 of your model cards needs you"
    assert found["Auto-Submitted"] == "auto-generated"
    text = found.get_content()
    model = owner.owned_models.get()
    assert "demand, version 1" in text
    assert "required answers missing" in text
    assert f"http://localhost:8000/models/{model.pk}/versions/1/card/" in text
    assert "http://localhost:8000/reminders/" in text
    assert run() == job  # a week has not passed: nobody is due
    assert len(box.mails) == 1


def test_a_week_later_it_comes_again(owner, box):
    run()
    ReminderSettings.objects.update(mailed_at=timezone.now() - timedelta(days=7))
    run()
    assert len(box.mails) == 2


def test_nothing_is_mailed_when_all_is_put_off(owner, box):
    until = timezone.localdate() + timedelta(days=30)
    model = owner.owned_models.get()
    reminder_snooze(actor=person(owner), model_id=model.pk, until=until)
    assert run().result["text"] == "Nothing waits for Mara."
    assert box.mails == []


def test_a_name_with_html_stays_as_it_is(owner, box):
    model = owner.owned_models.get()
    model.name = "a <b> & c"
    model.save()
    run()
    assert "a <b> & c, version 1" in box.mails[0].get_content()


def test_an_unknown_mailbox_fails_at_once_and_is_not_noted_as_mailed(owner, box):
    box.unknown.add("mara@")
    job = run()
    assert job.state == JobState.FAILED
    assert "mara@retailer.example" in job.error
    assert not ReminderSettings.objects.filter(mailed_at__isnull=False).exists()


def test_a_mail_server_that_is_away_is_tried_again(owner, box, settings):
    settings.EMAIL_PORT = 1
    job = run()
    assert (job.state, job.attempts) == (JobState.WAITING, 1)
    assert "did not take the mail" in job.error
    assert not ReminderSettings.objects.filter(mailed_at__isnull=False).exists()
