"""Fields that nobody may set are sent to every address; afterwards nothing has moved: T10b."""

import json
from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction
from django.test import Client

from portal.accounts.access import PUBLIC
from portal.accounts.models import ApiToken, RoleGrant, User
from portal.accounts.permissions import Role
from registry.cards.models import CardRevision
from registry.inventory.models import ModelVersion, RegisteredModel
from tests.factories import make_user
from tests.routes import Route, Samples, all_routes

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
ROUTES = [route for route in all_routes() if PUBLIC not in str(route.action)]
# Ending a deployment and withdrawing a request move the lifecycle, as they should; tests of the
# inventory and of approvals have the rest.
WRITES = [
    (route, method)
    for route in ROUTES
    for method in (("post", "put", "patch") if route.is_api else ("post",))
    if route.name not in ("deployment_end", "request_withdraw")
]
# What a form or a service may set on its own page is no trespass; everything else is.
GUARDED: dict[type[models.Model], tuple[str, ...]] = {
    User: ("is_staff", "is_superuser", "is_demo", "password", "username", "last_login"),
    RegisteredModel: (
        "name", "lifecycle", "version_count", "champion_version", "card_answered", "fingerprint",
        "source_id", "gone_at", "is_demo", "tags", "aliases",
    ),
    ModelVersion: ("version", "metrics", "params", "lifecycle", "run_id", "fingerprint", "tags"),
    ApiToken: ("digest", "public_id", "owner_id", "scopes", "expires_at", "team_id"),
    CardRevision: ("author_id", "author_name", "digest", "number"),
}  # fmt: skip


def every_field() -> dict[str, Any]:
    """Each field of each of our models, with a value that would show."""
    names = {
        field.name
        for model in apps.get_models()
        if model.__module__.startswith(("portal", "registry"))
        for field in model._meta.get_fields()
        if not field.auto_created
    }
    return dict.fromkeys(names, "1") | {"approved_by": "1", "stage": "1"}


def state() -> dict[str, list[tuple[Any, ...]]]:
    return {
        model.__name__: sorted(model.objects.values_list("pk", *fields), key=str)
        for model, fields in GUARDED.items()
    } | {"grants": sorted(RoleGrant.objects.values_list("user", "role", "team"), key=str)}


def known(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The rows of before as they are now: a form may add its own kind of row."""
    return {
        name: [row for row in rows if row[0] in {old[0] for old in before[name]}]
        for name, rows in after.items()
    }


@pytest.mark.parametrize(("route", "method"), WRITES, ids=lambda part: getattr(part, "name", part))
def test_nothing_guarded_moves(route: Route, method: str):
    samples = Samples()
    user = make_user(Role.MODEL_OWNER, team=samples.team)
    client = Client()
    client.force_login(user, backend=BACKEND)
    address = samples.address(route)
    client.get(address)
    before = state()
    headers = {"if-match": client.get(address).headers.get("ETag", '"0"')}
    with transaction.atomic():
        sent = every_field()
        if route.is_api:
            body, kind = json.dumps(sent), "application/json"
            answer = getattr(client, method)(address, body, content_type=kind, headers=headers)
            assert 400 <= answer.status_code < 500
        else:
            answer = client.post(address, sent)
            assert answer.status_code < 500
    assert known(before, state()) == before


def test_the_refusal_names_each_field():
    samples = Samples()
    client = Client()
    client.force_login(make_user(Role.MODEL_OWNER, team=samples.team), backend=BACKEND)
    address = f"/api/v1/models/{samples.model.pk}/versions/1/card/"
    tag = client.get(address)["ETag"]
    body = {"lifecycle": "approved", "is_staff": True}
    answer = client.patch(
        address, json.dumps(body), content_type="application/json", headers={"if-match": tag}
    )
    assert answer.status_code == 400
    assert {fault["field"] for fault in answer.json()["errors"]} >= set(body)
