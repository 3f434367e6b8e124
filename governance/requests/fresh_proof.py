"""When somebody last proved who they are, in this very session and for a step like signing."""

from datetime import UTC, datetime, timedelta

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from django.http import HttpRequest
from django.utils import timezone

from governance.requests.services.signing import FRESH

# What is typed after the proof was given still counts when the server reads it a moment later.
SLACK = timedelta(seconds=10)


def proven_at(request: HttpRequest) -> datetime | None:
    """When the person last gave a password or second factor again; signing in does not count."""
    records = get_authentication_records(request, request.user)
    again = [one for one in records if one.get("reauthenticated") and one.get("at")]
    return datetime.fromtimestamp(float(again[-1]["at"]), UTC) if again else None


def is_fresh(request: HttpRequest) -> bool:
    """Whether that proof is young enough to sign with."""
    at = proven_at(request)
    return at is not None and timezone.now() - at < FRESH - SLACK


def can_prove(request: HttpRequest) -> bool:
    """Whether this person has a password or a second factor here to prove it with."""
    return bool(get_reauthentication_flows(request.user))
