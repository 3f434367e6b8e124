"""The pages of models, versions and deployments, and their forms."""

import pytest

from portal.accounts.permissions import Role
from portal.trail.models import TrailEvent
from registry.deployments.models import Deployment
from registry.inventory.lifecycle import refresh_models
from registry.inventory.services import assignment_stamp, model_assign
from tests.factories import (
    THEN,
    make_actor,
    make_deployment,
    make_model,
    make_source,
    make_team,
    make_user,
    make_version,
)

pytestmark = pytest.mark.django_db
SIGNATURE = {
    "inputs": [{"name": "week", "type": "datetime", "required": False}],
    "outputs": '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 1]}}]',
    "params": [{"name": "horizon", "dtype": "integer", "default": 8}],
}


@pytest.fixture
def team():
    return make_team("Planning")


@pytest.fixture
def model(team):
    source = make_source("Lake", public_url="https://mlflow.example/")
    model = make_model(
        "a/b <i>?", source=source, team=team, aliases={"champion": "1", "challenger": "2"}
    )
    facts = {"experiment_id": "7", "experiment": "Retail", "logged_model_id": "m-1"}
    first = make_version(
        model, metrics={"rmse": 4.0, "n": 10}, params={"depth": "3"}, aliases=["champion"], **facts
    )
    make_version(
        model,
        metrics={"rmse": 3.5, "nan": None},
        params={"depth": "4", "eta": "<b>"},
        signature=SIGNATURE,
        datasets=[{"name": "sales", "digest": "abc123", "context": "training"}],
        git_commit="f" * 40,
        **facts,
    )
    make_deployment(first, name="demand-api")
    refresh_models([model.pk])
    model.refresh_from_db()
    return model


def page(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def sign_in(client, role=Role.VIEWER, **fields):
    user = make_user(role, **fields)
    client.force_login(user)
    return user


def test_model_page_sets_versions_beside_the_champion(client, model):
    sign_in(client)
    body = page(client, f"/models/{model.pk}/")
    assert "a/b &lt;i&gt;?" in body
    assert "−0.5" in body
    assert "better than the champion" in body
    assert "https://mlflow.example/#/models/a%2Fb%20%3Ci%3E%3F" in body
    assert "demand-api" in body
    assert '"type": "scatter"' in body
    assert "No owner" in body


def test_chart_and_columns_follow_the_address(client, model):
    sign_in(client)
    chart = client.get(
        f"/models/{model.pk}/?metric=n", headers={"HX-Request": "true", "HX-Target": "chart"}
    ).content.decode()
    assert "n over versions" in chart
    assert "<html" not in chart
    shown = page(client, f"/models/{model.pk}/?show=n&metric=evil&page=99")
    assert "rmse</span></th>" not in shown


def test_model_without_versions_or_metrics(client):
    sign_in(client)
    empty = make_model("empty", team=None)
    refresh_models([empty.pk])
    assert "No version yet" in page(client, f"/models/{empty.pk}/")
    make_version(empty, metrics={}, detail_state="failed", detail_error="run 1 is deleted")
    refresh_models([empty.pk])
    body = page(client, f"/models/{empty.pk}/")
    assert "run 1 is deleted" in body
    assert "No champion." in body


def test_gone_model_says_so_and_that_it_serves(client, model):
    model.gone_at = THEN
    model.save()
    refresh_models([model.pk])
    sign_in(client)
    body = page(client, f"/models/{model.pk}/")
    assert "Gone at the source." in body
    assert "Serves, but gone at the source." in body


MADE_BY_CODE = (
    '{"tags": {"mlflow.user": "root", "mlflow.source.name": "train.py",'
    ' "mlflow.source.git.commit": "' + "a" * 40 + '"}}'
)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (MADE_BY_CODE, "made by train.py at commit aaaaaaaaaaaa<"),
        ('{"uri": "s3://lake/sales.parquet"}', ">s3://lake/sales.parquet<"),
        ('{"tags": {}}', ">code<"),
        ("[1", ">[1<"),
        ("", ">code<"),
    ],
)
def test_where_a_dataset_came_from_is_told_in_words(client, model, source, told):
    data = {"name": "sales", "digest": "abc123", "source_type": "code", "source": source}
    model.versions.filter(version="2").update(datasets=[data])
    sign_in(client)
    body = page(client, f"/models/{model.pk}/versions/2/")
    assert told in body
    assert "mlflow.user" not in body


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://x/", "//x", ""])
def test_only_web_addresses_become_links(client, model, url):
    model.source.public_url = url
    model.source.save()
    sign_in(client)
    for path in (f"/models/{model.pk}/", f"/models/{model.pk}/versions/2/"):
        assert "Open in Lake" not in page(client, path)


@pytest.mark.parametrize(
    "path",
    [
        "/models/999/",
        "/models/99999999999999999999/",
        "/models/999/versions/1/",
        "/models/999/compare/",
        "/deployments/999/end/",
        "/models/999/owner/",
    ],
)
def test_what_is_not_there_is_404(client, path):
    sign_in(client, Role.MODEL_OWNER, team=make_team())
    assert client.get(path).status_code == 404


