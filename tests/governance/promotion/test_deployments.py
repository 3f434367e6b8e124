"""Deployments are recorded under the gate's answer; the champion alias follows."""

import copy
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.findings.models import Finding
from governance.gate.models import GateDecision
from governance.gate.services import gate_ask
from governance.promotion.models import DeploymentApproval
from governance.promotion.queries import champion_as_of
from governance.promotion.services import deployment_take
from governance.requests.services.states import end, locked
from governance.writeback.ledger import move_write, outside_move_write
from governance.writeback.models import PromotionStyle, SourceStyle, WriteBack
from portal.accounts.actors import person
from portal.accounts.models import User
from portal.accounts.permissions import Role
from portal.actors import Actor, service
from portal.errors import Denied
from portal.trail.models import TrailEvent
from registry.deployments.doors import NotApproved
from registry.deployments.models import Deployment
from registry.inventory.models import ModelVersion
from tests.factories import THEN, make_model, make_source, make_team, make_user, make_version
from tests.governance.promotion.approved import approved
from tests.routes import make_token

pytestmark = pytest.mark.django_db
SIGNET = service("governance")


@pytest.fixture
def version() -> ModelVersion:
    source = make_source("MLflow", last_complete_at=timezone.now())
    return make_version(make_model("price", source=source, team=make_team(), risk_tier="T4"))


@pytest.fixture
def owner(version: ModelVersion) -> User:
    return make_user(Role.MODEL_OWNER, team=version.model.team)


def take(actor: Actor, version: ModelVersion, **fields: Any) -> Deployment:
    return deployment_take(
        actor=actor,
        **{
            "environment": "production",
            "name": "price-api",
            "served_ref": "models:/price/1",
            "version_id": version.pk,
            **fields,
        },
    )


def asked(version: ModelVersion, environment: str = "production") -> GateDecision:
    return gate_ask(
        actor=SIGNET,
        model=version.model.name,
        version=version.version,
        environment=environment,
        commit="a" * 40,
    )


def sent(token: str, **body: Any) -> Any:
    return Client(headers={"authorization": f"Bearer {token}"}).post(
        "/api/v1/deployments/", body, content_type="application/json"
    )


def test_what_is_not_approved_is_not_recorded_and_the_refusal_is_kept(
    version: ModelVersion, owner: User
):
    with pytest.raises(NotApproved, match="may not run in production") as refused:
        take(person(owner), version)
    assert refused.value.reasons == ["NO_REQUEST"]
    assert Deployment.objects.count() == 0
    assert GateDecision.objects.get().answer == "deny"


def test_an_approved_version_is_recorded_with_its_approval_and_becomes_champion(
    version: ModelVersion, owner: User
):
    request = approved(version)
    made = take(person(owner), version, commit="b" * 40, reason="Release 12")
    kept = DeploymentApproval.objects.get(deployment=made)
    assert (kept.request, kept.mode, kept.commit, kept.by) == (request, "enforce", "b" * 40, owner)
    assert kept.decision.answer == "allow"
    alias = WriteBack.objects.get(wanted__has_key="alias")
    assert alias.wanted == {"alias": {"name": "champion", "to": "1"}}
    assert alias.request == request
    assert TrailEvent.objects.order_by("seq").last().verb == "deployment.gate"
    assert take(person(owner), version) == made
    assert DeploymentApproval.objects.count() == 1


def test_a_pipeline_brings_the_statement_it_got_before_it_deployed(
    version: ModelVersion, owner: User
):
    approved(version)
    other = make_version(version.model)
    approved(other)
    _, token = make_token(owner)
    body = {"model": "price", "version": "1", "environment": "production", "name": "price-api"}
    none = sent(token, **body)
    assert (none.status_code, none.json()["reasons"]) == (409, ["NO_STATEMENT"])
    good, foreign = asked(version), asked(other)
    forged = copy.deepcopy(good.envelope)
    forged["payload"] = foreign.envelope["payload"]
    for statement, reason in (
        (forged, "SIGNATURE_BROKEN"),
        (foreign.envelope, "STATEMENT_OF_ANOTHER"),
        ("{", "SIGNATURE_BROKEN"),
        ({"payload": 3}, "SIGNATURE_BROKEN"),
    ):
        answer = sent(token, **body, statement=statement)
        assert (answer.status_code, answer.json()["reasons"]) == (409, [reason]), answer.content
    assert Deployment.objects.count() == 0
    answer = sent(token, **body, statement=good.envelope, commit="c" * 40)
    assert answer.status_code == 201, answer.content
    kept = DeploymentApproval.objects.get()
    assert (kept.decision, answer.json()["served_ref"]) == (good, "models:/price/1")


