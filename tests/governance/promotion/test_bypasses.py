"""What is changed in MLflow without a decision is found at the next sync, on a real server."""

import json

import pytest
from django.db import transaction

from governance.findings.models import Finding
from governance.findings.queries import unapproved_in_production
from governance.findings.services import finding_close
from governance.gate.statements import public_keys, verify
from governance.requests.models import ApprovalRequest
from governance.requests.services.states import end, locked
from governance.requests.signals import request_ended, request_granted
from governance.writeback.ledger import OUTSIDE
from governance.writeback.models import AliasMove, PromotionStyle, SourceStyle, WriteBack
from governance.writeback.promotion import alias_enqueue
from portal.accounts.permissions import Role
from portal.actors import service
from portal.jobs.models import Job, JobState
from portal.trail.models import TrailEvent
from registry.deployments.models import Deployment
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.sources.models import Source
from registry.sources.sync import model_reread
from tests.factories import make_actor, make_deployment
from tests.governance.promotion.approved import approved
from tests.governance.promotion.remote import both, delivered, remote_aliases, remote_tags, run
from tests.registry.writer import Writer

pytestmark = pytest.mark.django_db
SIGNET = service("governance")


def synced(model: RegisteredModel) -> Job:
    """Read the model again, as after a change notice, and do the look that follows."""
    model_reread(actor=service("sync"), source_id=model.source_id, name=model.name)
    job = Job.objects.filter(kind="governance.bypasses", state=JobState.WAITING).first()
    job = run(job)
    assert job.state == JobState.DONE, job.error
    model.refresh_from_db()
    return job


def written(**filters: object) -> None:
    """Deliver what waits."""
    for row in WriteBack.objects.filter(state="waiting", **filters).order_by("pk"):
        delivered(row)


def promoted(version: ModelVersion) -> None:
    request = approved(version)
    alias_enqueue(actor=SIGNET, version=version, why="deployed", request=request)
    written()


def kinds() -> list[str]:
    return list(
        Finding.objects.filter(closed_at=None).order_by("pk").values_list("kind", flat=True)
    )


def test_an_approval_is_written_with_a_token_that_anybody_can_check(writer: Writer, source: Source):
    model, (version,) = both(writer, source)
    request = approved(version)
    written()
    tags = remote_tags(writer, model.name, "1")
    assert tags["signet.status"] == "approved"
    assert tags["signet.request"] == str(request.pk)
    assert tags["signet.expires"] == request.expires_at.isoformat()
    payload = verify(json.loads(tags["signet.token"]), public_keys())
    assert payload["subject"][0]["name"] == f"models:/{model.name}/1"
    assert payload["predicate"]["verificationResult"] == "PASSED"
    request = locked(SIGNET, request.pk)
    end(request, "revoked", "REVOKED", "Wrong data")
    written()
    tags = remote_tags(writer, model.name, "1")
    assert tags == {"signet.status": "revoked", "signet.request": str(request.pk)}


def test_an_alias_on_an_unapproved_version_is_found_and_told_in_the_ledger(
    writer: Writer, source: Source
):
    model, (one, two) = both(writer, source, versions=2)
    promoted(one)
    synced(model)
    assert kinds() == []
    writer.alias(model.name, "champion", "2")
    synced(model)
    finding = Finding.objects.get()
    assert (finding.kind, finding.version) == ("bypass", two)
    assert "from version 1 to version 2 outside Signet" in finding.text
    move = AliasMove.objects.filter(model=model).first()
    assert (move.by_name, move.is_bypass, move.to_version) == (OUTSIDE, True, "2")
    assert TrailEvent.objects.filter(verb="alias.moved_outside").count() == 1
    synced(model)
    assert (Finding.objects.count(), AliasMove.objects.count()) == (1, 2)
    assert remote_aliases(writer, model.name) == {"champion": "2"}
    finding_close(actor=make_actor(Role.VALIDATOR), finding_id=finding.pk, resolution="Seen.")
    synced(model)
    assert kinds() == ["bypass"], "it is still so"


def test_what_was_promoted_first_and_approved_later_counts_as_unapproved_until_then(
    writer: Writer, source: Source
):
    model, (one,) = both(writer, source)
    reader = make_actor(Role.VALIDATOR)
    writer.alias(model.name, "champion", "1")
    synced(model)
    assert unapproved_in_production(reader) == 1
    request = approved(one)
    synced(model)
    assert unapproved_in_production(reader) == 0
    assert kinds() == ["bypass"], "a person closes it"
    move = AliasMove.objects.filter(model=model).first()
    assert (move.request, move.is_bypass, move.to_version) == (request, False, "1")
    synced(model)
    assert AliasMove.objects.filter(model=model).count() == 2


def test_moving_the_alias_outside_to_an_approved_version_is_told_but_no_bypass(
    writer: Writer, source: Source
):
    model, (one, two) = both(writer, source, versions=2)
    promoted(one)
    approved(two)
    written()
    writer.alias(model.name, "champion", "2")
    synced(model)
    assert kinds() == []
    move = AliasMove.objects.filter(model=model).first()
    assert (move.by_name, move.is_bypass) == (OUTSIDE, False)


def test_a_bypass_is_put_back_where_the_source_asks_for_it(writer: Writer, source: Source):
    SourceStyle.objects.create(source=source, restore_bypasses=True)
    model, (one, _two) = both(writer, source, versions=2)
    promoted(one)
    writer.alias(model.name, "champion", "2")
    synced(model)
    written()
    assert remote_aliases(writer, model.name) == {"champion": "1"}
    synced(model)
    moves = (
        AliasMove.objects.filter(model=model).order_by("pk").values_list("to_version", "is_bypass")
    )
    assert list(moves) == [("1", False), ("2", True), ("1", False)]
    assert kinds() == ["bypass"], "a person closes it"


