"""Any order of verbs by any people: what must always be true of approvals stays true."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from governance.policies.queries import policy_in_force
from governance.promotion.rollback import rollback
from governance.promotion.services import deployment_take
from governance.requests.clock import clock_look
from governance.requests.models import GRANTED_STATES, OPEN_STATES, ApprovalRequest
from governance.requests.needs import seats_needed
from governance.requests.parts import parts_of_seat
from governance.requests.seats import persons_of
from governance.requests.services import (
    request_open,
    request_reinstate,
    request_revoke,
    request_submit,
    request_suspend,
    request_withdraw,
)
from governance.requests.standing import approval_for
from governance.requests.subjects import part_digests
from portal.accounts.models import RoleGrant
from portal.accounts.permissions import Role
from portal.actors import service
from portal.errors import SignetError
from portal.trail.models import TrailEvent
from registry.deployments.models import Deployment
from registry.deployments.services import deployment_end
from registry.inventory.models import ModelVersion
from tests.governance.amounts import EXAMPLES, STEPS
from tests.governance.scenes import (
    Scene,
    another_version,
    filed,
    make_scene,
    next_role,
    read_artifact,
    run_checks,
    sign,
    write_card,
)

ROLES = ("model_owner", "validator", "ml_ops", "data_governance")
PEOPLE = (*ROLES, "author")
DECISIONS = ("approve", "approve", "approve", "approve", "return", "return", "reject")
people, roles = st.sampled_from(PEOPLE), st.sampled_from(ROLES)


class Approvals(RuleBasedStateMachine):
    """A version of a T2 model after one that is approved; five people who may each try anything."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        earlier = make_scene("T2")
        filed(earlier, state="approved")
        self.scene: Scene = another_version(earlier)
        author = self.scene.scientist
        self.scene.people["author"] = author
        for role in ("validator", "ml_ops", "data_governance"):
            RoleGrant.objects.create(user=author, role=role)
        RoleGrant.objects.create(user=self.scene.people["validator"], role=Role.ML_OPS)
        read_artifact(self.scene.version)
        run_checks(self.scene.version)
        self.edits = 0
        self.expected = self.events()

    def teardown(self) -> None:
        """Leave nothing behind for the next example."""
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def events(self) -> int:
        return TrailEvent.objects.filter(verb__startswith="approval.").count()

    def newest(self) -> ApprovalRequest | None:
        return ApprovalRequest.objects.filter(version=self.scene.version).first()

    def attempt(self, verb: Any, *, refusals: int = 0, **given: Any) -> None:
        """Try a verb; what it changed is one event, what it refused none, or one when signing."""
        before = self.snapshot()
        try:
            with transaction.atomic():
                verb(**given)
        except SignetError:
            assert self.snapshot() == before
            self.expected += refusals
            return
        self.expected += self.snapshot() != before

    def snapshot(self) -> list[Any]:
        rows = ApprovalRequest.objects.filter(version=self.scene.version).order_by("pk")
        return [(row.pk, row.state, row.round, row.digest, row.sign_offs.count()) for row in rows]

    @initialize(signatures=st.sampled_from([0, 2, 4, 4]))
    def begin(self, signatures: int) -> None:
        self.file_and_submit()
        self.sign_next(signatures)

    @rule()
    def file_and_submit(self) -> None:
        self.file()
        self.submit("author")

    @rule()
    def file(self) -> None:
        run_checks(self.scene.version)
        self.attempt(
            request_open,
            actor=self.scene.author,
            version_id=self.scene.version.pk,
            environment="production",
        )

    @rule(who=people)
    def submit(self, who: str) -> None:
        request = self.newest()
        run_checks(self.scene.version)
        if request:
            self.attempt(request_submit, actor=self.scene.actor(who), request_id=request.pk)

    @rule(role=roles, who=people, decision=st.sampled_from(DECISIONS))
    def sign_as(self, role: str, who: str, decision: str) -> None:
        self.signed(role, self.scene.people[who], decision)

    @rule(count=st.integers(1, 4))
    def sign_next(self, count: int) -> None:
        """What usually happens: the people whose turn it is sign one after the other."""
        for _ in range(count):
            request = self.newest()
            role = next_role(request) if request and request.state == "in_review" else ""
            if role:
                self.signed(role, self.scene.people[role], "approve")

    def signed(self, role: str, user: Any, decision: str) -> None:
        request = self.newest()
        if request is None:
            return
        before = self.snapshot()
        try:
            sign(self.scene, request, role, user=user, decision=decision)
        except SignetError:
            assert self.snapshot() == before
            self.expected += 1  # the refusal itself
            return
        self.expected += self.snapshot() != before

    @rule(material=st.booleans())
    def edit(self, material: bool) -> None:
        self.edits += 1
        field = "watched_by" if material else "overview"
        write_card(self.scene.author, self.scene.version, **{field: f"Text {self.edits}"})

    @rule()
    def retrain(self) -> None:
        self.edits += 1
        read_artifact(self.scene.version, f"model {self.edits}")

    @rule(surely=st.integers(0, 3))
    def withdraw(self, surely: int) -> None:
        request = self.newest()
        if request and not surely:
            self.attempt(request_withdraw, actor=self.scene.author, request_id=request.pk)

    @rule(verb=st.sampled_from(["suspend", "reinstate", "reinstate", "revoke"]))
    def govern(self, verb: str) -> None:
        request = self.newest()
        if request is None:
            return
        given = {"actor": self.scene.actor("data_governance"), "request_id": request.pk}
        if verb == "suspend":
            self.attempt(request_suspend, **given, code="SUSPENDED", text="Look at it.")
        elif verb == "reinstate":
            self.attempt(request_reinstate, **given, reason="Looked at it.")
        else:
            self.attempt(request_revoke, **given, reason="Over.")

    def holds(self) -> bool:
        version = ModelVersion.objects.get(pk=self.scene.version.pk)
        return approval_for(version, "production", at=timezone.now()).holds

    @rule(again=st.booleans())
    def deploy(self, again: bool) -> None:
        for _ in range(1 + again):
            try:
                with transaction.atomic():
                    deployment_take(
                        actor=self.scene.actor("model_owner"),
                        environment="production",
                        name="demand",
                        served_ref="models:/demand/2",
                        version_id=self.scene.version.pk,
                    )
            except SignetError:
                assert not self.holds()
            else:
                assert self.holds()

    @rule()
    def roll_back(self) -> None:
        live = Deployment.objects.filter(version=self.scene.version, ended_at=None).first()
        if live is None:
            return
        owner = self.scene.actor("model_owner")
        self.attempt(rollback, actor=owner, deployment_id=live.pk, reason="It is worse.")
        live.refresh_from_db()
        assert live.ended_at is None or not self.holds()

    @rule()
    def retire(self) -> None:
        live = Deployment.objects.filter(version__model=self.scene.version.model, ended_at=None)
        for row in live:
            deployment_end(actor=self.scene.actor("model_owner"), deployment_id=row.pk)

    @rule()
    def expire(self) -> None:
        live = ApprovalRequest.objects.filter(
            version=self.scene.version, state__in=(*GRANTED_STATES, "suspended")
        )
        live.update(expires_at=timezone.now() - timedelta(seconds=1))
        self.expected += clock_look(service("governance"), lambda text: None)["ended"]

    @invariant()
    def one_event_for_each_change(self) -> None:
        assert self.events() == self.expected

    @invariant()
    def what_serves_was_let_through_under_an_approval(self) -> None:
        rows = Deployment.objects.filter(version__model=self.scene.version.model)
        assert all(row.approval.request_id and row.approval.decision_id for row in rows)
        assert sum(row.ended_at is None for row in rows) <= 1

    @invariant()
    def one_open_and_one_granted_at_most(self) -> None:
        states = [row.state for row in ApprovalRequest.objects.filter(version=self.scene.version)]
        assert sum(state in OPEN_STATES for state in states) <= 1
        assert sum(state in GRANTED_STATES for state in states) <= 1

    @invariant()
    def what_holds_is_signed_by_distinct_others_on_what_is_there_now(self) -> None:
        version = ModelVersion.objects.get(pk=self.scene.version.pk)
        found = approval_for(version, "production", at=timezone.now())
        if not found.holds:
            return
        assert found.request is not None
        assert found.subject is not None
        needed = seats_needed(policy_in_force(), "T2", [])
        rows = {state.seat.role: state.sign_off for state in found.seats if state.stands}
        assert {need.role for need in needed} <= set(rows)
        signers = [person for row in rows.values() for person in persons_of(row)]
        assert len(signers) == len(set(signers)) == len(needed)
        assert self.scene.scientist.pk not in signers
        for role, row in rows.items():
            then = part_digests(row.subject)
            assert all(then[part] == found.subject.parts[part] for part in parts_of_seat(role))
        assert found.request.expires_at > timezone.now()


@pytest.mark.django_db
@pytest.mark.timeout(1200)
def test_the_state_machine_of_approvals():
    run_state_machine_as_test(
        Approvals,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
