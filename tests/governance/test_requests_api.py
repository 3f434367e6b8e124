"""Approval requests over the API: filed and followed by a token, signed by a person only."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from governance.gate.statements import signature_holds
from governance.requests.models import ApprovalRequest
from portal.accounts.permissions import Scope
from portal.trail.models import TrailEvent
from tests.governance.scenes import filed, make_scene, read_artifact, run_checks, sign
from tests.governance.test_plans import MADE
from tests.routes import make_token

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def token_client(user, *scopes):
    _, text = make_token(user, *scopes)
    return Client(headers={"Authorization": f"Bearer {text}"})


def session(user, *, proven=None):
    client = Client()
    client.force_login(user, backend=BACKEND)
    if proven is not None:
        kept = client.session
        kept["account_authentication_methods"] = [
            {
                "method": "password",
                "at": (timezone.now() - proven).timestamp(),
                "reauthenticated": True,
            }
        ]
        kept["account_authentication_methods_user"] = str(user.pk)
        kept.save()
    return client


def post(client, address, body, **headers):
    return client.post(f"/api/v1/{address}", body, content_type="application/json", headers=headers)


def test_a_token_files_follows_and_withdraws():
    scene = make_scene()
    read_artifact(scene.version)
    run_checks(scene.version)
    client = token_client(scene.scientist, Scope.READ, Scope.APPROVALS_WRITE)
    body = {
        "model_id": scene.version.model_id,
        "version": scene.version.version,
        "environment": "production",
        "purpose": "Better on small shops.",
    }
    made = post(client, "approvals/", body)
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["state"], told["round"], told["holds"]) == ("in_review", 1, False)
    assert [seat["role"] for seat in told["seats"]] == ["model_owner", "validator"]
    assert told["causes"][0]["code"] == "IN_REVIEW"
    address = f"approvals/{told['id']}/"
    assert client.get(f"/api/v1/{address}").json()["digest"] == told["digest"]
    listed = client.get("/api/v1/approvals/?state=in_review&environment=production").json()
    assert [row["id"] for row in listed["results"]] == [told["id"]]
    stale = post(client, f"{address}submit/", {"seen": "0" * 64})
    assert stale.status_code == 409
    gone = post(client, f"{address}withdraw/", {"reason": "Wrong version."})
    assert gone.json()["state"] == "withdrawn"


def test_standing_says_why_not():
    scene = make_scene()
    client = token_client(scene.scientist, Scope.READ)
    query = f"model_id={scene.version.model_id}&version={scene.version.version}"
    address = f"/api/v1/approvals/standing/?{query}&environment=production"
    assert client.get(address).json()["causes"][0]["code"] == "NO_REQUEST"
    filed(scene, state="approved")
    told = client.get(address).json()
    assert (told["holds"], told["state"], told["causes"]) == (True, "approved", [])
    assert client.get(f"/api/v1/approvals/standing/?{query}").status_code == 400
    for odd in ("state=nothing", "model_id=x", "typo=1"):
        assert client.get(f"/api/v1/approvals/?{odd}").status_code == 400


def decision(request):
    return {
        "role": "validator",
        "decision": "approve",
        "reason": "Read it.",
        "digest": ApprovalRequest.objects.get(pk=request.pk).digest,
    }


def test_a_token_never_signs():
    scene = make_scene()
    request = filed(scene)
    client = token_client(scene.people["validator"], *Scope.values)
    answer = post(client, f"approvals/{request.pk}/sign-offs/", decision(request))
    assert answer.status_code == 403
    assert request.sign_offs.count() == 0


@pytest.mark.parametrize("proven", [None, timedelta(minutes=6)])
def test_a_session_signs_only_with_a_fresh_password(proven):
    scene = make_scene()
    request = filed(scene)
    client = session(scene.people["validator"], proven=proven)
    answer = post(client, f"approvals/{request.pk}/sign-offs/", decision(request))
    assert answer.status_code == 403
    assert "password or second factor again" in answer.json()["detail"]
    assert TrailEvent.objects.filter(verb="approval.refused").count() == 1
    fresh = session(scene.people["validator"], proven=timedelta(seconds=5))
    answer = post(fresh, f"approvals/{request.pk}/sign-offs/", decision(request))
    assert answer.status_code == 201, answer.content


def test_statements_can_be_verified_with_the_public_key():
    scene = make_scene()
    request = filed(scene)
    sign(scene, request, "validator")
    client = token_client(scene.scientist, Scope.READ)
    (row,) = client.get(f"/api/v1/approvals/{request.pk}/sign-offs/").json()["results"]
    assert signature_holds(row["statement"], row["signature"], row["public_key"])
    assert not signature_holds(row["statement"] + " ", row["signature"], row["public_key"])


def test_remarks_are_made_by_people():
    scene = make_scene()
    request = filed(scene)
    address = f"approvals/{request.pk}/comments/"
    body = {"text": "Why this threshold?", "field_key": "threshold"}
    assert post(session(scene.people["validator"]), address, body).status_code == 201
    rows = session(scene.scientist).get(f"/api/v1/{address}").json()["results"]
    assert [row["text"] for row in rows] == ["Why this threshold?"]
    odd = post(session(scene.people["validator"]), address, {"text": "x", "field_key": "none"})
    assert odd.status_code == 400


def test_plans_are_proposed_and_ended():
    scene = make_scene(**MADE)
    body = {
        "model_id": scene.version.model_id,
        "version": scene.version.version,
        "environment": "production",
        "metrics": [{"metric": "roc_auc", "least": 0.8, "most_move": 0.05}],
        "quota": 4,
        "expires_on": str(timezone.now().date() + timedelta(days=30)),
        "purpose": "Each Monday.",
    }
    client = session(scene.scientist)
    made = post(client, "plans/", body)
    assert made.status_code == 201, made.content
    plan = made.json()
    assert (plan["left"], plan["envelope"]["pipeline"]) == (4, {"name": "weekly-demand"})
    assert client.get("/api/v1/plans/").json()["results"][0]["id"] == plan["id"]
    ended = post(client, f"plans/{plan['id']}/end/", {"reason": "Rewritten."})
    assert ended.json()["ended_at"]
