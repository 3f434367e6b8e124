"""Reminders to owners: what comes up, putting it off, the number in the menu, and the mail."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from portal.accounts.actors import person
from portal.accounts.permissions import Role
from portal.errors import Denied, Invalid
from portal.trail.models import TrailEvent
from registry.cards.attachments.models import CardAttachment, Kind
from registry.cards.reminders.models import ReminderSettings, ReminderSnooze
from registry.cards.reminders.queries import reminder_count, reminders_of
from registry.cards.reminders.services import (
    count_kept,
    reminder_settings_save,
    reminder_snooze,
    reminder_wake,
)
from registry.cards.reminders.tasks import due_people
from registry.cards.services import card_save
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import RegisteredModel
from tests.cards.facts import make_full_version, scientist_of, written
from tests.factories import make_model, make_team, make_user

pytestmark = pytest.mark.django_db


def day(days):
    return timezone.localdate() + timedelta(days=days)


@pytest.fixture
def owner():
    return make_user(Role.MODEL_OWNER, team=make_team(), email="owner@retailer.example")


def owned(owner, name="demand", **changes):
    team = owner.role_grants.get().team
    version = make_full_version(make_model(name, team=team, owner=owner, risk_tier="T4"))
    refresh_models([version.model_id])
    if changes:
        actor = scientist_of(version)
        card_save(actor=actor, version_id=version.pk, base_revision=0, changes=changes)
    return version


def test_an_owner_is_reminded_of_gaps_reviews_and_files_of_own_models(owner):
    version = owned(owner, expiry=written(str(day(-1))))
    CardAttachment.objects.create(
        version=version, number=1, name="test.pdf", kind=Kind.PDF, size=1, sha256="0" * 64,
        stored_as="x", expires_on=day(5),
    )  # fmt: skip
    owned(make_user(Role.MODEL_OWNER, team=make_team()), "theirs")
    found = reminders_of(person(owner))
    assert [item.model.name for item in found] == ["demand"]
    reasons = found[0].reasons
    assert reasons[0].startswith("Review was due on")
    assert "required answers missing" in reasons[1]
    assert reasons[2] == "The file “test.pdf” expires in 5 days"
    assert reminder_count(person(owner)) == 1


def test_only_what_was_asked_for_comes_up(owner):
    owned(owner, expiry=written(str(day(50))))
    actor = person(owner)
    reminder_settings_save(actor=actor, gaps=False)
    assert reminders_of(actor) == []
    reminder_settings_save(actor=actor, days_ahead=60)
    assert [item.reasons for item in reminders_of(actor)] == [
        [f"Review is due by {day(50):%-d %b %Y}"]
    ]
    reminder_settings_save(actor=actor, reviews=False)
    assert reminder_count(actor) == 0
    assert TrailEvent.objects.filter(verb="reminder.settings").count() == 3
    with pytest.raises(Invalid) as caught:
        reminder_settings_save(actor=actor, days_ahead=0)
    assert "days_ahead" in caught.value.fields


def test_a_snoozed_card_comes_up_again_on_its_day(owner, time_machine):
    version, actor = owned(owner), person(owner)
    reminder_snooze(actor=actor, model_id=version.model_id, until=day(10), reason="On leave")
    assert reminders_of(actor) == []
    assert count_kept(actor) == 0
    assert reminders_of(actor, snoozed=True)[0].snooze.reason == "On leave"
    reminder_snooze(actor=actor, model_id=version.model_id, until=day(20))
    assert ReminderSnooze.objects.count() == 1
    time_machine.move_to(timezone.now() + timedelta(days=20), tick=False)
    assert len(reminders_of(actor)) == 1
    assert reminder_count(actor) == 1


def test_waking_and_refusals(owner):
    version, actor = owned(owner), person(owner)
    reminder_wake(actor=actor, model_id=version.model_id)
    for until in (day(0), day(181)):
        with pytest.raises(Invalid) as caught:
            reminder_snooze(actor=actor, model_id=version.model_id, until=until)
        assert "until" in caught.value.fields
    other = person(make_user(Role.GOVERNANCE_LEAD))
    with pytest.raises(Denied):
        reminder_snooze(actor=other, model_id=version.model_id, until=day(3))
    reminder_snooze(actor=actor, model_id=version.model_id, until=day(3))
    reminder_wake(actor=actor, model_id=version.model_id)
    assert len(reminders_of(actor)) == 1
    verbs = list(TrailEvent.objects.order_by("seq").values_list("verb", flat=True))
    assert verbs[-2:] == ["reminder.snooze", "reminder.wake"]


def test_the_same_number_of_queries_however_many_cards(owner, django_assert_num_queries):
    actor = person(owner)
    for count in (3, 12):
        for number in range(count):
            owned(owner, f"model-{count}-{number}")
        with django_assert_num_queries(4):
            reminders_of(actor)


def test_the_page_and_the_number_in_the_menu(client, owner):
    version = owned(owner)
    client.force_login(owner)
    html = client.get("/models/").content.decode()
    assert '1<span class="visually-hidden"> waiting</span>' in html
    page = client.get("/reminders/").content.decode()
    assert "1 card waits for you" in page
    assert "required answers missing" in page
    url = f"/reminders/{version.model_id}/"
    refused = client.post(f"{url}snooze/", {"until": str(day(-1)), "reason": "Kept words"})
    assert refused.status_code == 422
    assert "Kept words" in refused.content.decode()
    assert "Choose a day from tomorrow" in refused.content.decode()
    done = client.post(f"{url}snooze/", {"until": str(day(7))}, follow=True).content.decode()
    assert "Nothing waits for you" in done
    assert "Show again" in done
    assert " waiting</span>" not in client.get("/models/").content.decode()
    assert "1 card waits" in client.post(f"{url}wake/", follow=True).content.decode()
    saved = client.post("/reminders/settings/", {"days_ahead": "10", "by_mail": "never"})
    assert saved.status_code == 302
    assert ReminderSettings.objects.get(user=owner).by_mail == "never"
    wrong = client.post("/reminders/settings/", {"days_ahead": "x", "by_mail": "hourly"})
    assert wrong.status_code == 422


def test_who_is_due_a_mail(owner):
    owned(owner)
    assert list(due_people()) == [owner]
    wishes = reminder_settings_save(actor=person(owner), by_mail="weekly")
    assert list(due_people()) == [owner]
    for by_mail, days, is_due in (
        ("weekly", 3, False),
        ("weekly", 7, True),
        ("daily", 1, True),
        ("never", 9, False),
    ):
        wishes.by_mail, wishes.mailed_at = by_mail, timezone.now() - timedelta(days=days)
        wishes.save()
        assert due_people().exists() is is_due
    wishes.delete()
    RegisteredModel.objects.update(gone_at=timezone.now())
    assert not due_people().exists()


def test_nothing_is_mailed_where_no_mail_server_is_named(owner, settings):
    from registry.cards.reminders.tasks import find_due

    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert "EMAIL_URL is not set" in find_due(None)["text"]
    assert mail.outbox == []
