"""Delegation: somebody signs for somebody else, in one role, for a time that is written down."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils import timezone

from governance.requests.models import Delegation
from governance.requests.seats import never_sign
from governance.requests.services.signing import require_person
from governance.requests.services.states import text_of
from portal.accounts.models import RoleGrant, User
from portal.accounts.permissions import SIGN_OFF_ROLES, allowed, require
from portal.actors import Actor
from portal.errors import Denied, Invalid
from portal.trail.services import record

LONGEST = timedelta(days=90)
LONGEST_REASON = 300


def delegation_give(
    *,
    actor: Actor,
    delegate_id: int,
    role: str,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
) -> Delegation:
    """Let a colleague sign in a role one holds oneself; what was delegated cannot be passed on."""
    with transaction.atomic():
        require_person(actor)
        require(actor, "approval.delegate")
        delegator = User.objects.select_for_update().get(pk=actor.user_id)
        _check_role(delegator, role)
        delegate = _delegate(delegator, delegate_id)
        _check_time(starts_at, ends_at)
        why = text_of("reason", reason, "Say why, such as a holiday.")[:LONGEST_REASON]
        same: dict[str, Any] = {
            "delegator": delegator,
            "delegate": delegate,
            "role": role,
            "starts_at": starts_at,
            "ends_at": ends_at,
        }
        known = Delegation.objects.filter(**same, ended_at=None).first()
        if known:
            return known
        row = Delegation.objects.create(**same, reason=why)
        record(actor, "delegation.give", row, after=_told(row), reason=why)
    return row


def delegation_end(*, actor: Actor, delegation_id: int, reason: str = "") -> Delegation:
    """End a delegation before its time; ending it twice changes nothing."""
    with transaction.atomic():
        require_person(actor)
        rows = Delegation.objects.select_for_update()
        mine = Q(delegator=actor.user_id) | Q(delegate=actor.user_id)
        row = get_object_or_404(
            rows if allowed(actor, "approval.govern") else rows.filter(mine), pk=delegation_id
        )
        if row.ended_at:
            return row
        row.ended_at = timezone.now()
        row.save(update_fields=["ended_at"])
        record(actor, "delegation.end", row, after=_told(row), reason=reason.strip())
    return row


def _check_role(delegator: User, role: str) -> None:
    held = RoleGrant.objects.filter(user=delegator, role=role)
    if role not in SIGN_OFF_ROLES or not held.exists():
        raise Denied(
            "You can delegate only a role that you hold yourself; what somebody delegated to you "
            "cannot be passed on.",
            code="not-yours",
        )


def _delegate(delegator: User, delegate_id: int) -> User:
    signing = RoleGrant.objects.filter(role__in=SIGN_OFF_ROLES).values("user")
    people = User.objects.filter(is_active=True, pk__in=signing).exclude(pk__in=never_sign())
    found = people.filter(pk=delegate_id).exclude(pk=delegator.pk).first()
    if found is None:
        raise Invalid.at(
            "delegate",
            "Choose a colleague who can sign in and holds a role that signs; platform admins "
            "never sign.",
        )
    return found


def _check_time(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at or ends_at <= timezone.now():
        raise Invalid.at("ends_at", "A delegation ends after it starts, and in the future.")
    if ends_at - starts_at > LONGEST:
        raise Invalid.at("ends_at", f"A delegation lasts {LONGEST.days} days at most.")


def _told(row: Delegation) -> dict[str, Any]:
    return {
        "delegator": row.delegator_id,
        "delegate": row.delegate_id,
        "role": row.role,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "ended_at": row.ended_at,
    }
