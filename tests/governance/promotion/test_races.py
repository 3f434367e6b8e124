"""Two at the same moment, on PostgreSQL: one effect each, and nothing beside the approval."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.utils import timezone

from governance.promotion.models import DeploymentApproval
from governance.promotion.rollback import rollback
from governance.promotion.services import deployment_take
from governance.requests.models import Suspension
from governance.requests.services.states import end, locked
from governance.writeback.models import WriteBack
from portal.accounts.actors import person
from portal.accounts.permissions import Role
from portal.actors import Actor, service
from portal.errors import Conflict
from registry.deployments.models import Deployment
from registry.inventory.models import ModelVersion
from tests.factories import make_model, make_source, make_team, make_user, make_version
from tests.governance.promotion.approved import approved

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all of this at the same moment; each one's answer or error, in order."""
    start = threading.Barrier(len(acts))
    answers: list[object] = [None] * len(acts)

    def go(place: int, act: Callable[[], object]) -> None:
        try:
            start.wait()
            answers[place] = act()
        except Exception as error:  # the answer of this thread, looked at by the test
            answers[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def candidates(count: int) -> tuple[Actor, list[ModelVersion]]:
    """Approved versions of a new model and an owner of its team."""
    source = make_source(last_complete_at=timezone.now())
    model = make_model(source=source, team=make_team(), risk_tier="T4")
    versions = [make_version(model) for _ in range(count)]
    for version in versions:
        approved(version)
    return person(make_user(Role.MODEL_OWNER, team=model.team)), versions


def take(owner: Actor, version: ModelVersion, name: str) -> Deployment:
    return deployment_take(
        actor=owner,
        environment="production",
        name=name,
        served_ref=f"models:/x/{version.version}",
        version_id=version.pk,
    )


def test_a_rollback_pressed_twice_goes_back_once():
    for round_ in range(ROUNDS):
        name = f"api-{round_}"
        owner, (good, bad) = candidates(2)
        take(owner, good, name)
        live = take(owner, bad, name)

        def back(pk: int = live.pk, actor: Actor = owner) -> Deployment:
            return rollback(actor=actor, deployment_id=pk, reason="Wrong prices")

        answers = at_once(back, back, back)
        assert sorted(type(answer).__name__ for answer in answers) == [
            "Conflict",
            "Conflict",
            "Deployment",
        ], answers
        assert Deployment.objects.filter(name=name).count() == 3
        assert Suspension.objects.filter(request__version=bad).count() == 1
        assert WriteBack.objects.filter(version=good, wanted__has_key="alias").count() == 2


def test_a_deployment_recorded_twice_is_one():
    for round_ in range(ROUNDS):
        owner, (version,) = candidates(1)
        name = f"api-{round_}"
        answers = at_once(*[lambda n=name, o=owner, v=version: take(o, v, n)] * 3)
        made = [answer for answer in answers if isinstance(answer, Deployment)]
        refused = [answer for answer in answers if not isinstance(answer, Deployment)]
        assert made, answers
        assert all(isinstance(answer, Conflict) for answer in refused), answers
        assert Deployment.objects.filter(name=name).count() == 1
        assert DeploymentApproval.objects.filter(deployment__name=name).count() == 1
        assert WriteBack.objects.filter(version=version, wanted__has_key="alias").count() == 1


def test_nothing_is_recorded_under_an_approval_that_was_revoked_before():
    for round_ in range(ROUNDS):
        owner, (version,) = candidates(1)
        request_id = version.approval_requests.get().pk

        def revoke(pk: int = request_id) -> None:
            with transaction.atomic():
                end(locked(service("governance"), pk), "revoked", "REVOKED", "Wrong data")

        name = f"api-{round_}"
        recorded, _ = at_once(lambda n=name, o=owner, v=version: take(o, v, n), revoke)
        assert isinstance(recorded, Deployment | Conflict), recorded
        rows = WriteBack.objects.filter(version=version).order_by("pk")
        order = ["alias" in row.wanted for row in rows]
        if isinstance(recorded, Deployment):
            assert order == [False, True, False], "the revocation came after"
        else:
            assert order == [False, False]
            assert not Deployment.objects.filter(name=name).exists()
