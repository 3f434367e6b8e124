"""The demo: what it walks through the portal is plausible, and its password is the kept one."""

import io

import pytest
from django.core.management import call_command
from django.utils import timezone

from portal.accounts.models import Team, User
from registry.demo import people, walk
from registry.demo.recipes import CHAMPIONS
from registry.deployments.models import Deployment
from registry.management.commands import load_demo
from tests.factories import make_model, make_version


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