def test_an_alias_that_was_taken_off_is_in_the_ledger(writer: Writer, source: Source):
    model, (one,) = both(writer, source)
    promoted(one)
    writer.call("DELETE", "registered-models/alias", name=model.name, alias="champion")
    synced(model)
    assert AliasMove.objects.filter(model=model).first().to_version == ""
    assert kinds() == []


def test_what_serves_is_flagged_when_its_approval_ends_and_settled_when_it_holds_again(
    writer: Writer, source: Source
):
    model, (one,) = both(writer, source)
    promoted(one)
    synced(model)
    request = locked(SIGNET, one.approval_requests.get().pk)
    end(request, "revoked", "REVOKED", "Wrong data")
    written()
    synced(model)
    finding = Finding.objects.get()
    assert (finding.kind, finding.closed_at) == ("ungated", None)
    assert "does not hold any more" in finding.text
    approved(one)
    written()
    synced(model)
    assert kinds() == []


def test_a_deployment_without_approval_is_flagged_until_it_ends(writer: Writer, source: Source):
    model, (one,) = both(writer, source)
    make_deployment(one, name="price-api")
    synced(model)
    finding = Finding.objects.get()
    assert finding.kind == "ungated"
    assert "price-api serves version 1 in production, which was never approved" in finding.text
    Deployment.objects.update(ended_at="2026-11-24T00:00:00Z")
    synced(model)
    assert kinds() == []


@pytest.mark.parametrize("forged", ["signet.status", "signet.token"])
def test_a_forged_tag_is_put_back_and_found(writer: Writer, source: Source, forged: str):
    model, _ = both(writer, source)
    writer.tag_version(model.name, "1", forged, "approved")
    writer.tag_version(model.name, "1", "signet.evaluation", "kept")
    synced(model)
    finding = Finding.objects.get()
    assert finding.kind == "tag_forged"
    assert finding.facts == {"found": {forged: "approved"}, "written": {forged: None}}
    written()
    assert remote_tags(writer, model.name, "1") == {"signet.evaluation": "kept"}
    synced(model)
    assert WriteBack.objects.count() == 1


def test_a_token_copied_to_another_version_is_found(writer: Writer, source: Source):
    model, (one, _two) = both(writer, source, versions=2)
    approved(one)
    written()
    for name, value in remote_tags(writer, model.name, "1").items():
        writer.tag_version(model.name, "2", name, value)
    synced(model)
    finding = Finding.objects.get()
    assert (finding.kind, finding.version.version) == ("tag_forged", "2")
    written()
    assert remote_tags(writer, model.name, "2") == {}
    assert remote_tags(writer, model.name, "1")["signet.status"] == "approved"


def test_a_tag_that_was_taken_off_is_written_again(writer: Writer, source: Source):
    model, (one,) = both(writer, source)
    approved(one)
    written()
    writer.call(
        "DELETE", "model-versions/delete-tag", name=model.name, version="1", key="signet.status"
    )
    synced(model)
    written()
    assert remote_tags(writer, model.name, "1")["signet.status"] == "approved"
    assert kinds() == ["tag_forged"]


def test_what_signet_is_about_to_write_is_no_forgery(writer: Writer, source: Source):
    model, (one,) = both(writer, source)
    approved(one)
    synced(model)
    assert kinds() == []
    written()
    synced(model)
    assert kinds() == []


def test_with_two_names_only_the_copy_counts_and_a_foreign_version_there_is_found(
    writer: Writer, source: Source
):
    SourceStyle.objects.create(source=source, style=PromotionStyle.TWO_NAMES)
    model, (one, _two) = both(writer, source, versions=2)
    promoted(one)
    prod = f"prod.{model.name}"
    copy = RegisteredModel(name=prod, source=source)
    synced_copy(copy)
    assert kinds() == []
    assert remote_tags(writer, prod, "1")["signet.status"] == "approved"
    writer.alias(model.name, "champion", "2")
    synced(model)
    assert kinds() == [], "the alias on the first name says nothing about production"
    foreign = writer.version(prod)
    writer.alias(prod, "champion", foreign)
    synced_copy(copy)
    finding = Finding.objects.get()
    assert finding.kind == "bypass"
    assert f"{prod}/{foreign}" in finding.text


def synced_copy(copy: RegisteredModel) -> None:
    model_reread(actor=service("sync"), source_id=copy.source_id, name=copy.name)
    for job in Job.objects.filter(kind="governance.bypasses", state=JobState.WAITING):
        assert run(job).state == JobState.DONE


def test_the_approval_of_a_change_plan_is_not_written_as_that_of_a_version(
    writer: Writer, source: Source
):
    _, (version,) = both(writer, source)
    request = approved(version)
    WriteBack.objects.all().delete()
    request.kind = "plan"
    request_granted.send(sender=type(request), request=request)
    request_ended.send(sender=type(request), request=request, code="REVOKED")
    assert WriteBack.objects.count() == 0


def test_when_one_of_two_approvals_ends_the_other_is_written(writer: Writer, source: Source):
    model, (version,) = both(writer, source)
    standing = approved(version)
    emergency = ApprovalRequest.objects.get(pk=standing.pk)
    emergency.pk, emergency.kind, emergency.state = None, "emergency", "expired"
    emergency.save()
    with transaction.atomic():
        request_ended.send(sender=ApprovalRequest, request=emergency, code="EMERGENCY_LAPSED")
    written()
    tags = remote_tags(writer, model.name, "1")
    assert (tags["signet.status"], tags["signet.request"]) == ("approved", str(standing.pk))