def test_a_statement_that_was_true_once_does_not_outlive_the_approval(
    version: ModelVersion, owner: User
):
    request = approved(version)
    statement = asked(version)
    end(locked(SIGNET, request.pk), "revoked", "REVOKED", "Wrong data")
    _, token = make_token(owner)
    answer = sent(
        token,
        model="price",
        version="1",
        environment="production",
        name="x",
        statement=statement.envelope,
    )
    assert (answer.status_code, answer.json()["reasons"]) == (409, ["REVOKED"])


def test_a_refusal_or_an_expired_statement_records_nothing(version: ModelVersion, owner: User):
    refusal = asked(version)
    approved(version)
    with pytest.raises(NotApproved, match="is a refusal"):
        take(person(owner), version, statement=refusal.envelope)
    answer = asked(version)
    later = timezone.now() + timezone.timedelta(days=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("governance.promotion.statements.timezone.now", lambda: later)
        with pytest.raises(NotApproved, match="valid until"):
            take(person(owner), version, statement=answer.envelope)


def test_where_the_gate_only_warns_it_is_recorded(version: ModelVersion, owner: User):
    _, token = make_token(owner)
    answer = sent(token, model="price", version="1", environment="staging", name="price-test")
    assert answer.status_code == 201, answer.content
    assert DeploymentApproval.objects.get().mode == "warn"
    assert WriteBack.objects.count() == 0
    assert Finding.objects.count() == 0


def test_the_form_asks_the_gate_too(version: ModelVersion, owner: User, client: Client):
    client.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    form = {
        "name": "price-api",
        "environment": "production",
        "served_ref": "x",
        "version": version.pk,
    }
    refused = client.post("/deployments/new/", form)
    assert refused.status_code == 409
    assert "may not run in production" in refused.content.decode()
    approved(version)
    assert client.post("/deployments/new/", form).status_code == 302
    assert DeploymentApproval.objects.count() == 1


def test_whoever_may_not_record_learns_nothing_from_the_gate(version: ModelVersion):
    with pytest.raises(Denied):
        take(person(make_user(Role.VALIDATOR)), version)
    assert GateDecision.objects.count() == 0


def test_with_two_names_the_copy_becomes_champion(version: ModelVersion, owner: User):
    SourceStyle.objects.create(source=version.model.source, style=PromotionStyle.TWO_NAMES)
    approved(version)
    take(person(owner), version)
    wanted = WriteBack.objects.get(wanted__has_key="alias").wanted
    assert wanted["copy_to"] == "prod.price"
    assert wanted["tags"]["signet.status"] == "approved"


def test_a_shadow_model_is_recorded_without_the_gate(version: ModelVersion, owner: User):
    take(person(owner), version, version_id=None, team_id=version.model.team_id)
    assert GateDecision.objects.count() == 0


def test_the_api_names_what_is_wrong(version: ModelVersion, owner: User):
    _, token = make_token(owner)
    body = {"model": "price", "version": "1", "environment": "staging", "name": "x"}
    for change, field in (
        ({"version": "9"}, "version"),
        ({"environment": "moon"}, "environment"),
        ({"commit": "nope"}, "commit"),
        ({"pipeline_url": "javascript:1"}, "pipeline_url"),
        ({"extra": 1}, "extra"),
    ):
        answer = sent(token, **{**body, **change})
        assert answer.status_code == 400, answer.content
        assert field in {fault["field"] for fault in answer.json()["errors"]}
    make_version(make_model("price", source=make_source()), "1")
    ambiguous = sent(token, **body)
    assert ambiguous.json()["errors"][0]["field"] == "source"


def test_champion_as_of_any_day(version: ModelVersion):
    model = version.model
    make_version(model)
    for day, number in ((1, "1"), (10, "2"), (20, "")):
        at = THEN + timezone.timedelta(days=day)
        move_write(model=model, alias="champion", to=number, by=None, by_name="Ana", at=at)
    days = {
        day: champion_as_of(model, THEN + timezone.timedelta(days=day)).number
        for day in (0, 1, 9, 10, 19, 20, 99)
    }
    assert days == {0: "", 1: "1", 9: "1", 10: "2", 19: "2", 20: "", 99: ""}
    assert champion_as_of(model, THEN).move is None


def test_the_ledger_says_since_when_a_champion_put_there_by_others_is_approved(
    version: ModelVersion,
):
    model, request = version.model, approved(version)
    outside_move_write(model=model, alias="champion", to="1", is_bypass=True)
    for _ in range(2):
        move_write(model=model, alias="champion", to="1", by=None, by_name="Ana", request=request)
    move = champion_as_of(model, timezone.now()).move
    assert move
    assert (move.by_name, move.request, move.is_bypass) == ("Ana", request, False)
    assert model.alias_moves.count() == 2
