"""Pages of change plans: proposed by the team, shown with what is left and why not."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.plans.models import ChangePlan
from governance.requests.models import ApprovalRequest
from tests.governance.scenes import another_version, make_scene
from tests.governance.test_plans import MADE, planned, retrained, tried

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def client_of(user):
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def new(scene):
    return reverse("plan_new", args=[scene.version.model_id, scene.version.version])


def answers(**changes):
    return {
        "environment": "production",
        "purpose": "Each Monday.",
        "quota": 3,
        "expires_on": timezone.now().date() + timedelta(days=20),
        "metric_1": "roc_auc",
        "least_1": "0.8",
        "most_move_1": "0.05",
        **changes,
    }


def test_a_plan_is_proposed_and_listed():
    scene = make_scene("T3", **MADE)
    client = client_of(scene.scientist)
    assert "weekly-demand" not in client.get(new(scene)).content.decode()
    made = client.post(new(scene), answers())
    request = ApprovalRequest.objects.get()
    assert made.url == reverse("request_detail", args=[request.pk])
    page = client.get(reverse("plan_list", args=[scene.version.model_id])).content.decode()
    assert "3 of 3 versions left" in page
    assert "at least 0.8" in page
    assert "It approves nothing now" in page


def test_what_is_wrong_is_said_beside_the_form():
    scene = make_scene("T3", **MADE)
    client = client_of(scene.scientist)
    page = client.post(new(scene), answers(quota=500))
    assert page.status_code == 422
    assert "from 1 to 26 versions" in page.content.decode()
    assert client.post(new(scene), answers(metric_1="")).status_code == 422
    strict = make_scene("T1", **MADE)
    shown = client_of(strict.scientist).get(new(strict)).content.decode()
    assert "This tier allows no change plan." in shown


def test_uses_and_the_reason_a_version_is_outside_are_shown_and_a_plan_can_be_ended():
    scene, _ = planned()
    tried(retrained(scene))
    another_version(scene, **{**MADE, "metrics": {"roc_auc": 0.5}})
    client = client_of(scene.scientist)
    address = reverse("plan_list", args=[scene.version.model_id])
    page = client.get(address).content.decode()
    assert "1 of 2 versions left" in page
    assert "roc_auc is 0.5; the plan asks for 0.85 at least." in page
    plan = ChangePlan.objects.get()
    end = reverse("plan_end", args=[scene.version.model_id, plan.pk])
    client.post(end, {"reason": ""})
    assert ChangePlan.objects.get().ended_at is None
    client.post(end, {"reason": "Rewritten."})
    assert ChangePlan.objects.get().ended_at
    assert client_of(scene.people["validator"]).post(end, {"reason": "x"}).status_code == 403
