"""Two people at the same moment, on real PostgreSQL with real threads: one effect, every time."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from governance.requests.models import ApprovalRequest
from governance.requests.services import request_withdraw
from governance.requests.standing import approval_for
from portal.accounts.permissions import Role
from portal.errors import SignetError
from portal.trail.models import TrailEvent
from registry.inventory.models import ModelVersion
from tests.factories import make_user
from tests.governance.amounts import CROWDS, RACES
from tests.governance.scenes import (
    Scene,
    another_version,
    filed,
    make_scene,
    sign,
    write_card,
)

# Two hundred rounds of eight threads take their time on a machine that does other things as well.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1200)]


def race(*acts: Callable[[], Any]) -> list[Any]:
    """Do all acts at the same moment; what each returned, or the refusal it met."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return act()
        except SignetError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def rounds(tier: str, count: int) -> Iterator[tuple[Scene, ApprovalRequest]]:
    """A fresh request of the same people in each round, ready to be signed."""
    first = make_scene(tier)
    for _ in range(count):
        scene = another_version(first)
        yield scene, filed(scene)


def events(request: ApprovalRequest, verb: str) -> int:
    return TrailEvent.objects.filter(verb=verb, subject_id=str(request.pk)).count()


def refusals(answers: list[Any]) -> list[str]:
    return sorted(answer.code for answer in answers if isinstance(answer, SignetError))


def test_two_approvers_of_one_seat():
    bad = {}
    for scene, request in rounds("T4", RACES):
        rival = make_user(Role.MODEL_OWNER, team=scene.team)
        answers = race(
            lambda s=scene, r=request: sign(s, r, "model_owner"),
            lambda s=scene, r=request, u=rival: sign(s, r, "model_owner", user=u),
        )
        request.refresh_from_db()
        facts = (
            request.state,
            request.sign_offs.count(),
            events(request, "approval.sign"),
            request.write_backs.count(),
            len(refusals(answers)),
        )
        if facts != ("approved", 1, 1, 1, 1):
            bad[request.pk] = facts, refusals(answers)
    assert bad == {}


def test_a_double_click():
    bad = {}
    for scene, request in rounds("T4", RACES):
        answers = race(*[lambda s=scene, r=request: sign(s, r, "model_owner")] * 2)
        request.refresh_from_db()
        facts = (
            request.state,
            request.sign_offs.count(),
            events(request, "approval.sign"),
            request.write_backs.count(),
            len({getattr(answer, "pk", answer) for answer in answers}),
        )
        if facts != ("approved", 1, 1, 1, 1):
            bad[request.pk] = facts, refusals(answers)
    assert bad == {}


def test_an_approval_against_a_withdrawal():
    bad = {}
    seen = set()
    for scene, request in rounds("T4", RACES):
        answers = race(
            lambda s=scene, r=request: sign(s, r, "model_owner"),
            lambda s=scene, r=request: request_withdraw(actor=s.author, request_id=r.pk),
        )
        request.refresh_from_db()
        seen.add(request.state)
        done = events(request, "approval.sign"), events(request, "approval.withdraw")
        wanted = {"approved": (1, 0), "withdrawn": (0, 1)}[request.state]
        if done != wanted or refusals(answers) != ["wrong-state"]:
            bad[request.pk] = request.state, done, refusals(answers)
    assert bad == {}
    assert seen


def test_an_approval_against_an_edit_of_the_card():
    bad = {}
    for scene, request in rounds("T4", RACES):
        answers = race(
            lambda s=scene, r=request: sign(s, r, "model_owner"),
            lambda s=scene: write_card(s.author, s.version, intended_uses=f"Use {s.version.pk}."),
        )
        request.refresh_from_db()
        version = ModelVersion.objects.get(pk=scene.version.pk)
        holds = approval_for(version, "production", at=timezone.now()).holds
        signed = request.sign_offs.count()
        if (
            holds
            or signed + len(refusals(answers)) != 1
            or refusals(answers)
            not in (
                [],
                ["STALE_CARD"],
            )
        ):
            bad[request.pk] = holds, signed, refusals(answers)
    assert bad == {}


def test_eight_approvers_at_once():
    bad = {}
    crowd = [make_user(Role.VALIDATOR) for _ in range(8)]
    for scene, request in rounds("T3", CROWDS):
        answers = race(
            *[lambda s=scene, r=request, u=user: sign(s, r, "validator", user=u) for user in crowd]
        )
        facts = request.sign_offs.count(), refusals(answers)
        if facts != (1, ["seat-signed"] * 7):
            bad[request.pk] = facts
    assert bad == {}
