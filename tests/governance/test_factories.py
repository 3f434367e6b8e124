"""What the builders make is what the services read as such."""

import pytest
from django.utils import timezone

from governance.requests.standing import approval_for
from tests.governance.factories import make_approved, make_candidate, make_request

pytestmark = pytest.mark.django_db


def test_what_everybody_signed_holds() -> None:
    approved = make_approved(make_candidate("T2"))
    found = approval_for(approved.version, "production", at=timezone.now())
    assert (found.holds, found.codes) == (True, [])


def test_a_request_in_review_waits_for_every_seat() -> None:
    request = make_request(state="in_review")
    found = approval_for(request.version, "production", at=timezone.now())
    assert found.codes == ["IN_REVIEW"]
    assert [seat.seat.role for seat in found.seats] == ["model_owner", "validator"]
