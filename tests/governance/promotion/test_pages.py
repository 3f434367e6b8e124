"""The pages of findings, rollbacks, the ledger, sources and packs."""

import json
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.findings.models import Finding
from governance.promotion.services import deployment_take
from governance.writeback.ledger import move_write
from governance.writeback.models import SourceStyle
from portal.accounts.actors import person
from portal.accounts.models import User
from portal.accounts.permissions import Role
from portal.jobs.models import Job
from registry.deployments.models import Deployment
from registry.inventory.models import ModelVersion
from tests.factories import THEN, make_model, make_source, make_team, make_user, make_version
from tests.governance.promotion.approved import approved
from tests.governance.promotion.rows import make_finding, make_pack, make_write_back
from tests.services import REPOSITORY

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def version() -> ModelVersion:
    source = make_source("MLflow", last_complete_at=timezone.now())
    owner = make_user(Role.MODEL_OWNER, display_name="Olga Owner")
    model = make_model("price", source=source, team=make_team(), risk_tier="T4", owner=owner)
    return make_version(model)


def signed_in(client: Client, role: Role, **fields: Any) -> User:
    user = make_user(role, **fields)
    client.force_login(user, backend=BACKEND)
    return user


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def test_findings_are_listed_by_weight_and_narrowed(client: Client, version: ModelVersion):
    make_finding(version, severity="low", text="A small thing")
    make_finding(version, severity="critical", text="A <b>grave</b> thing", kind="artifact_changed")
    closed = make_finding(version, text="Long gone", closed_at=timezone.now(), due_on=THEN.date())
    make_finding(version, text="Late", due_on=THEN.date())
    me = signed_in(client, Role.VALIDATOR)
    body = text(client, "/findings/")
    assert body.index("grave") < body.index("Late") < body.index("A small thing")
    assert "<b>grave" not in body
    assert "overdue" in body
    assert closed.text not in body
    assert closed.text in text(client, "/findings/?state=closed")
    assert "No finding matches" in text(client, "/findings/?state=mine")
    Finding.objects.filter(text="Late").update(owner=me)
    assert "Late" in text(client, "/findings/?state=mine")
    assert "grave" not in text(client, "/findings/?kind=review&severity=low&q=small")
    text(client, "/findings/?state=x&kind=y&severity=z&page=abc&q=" + "é" * 400)


def test_a_finding_is_closed_by_somebody_else_and_what_was_typed_stays(
    client: Client, version: ModelVersion
):
    finding = make_finding(version)
    me = signed_in(client, Role.VALIDATOR, display_name="Vera")
    path = f"/findings/{finding.pk}/"
    assert "Close the finding" in text(client, path)
    assign = {"owner": me.pk, "due_on": "2026-12-24", "reason": "Mine"}
    assert client.post(f"{path}assign/", assign).status_code == 302
    assert "somebody else closes it" in text(client, path)
    refused = client.post(f"{path}close/", {"resolution": "Typed at length"})
    assert refused.status_code == 403
    signed_in(client, Role.GOVERNANCE_LEAD)
    empty = client.post(f"{path}close/", {"resolution": " "})
    assert empty.status_code == 422
    assert client.post(f"{path}close/", {"resolution": "Labels came"}).status_code == 302
    assert "Labels came" in text(client, path)
    late = client.post(f"{path}assign/", assign)
    assert late.status_code == 409
    signed_in(client, Role.VIEWER)
    assert "Labels came" in text(client, path)
    assert client.post(f"{path}close/", {"resolution": "x"}).status_code == 403
    assert client.get("/findings/99999/").status_code == 404


def test_a_reviewer_raises_a_finding(client: Client, version: ModelVersion):
    path = f"/models/{version.model_id}/versions/1/findings/new/"
    signed_in(client, Role.DATA_SCIENTIST, team=version.model.team)
    assert client.get(path).status_code == 403
    signed_in(client, Role.VALIDATOR)
    assert client.post(path, {"severity": "high", "text": ""}).status_code == 422
    assert client.post(path, {"severity": "high", "text": "Leaks labels"}).status_code == 302
    made = Finding.objects.get()
    assert (made.kind, made.version, made.owner) == ("review", version, version.model.owner)


def test_rolling_back_shows_the_dry_run_and_takes_a_reason(client: Client, version: ModelVersion):
    owner = make_user(Role.MODEL_OWNER, team=version.model.team)
    second = make_version(version.model)
    for one in (version, second):
        approved(one)
        live = deployment_take(
            actor=person(owner),
            environment="production",
            name="price-api",
            served_ref=f"s3://served/{one.version}",
            version_id=one.pk,
        )
    signed_in(client, Role.VALIDATOR)
    assert client.get(f"/deployments/{live.pk}/rollback/").status_code == 403
    signed_in(client, Role.ML_OPS)
    path = f"/deployments/{live.pk}/rollback/"
    body = text(client, path)
    for words in ("May serve", "Artifact unchanged", "s3://served/1", "suspends an approval"):
        assert words in body
    assert client.post(path, {"version": version.pk, "reason": ""}).status_code == 422
    assert client.post(path, {"version": 999, "reason": "x"}).status_code == 409
    assert client.post(path, {"version": version.pk, "reason": "Prices"}).status_code == 302
    assert Deployment.objects.get(ended_at=None).version == version
    assert "has ended" in text(client, path)
    assert client.post(path, {"version": version.pk, "reason": "Twice"}).status_code == 409


