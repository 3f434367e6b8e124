"""A refused signature leaves a trace as well: who tried what, and why it was refused."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from django.db import transaction

from governance.requests.models import ApprovalRequest, SignOff
from portal.errors import SignetError
from portal.trail.services import record

Given = ParamSpec("Given")


def refusals_recorded(verb: Callable[Given, SignOff]) -> Callable[Given, SignOff]:
    """Record what a signing verb refuses, after its transaction was rolled back."""

    @wraps(verb)
    def recorded(*args: Given.args, **kwargs: Given.kwargs) -> SignOff:
        try:
            return verb(*args, **kwargs)
        except SignetError as refusal:
            _record(kwargs, refusal)
            raise

    return recorded


def _record(given: dict[str, object], refusal: SignetError) -> None:
    with transaction.atomic():
        request = ApprovalRequest.objects.filter(pk=given["request_id"]).first()
        if request is None:
            return
        after = {
            "code": refusal.code,
            "role": str(given.get("role", ""))[:24],
            "decision": str(given.get("decision", ""))[:20],
            "digest": str(given.get("digest", ""))[:64],
        }
        record(given["actor"], "approval.refused", request, after=after, reason=refusal.message)  # type: ignore[arg-type]
