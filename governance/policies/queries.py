"""Which policy is in force, and what it asks."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from governance.policies.models import PolicyRevision, PolicyState
from portal.accounts.permissions import allowed
from portal.actors import Actor
from portal.trail.services import canonical

SHIPPED = Path(__file__).parent / "defaults" / "1.toml"
SIGNET = "Signet, as shipped"


def rules_digest(rules: dict[str, Any]) -> str:
    """SHA-256 over the rules' canonical JSON, in hex."""
    return hashlib.sha256(canonical(rules).encode()).hexdigest()


def is_intact(policy: PolicyRevision) -> bool:
    """Whether the rules are those that were published; whoever holds the database can edit them."""
    return rules_digest(policy.rules) == policy.digest


def visible_policies(actor: Actor) -> QuerySet[PolicyRevision]:
    """The revisions of the policy that `actor` may see."""
    policies = PolicyRevision.objects.all()
    return policies if allowed(actor, "policy.view") else policies.none()


def draft_now() -> PolicyRevision | None:
    """The one draft, if there is one."""
    return PolicyRevision.objects.filter(state=PolicyState.DRAFT).first()


def previous_of(policy: PolicyRevision) -> PolicyRevision | None:
    """The published revision before this one."""
    published = PolicyRevision.objects.filter(state=PolicyState.PUBLISHED)
    return published.filter(number__lt=policy.number).first()


def policy_in_force() -> PolicyRevision:
    """The newest published revision; the one Signet ships with before anybody published another."""
    return PolicyRevision.objects.filter(state=PolicyState.PUBLISHED).first() or _shipped()


def _shipped() -> PolicyRevision:
    rules = tomllib.loads(SHIPPED.read_text())
    revision, _ = PolicyRevision.objects.get_or_create(
        number=1,
        defaults={
            "state": PolicyState.PUBLISHED,
            "rules": rules,
            "digest": rules_digest(rules),
            "edited_by_name": SIGNET,
            "published_by_name": SIGNET,
            "published_at": timezone.now(),
        },
    )
    return revision
