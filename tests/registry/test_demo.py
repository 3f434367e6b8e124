"""The demo: what it walks through the portal is plausible, and its password is the kept one."""

import io

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from portal.accounts.models import Team, User
from registry.cards.attachments.models import CardAttachment
from registry.cards.comments.models import CardComment
from registry.cards.models import CardRevision
from registry.demo import beside, people, walk
from registry.demo.recipes import CHAMPIONS
from registry.deployments.models import Deployment
from registry.management.commands import load_demo
from tests.factories import make_model, make_version

TEAMS = {"scientist": "Personalisation", "scientist2": "Demand planning"}


@pytest.mark.django_db
def test_no_deployment_is_older_than_the_version_that_serves():
    people.people_load("a long enough password")
    team = Team.objects.get(name="Personalisation")
    for name in walk.ENDPOINTS:
        make_version(make_model(name, team=team), CHAMPIONS[name], created_at=timezone.now())
    walk.deployments_record()
    registered = Deployment.objects.filter(version__isnull=False).select_related("version")
    assert len(registered) == len(walk.ENDPOINTS)
    assert all(one.started_at >= one.version.created_at for one in registered)
    assert Deployment.objects.filter(version=None).count() == 1


@pytest.mark.django_db
def test_the_demo_loaded_by_hand_uses_the_password_that_up_prints(monkeypatch, tmp_path):
    monkeypatch.setenv("SIGNET_HOME", str(tmp_path))
    monkeypatch.delenv("SIGNET_DEMO_PASSWORD", raising=False)
    (tmp_path / "env").write_text("SIGNET_DEMO_PASSWORD=the-kept-password\n")
    monkeypatch.setattr(load_demo, "prepare", lambda: None)
    every_step = load_demo.Command.steps
    monkeypatch.setattr(load_demo.Command, "steps", lambda *given: every_step(*given)[:1])
    out = io.StringIO()
    call_command("load_demo", stdout=out)
    assert User.objects.get(username="scientist").check_password("the-kept-password")
    assert "password" not in out.getvalue()


@pytest.mark.django_db
def test_files_and_comments_are_put_beside_the_cards_once(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    people.people_load("a long enough password")
    for card in walk.card_texts():
        team = Team.objects.get(name=TEAMS[card["author"]])
        model = make_model(card["model"], team=team, is_demo=True)
        make_version(model, card["version"], metrics={"roc_auc": 0.91, "brier": 0.1})
    walk.cards_write()
    for _ in range(2):
        beside.beside_write()
    files = CardAttachment.objects.order_by("pk")
    assert [file.kind for file in files] == ["csv", "html", "csv"]
    assert files[0].validity == "expiring"
    assert default_storage.open(files[0].stored_as).read() == (
        b"metric,value\nbrier,0.1\nroc_auc,0.91\n"
    )
    threads = CardComment.objects.filter(parent=None)
    assert [bool(thread.resolved_at) for thread in threads.order_by("pk")] == [False, True, False]
    assert CardRevision.objects.filter(values__has_key="expiry").count() == 3