def test_the_ledger_answers_for_any_moment(client: Client, version: ModelVersion):
    model = version.model
    move_write(model=model, alias="champion", to="1", by=None, by_name="Ana <i>", at=THEN)
    signed_in(client, Role.VIEWER)
    path = f"/models/{model.pk}/champion/"
    assert "Ana &lt;i&gt;" in text(client, path)
    body = text(client, f"{path}?at=2026-10-01T10:00")
    assert "Moved by Ana" in body
    assert "ledger begins later" in text(client, f"{path}?at=2020-01-01T00:00")
    for wrong in ("nonsense", "", "2026-99-99", "99999-01-01T00:00"):
        assert "That is no moment" in text(client, f"{path}?at={wrong}", 422)
    api = client.get(f"/api/v1/models/{model.pk}/champion/?at=2026-10-01T10:00Z").json()
    assert (api["version"], api["by"], api["request"]) == ("1", "Ana <i>", None)
    assert client.get(f"/api/v1/models/{model.pk}/champion/?at=yesterday").status_code == 400
    assert client.get(f"/api/v1/models/{model.pk}/champion/").json()["version"] == "1"


def test_how_a_source_promotes_is_chosen_with_a_reason(client: Client, version: ModelVersion):
    refused = make_write_back(version)
    path = f"/sources/{version.model.source_id}/promotion/"
    signed_in(client, Role.VIEWER)
    assert "refused" in text(client, path)
    assert client.post(path, {"style": "two_names", "reason": "x"}).status_code == 403
    signed_in(client, Role.GOVERNANCE_LEAD)
    assert client.post(path, {"style": "two_names", "reason": ""}).status_code == 422
    chosen = {"style": "two_names", "restore_bypasses": "on", "reason": "Prevent it"}
    assert client.post(path, chosen).status_code == 302
    row = SourceStyle.objects.get()
    assert (row.style, row.restore_bypasses) == ("two_names", True)
    assert client.post(f"/write-backs/{refused.pk}/retry/").status_code == 302
    refused.refresh_from_db()
    assert refused.state == "waiting"
    assert client.post(f"/write-backs/{refused.pk}/retry/").status_code == 302


def test_packs_are_built_by_a_job_and_downloaded(client: Client, version: ModelVersion):
    path = f"/models/{version.model_id}/versions/1/packs/"
    signed_in(client, Role.VIEWER)
    assert client.get(path).status_code == 403
    signed_in(client, Role.AUDITOR)
    assert "No pack was built yet" in text(client, path)
    assert client.post(path).status_code == 302
    assert client.post(path).status_code == 302
    assert Job.objects.filter(kind="governance.pack").count() == 1
    stored = default_storage.save("packs/x.zip", ContentFile(b"PK archive"))
    pack = make_pack(version, stored)
    assert pack.digest in text(client, path)
    answer = client.get(f"/packs/{pack.pk}/download/")
    assert b"".join(answer.streaming_content) == b"PK archive"
    assert "attachment" in answer["Content-Disposition"]
    default_storage.delete(stored)
    assert client.get(f"/packs/{pack.pk}/download/").status_code == 503
    signed_in(client, Role.MODEL_OWNER, team=make_team())
    assert client.get(f"/packs/{pack.pk}/download/").status_code == 403


def test_findings_over_the_api(client: Client, version: ModelVersion):
    finding = make_finding(version)
    make_finding(version, closed_at=timezone.now())
    signed_in(client, Role.VIEWER)
    assert client.get("/api/v1/findings/").json()["count"] == 1
    assert client.get("/api/v1/findings/?state=closed&kind=review").json()["count"] == 1
    assert client.get("/api/v1/findings/?severity=odd").status_code == 400
    assert client.get(f"/api/v1/findings/{finding.pk}/").json()["version"] == "1"


def test_lists_cost_the_same_however_long_they_are(client: Client, version: ModelVersion):
    signed_in(client, Role.VALIDATOR)
    baseline = json.loads((REPOSITORY / "tests" / "query_counts.json").read_text())
    pages = {"finding_list": "/findings/", "ledger": f"/models/{version.model_id}/champion/"}
    for path in pages.values():
        client.get(path)
    for _ in range(2):
        for number in range(10):
            made = make_version(version.model)
            make_finding(made, key=f"x:{made.pk}", owner=make_user())
            moved = {"alias": "champion", "by": None, "by_name": "Ana"}
            move_write(model=version.model, to=str(number), **moved)
        for name, path in pages.items():
            with CaptureQueriesContext(connection) as captured:
                client.get(path)
            assert len(captured) == baseline[name], name