def test_version_page_shows_its_facts(client, model):
    sign_in(client)
    body = page(client, f"/models/{model.pk}/versions/2/")
    for text in ("abc123", "optional", "tensor of float64 (-1, 1)", "default 8", "f" * 40):
        assert text in body
    assert "&lt;b&gt;" in body
    assert "Not a finite number" in body
    assert f"https://mlflow.example/#/experiments/7/runs/{model.versions.first().run_id}" in body
    assert "https://mlflow.example/#/experiments/7/models/m-1" in body
    assert 'rel="prev"' in body
    assert 'rel="next"' not in body
    assert "−0.5 better" in body
    assert client.get(f"/models/{model.pk}/versions/3/").status_code == 404


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"detail_state": "pending"}, "Details are on their way."),
        ({"detail_state": "failed", "detail_error": "no <run>"}, "no &lt;run&gt;"),
        ({"gone_at": THEN}, "Gone at the source."),
        ({"signature": {"inputs": "{broken"}}, "{broken"),
        ({"signature": {}, "datasets": []}, "logged without a signature"),
    ],
)
def test_version_states(client, model, facts, text):
    make_version(model, "3", **facts)
    sign_in(client)
    assert text in page(client, f"/models/{model.pk}/versions/3/")


def test_comparison_shows_what_differs(client, model):
    sign_in(client)
    body = page(client, f"/models/{model.pk}/compare/?a=1&b=2")
    assert "−0.5 better" in body
    assert "depth" in body
    assert "only in 2" in body
    assert "There is no such version" in page(client, f"/models/{model.pk}/compare/?a=1&b=77")
    assert "Choose two versions" in page(client, f"/models/{model.pk}/compare/")
    assert ">same<" in page(client, f"/models/{model.pk}/compare/?a=1&b=1&all=1")


def test_assign_form(client, model, team):
    owner = sign_in(client, Role.MODEL_OWNER, team=team)
    path = f"/models/{model.pk}/owner/"
    assert path in page(client, f"/models/{model.pk}/")
    sent = {"owner": owner.pk, "team": team.pk, "reason": "", "seen": assignment_stamp(model)}
    assert client.post(path, sent).status_code == 302
    model.refresh_from_db()
    assert model.owner == owner
    assert TrailEvent.objects.filter(verb="model.assign").count() == 1
    assert "model.assign" in page(client, f"/models/{model.pk}/")


def test_a_stale_assign_form_keeps_what_was_typed(client, model, team):
    owner = sign_in(client, Role.MODEL_OWNER, team=team)
    sent = {"owner": owner.pk, "team": team.pk, "reason": "My words", "seen": "stale"}
    response = client.post(f"/models/{model.pk}/owner/", sent)
    body = response.content.decode()
    assert response.status_code == 409
    assert "My words" in body
    assert f"It is now: owner none, team {team}" in body
    sent["seen"] = response.context["form"]["seen"].value()
    assert client.post(f"/models/{model.pk}/owner/", sent).status_code == 302


def test_forms_are_for_those_who_may(client, model):
    sign_in(client, Role.DATA_SCIENTIST, team=model.team)
    path = f"/models/{model.pk}/owner/"
    assert path not in page(client, f"/models/{model.pk}/")
    assert client.get(path).status_code == 403
    assert client.post(path, {}).status_code == 403


def test_deployments_call_out_shadow_models(client, model, team):
    make_deployment(None, name="old-scorer", served_ref="s3://x/<b>.pkl", team=team)
    make_deployment(model.versions.get(version="1"), name="gone-api", ended_at=THEN)
    sign_in(client)
    body = page(client, "/deployments/")
    assert "1 shadow model serves outside the inventory" in body
    assert "&lt;b&gt;" in body
    assert body.index("old-scorer</span>") < body.index("demand-api</span>")
    assert "gone-api" not in body
    assert "gone-api" in page(client, "/deployments/?state=ended")
    assert "demand-api" not in page(client, "/deployments/?kind=shadow")
    assert "No deployment matches" in page(client, "/deployments/?q=nothing")
    page(client, "/deployments/?state=x&kind=y&environment=z&page=abc&q=" + "é" * 400)
    assert client.get("/deployments/new/").status_code == 403


def test_record_link_and_end_a_deployment(client, model, team):
    sign_in(client, Role.MODEL_OWNER, team=team)
    sent = {"name": "new-api", "environment": "staging", "served_ref": "s3://m", "team": team.pk}
    assert client.post("/deployments/new/", {**sent, "name": ""}).status_code == 422
    assert client.post("/deployments/new/", sent).status_code == 302
    made = Deployment.objects.get(name="new-api")
    version = model.versions.get(version="2")
    assert client.get(f"/deployments/{made.pk}/link/").status_code == 200
    link = client.post(f"/deployments/{made.pk}/link/", {"version": version.pk, "reason": ""})
    assert link.status_code == 302
    again = client.post(f"/deployments/{made.pk}/link/", {"version": version.pk, "reason": "Hm"})
    assert again.status_code == 409
    assert "Hm" in again.content.decode()
    assert client.post(f"/deployments/{made.pk}/end/", {"reason": "Test over"}).status_code == 302
    made.refresh_from_db()
    assert made.ended_at
    verbs = TrailEvent.objects.order_by("seq").values_list("verb", flat=True)
    assert list(verbs) == ["deployment.record", "deployment.link", "deployment.end"]


def test_another_teams_deployment_is_not_yours(client, model):
    sign_in(client, Role.MODEL_OWNER, team=make_team())
    live = Deployment.objects.get(name="demand-api")
    assert client.post(f"/deployments/{live.pk}/end/", {"reason": "x"}).status_code == 403
    sent = {"name": "x", "environment": "staging", "served_ref": "y", "team": model.team.pk}
    response = client.post("/deployments/new/", sent)
    assert response.status_code == 422
    live.refresh_from_db()
    assert live.ended_at is None


def test_history_shows_who_decided(client, model, team):
    lead = make_actor(Role.GOVERNANCE_LEAD, display_name="Gil Lead")
    model_assign(actor=lead, model_id=model.pk, owner_id=None, team_id=None, reason="Moved away")
    sign_in(client)
    body = page(client, f"/models/{model.pk}/")
    assert "Gil Lead" in body
    assert "Moved away" in body
