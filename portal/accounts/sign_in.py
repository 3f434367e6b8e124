"""What happens around signing in: whose failures are counted, and what is recorded."""

import ipaddress
from typing import Any

from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest

from portal.accounts.actors import person
from portal.accounts.models import User
from portal.trail.services import record


def attempted_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str | None:
    """The name that a failed attempt counts for; in one case, as names match in any case."""
    name = (credentials or {}).get("username") or request.POST.get("login")
    return name.strip().casefold()[:150] if isinstance(name, str) else None


def client_address(request: HttpRequest) -> str:
    """The caller's address: as the nearest trusted proxy saw it, else as we see it."""
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    seen = request.META.get("REMOTE_ADDR", "")
    if proxies and len(hops) >= proxies:
        seen = hops[-proxies].strip()
    try:
        return str(ipaddress.ip_address(seen))
    except ValueError:
        return "0.0.0.0"  # noqa: S104 - a name for "unknown", nothing listens on it


@receiver(signals.authenticator_added)
@receiver(signals.authenticator_removed)
@receiver(signals.authenticator_reset)
def record_second_factor(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Record a second factor that came or went, in the transaction that its view opened."""
    verb = {
        signals.authenticator_added: "person.factor_add",
        signals.authenticator_removed: "person.factor_remove",
        signals.authenticator_reset: "person.factor_renew",
    }[kwargs["signal"]]
    acting = person(user, request_id=getattr(request, "request_id", ""))
    record(acting, verb, user, after={"kind": str(authenticator.type)})
