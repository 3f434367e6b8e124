"""Pages cost the same number of queries whatever they list; `query_counts.json` has the numbers."""

import json
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.accounts.permissions import Role
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import RegisteredModel
from tests.factories import make_deployment, make_model, make_team, make_user, make_version

pytestmark = pytest.mark.django_db
BASELINE = json.loads((Path(__file__).resolve().parent.parent / "query_counts.json").read_text())


def queries_of(client, path):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
        if response.streaming:
            b"".join(response.streaming_content)
    assert response.status_code == 200
    return len(captured)


def more_models(count):
    for _ in range(count):
        model = make_model(team=make_team(), owner=make_user(), aliases={"champion": "1"})
        make_deployment(make_version(model))
    refresh_models(RegisteredModel.objects.values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("model_list", "/models/"),
        ("model_list filtered", "/models/?q=model&tier=none&task=classification&sort=-owner"),
        ("model_export", "/models/export.csv"),
        ("deployment_list", "/deployments/"),
        ("card_list", "/cards/"),
        ("card_list filtered", "/cards/?q=model&gap=contact&review=undated&sort=-missing"),
    ],
)
def test_lists(client, name, path):
    client.force_login(make_user(Role.MODEL_OWNER, team=make_team()))
    queries_of(client, path)  # the first page of a session makes its CSRF secret
    found = []
    for _ in range(2):
        more_models(10)
        found.append(queries_of(client, path))
    assert found == [BASELINE[name]] * 2
    assert BASELINE[name] <= 10


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("model_detail", "/models/{pk}/"),
        ("version_detail", "/models/{pk}/versions/2/"),
        ("version_compare", "/models/{pk}/compare/?a=1&b=2"),
    ],
)
def test_pages_of_a_model(client, name, path):
    client.force_login(make_user(Role.MODEL_OWNER, team=make_team()))
    model = make_model(team=make_team(), owner=make_user(), aliases={"champion": "1"})
    queries_of(client, "/models/")
    found = []
    for _ in range(2):
        for _ in range(10):
            make_deployment(make_version(model))
        refresh_models([model.pk])
        found.append(queries_of(client, path.format(pk=model.pk)))
    assert found == [BASELINE[name]] * 2
    assert BASELINE[name] <= 16
