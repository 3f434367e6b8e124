"""Findings: one for each fact, closed by somebody else than who had to see to it."""

import threading

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from governance.findings.models import Finding, FindingKind, Severity
from governance.findings.services import (
    finding_assign,
    finding_close,
    finding_open,
    findings_settle,
)
from governance.findings.tasks import KIND, findings_untold
from portal.accounts.actors import person
from portal.accounts.permissions import Role
from portal.actors import service
from portal.errors import Conflict, Denied, Invalid
from portal.jobs.models import Job, JobState
from portal.jobs.runner import run_job
from portal.trail.models import TrailEvent
from registry.inventory.models import RegisteredModel
from tests.factories import make_actor, make_model, make_team, make_user

pytestmark = pytest.mark.django_db
SIGNET = service("governance")


def found(model: RegisteredModel | None = None, key: str = "bypass:1", **fields: object) -> Finding:
    return finding_open(
        actor=SIGNET,
        model=model or make_model(),
        kind=FindingKind.BYPASS,
        severity=Severity.HIGH,
        key=key,
        text="The alias champion was moved.",
        **fields,
    )


def test_the_same_fact_is_one_finding_until_it_is_closed():
    model = make_model(owner=make_user(Role.MODEL_OWNER))
    first = found(model)
    assert found(model) == first
    assert first.owner == model.owner
    assert first.due_on is not None
    finding_close(actor=make_actor(Role.VALIDATOR), finding_id=first.pk, resolution="Moved back.")
    assert found(model) != first
    verbs = TrailEvent.objects.filter(subject_kind="governance.finding").order_by("seq")
    assert list(verbs.values_list("verb", flat=True)) == [
        "finding.open",
        "finding.close",
        "finding.open",
    ]


def test_the_owner_of_a_finding_never_closes_it():
    team = make_team()
    owner = make_user(Role.MODEL_OWNER, team=team)
    finding = found(make_model(owner=owner, team=team))
    with pytest.raises(Denied, match="somebody else closes it"):
        finding_close(actor=person(owner), finding_id=finding.pk, resolution="Done.")
    with pytest.raises(IntegrityError), transaction.atomic():
        Finding.objects.filter(pk=finding.pk).update(closed_by=owner)
    closed = finding_close(
        actor=make_actor(Role.VALIDATOR), finding_id=finding.pk, resolution="Seen to."
    )
    assert closed.closed_at


def test_closing_twice_changes_nothing_and_a_closed_one_is_not_assigned():
    finding = found()
    validator = make_actor(Role.VALIDATOR)
    finding_close(actor=validator, finding_id=finding.pk, resolution="Seen to.")
    again = finding_close(actor=validator, finding_id=finding.pk, resolution="Twice.")
    assert again.resolution == "Seen to."
    with pytest.raises(Conflict):
        finding_assign(actor=validator, finding_id=finding.pk, owner_id=None, due_on=None)


def test_who_may_not_and_what_may_not_be_said():
    finding = found()
    for role in (Role.VIEWER, Role.AUDITOR, Role.DATA_SCIENTIST):
        with pytest.raises(Denied):
            finding_close(actor=make_actor(role), finding_id=finding.pk, resolution="x")
    validator = make_actor(Role.VALIDATOR)
    with pytest.raises(Invalid, match="what was done"):
        finding_close(actor=validator, finding_id=finding.pk, resolution="  ")
    with pytest.raises(Invalid, match="no such finding"):
        finding_close(actor=validator, finding_id=10**9, resolution="x")
    with pytest.raises(Invalid, match="Say what was found"):
        finding_open(
            actor=SIGNET, model=make_model(), kind="bypass", severity="high", key="k", text=" "
        )


def test_a_fact_that_is_no_more_closes_its_finding():
    finding = found()
    assert findings_settle(actor=SIGNET, keys=[finding.key, "other"], resolution="Approved.") == 1
    finding.refresh_from_db()
    assert (finding.closed_by_name, finding.resolution) == ("governance", "Approved.")


def test_one_mail_to_each_owner_and_to_the_leads_for_what_nobody_owns(settings: object):
    owner = make_user(Role.MODEL_OWNER, email="owner@example.org")
    lead = make_user(Role.GOVERNANCE_LEAD, email="lead@example.org")
    theirs = make_model(owner=owner)
    found(theirs, "a")
    found(theirs, "b")
    found(make_model(), "c")
    Finding.objects.update(opened_at="2026-01-01T00:00:00Z")
    findings_untold()
    findings_untold()
    job = Job.objects.get(kind=KIND)
    assert run_job(job.pk)
    assert Job.objects.get(pk=job.pk).state == JobState.DONE
    assert sorted(one.to[0] for one in mail.outbox) == [lead.email, owner.email]
    assert "2 findings about" in next(one for one in mail.outbox if owner.email in one.to).subject
    assert not Finding.objects.filter(told_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_find_the_same_at_once_open_one():
    model = make_model()
    start = threading.Barrier(4)

    def find() -> None:
        try:
            start.wait()
            found(RegisteredModel.objects.get(pk=model.pk), "same")
        finally:
            connection.close()

    threads = [threading.Thread(target=find) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Finding.objects.filter(key="same").count() == 1
