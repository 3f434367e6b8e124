"""What happens around signing in: whose failures are counted, and what is recorded."""

import ipaddress
from typing import Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from portal.accounts.actors import person
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


@receiver(post_save, sender=Authenticator)
def record_new_factor(
    sender: Any, instance: Authenticator, created: bool, raw: bool, **kwargs: Any
) -> None:
    """Record a second factor in the transaction that stores it; allauth's own signal is later."""
    if created and not raw:
        _record_factor("person.factor_add", instance)


@receiver(post_delete, sender=Authenticator)
def record_ended_factor(sender: Any, instance: Authenticator, **kwargs: Any) -> None:
    """Record a second factor that is taken away, in the same transaction."""
    _record_factor("person.factor_remove", instance)


def _record_factor(verb: str, factor: Authenticator) -> None:
    current = getattr(context, "request", None)
    acting = person(factor.user, request_id=getattr(current, "request_id", ""))
    with transaction.atomic():
        record(acting, verb, factor.user, after={"kind": str(factor.type)})
