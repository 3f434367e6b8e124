"""The pages of approvals: what each person sees, may do, and gets back when it fails."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from governance.findings.services import finding_open
from governance.plans.models import ChangePlan
from governance.requests.models import ApprovalRequest, EvidenceOpening, RequestComment, SignOff
from portal.accounts.permissions import Role
from portal.actors import service
from tests.cards.facts import make_full_version
from tests.factories import PASSWORD, make_unit, make_user
from tests.governance.factories import (
    make_approved,
    make_candidate,
    make_check_run,
    make_manifest,
    make_request,
    make_sign_off,
    make_signer,
)

pytestmark = pytest.mark.django_db


def proven(client: Client, user: Any) -> None:
    """Let the session say that the person has just proven who they are."""
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


def decision(request: ApprovalRequest, role: str = "validator", **changes: str) -> dict[str, str]:
    given = {"role": role, "decision": "approve", "reason": "It holds.", "digest": request.digest}
    return given | changes


def page_of(request: ApprovalRequest) -> str:
    return reverse("request_detail", args=[request.pk])


def test_every_state_has_a_page(client: Client) -> None:
    client.force_login(make_user(Role.GOVERNANCE_LEAD))
    for state in ("draft", "in_review", "changes_requested", "rejected", "withdrawn", "expired"):
        answer = client.get(page_of(make_request(state=state)))
        assert answer.status_code == 200
    assert b"The approval holds" in client.get(page_of(make_approved())).content


def test_whoever_signs_finds_it_in_the_inbox(client: Client) -> None:
    request = make_request(state="in_review")
    signer = make_signer("validator", request)
    client.force_login(signer)
    answer = client.get(reverse("inbox"))
    assert page_of(request) in answer.content.decode()
    assert b'class="count some">1' in answer.content
    make_sign_off(request, "validator", signer=signer)
    assert b"Nothing waits for your signature" in client.get(reverse("inbox")).content


def test_the_inbox_says_who_may_not_sign(client: Client) -> None:
    request = make_request(make_candidate(run_user="vera"), state="in_review")
    client.force_login(make_signer("validator", request, username="vera"))
    text = client.get(reverse("inbox")).content.decode()
    assert "You cannot sign this: You ran the training run." in text
    text = client.get(page_of(request)).content.decode()
    assert "You ran the training run" in text
    assert "Your decision" not in text


def test_a_signer_of_another_unit_sees_nothing_to_sign(client: Client) -> None:
    make_request(state="in_review")
    client.force_login(make_user(Role.VALIDATOR, unit=make_unit()))
    assert b"Nothing waits for your signature" in client.get(reverse("inbox")).content


def test_lists_ask_the_same_number_of_queries(client: Client) -> None:
    client.force_login(make_user(Role.VALIDATOR))
    counts: dict[str, list[int]] = {}
    client.get(reverse("inbox"))
    for _ in range(2):
        for _ in range(4):
            make_request(state="in_review")
            make_approved()
        for path in ("", "?view=team", "expiring/?days=365", "decided/?q=it"):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(f"/approvals/{path}").status_code == 200
            counts.setdefault(path, []).append(len(captured))
    assert all(len(set(found)) == 1 for found in counts.values()), counts
    assert all(found[0] <= 20 for found in counts.values()), counts


def test_signing_with_a_fresh_proof_gives_a_receipt(client: Client) -> None:
    request = make_request(state="in_review")
    signer = make_signer("validator", request, display_name="Vera Lind")
    client.force_login(signer)
    proven(client, signer)
    answer = client.post(reverse("request_sign", args=[request.pk]), decision(request))
    assert answer.url == reverse("request_receipt", args=[request.pk, 1])
    text = client.get(answer.url).content.decode()
    row = SignOff.objects.get()
    assert row.signature in text
    assert row.meaning in text
    assert "Checked now: it holds" in text
    again = client.post(reverse("request_sign", args=[request.pk]), decision(request))
    assert again.url == answer.url
    assert SignOff.objects.count() == 1


def test_signing_asks_for_the_password_and_keeps_what_was_typed(client: Client) -> None:
    request = make_request(state="in_review")
    signer = make_signer("validator", request, username="vera", password=PASSWORD)
    client.force_login(signer, "allauth.account.auth_backends.AuthenticationBackend")
    typed = decision(request, reason="Read twice.")
    answer = client.post(reverse("request_sign", args=[request.pk]), typed)
    assert answer.url == reverse("account_reauthenticate")
    assert not SignOff.objects.exists()
    answer = client.post(answer.url, {"password": "wrong"})
    assert answer.status_code == 200
    answer = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert answer.url == reverse("request_receipt", args=[request.pk, 1])
    row = SignOff.objects.get()
    assert row.reason == "Read twice."
    assert row.reauthenticated_at is not None
    assert BACKEND_SESSION_KEY in client.session


def test_what_changed_meanwhile_is_said_and_nothing_is_lost(client: Client) -> None:
    request = make_request(state="in_review")
    signer = make_signer("validator", request)
    client.force_login(signer)
    proven(client, signer)
    answer = client.post(
        reverse("request_sign", args=[request.pk]),
        decision(request, digest="0" * 64, reason="Read twice."),
    )
    assert answer.url == f"{page_of(request)}#decide"
    text = client.get(page_of(request)).content.decode()
    assert "filed anew since you read it" in text
    assert "Read twice." in text
    assert "Read twice." not in client.get(page_of(request)).content.decode()


def test_somebody_without_password_is_told_what_to_do(client: Client) -> None:
    request = make_request(state="in_review")
    client.force_login(make_signer("validator", request))
    answer = client.post(reverse("request_sign", args=[request.pk]), decision(request), follow=True)
    assert b"Set up two-factor sign-in" in answer.content
    assert not SignOff.objects.exists()


def test_conditions_come_with_their_owner_and_day(client: Client) -> None:
    request = make_request(state="in_review")
    owner = make_user(Role.MODEL_OWNER, team=request.version.model.team)
    signer = make_signer("validator", request)
    client.force_login(signer)
    proven(client, signer)
    typed = decision(request, decision="conditional")
    answer = client.post(reverse("request_sign", args=[request.pk]), typed)
    assert answer.status_code == 422
    assert b"Name at least one condition" in answer.content
    typed |= {"condition-0-text": "Back-test again."}
    answer = client.post(reverse("request_sign", args=[request.pk]), typed)
    assert b"Say who does it." in answer.content
    day = timezone.now().date() + timedelta(days=20)
    typed |= {"condition-0-owner": str(owner.pk), "condition-0-due_on": day.isoformat()}
    answer = client.post(reverse("request_sign", args=[request.pk]), typed, follow=True)
    assert b"Back-test again." in answer.content
    assert request.conditions.get().owner == owner


def test_opened_evidence_is_noted_for_signers_only(client: Client) -> None:
    request = make_request(state="in_review")
    place = reverse("request_evidence", args=[request.pk, "check-card_complete"])
    client.force_login(make_user(Role.AUDITOR))
    assert b"Read for a test." in client.get(place).content
    assert not EvidenceOpening.objects.exists()
    client.force_login(make_signer("validator", request))
    answer = client.get(place, headers={"HX-Request": "true"})
    assert b"<html" not in answer.content
    assert EvidenceOpening.objects.get().what == "check-card_complete"
    assert client.get(reverse("request_evidence", args=[request.pk, "card"])).status_code == 302
    assert client.get(reverse("request_evidence", args=[request.pk, "x"])).status_code == 404


def test_a_scientist_asks_for_approval(client: Client) -> None:
    version = make_candidate()
    scientist = make_user(Role.DATA_SCIENTIST, team=version.model.team)
    validator = make_user(Role.VALIDATOR, display_name="Vera Lind")
    client.force_login(scientist)
    place = reverse("request_new", args=[version.model_id, version.version])
    text = client.get(place).content.decode()
    assert "The card misses" in text
    assert str(validator) in text
    answer = client.post(
        place, {"environment": "production", "purpose": "For the north.", "draft": "1"}
    )
    request = ApprovalRequest.objects.get()
    assert answer.url == page_of(request)
    assert (request.state, request.purpose) == ("draft", "For the north.")
    assert b"File it" in client.get(page_of(request)).content
    client.post(reverse("request_submit", args=[request.pk]))
    request.refresh_from_db()
    assert request.state == "submitted"
    assert request.purpose == "For the north."


def test_a_model_without_a_tier_stays_a_draft_and_says_why(client: Client) -> None:
    version = make_candidate("")
    client.force_login(make_user(Role.DATA_SCIENTIST, team=version.model.team))
    place = reverse("request_new", args=[version.model_id, version.version])
    answer = client.post(place, {"environment": "production", "purpose": ""}, follow=True)
    assert b"has no risk tier yet" in answer.content
    assert ApprovalRequest.objects.get().state == "draft"


def test_withdrawing_commenting_and_reminding(client: Client) -> None:
    request = make_request(state="in_review")
    client.force_login(request.requester)
    client.post(
        reverse("request_comment", args=[request.pk]), {"field": "overview", "text": "Why **so**?"}
    )
    assert RequestComment.objects.get().field_key == "overview"
    client.post(reverse("request_nudge", args=[request.pk]))
    answer = client.post(reverse("request_nudge", args=[request.pk]), follow=True)
    assert b"once a day is enough" in answer.content
    client.post(reverse("request_withdraw", args=[request.pk]))
    request.refresh_from_db()
    assert request.state == "withdrawn"
    assert b"Withdrawn" in client.get(page_of(request)).content


def test_governance_holds_an_approval_back_and_lets_it_stand(client: Client) -> None:
    request = make_approved()
    client.force_login(make_user(Role.GOVERNANCE_LEAD))
    client.post(reverse("request_suspend", args=[request.pk]), {"reason": "Drift in the north."})
    assert b"Drift in the north." in client.get(page_of(request)).content
    assert page_of(request) in client.get(reverse("inbox")).content.decode()
    client.post(reverse("request_reinstate", args=[request.pk]), {"reason": "Explained."})
    assert b"The approval holds" in client.get(page_of(request)).content
    client.post(reverse("request_revoke", args=[request.pk]), {"reason": "Wrong data."})
    request.refresh_from_db()
    assert request.state == "revoked"


def test_delegating_and_ending_it(client: Client) -> None:
    request = make_request(state="in_review")
    signer = make_signer("validator", request, display_name="Vera Lind")
    colleague = make_user(Role.ML_OPS, display_name="Otto Berg")
    client.force_login(signer)
    today = timezone.now().date()
    given = {
        "delegate": str(colleague.pk), "role": "validator", "reason": "Holiday",
        "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    assert client.post(reverse("delegation_list"), given).status_code == 302
    client.force_login(colleague)
    text = client.get(f"{reverse('inbox')}?view=delegated").content.decode()
    assert "for Vera Lind" in text
    assert "Your decision" in client.get(page_of(request)).content.decode()
    row = colleague.delegations_held.get()
    client.post(reverse("delegation_end", args=[row.pk]))
    text = client.get(f"{reverse('inbox')}?view=delegated").content.decode()
    assert page_of(request) not in text
    wrong = client.post(reverse("delegation_list"), given | {"ends_on": "2020-01-01"})
    assert wrong.status_code == 422


def test_decided_requests_are_found_by_word_and_outcome(client: Client) -> None:
    request = make_approved(purpose="Forecast for the harbour.")
    other = make_request(state="rejected")
    client.force_login(make_user(Role.AUDITOR))

    def found(query: str) -> set[int]:
        page = client.get(f"{reverse('approval_decisions')}?{query}").context["page"]
        return {row.pk for row in page}

    assert found("") == {request.pk, other.pk}
    assert found("q=harbour") == {request.pk}
    assert found("outcome=rejected") == {other.pk}
    assert found(f"q=%23{other.pk}") == {other.pk}
    assert found("tier=T1&since=2020-99-99") == set()


def test_expiring_approvals_offer_the_renewal(client: Client) -> None:
    soon = make_approved(expires_at=timezone.now() + timedelta(days=10))
    client.force_login(make_user(Role.MODEL_OWNER, team=soon.version.model.team))
    text = client.get(f"{reverse('approval_expiring')}?days=14").content.decode()
    assert "Ask again" in text
    make_request(soon.version, requester=soon.requester)
    assert "Ask again" not in client.get(reverse("approval_expiring")).content.decode()


def test_an_emergency_is_called_signed_and_reviewed_by_three_people(client: Client) -> None:
    version = make_candidate()
    caller, duty = make_user(Role.ML_OPS), make_user(Role.DATA_GOVERNANCE)
    client.force_login(caller)
    place = reverse("emergency_new", args=[version.model_id, version.version])
    assert b"It holds for 24 hours" in client.get(place).content
    typed = {"environment": "production", "incident_ref": "INC-7", "reason": "Orders are wrong."}
    assert b"Set up two-factor sign-in" in client.post(place, typed).content
    assert not ApprovalRequest.objects.exists()
    proven(client, caller)
    assert client.post(place, typed | {"incident_ref": ""}).status_code == 422
    client.post(place, typed)
    request = ApprovalRequest.objects.get()
    assert request.kind == "emergency"
    assert b"INC-7" in client.get(page_of(request)).content
    client.force_login(duty)
    proven(client, duty)
    text = client.get(page_of(request)).content.decode()
    seat = request.seats.exclude(sign_offs__isnull=False).get()
    assert "Your decision" in text
    client.post(reverse("request_sign", args=[request.pk]), decision(request, seat.role))
    request.refresh_from_db()
    assert request.state == "approved"
    third = make_user(Role.GOVERNANCE_LEAD)
    client.force_login(third)
    assert b"a third person gives a verdict" in client.get(reverse("inbox")).content
    proven(client, third)
    assert b"Give the verdict" in client.get(page_of(request)).content
    given = {"verdict": "ratify", "reason": "It was right."}
    client.post(reverse("emergency_review", args=[request.pk]), given)
    assert b"a third person gives a verdict" not in client.get(reverse("inbox")).content
    text = client.get(page_of(request)).content.decode()
    assert "Ratify" in text
    assert "Give the verdict" not in text


def test_a_reviewer_sees_what_changed_since_they_last_signed(client: Client) -> None:
    first = make_approved(make_candidate())
    signer = first.sign_offs.get(role="validator").signer
    again = make_full_version(first.version.model, version="2", source_uri="models:/m-another")
    request = make_request(again, state="in_review")
    client.force_login(signer)
    text = client.get(page_of(request)).content.decode()
    assert "Since your last signature" in text
    assert "models:/m-another" in text


def test_the_pages_of_the_inventory_show_approval(client: Client) -> None:
    request = make_approved()
    version = request.version
    scientist = make_user(Role.DATA_SCIENTIST, team=version.model.team)
    client.force_login(scientist)
    for place in (
        reverse("version_detail", args=[version.model_id, version.version]),
        reverse("model_detail", args=[version.model_id]),
    ):
        text = client.get(place).content.decode()
        assert page_of(request) in text
        assert "Approved" in text


def test_who_answers_for_all_models_sees_first_what_runs_unapproved(client: Client) -> None:
    version = make_candidate()
    text = b"1 model is in production without an approval that holds"
    client.force_login(make_user(Role.LEADERSHIP))
    assert text not in client.get(reverse("model_list")).content
    finding_open(
        actor=service("governance"),
        model=version.model,
        version=version,
        kind="ungated",
        severity="high",
        key="ungated:1",
        text="It serves without an approval.",
        facts={},
    )
    assert text in client.get(reverse("model_list")).content
    client.force_login(make_user(Role.DATA_SCIENTIST, team=version.model.team))
    assert text not in client.get(reverse("model_list")).content


def test_a_version_whose_approval_no_longer_holds_says_so(client: Client) -> None:
    version = make_approved().version
    client.force_login(make_user(Role.LEADERSHIP))
    place = reverse("version_detail", args=[version.model_id, version.version])
    assert b"Does not hold" not in client.get(place).content
    version.source_uri = "models:/m-swapped"
    version.save()
    assert b"Does not hold" in client.get(place).content


def test_a_request_that_changed_is_filed_again(client: Client) -> None:
    request = make_request(state="in_review")
    request.version.source_uri = "models:/m-swapped"
    request.version.save()
    client.force_login(make_signer("validator", request))
    text = client.get(page_of(request)).content.decode()
    assert "To be filed again before anybody can sign" in text
    assert "Your decision" not in text
    client.force_login(request.requester)
    assert b"File it again" in client.get(page_of(request)).content


def test_a_failing_check_is_said_before_and_after_signing(client: Client) -> None:
    version = make_candidate()
    make_manifest(version)
    make_check_run(version, verdicts={"card_complete": "fail"})
    request = make_request(version, state="in_review")
    make_sign_off(request, "model_owner")
    signer = make_signer("validator", request)
    client.force_login(signer)
    proven(client, signer)
    text = client.get(page_of(request)).content.decode()
    assert "1 required check does not pass" in text
    assert "You may approve all the same" in text
    answer = client.post(reverse("request_sign", args=[request.pk]), decision(request), follow=True)
    assert b"Every seat is signed, but the approval does not hold yet" in answer.content
    text = client.get(page_of(request)).content.decode()
    assert "The approval does not hold" in text
    assert "CHECK_FAILED" in text


def test_a_plan_shows_what_retrains_may_differ_in(client: Client) -> None:
    version = make_candidate()
    plan = ChangePlan.objects.create(
        model=version.model,
        environment="production",
        envelope={
            "pipeline": {"name": "nightly"},
            "schema": {"input price": "double"},
            "metrics": {"mae": {"min": None, "max": 14.0, "most_move": 2.0, "base": 12.3}},
            "data": {"names": ["sales"], "most_days": 35},
        },
        quota=12,
        expires_on=timezone.now().date() + timedelta(days=90),
        author_name="Ana",
    )
    request = make_request(version, state="in_review", kind="plan", plan=plan)
    client.force_login(make_user(Role.AUDITOR))
    text = client.get(page_of(request)).content.decode()
    assert "at most 14, moves by at most 2 (now 12.3)" in text
    assert "sales, at most 35 days old" in text


def test_nothing_that_people_write_runs(client: Client) -> None:
    evil = "<script>alert(1)</script>"
    request = make_request(state="rejected", purpose=evil, closing_reason=evil, incident_ref=evil)
    RequestComment.objects.create(request=request, text=evil, author=request.requester)
    row = make_sign_off(request, "validator", decision="reject", reason=evil)
    client.force_login(row.signer)
    receipt = reverse("request_receipt", args=[request.pk, 1])
    for place in (page_of(request), receipt, reverse("approval_decisions")):
        text = client.get(place).content.decode()
        assert evil not in text
        assert "&lt;script&gt;" in text


def test_a_request_costs_a_bounded_number_of_queries(client: Client) -> None:
    request = make_request(make_candidate("T2"), state="in_review")
    client.force_login(make_signer("validator", request))
    client.get(page_of(request))
    found = []
    for _ in range(2):
        for _ in range(5):
            make_signer("validator", request)
            make_signer("ml_ops", request)
        with CaptureQueriesContext(connection) as captured:
            client.get(page_of(request))
        found.append(len(captured))
    assert found[0] == found[1]
    assert found[0] <= 85
